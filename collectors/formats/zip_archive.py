"""Zip archives: the directory, and every byte that it does and does not describe.

Readers disagree about zips whose local headers and directory differ, whose members overlap or share a name, or that
carry something in front, between or behind. Each of these is reported: what one reader passes over another may load.

Source: APPNOTE.TXT 6.3.10 of PKWARE; ``zipfile`` of CPython, which reads the directory.
"""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader

from .compressed import check_growth
from .onnx import leaves_folder
from .source import Source, SourceStream, Spool
from .visit import Visit

LOCAL = b"PK\x03\x04"
_END = b"PK\x05\x06"
_TAIL = 65_557
_ENCRYPTED, _DESCRIPTOR = 0x1, 0x8
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_BAD = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, RuntimeError, ValueError, struct.error)
_LARGEST_DIRECTORY = 64 << 20


@dataclass(frozen=True)
class Member:
    """One file of an archive.

    Args:
        name: as the directory has it.
        start: offset of its data.
        size: when expanded.
        stored: size of its data in the archive.
    """

    name: str
    start: int
    size: int
    stored: int
    info: zipfile.ZipInfo


@dataclass(frozen=True)
class _End:
    directory: int
    length: int
    entries: int
    start: int


def zip_end(source: Source) -> int | None:
    """Offset of the end record of a zip that ends where this content ends, whatever it begins with."""
    tail = source.read_at(max(0, source.size - _TAIL), _TAIL)
    base, found = max(0, source.size - _TAIL), len(tail)
    while (found := tail.rfind(_END, 0, found)) >= 0:
        if _is_end_record(source, base + found, tail[found : found + 22]):
            return base + found
    return None


def _is_end_record(source: Source, start: int, record: bytes) -> bool:
    """Four bytes may stand there by chance; a directory that lies where the record says does not."""
    if len(record) < 22 or start + 22 + int.from_bytes(record[20:], "little") > source.size:
        return False
    entries, length, directory = struct.unpack("<HII", record[10:20])
    if source.read_at(max(0, start - 20), 4) == b"PK\x06\x07":
        return True
    if entries == 0:
        return (length, directory) == (0, start)
    return length <= start and source.read_at(start - length, 4) == b"PK\x01\x02"


@contextmanager
def opened_zip(source: Source, visit: Visit) -> Iterator[tuple[zipfile.ZipFile, list[Member]] | None]:
    """Read a zip's directory and check that it accounts for every byte.

    Yields:
        The archive and its members, or None when it cannot be read: then that was reported.
    """
    try:
        end = _end_record(source)
        visit.budget.entries(end.entries)
        archive = zipfile.ZipFile(BufferedReader(SourceStream(source), 1 << 16))
    except _BAD as error:
        visit.problem(f"the zip cannot be read: {error}")
        yield None
        return
    with archive:
        yield archive, _members(source, archive, end, visit)


def _end_record(source: Source) -> _End:
    start = zip_end(source)
    if start is None:
        raise zipfile.BadZipFile("it has no end record")
    entries, length, directory = struct.unpack("<HII", source.read_at(start + 10, 10))
    locator = source.read_at(start - 20, 20) if start >= 20 else b""
    if locator.startswith(b"PK\x06\x07"):
        wide = source.read_at(int.from_bytes(locator[8:16], "little"), 56)
        if len(wide) == 56 and wide.startswith(b"PK\x06\x06"):
            entries, length, directory = struct.unpack("<QQQ", wide[32:56])
    if length > _LARGEST_DIRECTORY:
        raise zipfile.BadZipFile(f"its directory is {length} bytes long")
    return _End(directory, length, entries, start)


def _members(source: Source, archive: zipfile.ZipFile, end: _End, visit: Visit) -> list[Member]:
    members, spans, names = [], [], set()
    for info in archive.infolist():
        if info.filename in names:
            visit.inner(info.filename).issue("high", "two members share this name; readers differ in which they load")
        names.add(info.filename)
        member, span = _member(source, info, visit)
        spans.append((info.header_offset, span))
        if member is not None:
            members.append(member)
    if len(archive.infolist()) != end.entries:
        visit.gap(f"the directory holds {len(archive.infolist())} members, the end record says {end.entries}")
    _check_spans(source, sorted(spans), end, visit)
    return members


def _member(source: Source, info: zipfile.ZipInfo, visit: Visit) -> tuple[Member | None, int]:
    inside = visit.inner(info.filename)
    header = source.read_at(info.header_offset, 30)
    if len(header) < 30 or not header.startswith(LOCAL):
        inside.problem("no local header where the directory says")
        return None, info.header_offset
    flags, method, _, _, crc, stored, size, name_length, extra_length = struct.unpack("<HHHHIIIHH", header[6:30])
    start = info.header_offset + 30 + name_length + extra_length
    name = source.read_at(info.header_offset + 30, name_length)
    deferred = bool(flags & _DESCRIPTOR)
    agree = method == info.compress_type and name == _raw_name(info)
    agree &= deferred or crc == info.CRC
    agree &= deferred or stored in (info.compress_size, 0xFFFFFFFF)
    agree &= deferred or size in (info.file_size, 0xFFFFFFFF)
    if not agree:
        inside.issue("high", "the local header and the directory disagree about this member")
    if leaves_folder(info.filename):
        inside.issue("high", "the member's path leaves the archive")
    if stat.S_ISLNK(info.external_attr >> 16):
        inside.issue("high", "the member is a symbolic link")
    stop = start + info.compress_size
    end = stop + (_descriptor(source, stop, info) if deferred else 0)
    return Member(info.filename, start, info.file_size, info.compress_size, info), end


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    encoding = "utf-8" if info.flag_bits & 0x800 else "cp437"
    try:
        return info.orig_filename.encode(encoding)
    except UnicodeEncodeError:
        return b""


def _descriptor(source: Source, start: int, info: zipfile.ZipInfo) -> int:
    """Length of the data descriptor behind a member: with or without signature, with sizes of four or eight bytes."""
    data = source.read_at(start, 24)
    for signature in (b"PK\x07\x08", b""):
        for sizes, mask in (("<III", 0xFFFFFFFF), ("<IQQ", 0xFFFFFFFFFFFFFFFF)):
            record = signature + struct.pack(sizes, info.CRC, info.compress_size & mask, info.file_size & mask)
            if data.startswith(record):
                return len(record)
    return 0


def _check_spans(source: Source, spans: list[tuple[int, int]], end: _End, visit: Visit) -> None:
    position = 0
    for start, stop in spans:
        if start < position:
            visit.issue("high", "members of the zip overlap")
        elif start > position:
            visit.gap(f"{start - position} bytes at offset {position} belong to no member of the zip")
        position = max(position, stop)
    if end.directory != position:
        visit.gap(f"the bytes between offset {position} and the zip's directory belong to no member")
    rest = end.start - end.directory - end.length
    if rest not in (0, 76):
        visit.gap("the bytes between the zip's directory and its end record are unknown")
    comment = source.read_at(end.start + 22, _TAIL)
    stated = int.from_bytes(source.read_at(end.start + 20, 2), "little")
    if len(comment) != stated or b"PK" in comment:
        visit.gap("the bytes behind the zip's end record were not examined")


@contextmanager
def member_source(source: Source, archive: zipfile.ZipFile, member: Member, visit: Visit) -> Iterator[Source | None]:
    """The content of a member: in place when it is stored, else expanded within limits.

    Yields:
        None when it cannot be had: then that was reported.
    """
    info, inside = member.info, visit.inner(member.name)
    if info.flag_bits & _ENCRYPTED:
        inside.gap("the member is encrypted")
        yield None
        return
    if info.compress_type not in _METHODS:
        inside.gap(f"the member is compressed by the unknown method {info.compress_type}")
        yield None
        return
    if info.compress_type == zipfile.ZIP_STORED:
        if member.size != member.stored:
            inside.issue("high", "a member that is not compressed states two sizes")
        yield source.region(member.start, member.stored)
        return
    spool = Spool()
    try:
        try:
            _expand(archive, member, spool, visit)
        except _BAD as error:
            inside.gap(f"the member was not expanded whole: {error}")
        yield spool.source()
    finally:
        spool.close()


def _expand(archive: zipfile.ZipFile, member: Member, spool: Spool, visit: Visit) -> None:
    with archive.open(member.info) as stream:
        while block := stream.read(1 << 20):
            spool.write(block)
            check_growth(visit.budget, len(block), spool.size, member.stored)
