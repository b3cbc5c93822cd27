"""A public key that verifies signatures: the algorithm follows from the key, never from what a document claims.

Accepted encodings (measured against the field's producers): ECDSA as DER and as raw ``r || s`` (Google's builders),
RSA as PSS and as PKCS#1 v1.5 (stock SLSA verification wants the latter), ed25519 pure.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from ..errors import TrustError

MIN_RSA_BITS = 2048
_CURVES: dict[str, tuple[int, type[hashes.HashAlgorithm]]] = {
    "secp256r1": (32, hashes.SHA256),
    "secp384r1": (48, hashes.SHA384),
    "secp521r1": (66, hashes.SHA512),
}
_ALLOWED = "ed25519, ECDSA P-256, P-384 or P-521, or RSA of at least 2048 bits"


@dataclass(frozen=True)
class PublicKey:
    """One public key; two of them are equal when they are the same key, whatever they are called.

    Args:
        der: SubjectPublicKeyInfo in DER.
    """

    der: bytes

    @classmethod
    def from_pem(cls, pem: bytes, *, source: str) -> PublicKey:
        """Read a public key in PEM (SubjectPublicKeyInfo) or one line in OpenSSH's form.

        Raises:
            TrustError: the text is not a public key, or one that is too weak or of an unknown kind.
        """
        try:
            if pem.lstrip().startswith((b"ssh-", b"ecdsa-")):
                key: Any = serialization.load_ssh_public_key(pem.strip())
            else:
                key = serialization.load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise TrustError(
                f"{source} is not a public key",
                why="expected PEM that starts with -----BEGIN PUBLIC KEY-----",
                remedy="give the public half of the key, as `probatum keys new` writes it",
            ) from error
        return cls.of(key, source=source)

    @classmethod
    def of(cls, key: Any, *, source: str) -> PublicKey:
        """Wrap a key of the `cryptography` library.

        Raises:
            TrustError: it is too weak or of an unknown kind.
        """
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_BITS:
            raise TrustError(f"{source} is too weak", why=f"RSA with {key.key_size} bits", remedy=f"use {_ALLOWED}")
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _CURVES:
            raise TrustError(f"{source} is of an unknown kind", why=f"curve {key.curve.name}", remedy=f"use {_ALLOWED}")
        if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)):
            raise TrustError(f"{source} is of an unknown kind", why=type(key).__name__, remedy=f"use {_ALLOWED}")
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return cls(key.public_bytes(encoding, form))

    @property
    def key(self) -> Any:
        """The key as the `cryptography` library has it."""
        return serialization.load_der_public_key(self.der)

    @property
    def id(self) -> str:
        """``SHA256:`` and unpadded base64 of the digest of the key in SSH's form, as ``ssh-keygen -l`` prints it."""
        line = self.key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    @property
    def pem(self) -> str:
        """SubjectPublicKeyInfo in PEM."""
        encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        text: bytes = self.key.public_bytes(encoding, form)
        return text.decode()

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature is this key's over the data."""
        key = self.key
        if isinstance(key, ed25519.Ed25519PublicKey):
            return _holds(lambda: key.verify(signature, data))
        if isinstance(key, rsa.RSAPublicKey):
            return _rsa(key, signature, data, hashes.SHA256())
        return _ecdsa(key, signature, data, _CURVES[key.curve.name][1]())

    def verifies_sha256(self, signature: bytes, digest: bytes) -> bool:
        """Whether the signature is this key's over content with this SHA-256; False for ed25519, P-384 and P-521."""
        key, algorithm = self.key, Prehashed(hashes.SHA256())
        if isinstance(key, rsa.RSAPublicKey):
            return _rsa(key, signature, digest, algorithm)
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
            return _ecdsa(key, signature, digest, algorithm)
        return False


def _holds(check: Any) -> bool:
    try:
        check()
    except (InvalidSignature, ValueError):
        return False
    return True


def _rsa(key: rsa.RSAPublicKey, signature: bytes, data: bytes, algorithm: Any) -> bool:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
    return any(_holds(lambda p=p: key.verify(signature, data, p, algorithm)) for p in (pss, padding.PKCS1v15()))


def _ecdsa(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes, algorithm: Any) -> bool:
    if _holds(lambda: key.verify(signature, data, ec.ECDSA(algorithm))):
        return True
    size = _CURVES[key.curve.name][0]
    if len(signature) != 2 * size:
        return False
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    return _holds(lambda: key.verify(encode_dss_signature(r, s), data, ec.ECDSA(algorithm)))
