"""The deterministic OPA bundle of a policy set (``policies.tar.gz``).

Layout per the Open Policy Agent documentation, "Bundle File Format": a gzipped tar with ``.manifest`` naming the
roots and the revision, and the modules at their paths. Checklists and mappings travel along; OPA ignores files that
are neither Rego nor data. Entries are sorted, owners, times and modes are fixed, so equal policies give equal bytes.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from pathlib import Path

from .. import strict_json
from ..errors import EvidenceError, PolicyError, UsageError
from ..files import read_limited
from . import policy_files
from .policies import PolicySet

_MANIFEST = ".manifest"
_MAX_PACKED_BYTES = 16 * 1024 * 1024
_PACKAGE = re.compile(r"^package\s+([A-Za-z_]\w*)", re.MULTILINE)


def pack(policies: PolicySet) -> bytes:
    """The bundle's bytes; equal policies give equal bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        entries = {_MANIFEST: _manifest(policies), **policies.sources}
        for path in sorted(entries):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(entries[path]), 0o644
            archive.addfile(entry, io.BytesIO(entries[path]))
    return gzip.compress(stream.getvalue(), compresslevel=9, mtime=0)


def unpack(data: bytes, *, source: str) -> PolicySet:
    """Read a bundle that ``pack`` wrote.

    Args:
        data: the bundle's bytes.
        source: what to call it in errors, usually its path.

    Raises:
        PolicyError: not a gzipped tar, over a limit, an entry that is a link or has an odd or repeated path, a file
            that is no part of a policy set, or a manifest that does not agree with the content.
    """
    entries = _entries(_gunzip(data, source), source)
    manifest = entries.pop(_MANIFEST, None)
    policies = PolicySet(entries)
    if manifest != _manifest(policies):
        raise PolicyError(
            f"{source} is not what its manifest says", remedy="get the bundle again from where it was made"
        )
    return policies


def read_bundle(path: Path) -> dict[str, bytes]:
    """The sources in a bundle file; raises ``PolicyError`` as ``unpack`` does."""
    try:
        data = read_limited(path, _MAX_PACKED_BYTES)
    except UsageError as error:
        raise PolicyError(error.what, why=error.why, remedy=error.remedy) from error
    return dict(unpack(data, source=str(path)).sources)


def roots(policies: PolicySet) -> list[str]:
    """First parts of the packages of a set, which the bundle owns in OPA's data tree."""
    return sorted({name for text in policies.modules.values() for name in _PACKAGE.findall(text)})


def _manifest(policies: PolicySet) -> bytes:
    return strict_json.canonical({"revision": policies.digest, "rego_version": 1, "roots": roots(policies)})


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


def _entries(content: bytes, source: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    size = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for entry in archive:
                if not entry.isreg() or entry.name in found:
                    raise _not_a_bundle(source, f"{entry.name!r} is repeated, or no regular file")
                if entry.name != _MANIFEST and not policy_files.is_source(entry.name):
                    raise _not_a_bundle(source, f"{entry.name!r} is no part of a policy set")
                stream = archive.extractfile(entry)
                found[entry.name] = stream.read(policy_files.MAX_FILE_BYTES + 1) if stream else b""
                if len(found[entry.name]) > policy_files.MAX_FILE_BYTES:
                    raise _not_a_bundle(source, f"{entry.name!r} is over {policy_files.MAX_FILE_BYTES} bytes")
                size += len(found[entry.name])
                policy_files.check_total(len(found), size)
    except (tarfile.TarError, EvidenceError, EOFError, ValueError) as error:
        raise _not_a_bundle(source, str(error)) from error
    return found


def _not_a_bundle(source: str, why: str) -> PolicyError:
    return PolicyError(
        f"{source} is not a policy bundle", why=why, remedy="get the bundle again from where it was made"
    )
