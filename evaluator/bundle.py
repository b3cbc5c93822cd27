"""The deterministic OPA bundle of a policy set (``policies.tar.gz``).

Layout per the Open Policy Agent documentation, "Bundle File Format": a gzipped tar with ``.manifest`` naming the
roots and the revision, and the modules at their paths. Checklists and mappings travel along; OPA ignores files that
are neither Rego nor data. Entries are sorted, owners, times and modes are fixed, so equal policies give equal bytes.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

from .. import strict_json
from ..errors import PolicyError, UsageError
from ..files import read_limited
from .archive import read_archive, write_archive
from .layout import MANIFEST, Layout, layout_of
from .policies import PolicySet
from .policy_files import is_source

MAX_PACKED_BYTES = 16 * 1024 * 1024


def pack(policies: PolicySet) -> bytes:
    """The bundle's bytes; equal policies give equal bytes."""
    return pack_entries({MANIFEST: _manifest(policies), **policies.sources})


def pack_entries(entries: Mapping[str, bytes]) -> bytes:
    """A gzipped tar of files by path; equal files give equal bytes."""
    return gzip.compress(write_archive(entries), compresslevel=9, mtime=0)


def unpack(data: bytes, *, source: str) -> PolicySet:
    """Read a bundle that ``pack`` wrote.

    Args:
        data: the bundle's bytes.
        source: what to call it in errors, usually its path.

    Raises:
        PolicyError: not a gzipped tar, over a limit, an entry that is a link or has an odd or repeated path, a file
            that is no part of a policy set, or a manifest that does not agree with the content.
    """
    entries = read_archive(data, source)
    manifest = entries.pop(MANIFEST, None)
    for name in entries:
        if not is_source(name):
            raise PolicyError(f"{source} is not a verdict's policy bundle", why=f"{name!r} is no part of a policy set")
    policies = PolicySet(entries)
    if manifest != _manifest(policies):
        raise PolicyError(
            f"{source} is not what its manifest says", remedy="get the bundle again from where it was made"
        )
    return policies


def read_bundle(path: Path) -> Layout:
    """The policies in a bundle file, whichever tool built it.

    Raises:
        PolicyError: it cannot be read, is no bundle, or holds what cannot be evaluated; see ``layout``.
    """
    return layout_of(read_archive(read_packed(path), str(path)), str(path))


def read_packed(path: Path) -> bytes:
    """The bytes of a bundle file.

    Raises:
        PolicyError: it cannot be read, or is too large.
    """
    try:
        return read_limited(path, MAX_PACKED_BYTES)
    except UsageError as error:
        raise PolicyError(error.what, why=error.why, remedy=error.remedy) from error


def roots(policies: PolicySet) -> list[str]:
    """First parts of the packages of a set, which the bundle owns in OPA's data tree."""
    return sorted({package.partition(".")[0] for package in policies.packages.values()})


def _manifest(policies: PolicySet) -> bytes:
    return strict_json.canonical({"revision": policies.digest, "rego_version": 1, "roots": roots(policies)})
