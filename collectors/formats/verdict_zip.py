"""Whether a ZIP file is a verdict package and nothing else, told from what is in it and never from its name.

In a folder each file of a package is looked at as any other file is. In one file the same must hold, or whoever calls a
model a verdict hides it: every byte has to belong to an entry, every entry has to have a place in a package, and none
of them may look like a model itself.
"""

from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from ...verification import COUNTERSIGNATURES
from ..pickles.allow_list import AllowList
from .source import FileRegion, Source
from .visit import Budget, Findings, Limits, OverLimitError, Shape, Visit
from .zip_archive import Member, opened_zip

Looks = Callable[[bytes], bool]
"""Whether a file that begins so looks like a model."""

_LIMITS = Limits(entries=50_000, seconds=10.0)
_DIRECTORY = 8 << 20  # bytes: a package of more entries than allowed could not be listed in it
_END = struct.Struct("<4s4H2LH")
_HEAD = 4096
_ALL = ("evidence.json", "policies.tar.gz", "settings.json")
_ONE = ("verdict.dsse.json", "verdict.sigstore.json", "assessment.unsigned.json")
_PLACES = re.compile(
    r"(verdict|assessment)\.(dsse|sigstore)\.json|assessment\.unsigned\.json|verdict\.(tlog-proof|tsr)"
    r"|(evidence|settings|trust|revocations)\.json|policies\.tar\.gz|reports/assessment\.(json|md|sarif)|raw/[0-9a-f]{64}"
    rf"|{COUNTERSIGNATURES}/[0-9a-f]{{16}}\.(dsse|sigstore)\.json(\.tlog-proof|\.tsr)?"
)
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError)
"""What `zipfile` raises for damage, encryption and compressions that it does not know (a kind of `RuntimeError`)."""


def is_verdict_zip(path: Path, looks: Looks) -> bool:
    """Whether a ZIP file holds a verdict package alone.

    Nobody verified it: this says only that there is nothing else in it.

    Args:
        path: of the file.
        looks: what entries must not look like.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            source = FileRegion(handle, 0, os.fstat(handle).st_size)
            return _small(source) and _holds_a_package(source, looks)
        finally:
            os.close(handle)
    except (OverLimitError, *_BROKEN):
        return False


def _small(source: Source) -> bool:
    """Its directory can be read without much memory, and nothing lies behind it."""
    end = source.read_at(max(0, source.size - _END.size), _END.size)
    if len(end) < _END.size:
        return False
    mark, _, _, _, _, length, _, _ = _END.unpack(end)
    return bool(mark == b"PK\x05\x06" and length <= _DIRECTORY)


def _holds_a_package(source: Source, looks: Looks) -> bool:
    findings = Findings()
    visit = Visit("", 0, findings, Budget(_LIMITS), AllowList(), lambda *_: Shape("unknown", "possible"))
    with opened_zip(source, visit) as opened:
        if opened is None:
            return False
        archive, members = opened
        if findings.issues or findings.gaps or findings.problems:
            return False
        files = [member for member in members if not _is_folder(member)]
        places = _places({member.name for member in files})
        return _is_package(places) and not any(looks(_head(archive, member, visit)) for member in files)


def _is_folder(member: Member) -> bool:
    return member.name.endswith("/") and member.size == 0


def _places(names: set[str]) -> set[str]:
    """Where the entries lie in the package, which may lie in one folder of the archive."""
    nested = len({name.partition("/")[0] for name in names}) == 1
    return {name.partition("/")[2] for name in names} if nested else names


def _is_package(places: set[str]) -> bool:
    return places.issuperset(_ALL) and not places.isdisjoint(_ONE) and all(map(_PLACES.fullmatch, places))


def _head(archive: zipfile.ZipFile, member: Member, visit: Visit) -> bytes:
    visit.budget.expanded(_HEAD)
    with archive.open(member.info) as stream:
        return stream.read(_HEAD)
