"""Bundles of cosign's own form, before sigstore's: what ``sign-blob --bundle`` and ``attest-blob --bundle`` wrote.

``base64Signature`` is the signature of a file; of an attestation, its whole DSSE envelope. ``cert`` is a certificate or
a public key in PEM; the latter proves nothing, and is left aside. ``rekorBundle`` is what Rekor promised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ...errors import TrustError
from ..documents import dsse
from ..keyless.sigstore_bundle import VerifiedBundle
from ..trust.policy import TrustPolicy
from .fulcio import Certified, verify
from .log_entry import LogEntry, Logged, from_cosign

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True)
class CosignBundle:
    """A bundle that nobody has checked yet.

    Args:
        signature: of a file, or the bytes of a DSSE envelope's JSON.
        certificate: DER; None when it was signed with a key.
        entries: what Rekor promised; none when nothing was logged.
    """

    signature: bytes
    certificate: bytes | None
    entries: tuple[LogEntry, ...]


def is_bundle(document: Mapping[str, Any]) -> bool:
    """Whether a JSON document is a cosign bundle of the old form."""
    return "base64Signature" in document


def is_attestation(document: Mapping[str, Any]) -> bool:
    """Whether a cosign bundle seems to hold an envelope rather than the signature of a file."""
    try:
        content = dsse.decode_base64(document["base64Signature"], "base64Signature").strip()
    except TrustError:
        return False
    return content.startswith(b"{") and content.endswith(b"}")


def read(document: Mapping[str, Any], *, source: str) -> CosignBundle:
    """Read a bundle.

    Raises:
        TrustError: it is malformed.
    """
    logged = document.get("rekorBundle")
    return CosignBundle(
        dsse.decode_base64(document["base64Signature"], f"{source}: base64Signature"),
        _certificate(document.get("cert"), source),
        () if logged is None else (from_cosign(logged, source=f"{source}: rekorBundle"),),
    )


def verify_logged(
    bundle: CosignBundle, logged: Logged, signed: bytes | None, trust: TrustPolicy, *, source: str
) -> VerifiedBundle:
    """Verify the signature of a bundle with a certificate.

    Args:
        bundle: the bundle.
        logged: the signature, and what its log entry must say.
        signed: what the signature covers; None for a file, whose digest ``logged`` has.
        trust: identities and pinned roots.
        source: what to call it in errors.

    Raises:
        TrustError: no allowed identity signed it, or a part of it does not hold.
    """
    if bundle.certificate is None:
        raise TrustError(f"{source} has no certificate")
    return verify(Certified(bundle.certificate, logged, signed, bundle.entries), trust, content=b"", source=source)


def _certificate(text: Any, source: str) -> bytes | None:
    """The certificate, which cosign wrote as PEM and in base64 of PEM."""
    if text is None or text == "":
        return None
    plain = isinstance(text, str) and text.startswith("-----BEGIN ") and text.isascii()
    pem = text.encode() if plain else dsse.decode_base64(text, f"{source}: cert")
    if _CERTIFICATE not in pem:
        return None
    try:
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    except ValueError as error:
        raise TrustError(f"{source} has a damaged certificate", why=str(error)) from error
