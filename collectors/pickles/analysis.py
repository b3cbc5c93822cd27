"""Every stream of a content that is, or could be read as, a pickle."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from ..formats.source import Cursor, Source, TruncatedError
from ..formats.visit import OverLimitError, Shape, Visit
from .machine import Machine, MalformedError
from .record import Record
from .torch_storages import LEGACY_MAGIC, skip_legacy_storages, storage_sizes

_PADDING = 64
_PROTO = 0x80
_HIGHEST_PROTOCOL = 5


@dataclass
class _Walk:
    """How far the streams of one content were followed.

    Args:
        record: what was heard.
        streams: how many reached their STOP.
        end: offset behind the last stream, or where it broke off.
        legacy: the content is a PyTorch legacy file.
        over: the limit that ended the walk.
    """

    record: Record
    streams: int = 0
    end: int = 0
    legacy: bool = False
    over: OverLimitError | None = None


def examine_pickle(
    source: Source, visit: Visit, *, storages: bool = False, expected: bool = False, certain: bool = False
) -> Shape | None:
    """Follow every stream of a content, if it is a pickle.

    Args:
        source: the content.
        visit: where to report.
        storages: persistent ids name the members of a PyTorch archive; its caller checks them.
        expected: it must be a pickle (a member that a loader unpickles), so what is not one is a gap.
        certain: its content is already known to be something else, so only a stream that does something, or that
            ends where the content ends, makes it a pickle as well.

    Returns:
        None when it is no pickle: then nothing was reported.
    """
    walk = _follow(source, Record(visit.judge, visit.budget))
    if not expected and not _is_pickle(source, walk, certain=certain):
        return None
    if walk.record.wrappers:
        _as_plain_pickle(source, visit, walk.record)
    if walk.record.keys and not storages and not walk.legacy:
        walk.record.irregular("a persistent id stands for an object that only the loader knows")
    rest = source.size - walk.end
    if rest and not walk.over:
        walk.record.irregular(f"{rest} bytes from offset {walk.end} on belong to no pickle stream")
    walk.record.commit(visit)
    for blob in walk.record.embedded:
        visit.enter(source.region(blob.offset, blob.size), f"bytes at {blob.offset}")
    if walk.over:
        raise walk.over
    name = "torch_legacy" if walk.legacy else "joblib" if walk.record.wrappers else "pickle"
    return Shape(name, "yes", pickled=True, wrapped_arrays=bool(walk.record.wrappers))


def persistent_keys(source: Source, visit: Visit) -> list[Any]:
    """The persistent ids of the first stream, which `examine_pickle` has examined already."""
    return _follow(source, Record(visit.judge, visit.budget)).record.keys


def _follow(source: Source, record: Record) -> _Walk:
    cursor, walk = Cursor(source), _Walk(record)
    values: list[Any] = []
    try:
        while cursor.remaining:
            walk.end = cursor.position
            value = Machine(cursor, record).run()
            walk.streams += 1
            walk.end = cursor.position
            values = [*values[:4], value] if walk.streams <= 5 else values
            walk.legacy = values[0] == LEGACY_MAGIC and type(values[0]) is int
            if walk.legacy and walk.streams == 5:
                _legacy_storages(cursor, value, walk)
                break
    except MalformedError as error:
        if walk.streams == 0:
            record.irregular(f"{error.what}: {error.why}")
            walk.end = source.size
    except OverLimitError as error:
        walk.over = error
    except (MemoryError, RecursionError) as error:
        walk.over = OverLimitError(f"takes more memory than allowed ({type(error).__name__})")
    return walk


def _legacy_storages(cursor: Cursor, order: Any, walk: _Walk) -> None:
    sizes, whole = storage_sizes(walk.record.keys)
    try:
        reason = skip_legacy_storages(cursor, order, sizes) if whole else "a persistent id names no storage"
    except TruncatedError as error:
        reason = str(error)
    if reason is not None:
        walk.record.irregular(reason)
    walk.end = cursor.position


def _is_pickle(source: Source, walk: _Walk, *, certain: bool) -> bool:
    if walk.record.acts or walk.over or walk.legacy or (certain and walk.record.imports_more):
        return True
    if walk.streams:
        rest = source.size - walk.end
        if rest <= _PADDING and not source.read_at(walk.end, rest).strip():
            return True
    head = source.read_at(0, 2)
    return not certain and len(head) == 2 and head[0] == _PROTO and head[1] <= _HIGHEST_PROTOCOL


def _as_plain_pickle(source: Source, visit: Visit, record: Record) -> None:
    """Read what joblib takes for arrays as opcodes, as ``pickle.load`` would: it must be harmless both ways."""
    plain = Record(visit.judge, visit.budget, inline=False)
    with contextlib.suppress(MalformedError, OverLimitError):
        Machine(Cursor(source), plain).run()
    for issue in plain.issues:
        record.issues.setdefault(issue)
    record.embedded += [blob for blob in plain.embedded if blob not in record.embedded]
