"""What a certificate's key signs: a sigstore bundle with the chain in it, in the one form in which no byte is free.

The bundle is of version 0.3 with ``x509CertificateChain``, the signer's certificate first and without the root
(https://github.com/sigstore/protobuf-specs, sigstore_bundle.proto); there is no log entry, which private authorities
have none of. An authority's ECDSA signature on a certificate has a twin, `(r, n - s)`, that anybody can write: in a
bundle each certificate carries the one with the smaller `s`. It holds like the other, and nothing else of the
certificate changes, but its fingerprint.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ... import strict_json
from ...errors import TrustError
from ..documents import dsse
from ..documents.dsse import Envelope
from ..keys.ecdsa_form import one_form
from .chain import Chain, chain_of_bundle

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_REMEDY = "get the verdict package again from where it was made"


def is_certified(document: Any) -> bool:
    """Whether a document has the shape of what is made here; nothing of it is checked."""
    material = document.get("verificationMaterial") if isinstance(document, Mapping) else None
    return isinstance(material, Mapping) and "x509CertificateChain" in material and "tlogEntries" not in material


def certified_bytes(envelope: Envelope, chain: Chain) -> bytes:
    """The bundle of an envelope with one signature.

    Args:
        envelope: its signature is of the key in the certificate.
        chain: the certificate, and the others without the root.
    """
    ((_, signature),) = envelope.signatures
    certificates = [{"rawBytes": _text(der)} for der in (chain.leaf, *chain.intermediates)]
    signed = {
        "payload": _text(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [{"sig": _text(signature)}],
    }
    return strict_json.canonical(
        {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {"x509CertificateChain": {"certificates": certificates}},
            "dsseEnvelope": signed,
        }
    )


def read_certified(document: Mapping[str, Any], data: bytes, *, source: str) -> tuple[Envelope, Chain]:
    """Refuse a bundle in which something could be altered without notice; nothing of it is verified yet.

    Args:
        document: as it was parsed, strictly, from the bytes.
        data: the bytes.
        source: what to call it in errors.

    Raises:
        TrustError: it is not in the one form.
    """
    envelope = dsse.from_document(document.get("dsseEnvelope"), source=source)
    chain = chain_of_bundle(document, source=source)
    if chain is None or len(envelope.signatures) != 1 or certified_bytes(envelope, chain) != data:
        why = "its bytes differ from what Probatum writes"
    elif any(_in_one_form(der) != der for der in (chain.leaf, *chain.intermediates)):
        why = "a certificate is malformed, or the signature on it is a twin of the one that is written"
    else:
        return envelope, chain
    raise TrustError(f"{source} is not in the form that Probatum writes", why=why, remedy=_REMEDY)


def _in_one_form(der: bytes) -> bytes | None:
    """`one_certificate` of what anybody may have written; None for what is malformed."""
    try:
        return one_certificate(der)
    except Exception:  # parts of a certificate are parsed when they are asked for, and the library's errors are many
        return None


def one_certificate(der: bytes) -> bytes:
    """A certificate (RFC 5280 section 4.1) with its authority's ECDSA signature in the one form; others as they are."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    certificate = x509.load_der_x509_certificate(der)
    if not isinstance(certificate.signature_algorithm_parameters, ec.ECDSA):
        return der
    head = der.index(certificate.tbs_certificate_bytes)
    algorithm = head + len(certificate.tbs_certificate_bytes)
    parts = der[head : algorithm + 2 + der[algorithm + 1]]  # the algorithm's identifier is a short one
    return _tagged(0x30, parts + _tagged(0x03, b"\0" + one_form(certificate.signature)))


def _tagged(tag: int, value: bytes) -> bytes:
    """DER (ITU-T X.690 section 8.1)."""
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + value


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
