"""Private keys: making them, reading them, and turning them into signers of securesystemslib."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ...errors import TrustError, UsageError
from ...files import read_limited
from . import ml_dsa
from .public_key import PublicKey

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

_MAKERS: dict[str, Callable[[], Any]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ecdsa-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "rsa-3072": lambda: rsa.generate_private_key(65537, 3072),
    "rsa-4096": lambda: rsa.generate_private_key(65537, 4096),
    ml_dsa.KIND: ml_dsa.new_private_key,
}
KINDS = tuple(_MAKERS)
"""The kinds of key that can be made."""
Passphrase = Callable[[], bytes | None]
"""Called only when a key is encrypted; None means that there is no passphrase to be had."""
MAX_KEY_BYTES = 64 * 1024
RSA_SCHEME = "rsa-pkcs1v15-sha256"


@dataclass(frozen=True)
class KeyPair:
    """A new key.

    Args:
        private: PKCS#8 PEM, encrypted when a passphrase was given.
        public: the public half.
    """

    private: bytes
    public: PublicKey


@dataclass(frozen=True)
class SigningKey:
    """Something that can sign, and the key that verifies what it signs.

    Args:
        signer: of securesystemslib; its key id is ``public.id``.
        public: the public half.
        origin: where it came from, for people: a path, a URI, or ``local key``.
        local: it is the user's own local key, which nobody else trusts.
    """

    signer: Signer
    public: PublicKey
    origin: str
    local: bool = False


def no_passphrase() -> None:
    """The passphrase source of a run that cannot ask for one."""


def new_key(kind: str = "ed25519", passphrase: bytes | None = None) -> KeyPair:
    """Make a key pair.

    Args:
        kind: one of ``KINDS``.
        passphrase: encrypts the private key; None leaves it in the clear.

    Raises:
        UsageError: the kind is unknown, the installed library lacks it, or the passphrase is empty.
    """
    if kind not in KINDS:
        raise UsageError(
            f"unknown kind of key {kind!r}", why=f"known are {', '.join(KINDS)}", remedy="choose one of them"
        )
    locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        if not passphrase:
            raise UsageError("the passphrase is empty", why="the key would lie in the clear", remedy="choose another")
        locked = serialization.BestAvailableEncryption(passphrase)
    key = _MAKERS[kind]()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    return KeyPair(pem, PublicKey.of(key.public_key(), source="the new key"))


def key_from_file(path: Path, passphrase: Passphrase = no_passphrase) -> SigningKey:
    """Read a private key for signing.

    Args:
        path: PKCS#8 PEM.
        passphrase: asked when the key is encrypted.

    Raises:
        UsageError: the file cannot be read.
        TrustError: as `private_key` says; or the key is too weak to sign.
    """
    return signing_key(private_key(path, passphrase), origin=str(path))


def private_key(path: Path, passphrase: Passphrase = no_passphrase) -> Any:
    """Read a private key, as the `cryptography` library has it.

    A key in the clear that its owner left readable to others is refused, as ssh does.

    Args:
        path: PKCS#8 PEM.
        passphrase: asked when the key is encrypted.

    Raises:
        UsageError: the file cannot be read.
        TrustError: it is no private key, others can read it, or the passphrase is missing or wrong.
    """
    pem = read_limited(path, MAX_KEY_BYTES)
    encrypted = b"ENCRYPTED" in pem
    if b"BEGIN PUBLIC KEY" in pem:
        remedy = "give the private key, which lies beside it"
        raise TrustError(f"{path} is no private key", why="a public key signs nothing", remedy=remedy)
    if not encrypted:
        _refuse_if_shared(path)
    return _load(pem, path, passphrase() if encrypted else None)


def signing_key(private: Any, *, origin: str, local: bool = False) -> SigningKey:
    """Wrap a private key of the `cryptography` library into a signer whose key id is the SSH fingerprint.

    RSA keys sign with PKCS#1 v1.5, because stock SLSA verification refuses PSS.

    Raises:
        TrustError: the key is too weak to sign, or of an unknown kind.
    """
    from securesystemslib.signer import CryptoSigner, SSlibKey  # late: it loads every client of a cloud that is there

    from .ml_dsa_signer import MlDsaSigner

    if not hasattr(private, "public_key"):
        raise TrustError(f"{origin} cannot sign", why=f"it is a {type(private).__name__}", remedy="choose another key")
    public = PublicKey.of(private.public_key(), source=origin)
    refuse_weak_signer(public, origin)
    if ml_dsa.is_private(private):
        described = SSlibKey(public.id, "ml-dsa", ml_dsa.KIND, {"public": public.pem})
        return SigningKey(MlDsaSigner(private, described), public, origin, local)
    scheme = RSA_SCHEME if isinstance(private, rsa.RSAPrivateKey) else None
    return SigningKey(CryptoSigner(private, SSlibKey.from_crypto(public.key, public.id, scheme)), public, origin, local)


def refuse_weak_signer(public: PublicKey, origin: str) -> None:
    """Refuse to sign with a key that is good enough only to verify what others signed.

    Raises:
        TrustError: it is too weak.
    """
    if weak := public.signing_weakness:
        raise TrustError(f"{origin} is too weak to sign", why=weak, remedy="make another: probatum keys new")


def distinct(keys: Sequence[SigningKey]) -> tuple[SigningKey, ...]:
    """The keys of a document that several people sign.

    Raises:
        UsageError: two of them are one key, which would count once.
    """
    seen: dict[PublicKey, SigningKey] = {}
    for key in keys:
        if key.public in seen:
            why = f"{seen[key.public].origin} is the same key, and counts once"
            raise UsageError(f"{key.origin} signs twice", why=why, remedy="give each key once")
        seen[key.public] = key
    return tuple(keys)


def _load(pem: bytes, path: Path, passphrase: bytes | None) -> Any:
    try:
        return serialization.load_pem_private_key(pem, passphrase or None)
    except TypeError as error:
        raise TrustError(
            f"{path} is encrypted",
            why="no passphrase was given",
            remedy="set PROBATUM_KEY_PASSPHRASE, or run where it can be asked for",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        why = "the passphrase is wrong, or the file is damaged" if b"ENCRYPTED" in pem else "expected PKCS#8 in PEM"
        raise TrustError(f"cannot read the private key {path}", why=why, remedy="check passphrase and file") from error


def _refuse_if_shared(path: Path) -> None:
    status = path.stat()
    if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) & 0o077:
        raise TrustError(
            f"the private key {path} can be read by others",
            why=f"its mode is {stat.S_IMODE(status.st_mode):04o}",
            remedy=f"run: chmod 600 {path}",
        )
