"""Which public keys are good enough to be believed, and which to sign a verdict.

The `cryptography` library loads keys whose signatures prove nothing: an ed25519 key of small order, for which anybody
can write a signature of any message (seen with OpenSSL 4.0: one signature, made without a private key, verified for
each of 64 messages), and RSA keys with the exponent 3.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from . import ml_dsa

MIN_RSA_BITS = 2048
"""To verify what others signed: below it RSA is disallowed (NIST SP 800-131A Rev. 2, table 2)."""
MIN_RSA_SIGNING_BITS = 3072
"""To sign a verdict, which is to hold for years: 128 bits of strength (NIST SP 800-57 Part 1 Rev. 5, table 2)."""
CURVES = {"secp256r1": "ecdsa-p256", "secp384r1": "ecdsa-p384", "secp521r1": "ecdsa-p521"}
_EXPONENTS = (2**16, 2**256)
"""An exponent lies between these (FIPS 186-5, A.1.1): with 3, lax verifiers accepted forgeries (CVE-2006-4339)."""
_P = 2**255 - 19
_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = frozenset((0, 1, _P - 1, _ORDER_8, _P - _ORDER_8))
"""The y coordinates of ed25519's eight points whose order divides 8 (RFC 8032, section 5.1)."""
ALLOWED = "ed25519, ECDSA P-256, P-384 or P-521, RSA of at least 2048 bits, or ML-DSA-65"


def unknown_kind(key: Any) -> str:
    """What a key is, when it is of no kind that is verified; empty when it is of a known kind."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "" if key.curve.name in CURVES else f"curve {key.curve.name}"
    known = isinstance(key, (rsa.RSAPublicKey, ed25519.Ed25519PublicKey)) or ml_dsa.is_public(key)
    return "" if known else type(key).__name__


def weakness(key: Any) -> str:
    """Why a key of a known kind proves nothing; empty when it is good."""
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < MIN_RSA_BITS:
            return f"RSA with {key.key_size} bits"
        exponent = key.public_numbers().e
        if not _EXPONENTS[0] < exponent < _EXPONENTS[1]:
            return f"RSA with a public exponent of {exponent.bit_length()} bits; FIPS 186-5 wants more than 2^16"
    if isinstance(key, ed25519.Ed25519PublicKey):
        y = int.from_bytes(_raw(key), "little") & (2**255 - 1)
        if y >= _P or y in _SMALL_ORDER:
            return "ed25519 with a point of small order: anybody can sign for it"
    return ""


def signing_weakness(key: Any) -> str:
    """Why a key that may be believed is too weak to sign a verdict; empty when it is not."""
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_SIGNING_BITS:
        return f"RSA with {key.key_size} bits; a verdict needs {MIN_RSA_SIGNING_BITS}"
    return ""


def _raw(key: ed25519.Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
