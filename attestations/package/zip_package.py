"""Verdict packages in one ZIP file: written the same on every machine, and read as untrusted input.

What is refused, and why it is dangerous:

- more than a package can need: entries, bytes in all, bytes for each compressed one, overlapping entries ("zip bombs");
- a path that is absolute, climbs, or is one name with another where case or Unicode form is ignored: written elsewhere,
  or over another file;
- links and devices; encrypted entries; other compressions than the common ones;
- bytes before, between or behind the entries and the directory, and an entry whose own header is not what the
  directory says of it, which let two readers find two different archives in one file.
"""

from __future__ import annotations

import io
import stat
import struct
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ...errors import TrustError, UsageError
from ...files import open_file
from .names import UNSIGNED, VERDICT, signed_names

SUFFIX = ".zip"
MAX_ENTRIES = 50_000
MAX_BYTES = 4 * 1024 * 1024 * 1024
MAX_RATIO = 200
_FREE = 1024 * 1024  # bytes that an entry may have whatever its ratio: a few zeros are no bomb
_BLOCK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_DESCRIBED = 0x8  # size and checksum stand behind the entry
_DESCRIPTIONS = (12, 16, 20, 24)  # bytes that they take there, with or without a mark, in 32 or 64 bits
_NOTHING: tuple[int, ...] = (0,)
_HEADER = struct.Struct("<4s5H3L2H")
_END = b"PK\x05\x06"
_END_BYTES = 22
STARTS = (b"PK\x03\x04", _END)
_TOP = {*signed_names(VERDICT), UNSIGNED}


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """Files as one ZIP archive; equal files give equal bytes.

    Nothing is compressed, because how that is done differs between builds of zlib.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, files[path])
    return stream.getvalue()


def is_zip(path: Path) -> bool:
    """Whether a file begins as an archive does, whatever it is called."""
    with path.open("rb") as stream:
        return stream.read(4) in STARTS


@contextmanager
def unzipped(path: Path) -> Iterator[Path]:
    """The package in a ZIP file, in a private folder that is gone afterwards.

    Raises:
        UsageError: the file cannot be read.
        TrustError: it is no archive, or one that must not be unpacked.
    """
    with tempfile.TemporaryDirectory(prefix="probatum-") as folder:
        try:
            with open_file(path) as stream:
                _unpack(stream, path, Path(folder))
        except OSError as error:
            raise UsageError(
                f"cannot read {path}", why=error.strerror or str(error), remedy="check the path, and the room in TMPDIR"
            ) from error
        except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError) as error:
            raise _refused(path, str(error)) from error
        except Exception as error:  # zlib's errors, and what else a hostile archive makes the library raise
            if isinstance(error, TrustError):
                raise
            raise _refused(path, f"{type(error).__name__}: {error}") from error
        yield Path(folder)


def _unpack(stream: BinaryIO, path: Path, folder: Path) -> None:
    with zipfile.ZipFile(stream) as archive:
        _check_ends(stream, archive, path)
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise _refused(path, f"it has {len(entries)} entries, the limit is {MAX_ENTRIES}")
        names = _names(entries, path)
        _check_places(stream, entries, archive, path)
        left = MAX_BYTES
        for entry in entries:
            if not entry.is_dir():
                left -= _extract(archive, entry, folder / names[entry.filename], left, path)


def _check_ends(stream: BinaryIO, archive: zipfile.ZipFile, path: Path) -> None:
    """One archive from the first byte to the last: no other one before, behind, or in a comment."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _END_BYTES))
    end = stream.read(_END_BYTES)
    stream.seek(0)
    first = min((entry.header_offset for entry in archive.infolist()), default=0)
    if not end.startswith(_END) or archive.comment or first != 0 or stream.read(4) not in STARTS:
        raise _refused(path, "there is something before, behind or between its parts")


def _check_places(stream: BinaryIO, entries: list[zipfile.ZipInfo], archive: zipfile.ZipFile, path: Path) -> None:
    """Entries lie one behind the other, and nothing lies between them.

    Those that share bytes make a small file unpack to a huge one; one that the directory does not name is there for
    readers that start at the front.
    """
    ends, gaps = 0, _NOTHING
    for entry in sorted(entries, key=lambda item: item.header_offset):
        if entry.header_offset < ends:
            raise _refused(path, f"{entry.filename!r} overlaps another entry")
        if entry.header_offset - ends not in gaps:
            raise _refused(path, f"there is something before {entry.filename!r} that the directory does not name")
        ends, gaps = _end(stream, entry, path)
    if ends > archive.start_dir:
        raise _refused(path, "its last entry overlaps the directory")
    if archive.start_dir - ends not in gaps:
        raise _refused(path, "there is something before the directory that it does not name")


def _end(stream: BinaryIO, entry: zipfile.ZipInfo, path: Path) -> tuple[int, tuple[int, ...]]:
    """Where an entry's bytes end, and how many may follow that describe it; its own header must be the directory's."""
    stream.seek(entry.header_offset)
    data = stream.read(_HEADER.size).ljust(_HEADER.size)
    mark, _, flags, method, _, _, crc, packed, size, name, extra = _HEADER.unpack(data)
    same = (mark, flags, method) == (STARTS[0], entry.flag_bits, entry.compress_type)
    if not flags & _DESCRIBED:
        same = same and (crc, packed, size) == (entry.CRC, entry.compress_size, entry.file_size)
    if not same:
        raise _refused(path, f"the header of {entry.filename!r} is not what the directory says")
    gaps = _DESCRIPTIONS if flags & _DESCRIBED else _NOTHING
    return entry.header_offset + _HEADER.size + name + extra + entry.compress_size, gaps


def _names(entries: list[zipfile.ZipInfo], path: Path) -> dict[str, str]:
    """Each entry's path in the package: without the one folder that everything may lie in."""
    seen: dict[str, str] = {}
    for entry in entries:
        _check_entry(entry, path)
        name = entry.filename.rstrip("/")
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
        if folded in seen:
            raise _refused(path, f"{entry.filename!r} and {seen[folded]!r} are one name")
        seen[folded] = entry.filename
    files = [entry.filename for entry in entries if not entry.is_dir()]
    tops = {name.partition("/")[0] for name in files}
    nested = len(tops) == 1 and all("/" in name for name in files) and not tops & _TOP
    return {name: name.partition("/")[2] if nested else name for name in files}


def _check_entry(entry: zipfile.ZipInfo, path: Path) -> None:
    name = entry.filename
    mode = entry.external_attr >> 16 if entry.create_system == 3 else 0
    parts = name.removesuffix("/").split("/")
    if name != entry.orig_filename or "\\" in name or ":" in parts[0] or {"", ".", ".."} & set(parts):
        raise _refused(path, f"{entry.orig_filename!r} is no path inside it")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR) or (stat.S_ISDIR(mode) and not entry.is_dir()):
        raise _refused(path, f"{name!r} is neither a file nor a folder")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise _refused(path, f"{name!r} is encrypted, or compressed in a way that is not accepted")
    if entry.file_size > _FREE and entry.file_size > MAX_RATIO * entry.compress_size:
        raise _refused(path, f"{name!r} would grow to {entry.file_size} bytes from {entry.compress_size}")


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int, path: Path) -> int:
    """Write one entry; the library stops at the size that the entry states, and checks it and the CRC."""
    if entry.file_size > left:
        raise _refused(path, f"it would unpack to more than {MAX_BYTES} bytes")
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(entry) as source, target.open("xb") as copy:
        while block := source.read(_BLOCK):
            written += len(block)
            copy.write(block)
    if written != entry.file_size:
        raise _refused(path, f"{entry.filename!r} is cut short")
    return written


def _refused(path: Path, why: str) -> TrustError:
    return TrustError(
        f"{path} is not unpacked",
        why=why,
        remedy="zip the verdict package again, for example with 'probatum gate --out verdict.zip'",
    )
