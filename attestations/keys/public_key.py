"""A public key that verifies signatures: the algorithm follows from the key, never from what a document claims.

Accepted encodings (measured against the field's producers): ECDSA as DER and as raw ``r || s`` (Google's builders),
RSA as PSS and as PKCS#1 v1.5 (stock SLSA verification wants the latter), ed25519 pure, ML-DSA-65 pure with an empty
context.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature

from ...errors import TrustError
from .ml_dsa import KIND as ML_DSA
from .strength import ALLOWED, CURVES, signing_weakness, unknown_kind, weakness

_CURVES: dict[str, tuple[int, type[hashes.HashAlgorithm], int]] = {
    "secp256r1": (32, hashes.SHA256, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551),
    "secp384r1": (
        48,
        hashes.SHA384,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ),
    "secp521r1": (
        66,
        hashes.SHA512,
        0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
    ),
}
"""Bytes of a coordinate, the hash that goes with the curve, and the order of its group (SEC 2, version 2.0)."""


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
            odd = f"this version of `cryptography` cannot read it: {error}"
            raise TrustError(
                f"{source} is not a public key",
                why=odd
                if b"-----BEGIN PUBLIC KEY" in pem
                else "expected PEM that starts with -----BEGIN PUBLIC KEY-----",
                remedy="give the public half of the key, as `probatum keys new` writes it",
            ) from error
        return cls.of(key, source=source)

    @classmethod
    def of(cls, key: Any, *, source: str) -> PublicKey:
        """Wrap a key of the `cryptography` library.

        Raises:
            TrustError: it is too weak or of an unknown kind.
        """
        if odd := unknown_kind(key):
            raise TrustError(f"{source} is of an unknown kind", why=odd, remedy=f"use {ALLOWED}")
        if weak := weakness(key):
            raise TrustError(f"{source} is too weak", why=weak, remedy=f"use {ALLOWED}")
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return cls(key.public_bytes(encoding, form))

    @cached_property
    def key(self) -> Any:
        """The key as the `cryptography` library has it."""
        return serialization.load_der_public_key(self.der)

    @cached_property
    def id(self) -> str:
        """``SHA256:`` and unpadded base64 of the digest of the key in SSH's form, as ``ssh-keygen -l`` prints it.

        SSH has no form for ML-DSA: there the digest is of ``der``.
        """
        blob = base64.b64decode(self.ssh.split()[1]) if self.ssh else self.der
        return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")

    @property
    def kind(self) -> str:
        """``ed25519``, ``ecdsa-p256``, ``ecdsa-p384``, ``ecdsa-p521``, ``rsa`` or ``ml-dsa-65``."""
        if isinstance(self.key, ec.EllipticCurvePublicKey):
            return CURVES[self.key.curve.name]
        if isinstance(self.key, rsa.RSAPublicKey):
            return "rsa"
        return "ed25519" if isinstance(self.key, ed25519.Ed25519PublicKey) else ML_DSA

    @property
    def bits(self) -> int:
        """Of the modulus or of the field; of the whole encoded key for ML-DSA."""
        if self.kind == ML_DSA:
            return len(self.key.public_bytes_raw()) * 8
        return 256 if self.kind == "ed25519" else int(self.key.key_size)

    @property
    def ssh(self) -> str:
        """The key as one line in OpenSSH's form; empty for ML-DSA, which has none."""
        if self.kind == ML_DSA:
            return ""
        line: bytes = self.key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        return line.decode()

    @property
    def pem(self) -> str:
        """SubjectPublicKeyInfo in PEM."""
        encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        text: bytes = self.key.public_bytes(encoding, form)
        return text.decode()

    @property
    def signing_weakness(self) -> str:
        """Why the key is too weak to sign a verdict; empty when it is not."""
        return signing_weakness(self.key)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature is this key's over the data."""
        key = self.key
        if isinstance(key, rsa.RSAPublicKey):
            return _rsa(key, signature, data, hashes.SHA256())
        if isinstance(key, ec.EllipticCurvePublicKey):
            return _ecdsa(key, signature, data, _CURVES[key.curve.name][1]())
        return _holds(lambda: key.verify(signature, data))  # ed25519, and ML-DSA with an empty context

    def verifies_sha256(self, signature: bytes, digest: bytes) -> bool:
        """Whether the signature is this key's over content with this SHA-256; only RSA and P-256 can say that."""
        key, algorithm = self.key, Prehashed(hashes.SHA256())
        if isinstance(key, rsa.RSAPublicKey):
            return _rsa(key, signature, digest, algorithm)
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
            return _ecdsa(key, signature, digest, algorithm)
        return False

    def canonical(self, signature: bytes) -> bytes:
        """The one encoding of a signature that Probatum writes; it is not verified here.

        Whoever sees an ECDSA signature ``(r, s)`` can write ``(r, n - s)``, which holds as well, and each as DER or as
        ``r || s``: without one form of them, anybody could make other files of a signed document. So it is DER with
        the smaller ``s``. The signatures of the other algorithms are the only ones that their verification accepts.
        """
        if not isinstance(self.key, ec.EllipticCurvePublicKey):
            return signature
        size, _, order = _CURVES[self.key.curve.name]
        try:
            r, s = decode_dss_signature(signature)
        except ValueError:
            r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        return encode_dss_signature(r, min(s, order - s))


def _holds(check: Callable[[], object]) -> bool:
    try:
        check()
    except (InvalidSignature, ValueError):
        return False
    return True


def _rsa(key: rsa.RSAPublicKey, signature: bytes, data: bytes, algorithm: Any) -> bool:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
    return _holds(lambda: key.verify(signature, data, padding.PKCS1v15(), algorithm)) or _holds(
        lambda: key.verify(signature, data, pss, algorithm)
    )


def _ecdsa(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes, algorithm: Any) -> bool:
    if _holds(lambda: key.verify(signature, data, ec.ECDSA(algorithm))):
        return True
    size = _CURVES[key.curve.name][0]
    if len(signature) != 2 * size:
        return False
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    return _holds(lambda: key.verify(encode_dss_signature(r, s), data, ec.ECDSA(algorithm)))
