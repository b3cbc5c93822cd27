"""Sigstore bundles, checked offline against pinned trusted roots.

The library checks certificate chain, certificate transparency, log entry, log proof and signature. It does not check,
and this module does: that the authorities were valid then (`sigstore_root`), the payload type, whose certificate it is
(`sigstore_claims`, against the identities of the trust policy), that every timestamp in the bundle holds, and that the
log's signed size is the size of the proof.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from ... import strict_json
from ...content import hash_file
from ...errors import ProbatumError, TrustError
from ...strict_json import DEFAULT_LIMITS, Limits
from ..documents import dsse
from ..documents.dsse import IN_TOTO
from ..keys.public_key import PublicKey
from ..timestamps.timestamp import check_stamp, claimed_time
from ..trust.policy import TrustPolicy
from ..trust.signing_time import SignatureFacts
from .claims import claims_of
from .root import authorities_of, root_at, verifier_of

_Check = Callable[[Any, Any, "_Holder"], bytes]


@dataclass(frozen=True)
class VerifiedBundle:
    """A bundle of which everything holds, signed by at least one identity of the trust policy.

    Args:
        content: the payload; empty when a file was signed.
        signers: ``identity:NAME`` of each identity that the certificate fits.
        claims: what the certificate says.
        facts: when it was signed at the latest, and who says so.
        entry: the log entry, for people.
        times: each time that somebody vouches for, for people.
    """

    content: bytes
    signers: tuple[str, ...]
    claims: Mapping[str, str]
    facts: SignatureFacts
    entry: str
    times: tuple[str, ...]


@dataclass(frozen=True)
class _Opened:
    """A bundle's document, and the parts of it that are looked at here."""

    document: Mapping[str, Any] = field(repr=False)
    entry: Mapping[str, Any]
    integrated: datetime | None
    tokens: tuple[bytes, ...]
    signature: bytes

    @property
    def stamped(self) -> list[datetime]:
        """The times that its timestamps name."""
        return [claimed_time(token, source="a timestamp in it") for token in self.tokens]


def is_keyless(bundle: Mapping[str, Any]) -> bool:
    """Whether a bundle was signed with a certificate, not with a key that the verifier must have."""
    material = bundle.get("verificationMaterial")
    return isinstance(material, Mapping) and ("certificate" in material or "x509CertificateChain" in material)


def verify_statement(
    data: bytes, trust: TrustPolicy, *, source: str, limits: Limits = DEFAULT_LIMITS
) -> VerifiedBundle:
    """Verify a bundle with a DSSE envelope.

    Args:
        data: the bundle.
        trust: identities and pinned roots.
        source: what to call it in errors.
        limits: size and depth allowed.

    Raises:
        TrustError: no allowed identity signed it, or a part of it does not hold.
        EvidenceError: it is not strict JSON.
    """

    def check(verifier: Any, bundle: Any, holder: _Holder) -> bytes:
        payload_type, payload = verifier.verify_dsse(bundle, holder)
        if payload_type != IN_TOTO:
            raise TrustError(f"{source} has the payload type {payload_type}", why=f"expected {IN_TOTO}")
        return bytes(payload)

    return _verified(data, trust, source, check, limits)


def verify_file(data: bytes, artifact: Path, trust: TrustPolicy, *, source: str) -> VerifiedBundle:
    """Verify a bundle with a message signature over a file, which is streamed.

    Raises:
        TrustError: no allowed identity signed it, or a part of it does not hold.
        EvidenceError: it is not strict JSON.
        OSError: the file cannot be read.
    """
    sha256 = bytes.fromhex(hash_file(artifact)[1])

    def check(verifier: Any, bundle: Any, holder: _Holder) -> bytes:
        from sigstore.hashes import Hashed
        from sigstore_models.common.v1 import HashAlgorithm

        verifier.verify_artifact(Hashed(algorithm=HashAlgorithm.SHA2_256, digest=sha256), bundle, holder)
        return b""

    return _verified(data, trust, source, check, DEFAULT_LIMITS)


def _verified(data: bytes, trust: TrustPolicy, source: str, check: _Check, limits: Limits) -> VerifiedBundle:
    if not trust.sigstore or not trust.identities:
        raise TrustError(
            f"{source} is signed with a certificate",
            why="the trust policy names no identities and no trusted root",
            remedy="add `identities` and `sigstore` to the trust policy",
        )
    opened = _open(data, source, limits)
    found, reasons = [], []
    wanted = {root for identity in trust.identities.values() for root in identity.roots}
    for name in sorted(wanted & trust.sigstore.keys()):
        try:
            found.append(_against(opened, trust, name, source, check))
        except Exception as error:  # a hostile bundle makes the library raise far more than its own errors
            reasons.append(_explained(str(error) or type(error).__name__))
    if found:
        return _joined(found)
    raise TrustError(f"{source} is signed by no allowed identity", why="; ".join(dict.fromkeys(reasons)))


def _against(opened: _Opened, trust: TrustPolicy, name: str, source: str, check: _Check) -> VerifiedBundle:
    """Verify against one root, and only for the identities whose certificates must chain to it."""
    from sigstore.models import Bundle

    times = [*opened.stamped, *([opened.integrated] if opened.integrated else [])]
    root = root_at(trust.sigstore[name], times, name=name)
    bundle = Bundle.from_json(strict_json.canonical(opened.document))
    holder = _Holder(trust, name)
    payload = check(verifier_of(root), bundle, holder)
    _check_entry(opened.entry, root)
    for token in opened.tokens:
        check_stamp(token, opened.signature, authorities_of(root), source="a timestamp in it")
    key = PublicKey.of(bundle.signing_certificate.public_key(), source=source)
    facts = SignatureFacts(max(times), frozenset((name,)), frozenset((name,)), key, holder.claims)
    entry = _entry_shown(opened.entry)
    return VerifiedBundle(payload, holder.signers, holder.claims, facts, entry, _times_shown(opened))


def _joined(found: list[VerifiedBundle]) -> VerifiedBundle:
    """The same bundle against several roots, as where two snapshots of one instance's root are pinned."""
    first, *_ = found
    names = frozenset(name for item in found for name in item.facts.logs)
    signers = tuple(dict.fromkeys(signer for item in found for signer in item.signers))
    return replace(first, signers=signers, facts=replace(first.facts, logs=names, authorities=names))


class _Holder:
    """Whose certificate it is, as the library asks a policy: an identity that may chain to this root."""

    def __init__(self, trust: TrustPolicy, root: str) -> None:
        self._identities = {name: item for name, item in trust.identities.items() if root in item.roots}
        self.claims: Mapping[str, str] = {}
        self.signers: tuple[str, ...] = ()

    def verify(self, cert: x509.Certificate) -> None:
        """Called by the library with a certificate whose chain holds."""
        self.claims = claims_of(cert)
        objections = {name: identity.objection(self.claims) for name, identity in self._identities.items()}
        self.signers = tuple(f"identity:{name}" for name, objection in objections.items() if not objection)
        if not self.signers:
            raise TrustError("; ".join(f"{name}: {objection}" for name, objection in objections.items()))


def _open(data: bytes, source: str, limits: Limits) -> _Opened:
    """Read what a bundle claims; nothing of it is believed before the library verified it."""
    document = strict_json.loads(data, source=source, limits=limits, fold_case=True)
    try:
        material = document["verificationMaterial"]
        entries = material["tlogEntries"]
        if len(entries) != 1:
            raise TrustError(f"{source} cannot be verified", why=_explained("expected exactly one log entry in bundle"))
        stamps = (material.get("timestampVerificationData") or {}).get("rfc3161Timestamps", ())
        tokens = tuple(dsse.decode_base64(item["signedTimestamp"], source) for item in stamps)
        entry = entries[0]
        seconds = int(entry.get("integratedTime", "0")) if entry.get("inclusionPromise") else 0
        return _Opened(
            document, entry, datetime.fromtimestamp(seconds, UTC) if seconds else None, tokens, _signature(document)
        )
    except ProbatumError:
        raise
    except Exception as error:  # whatever is missing or of another type
        why = f"it is no bundle of a known form ({type(error).__name__}: {error})"
        raise TrustError(f"{source} cannot be verified", why=why) from error


def _signature(document: Mapping[str, Any]) -> bytes:
    if "dsseEnvelope" in document:
        (only,) = dsse.from_document(document["dsseEnvelope"], source="the bundle").signatures
        return only[1]
    return dsse.decode_base64(document["messageSignature"]["signature"], "the bundle")


def _check_entry(entry: Mapping[str, Any], root: Mapping[str, Any]) -> None:
    """What the library leaves open: it compares root hashes alone, and tries every key for an unknown log."""
    proof = entry["inclusionProof"]
    signed = proof["checkpoint"]["envelope"].split("\n")[1]
    if signed != proof["treeSize"]:
        raise TrustError("the log proof is for another tree", why=f"{signed} entries were signed for")
    known = [(item.get(part) or {}).get("keyId") for item in root["tlogs"] for part in ("logId", "checkpointKeyId")]
    if entry["logId"]["keyId"] not in known:
        raise TrustError("the entry names a log that is not in the trusted root")
    if "inclusionPromise" not in entry and entry["logIndex"] != proof["logIndex"]:
        raise TrustError("the entry names another place in the log than its proof")


def _entry_shown(entry: Mapping[str, Any]) -> str:
    log = base64.b64decode(entry["logId"]["keyId"]).hex()
    kind = entry["kindVersion"]
    return f"entry {entry['logIndex']} ({kind['kind']} {kind['version']}) of the log {log}"


def _times_shown(opened: _Opened) -> tuple[str, ...]:
    stamped = [f"{moment.isoformat()} by a timestamp authority" for moment in opened.stamped]
    return (*stamped, f"{opened.integrated.isoformat()} by the log") if opened.integrated else tuple(stamped)


def _explained(reason: str) -> str:
    if "exactly one log entry" in reason.lower():
        return f"{reason} (bundles without a log entry, as of private repositories, cannot be verified by this library)"
    return reason
