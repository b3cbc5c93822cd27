"""Files in a tar: read with limits and never unpacked to disk; written so that equal files are equal bytes."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from ..errors import EvidenceError, PolicyError
from . import policy_files

_GZIP = b"\x1f\x8b"


def write_archive(entries: Mapping[str, bytes]) -> bytes:
    """A tar of files by path, the same on every machine.

    It is not compressed, because how that is done differs between builds of zlib.
    """
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(entries):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(entries[path]), 0o644
            archive.addfile(entry, io.BytesIO(entries[path]))
    return stream.getvalue()


def read_archive(data: bytes, source: str) -> dict[str, bytes]:
    """Path to content of every file; folders are passed over.

    Paths lose a leading ``/`` or ``./``, which some tools write.

    Args:
        data: the archive's bytes.
        source: what to call it in errors.

    Raises:
        PolicyError: neither a tar nor a gzipped one, over a limit, or an entry that is a link or has an odd or
            repeated path.
    """
    found: dict[str, bytes] = {}
    size = 0
    try:
        content = _gunzip(data, source) if data.startswith(_GZIP) else data
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for entry in archive:
                if entry.isdir():
                    continue
                name = _path(entry, source)
                if name in found:
                    raise _not_a_bundle(source, f"{name!r} is in it twice")
                stream = archive.extractfile(entry)
                found[name] = stream.read(policy_files.MAX_FILE_BYTES + 1) if stream else b""
                if len(found[name]) > policy_files.MAX_FILE_BYTES:
                    raise _not_a_bundle(source, f"{name!r} is over {policy_files.MAX_FILE_BYTES} bytes")
                size += len(found[name])
                policy_files.check_total(len(found), size)
    except (tarfile.TarError, EvidenceError, EOFError, ValueError) as error:
        raise _not_a_bundle(source, str(error)) from error
    return found


def _path(entry: tarfile.TarInfo, source: str) -> str:
    if not entry.isreg():
        raise _not_a_bundle(source, f"{entry.name!r} is no regular file")
    name = entry.name.removeprefix("./").lstrip("/")
    if not name or "\\" in name or "\0" in name or {"", ".", ".."} & set(name.split("/")):
        raise _not_a_bundle(source, f"{entry.name!r} is no path inside it")
    return str(PurePosixPath(name))


def _gunzip(data: bytes, source: str) -> bytes:
    """Unpack at most what a policy set can need, whatever the archive claims."""
    limit = policy_files.MAX_TOTAL_BYTES + policy_files.MAX_FILES * 2 * tarfile.BLOCKSIZE
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(data, limit)
    except zlib.error as error:
        raise _not_a_bundle(source, str(error)) from error
    if unpacker.unconsumed_tail or not unpacker.eof or unpacker.unused_data:
        raise _not_a_bundle(source, "too large, cut short, or followed by something else")
    return content


def _not_a_bundle(source: str, why: str) -> PolicyError:
    return PolicyError(
        f"{source} is not a policy bundle", why=why, remedy="get the bundle again from where it was made"
    )
