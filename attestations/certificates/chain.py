"""Certificates that came with a signature. Nobody vouches for them yet: they are only read here.

Forms: in a DSSE signature, ``cert`` (PEM, as the SLSA generators write it), or ``certificate`` and ``intermediates``
(PEM in base64) with ``timestamps`` (as Witness writes them); and the verification material of a sigstore bundle.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import TrustError
from ..keys.public_key import PublicKey

if TYPE_CHECKING:
    from cryptography import x509

MAX_CERTIFICATES = 10
_MAX_BYTES = 64 * 1024
_MAX_TIMESTAMPS = 4
_SEQUENCE, _OID, _GRANTED = b"\x30", b"\x06", b"\x30\x03\x02\x01\x00"


@dataclass(frozen=True)
class Chain:
    """A signer's certificate with what is needed to reach a root.

    Args:
        leaf: the signer's certificate, in DER.
        intermediates: the others, in DER; in any order.
        timestamps: RFC 3161 responses that are said to be over the signature.
    """

    leaf: bytes
    intermediates: tuple[bytes, ...] = ()
    timestamps: tuple[bytes, ...] = ()

    def load(self) -> tuple[x509.Certificate, list[x509.Certificate]]:
        """As the `cryptography` library has them."""
        from cryptography import x509

        return x509.load_der_x509_certificate(self.leaf), [
            x509.load_der_x509_certificate(item) for item in self.intermediates
        ]

    @property
    def holder(self) -> str:
        """The subject of the signer's certificate, as text (RFC 4514).

        Raises:
            TrustError: it is malformed.
        """
        try:
            return self.load()[0].subject.rfc4514_string()
        except ValueError as error:
            raise TrustError("the certificate is malformed", why=str(error)[:200]) from error

    @property
    def key(self) -> PublicKey:
        """The public key in the signer's certificate.

        Raises:
            TrustError: it is too weak or of an unknown kind.
        """
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm

        try:
            public: Any = x509.load_der_x509_certificate(self.leaf).public_key()
        except (ValueError, UnsupportedAlgorithm) as error:
            raise TrustError("the key of the certificate is of an unknown kind", why=str(error)[:200]) from error
        return PublicKey.of(public, source="the key of the certificate")


def chains_of_envelope(document: Mapping[str, Any], *, source: str) -> list[Chain | None]:
    """The chain of each signature of a DSSE envelope, in their order; None where a signature has none.

    Args:
        document: the envelope, whose form was checked (`dsse.from_document`).
        source: what to call it in errors.

    Raises:
        TrustError: a certificate is malformed, or there are too many.
    """
    return [_chain_of_signature(item, f"{source}: signatures[{at}]") for at, item in enumerate(document["signatures"])]


def chain_of_bundle(bundle: Mapping[str, Any], *, source: str) -> Chain | None:
    """The chain of a sigstore bundle; None when it was signed with a bare key.

    Raises:
        TrustError: a certificate is malformed, or there are too many.
    """
    material = bundle.get("verificationMaterial")
    if not isinstance(material, Mapping):
        return None
    listed = material.get("x509CertificateChain", {"certificates": [material.get("certificate")]})
    entries = listed.get("certificates") if isinstance(listed, Mapping) else None
    if entries == [None] and "certificate" not in material:
        return None
    found = [_raw(item, "rawBytes", source) for item in _list(entries, source)]
    stamps = material.get("timestampVerificationData")
    given = stamps.get("rfc3161Timestamps", []) if isinstance(stamps, Mapping) else []
    times = [_raw(item, "signedTimestamp", source) for item in _list(given or [], source)]
    return _chain([der for item in found for der in _der(item, source)], times, source)


def _chain_of_signature(item: Mapping[str, Any], source: str) -> Chain | None:
    if isinstance(item.get("cert"), str) and item["cert"]:
        return _chain(_der(item["cert"].encode(), source), [], source)
    if item.get("certificate") is None:
        return None
    texts = [item["certificate"], *_list(item.get("intermediates") or [], source)]
    found = [der for text in texts for der in _der(_decoded(text, source), source)]
    stamps = [stamp for stamp in _list(item.get("timestamps") or [], source) if isinstance(stamp, Mapping)]
    times = [_raw(stamp, "data", source) for stamp in stamps if stamp.get("type") == "tsp"]
    return _chain(found, times, source)


def _chain(certificates: Sequence[bytes], timestamps: Sequence[bytes], source: str) -> Chain:
    if not 0 < len(certificates) <= MAX_CERTIFICATES or len(timestamps) > _MAX_TIMESTAMPS:
        many = f"{len(certificates)} certificates and {len(timestamps)} timestamps"
        raise TrustError(f"{source} is refused", why=f"it comes with {many}")
    leaf, *others = certificates
    return Chain(leaf, tuple(others), tuple(_response(item) for item in timestamps))


def _der(data: bytes, source: str) -> list[bytes]:
    """The certificates in PEM, or the one in DER; each of them can be read."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            found = x509.load_pem_x509_certificates(data)
        else:
            found = [x509.load_der_x509_certificate(data)]
        return [item.public_bytes(Encoding.DER) for item in found]
    except (ValueError, x509.InvalidVersion) as error:
        raise TrustError(f"{source} has a malformed certificate", why=str(error)[:200]) from error


def _response(token: bytes) -> bytes:
    """A timestamp response; some signers keep only the token in it, which is then put back into a granted one."""
    begin = 2 + (token[1] & 0x7F if len(token) > 1 and token[1] & 0x80 else 0)
    if token[:1] != _SEQUENCE or token[begin : begin + 1] != _OID:
        return token
    body = _GRANTED + token
    digits = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    size = digits if len(body) < 0x80 else bytes([0x80 | len(digits)]) + digits
    return _SEQUENCE + size + body


def _raw(item: Any, field: str, source: str) -> bytes:
    return _decoded(item.get(field) if isinstance(item, Mapping) else None, source)


def _decoded(text: Any, source: str) -> bytes:
    try:
        if isinstance(text, str) and len(text) <= 2 * _MAX_BYTES:
            return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise TrustError(f"{source} has a malformed certificate or timestamp", why="expected base64")


def _list(value: Any, source: str) -> list[Any]:
    if not isinstance(value, list):
        raise TrustError(f"{source} has malformed certificates", why="expected a list")
    return value
