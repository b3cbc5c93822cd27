"""A new key pair on disk: the private key for its owner alone, the public key beside it."""

from __future__ import annotations

from pathlib import Path

from ...errors import UsageError
from ...files import write_atomic
from .public_key import PublicKey
from .signing_key import new_key


def write_key_pair(path: Path, kind: str, passphrase: bytes | None) -> tuple[Path, PublicKey]:
    """Make a key pair and write it.

    Args:
        path: file for the private key (PKCS#8 PEM, mode 0600); never replaced when it exists.
        kind: one of ``keys.KINDS``.
        passphrase: encrypts the private key; None leaves it in the clear.

    Returns:
        The file of the public key, ``path`` with ``.pub`` added, and the key.

    Raises:
        UsageError: a file exists already, or cannot be written; the kind is unknown, or the installed library lacks it.
    """
    public_path = path.with_name(f"{path.name}.pub")
    for taken in (path, public_path):
        if taken.exists():
            raise UsageError(
                f"{taken} exists", why="a lost private key cannot be made again", remedy="choose another name"
            )
    pair = new_key(kind, passphrase)
    write_atomic(path, pair.private, mode=0o600)
    write_atomic(public_path, pair.public.pem.encode())
    return public_path, pair.public
