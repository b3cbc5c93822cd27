"""A compact JWS (RFC 7515) checked against public keys: which of them signed it.

The key decides which algorithms are possible, the header only chooses among them. ``none`` and HMAC are not among them:
a shared secret lets everybody who verifies sign, and a public key must never serve as such a secret (RFC 8725, 3.1).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from .. import strict_json
from ..attestations.keys.counted import signers_of
from ..attestations.keys.public_key import PublicKey
from ..errors import EvidenceError, TrustError

_HASHES: dict[str, type[Any]] = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
_CURVES = {"ES256": ("secp256r1", 32), "ES384": ("secp384r1", 48), "ES512": ("secp521r1", 66)}
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS = (*_RSA, *_CURVES, "EdDSA")


@dataclass(frozen=True)
class Token:
    """A JWS that nobody has checked yet.

    Args:
        algorithm: that its header names; one of ``ALGORITHMS``.
        payload: the signed bytes.
        signed: header and payload as they were signed.
        signature: over them.
    """

    algorithm: str
    payload: bytes
    signed: bytes
    signature: bytes

    def signers(self, keys: Iterable[PublicKey]) -> tuple[PublicKey, ...]:
        """The key, out of those given, that signed it; none where nobody did."""
        return signers_of([("", self.signature)], keys, lambda key, _: _verifies(key.key, self))


def parse_token(text: str, *, source: str) -> Token:
    """Read a compact JWS; its payload stays bytes.

    Args:
        text: three parts with dots between them.
        source: what to call it in errors.

    Raises:
        TrustError: it is none, names no algorithm that is accepted, or asks for an extension.
    """
    parts = text.split(".") if text.isascii() else []
    if len(parts) != 3:
        raise _malformed(source, "expected three parts with dots between them")
    header, payload, signature = (_decode(part, source) for part in parts)
    try:
        document = strict_json.loads(header, source=f"{source}: header", fold_case=True)
    except EvidenceError as error:
        raise _malformed(source, str(error)) from error
    if not isinstance(document, Mapping) or "crit" in document or document.get("b64", True) is not True:
        raise _malformed(source, "its header asks for something unknown")
    algorithm = str(document.get("alg"))
    if algorithm.startswith("HS"):
        why = f"{algorithm} uses a shared secret, with which everybody who can verify can sign"
        raise TrustError(
            f"{source} does not count", why=why, remedy="sign with a private key, such as --signing-alg ES256"
        )
    if algorithm not in ALGORITHMS:
        raise _malformed(source, f"the algorithm {algorithm!r} is not accepted; accepted are {', '.join(ALGORITHMS)}")
    return Token(algorithm, payload, f"{parts[0]}.{parts[1]}".encode(), signature)


def _verifies(key: Any, token: Token) -> bool:
    try:
        return _check(key, token)
    except (InvalidSignature, ValueError):
        return False


def _check(key: Any, token: Token) -> bool:
    """True when the key is of the algorithm's kind, and the signature is its own; else False, or it raises."""
    name = token.algorithm
    if name == "EdDSA" and isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(token.signature, token.signed)
    elif name in _RSA and isinstance(key, rsa.RSAPublicKey):
        digest = _HASHES[name[2:]]()
        salted = padding.PSS(padding.MGF1(digest), digest.digest_size)  # RFC 7518, 3.5
        key.verify(token.signature, token.signed, salted if name.startswith("PS") else padding.PKCS1v15(), digest)
    elif name in _CURVES and isinstance(key, ec.EllipticCurvePublicKey):
        curve, size = _CURVES[name]
        if key.curve.name != curve or len(token.signature) != 2 * size:
            return False
        r, s = (int.from_bytes(half, "big") for half in (token.signature[:size], token.signature[size:]))
        key.verify(encode_dss_signature(r, s), token.signed, ec.ECDSA(_HASHES["512" if size > 48 else name[2:]]()))
    else:
        return False
    return True


def _decode(part: str, source: str) -> bytes:
    """Base64url without padding that is the one encoding of its bytes."""
    try:
        value = base64.b64decode(part + "=" * (-len(part) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed(source, "a part is not base64url") from error
    if base64.urlsafe_b64encode(value).rstrip(b"=").decode() != part:
        raise _malformed(source, "a part is not canonical base64url")
    return value


def _malformed(source: str, why: str) -> TrustError:
    return TrustError(f"{source} is no signature of a bundle", why=why, remedy="sign the bundle again with 'opa sign'")
