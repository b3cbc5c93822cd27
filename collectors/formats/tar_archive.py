"""Tar: headers and members in blocks of 512 bytes, each accounted for.

PyTorch's oldest checkpoints are tars.

Source: POSIX.1-2017, ``pax`` interchange format; GNU tar's manual, "Basic Tar Format".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import EvidenceError
from .onnx import leaves_folder
from .source import Source
from .visit import Shape, Visit, worst

_BLOCK = 512
_LONGEST_NAME = 1 << 16
_FILES = (b"0", b"\0", b"7")
_LINKS = {b"1": "hard link", b"2": "symbolic link", b"3": "device", b"4": "device", b"6": "named pipe"}


class _BrokenTarError(EvidenceError):
    """A header that is none."""


@dataclass(frozen=True)
class _Header:
    name: str
    kind: bytes
    start: int
    size: int
    link: str

    @property
    def end(self) -> int:
        return self.start + -(-self.size // _BLOCK) * _BLOCK


def looks_like_tar(source: Source) -> bool:
    """Whether a content begins with a tar header whose checksum is right."""
    block = source.read_at(0, _BLOCK)
    return len(block) == _BLOCK and any(block) and _checksum_holds(block)


def examine_tar(source: Source, visit: Visit) -> Shape:
    """Examine every member, and account for headers, padding and the end."""
    executables: list[str] = []
    names: set[str] = set()
    try:
        for header in _headers(source, visit):
            names.add(header.name)
            executables.append(_member(source, header, visit))
    except _BrokenTarError as error:
        visit.problem(str(error))
        executables.append("possible")
    pickled = {"pickle", "sys_info", "storages", "tensors"} <= names
    return Shape("torch_tar" if pickled else "tar", worst(*executables))


def _member(source: Source, header: _Header, visit: Visit) -> str:
    inside = visit.inner(header.name)
    if leaves_folder(header.name):
        inside.issue("high", "the member's path leaves the archive")
    if header.kind in _LINKS:
        inside.issue("high", f"the member is a {_LINKS[header.kind]}{f' to {header.link}' if header.link else ''}")
        return "possible"
    if header.kind == b"5":
        return "no"
    if header.kind not in _FILES:
        inside.gap(f"tar member of unknown type {header.kind!r}")
        return "possible"
    return visit.enter(source.region(header.start, header.size), header.name).executable


def _headers(source: Source, visit: Visit) -> Iterator[_Header]:
    position = 0
    override: dict[str, str] = {}
    while position < source.size:
        block = source.read_at(position, _BLOCK)
        if not any(block):
            _check_end(source, position, visit)
            return
        visit.budget.entries(1)
        header = _header(block, position)
        if header.end > source.size and header.start + header.size > source.size:
            raise _BrokenTarError(f"member {header.name} is cut off")
        if any(source.read_at(header.start + header.size, min(header.end, source.size) - header.start - header.size)):
            visit.gap(f"the padding behind member {header.name} is not empty")
        position = header.end
        if header.kind in (b"L", b"K", b"x", b"g"):
            override = {**override, **_override(source, header)}
            continue
        yield _named(header, override)
        override = {}
    visit.gap("the tar ends without an end mark")


def _header(block: bytes, position: int) -> _Header:
    if len(block) < _BLOCK or not _checksum_holds(block):
        raise _BrokenTarError(f"no tar header at offset {position}")
    prefix = _string(block[345:500]) if block[257:263] == b"ustar\0" else ""
    name = _string(block[:100])
    size = 0 if block[156:157] in (*_LINKS, b"5") else _octal(block[124:136])
    return _Header(
        f"{prefix}/{name}" if prefix else name, block[156:157], position + _BLOCK, size, _string(block[157:257])
    )


def _override(source: Source, header: _Header) -> dict[str, str]:
    if header.size > _LONGEST_NAME:
        raise _BrokenTarError("an extended header is too long")
    data = source.read_at(header.start, header.size)
    if header.kind in (b"L", b"K"):
        return {"path" if header.kind == b"L" else "linkpath": _string(data)}
    return dict(_records(data))


def _records(data: bytes) -> Iterator[tuple[str, str]]:
    while data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or not len(length) + 2 < int(length) <= len(data):
            raise _BrokenTarError("a pax record is malformed")
        record, data = data[len(length) + 1 : int(length) - 1], data[int(length) :]
        key, _, value = record.partition(b"=")
        yield key.decode("utf-8", "replace"), value.decode("utf-8", "replace")


def _named(header: _Header, override: dict[str, str]) -> _Header:
    if any(key == "size" or key.startswith("GNU.sparse") for key in override):
        raise _BrokenTarError(f"member {header.name} has its size in a pax record")
    name, link = override.get("path", header.name), override.get("linkpath", header.link)
    return _Header(name, header.kind, header.start, header.size, link)


def _check_end(source: Source, position: int, visit: Visit) -> None:
    while position < source.size:
        block = source.read_at(position, 1 << 20)
        if any(block):
            visit.gap(f"the bytes from offset {position} on, behind the end of the tar, were not examined")
            return
        position += len(block)


def _checksum_holds(block: bytes) -> bool:
    try:
        stated = _octal(block[148:156])
    except _BrokenTarError:
        return False
    return stated == sum(block[:148]) + sum(block[156:]) + 8 * 0x20


def _octal(data: bytes) -> int:
    if data[0] == 0x80:
        return int.from_bytes(data[1:], "big")
    digits = data.strip(b" \0")
    if not digits or any(digit not in b"01234567" for digit in digits):
        if not digits:
            return 0
        raise _BrokenTarError("a number in a tar header is malformed")
    return int(digits, 8)


def _string(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "replace")
