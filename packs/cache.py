"""Bundles and manifests that were fetched, by the digest of their bytes.

What is read is checked against its name every time: an entry that was changed is refused and named, never used and
never quietly fetched again, for somebody or something wrote to the cache.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import PolicyError, UsageError
from ..files import read_limited, write_atomic

_MAX_BYTES = 64 * 1024 * 1024


def default_cache() -> Cache:
    """The user's cache: ``$XDG_CACHE_HOME/probatum/policies``, by default ``~/.cache/probatum/policies``.

    A relative ``XDG_CACHE_HOME`` is ignored, as the XDG base directory specification asks.

    Raises:
        UsageError: the user has no home, and the variable is not set.
    """
    configured = os.environ.get("XDG_CACHE_HOME", "")
    try:
        base = Path(configured) if Path(configured).is_absolute() else Path.home() / ".cache"
    except RuntimeError as error:
        raise UsageError("there is no place for a cache", why=str(error), remedy="set XDG_CACHE_HOME") from error
    return Cache(base / "probatum" / "policies")


@dataclass(frozen=True)
class Cache:
    """A folder of files that are named by the SHA-256 of their content.

    Args:
        folder: made when something is put into it.
    """

    folder: Path

    def get(self, sha256: str) -> bytes | None:
        """The content with a digest; None when it is not there.

        Raises:
            PolicyError: what is there has another digest, or cannot be read.
        """
        path = self.folder / sha256
        if not path.exists():
            return None
        try:
            data = read_limited(path, _MAX_BYTES)
        except UsageError as error:
            raise PolicyError(error.what, why=error.why, remedy=_mended(path)) from error
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise PolicyError(
                f"the cache entry {path} is not what its name says",
                why=f"its content has the SHA-256 {found}",
                remedy=_mended(path),
            )
        return data

    def put(self, data: bytes) -> str:
        """Keep content; its SHA-256.

        Raises:
            UsageError: the cache cannot be written to.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        write_atomic(self.folder / sha256, data)
        return sha256

    def beside(self, sha256: str) -> Path:
        """The path of an entry, that files beside it (its signatures) are named after."""
        return self.folder / sha256


def _mended(path: Path) -> str:
    return f"find out who wrote to it; then delete {path}, and fetch it again with --online"
