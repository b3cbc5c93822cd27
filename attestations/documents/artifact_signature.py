"""Signatures over a file's own bytes, without a statement: what `cosign sign-blob` and `openssl dgst` make."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...content import hash_file
from ...errors import TrustError
from ..keys.counted import signers_of
from ..keys.public_key import PublicKey
from . import dsse

_MAX_SIGNATURE = 16 * 1024


def bare_signatures(data: bytes, *, source: str) -> list[bytes] | None:
    """The signature in a file that holds nothing else, as base64 text or as bytes; None when the file is JSON."""
    if data.lstrip().startswith(b"{"):
        return None
    if not data or len(data) > _MAX_SIGNATURE:
        raise TrustError(f"{source} is no signature", why=f"it has {len(data)} bytes")
    try:
        return [dsse.decode_base64(data.decode("ascii").strip(), source), data]
    except (TrustError, UnicodeDecodeError):
        return [data]


def artifact_signers(signatures: list[bytes], artifact: Path, keys: list[PublicKey]) -> tuple[PublicKey, ...]:
    """The distinct keys that signed a file, by any of the given signatures.

    The file is streamed for keys that sign a SHA-256, and mapped for those that sign the content whole.

    Raises:
        OSError: the file cannot be read.
    """
    digest = bytes.fromhex(hash_file(artifact)[1])
    with _mapped(artifact) as content:
        return signers_of(
            [("", item) for item in signatures],
            keys,
            lambda key, item: key.verifies_sha256(item, digest) or key.verifies(item, content),
        )


@contextmanager
def _mapped(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        if not stream.seek(0, 2):
            yield b""
            return
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content  # type: ignore[misc]
