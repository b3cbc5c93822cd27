"""Digest sets: what a statement says of one content, and whether a file is that content.

The in-toto specification (https://github.com/in-toto/attestation, "DigestSet") lets a consumer take any one digest that
agrees. That is too little to rely on: a set may then be put together from digests of several files, or hang on MD5
alone. Here every digest of a set that can be computed must be that of the file, at least one of them must be of an
algorithm without known collisions, and digests of several sets are never mixed.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from ...errors import TrustError

STRONG = ("sha256", "sha384", "sha512", "sha512_256", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s")
_WEAK = ("md5", "sha1", "sha224", "sha512_224", "sha3_224")
_BLOCK = 1 << 18
_HEX = re.compile(r"(?:[0-9a-f]{2})+")


class Hasher(Protocol):
    """What ``hashlib`` makes."""

    def update(self, data: memoryview, /) -> None:
        """Take more of the content."""

    def hexdigest(self) -> str:
        """The digest so far, in lower-case hexadecimal."""


def check_set(digests: Mapping[str, Any], *, source: str) -> dict[str, str]:
    """The digests of a set that can be compared.

    Args:
        digests: algorithm to hexadecimal digest, as a statement has them.
        source: what the set is of, in errors.

    Returns:
        Algorithm to digest; those of unknown algorithms are left out, as the specification asks.

    Raises:
        TrustError: the set is empty, holds something that is no digest, or none of an algorithm that is strong enough.
    """
    known = {name: value for name, value in digests.items() if name in STRONG or name in _WEAK}
    for name, value in known.items():
        if not isinstance(value, str) or not _HEX.fullmatch(value) or len(value) != 2 * _new(name).digest_size:
            raise TrustError(f"{source} has a malformed digest", why=f"{name} is {value!r}")
    if not known.keys() & set(STRONG):
        given = ", ".join(sorted(digests)) or "none at all"
        raise TrustError(
            f"{source} has no digest that can be relied on",
            why=f"it has {given}; needed is one of {', '.join(STRONG)}",
            remedy="ask its producer for a SHA-256",
        )
    return {name: str(value) for name, value in known.items()}


def hashers(algorithms: Iterable[str]) -> dict[str, Hasher]:
    """A hasher for each algorithm that is known; unknown ones are left out."""
    return {name: _new(name) for name in dict.fromkeys(algorithms) if name in STRONG or name in _WEAK}


def digests_of(path: Path, algorithms: Iterable[str]) -> tuple[int, dict[str, str]]:
    """Size in bytes, and digests by every known one of some algorithms, of one regular file, read once.

    Raises:
        OSError: it cannot be read, is a symlink or no regular file, or changed meanwhile.
    """
    made = hashers(algorithms)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        before, buffer, size = os.fstat(handle), memoryview(bytearray(_BLOCK)), 0
        if not stat.S_ISREG(before.st_mode):
            raise OSError("it is not a regular file")
        while count := os.readv(handle, (buffer,)):
            size += count
            for hasher in made.values():
                hasher.update(buffer[:count])
        after = os.fstat(handle)
    finally:
        os.close(handle)
    if (size, before.st_mtime_ns, before.st_ctime_ns) != (after.st_size, after.st_mtime_ns, after.st_ctime_ns):
        raise OSError("it changed while it was read")
    return size, {name: hasher.hexdigest() for name, hasher in made.items()}


def differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """The algorithms of one set whose digest is not the one that was computed; empty only if all agree."""
    return [name for name in sorted(wanted) if found.get(name) != wanted[name]]


def _new(name: str) -> Any:
    return hashlib.new(name, usedforsecurity=False)
