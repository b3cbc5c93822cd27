"""Sigstore bundles of the forms that the sigstore library does not take, and log entries of those signed with keys.

Which form a bundle has is decided by what it holds, before anything of it is checked; a bundle that the library takes
is never tried a second time in another way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ...errors import TrustError
from ..documents import dsse
from ..keyless.root import library_root, root_at
from ..keyless.sigstore_bundle import VerifiedBundle
from ..keys.public_key import PublicKey
from ..trust.policy import TrustPolicy
from ..trust.signing_time import NOTHING_KNOWN, SignatureFacts
from .fulcio import Certified, verify
from .log_entry import LogEntry, Logged, claimed_kind, digest, from_bundle, verified_time

_FIRST = ("application/vnd.dev.sigstore.bundle+json;version=0.1", "application/vnd.dev.sigstore.bundle.v0.1+json")
_TAKEN = {("hashedrekord", "0.0.1"), ("hashedrekord", "0.0.2"), ("dsse", "0.0.1")}


def library_takes(document: Mapping[str, Any]) -> bool:
    """Whether the sigstore library verifies bundles of this form: one log entry of a known kind, with a proof."""
    entries = _material(document).get("tlogEntries")
    if not isinstance(entries, list) or len(entries) != 1 or not isinstance(entries[0], Mapping):
        return False
    return claimed_kind(entries[0]) in _TAKEN and _proven(entries[0])


def verify_envelope(document: Mapping[str, Any], trust: TrustPolicy, *, source: str) -> VerifiedBundle:
    """Verify a bundle with a DSSE envelope and a certificate.

    Raises:
        TrustError: no allowed identity signed it, or a part of it does not hold.
    """
    envelope, certificate = dsse.from_document(document["dsseEnvelope"], source=source), _certificate(document, source)
    if envelope.payload_type != dsse.IN_TOTO:
        raise TrustError(f"{source} has the payload type {envelope.payload_type}", why=f"expected {dsse.IN_TOTO}")
    logged = logged_envelope(envelope, certificate, source=source)
    certified = Certified(certificate, logged, envelope.signed_bytes, entries_of(document), _stamps(document))
    return verify(certified, trust, content=envelope.payload, source=source)


def verify_file(document: Mapping[str, Any], sha256: str, trust: TrustPolicy, *, source: str) -> VerifiedBundle:
    """Verify a bundle with a message signature and a certificate.

    Args:
        document: the bundle.
        sha256: of the file that it is said to sign.
        trust: identities and pinned roots.
        source: what to call it in errors.

    Raises:
        TrustError: no allowed identity signed it, or a part of it does not hold.
    """
    certificate = _certificate(document, source)
    signature = dsse.decode_base64(_map(document.get("messageSignature")).get("signature"), f"{source}: signature")
    logged = Logged(signature, frozenset((certificate,)), sha256)
    certified = Certified(certificate, logged, None, entries_of(document), _stamps(document))
    return verify(certified, trust, content=b"", source=source)


def logged_envelope(envelope: dsse.Envelope, signer: bytes, *, source: str, text: bytes | None = None) -> Logged:
    """What a log entry of an envelope must say.

    Args:
        envelope: with one signature.
        signer: DER of the certificate or of the public key.
        source: what to call it in errors.
        text: the envelope's own JSON, where its bytes are those that were logged.

    Raises:
        TrustError: it has several signatures, of which an entry holds one.
    """
    if len(envelope.signatures) != 1:
        raise TrustError(f"{source} has {len(envelope.signatures)} signatures", why="a log entry is of one")
    (_, signature), signed = envelope.signatures[0], digest(envelope.signed_bytes)
    whole = None if text is None else digest(text)
    return Logged(signature, frozenset((signer,)), signed, digest(envelope.payload), whole)


def key_facts(entries: Sequence[LogEntry], logged: Logged, key: PublicKey, trust: TrustPolicy) -> SignatureFacts:
    """What logs say of a signature that was made with a key.

    An entry of a log that no pinned root names says nothing; one of a log that is named must hold.

    Raises:
        TrustError: an entry of a trusted log does not hold, or is of another signature.
    """
    times: list[datetime] = []
    names = set()
    for name, root in trust.sigstore.items():
        logs = root_at(root, (), name=name, needed=())["tlogs"]
        known = {dsse.decode_base64(item["logId"]["keyId"], name) for item in logs}
        for entry in (item for item in entries if item.log in known):
            then = root_at(root, (datetime.fromtimestamp(entry.time, UTC),), name=name, needed=("tlogs",))
            times.append(verified_time(entry, logged, library_root(then), source="its log entry"))
            names.add(name)
    if not times:
        return NOTHING_KNOWN
    return SignatureFacts(max(times), frozenset(names), frozenset(names), key)


def entries_of(document: Mapping[str, Any]) -> list[LogEntry]:
    """The log entries of a bundle that are promised, hence tell a time.

    Raises:
        TrustError: one is malformed, or has no proof that the log kept its promise, which all but the first version of
            bundles must have.
    """
    items = _material(document).get("tlogEntries") or []
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise TrustError("the bundle is malformed", why="tlogEntries is not a list of entries")
    if document.get("mediaType") not in _FIRST and not all(_proven(item) for item in items):
        raise TrustError("a log entry has no proof", why="bundles since version 0.2 must prove that it is in the log")
    promised = [item for item in items if item.get("inclusionPromise")]
    return [from_bundle(item, source=f"log entry {at}") for at, item in enumerate(promised)]


def _proven(entry: Mapping[str, Any]) -> bool:
    """Whether there is a proof, and what the log signed of its tree: without that, the proof shows nothing."""
    return bool(_map(entry.get("inclusionProof")).get("checkpoint"))


def _stamps(document: Mapping[str, Any]) -> list[bytes]:
    items = _map(_material(document).get("timestampVerificationData")).get("rfc3161Timestamps") or []
    if not isinstance(items, list):
        raise TrustError("the bundle is malformed", why="rfc3161Timestamps is not a list")
    return [dsse.decode_base64(_map(item).get("signedTimestamp"), "a timestamp of the bundle") for item in items]


def _certificate(document: Mapping[str, Any], source: str) -> bytes:
    """The signer's certificate: the only one, or the first of a chain whose others nobody needs."""
    material = _material(document)
    chain = _map(material.get("x509CertificateChain")).get("certificates")
    found = _map(material.get("certificate")) or (chain[0] if isinstance(chain, list) and chain else {})
    return dsse.decode_base64(_map(found).get("rawBytes"), f"{source}: certificate")


def _material(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return _map(document.get("verificationMaterial"))


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
