"""The user's own key, made on first use, so that a first verdict needs no preparation. Nobody else trusts it."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from ...errors import TrustError, UsageError
from ..trust.policy import TrustPolicy, trust_keys
from .public_key import PublicKey
from .signing_key import SigningKey, new_key, private_key, signing_key

_NAME = "local-key.pem"


def local_key_path() -> Path:
    """Where the local key lies: ``$XDG_CONFIG_HOME/probatum``, by default ``~/.config/probatum``.

    A relative ``XDG_CONFIG_HOME`` is ignored, as the XDG base directory specification asks.

    Raises:
        UsageError: the user has no home folder.
    """
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        base = Path(configured) if configured.startswith("/") else Path.home() / ".config"
    except RuntimeError as error:
        raise UsageError(
            "there is no place for a local key", why=str(error), remedy="set XDG_CONFIG_HOME, or sign with --key"
        ) from error
    return base / "probatum" / _NAME


def local_key() -> SigningKey:
    """The local key; an ed25519 key is made if there is none yet.

    Several processes may call this at once: one makes the key, the others read it.

    Raises:
        UsageError: the folder cannot be written to.
        TrustError: the file is not a private key, or others can read it.
    """
    path = local_key_path()
    if not path.exists():
        _make(path)
    _refuse_odd(path)
    return signing_key(private_key(path), origin=f"local key {path}", local=True)


def _make(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(new_key().private)
                stream.flush()
                os.fsync(stream.fileno())
            os.link(temporary, path)  # fails if another process was first: its key stays
        except FileExistsError:
            pass
        finally:
            Path(temporary).unlink()
    except OSError as error:
        raise UsageError(
            f"cannot make the local key {path}",
            why=error.strerror or str(error),
            remedy="set XDG_CONFIG_HOME to a folder that you may write to, or sign with --key, or use --no-sign",
        ) from error


def _refuse_odd(path: Path) -> None:
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
        raise TrustError(
            f"the local key {path} is not private",
            why="it is a link or others can read it",
            remedy=f"run: chmod 600 {path} (or move it away, and a new one is made)",
        )


def local_trust() -> TrustPolicy:
    """The trust policy of somebody who trusts only verdicts made with their own local key.

    Raises:
        TrustError: there is no local key yet, so nothing can be trusted.
    """
    if not local_key_path().exists():
        raise TrustError(
            "there is nothing to trust",
            why=f"no local key lies at {local_key_path()}, and neither --trust nor --public-key was given",
            remedy="give the signer's public key with --public-key, or a trust policy with --trust",
        )
    path = local_key_path()
    _refuse_odd(path)
    public = PublicKey.of(private_key(path).public_key(), source=f"local key {path}")
    return trust_keys([public], source="the local key")
