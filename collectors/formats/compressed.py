"""Compressed files: expanded within limits, and what they hold examined in turn.

Sources: RFC 1950 (zlib), RFC 1952 (gzip), the xz file format 1.2; joblib compresses its pickles with each of these.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from .source import Source, Spool, blocks
from .visit import Budget, OverLimitError, Shape, Visit

_STEP = 1 << 20
_FREE = 64 << 20  # a member may grow this far before the ratio counts
_LZMA_MEMORY = 512 << 20
_PADDED = ("gzip", "xz")  # zeros may follow a stream

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"]\x00\x00", "lzma"),
)
_OPENERS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "zlib": lambda: zlib.decompressobj(wbits=15),
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY),
    "lzma": lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LZMA_MEMORY),
}
_ERRORS = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


def compression_of(source: Source) -> str | None:
    """Which compression a content begins with, checked by expanding its first bytes."""
    head = source.read_at(0, 64)
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name if _expands(name, head) else None
    if len(head) > 2 and head[0] == 0x78 and int.from_bytes(head[:2], "big") % 31 == 0 and _expands("zlib", head):
        return "zlib"
    return None


def _expands(name: str, head: bytes) -> bool:
    try:
        _OPENERS[name]().decompress(head, 1)
    except _ERRORS:
        return False
    return True


def examine_compressed(source: Source, visit: Visit, name: str) -> Shape:
    """Expand a content and examine what it holds."""
    spool = Spool()
    try:
        try:
            for block in _expanded(source, name, visit):
                spool.write(block)
                check_growth(visit.budget, len(block), spool.size, source.size)
        except (OverLimitError, *_ERRORS) as error:
            # What was expanded so far is examined all the same: bad news need not be whole.
            visit.gap(f"the {name} data were not expanded whole: {error}")
        inner = visit.enter(spool.source(), f"({name})") if spool.size else Shape("empty", "no")
        pickled_arrays = inner.format == "joblib" or (inner.format == "pickle" and name == "zlib")
        return Shape("joblib" if pickled_arrays else name, inner.executable, inner.pickled, inner.wrapped_arrays)
    finally:
        spool.close()


def check_growth(budget: Budget, block: int, expanded: int, compressed: int) -> None:
    """Account for expanded bytes. Raises: OverLimitError: the content grows beyond reason."""
    budget.expanded(block)
    if expanded > _FREE and expanded > compressed * budget.limits.ratio:
        raise OverLimitError(f"expands to more than {budget.limits.ratio} times its size")


def _expanded(source: Source, name: str, visit: Visit) -> Iterator[bytes]:
    """What every stream of a content expands to, one after the other."""
    engine, streams = None, 0
    left = source.size
    for block in blocks(source):
        left -= len(block)
        waiting = block
        while waiting:
            if engine is None:
                waiting = waiting.lstrip(b"\0") if streams and name in _PADDED else waiting
                if not waiting:
                    break
                if streams and not _expands(name, waiting[:64]):
                    visit.gap(f"{len(waiting) + left} bytes behind the {name} data were not examined")
                    return
                engine, streams = _OPENERS[name](), streams + 1
            yield from _drained(engine, waiting)
            waiting = engine.unused_data if engine.eof else b""
            engine = None if engine.eof else engine
    if engine is not None:
        visit.gap(f"the {name} data end before their last block")


def _drained(engine: Any, data: bytes) -> Iterator[bytes]:
    """Everything that a decompressor can make of its input, in steps of limited size."""
    while True:
        output = engine.decompress(data, _STEP)
        if output:
            yield output
        data = getattr(engine, "unconsumed_tail", b"")  # zlib leaves its input outside, bz2 and lzma keep it
        if engine.eof or not (data or len(output) == _STEP or not getattr(engine, "needs_input", True)):
            return
