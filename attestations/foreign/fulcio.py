"""Signatures with certificates of sigstore's kind, in the forms that the sigstore library does not take.

These are: an entry of Rekor v1 that is only promised (cosign's old bundles, bundles of version 0.1), entries of the
kind ``intoto`` (npm, the generators of SLSA provenance, GitHub's until 2024), and no entry at all (GitHub's private
repositories, whose own authority has no logs). The checks are those of sigstore's client specification, as for every
other bundle:

- what the pinned root names is demanded, a log entry if it names logs, a certificate timestamp (SCT) if it names
  certificate logs: the document cannot choose;
- every time that somebody vouches for lies inside the validity of the certificate and of its chain;
- the entry is of this signature, the signature of this content, the certificate for code signing;
- the identity is one that the trust policy names for this root.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ...errors import TrustError
from ..keyless.claims import claims_of
from ..keyless.root import authorities_of, library_root, root_at
from ..keyless.sigstore_bundle import VerifiedBundle
from ..keys.public_key import PublicKey
from ..timestamps.timestamp import check_stamp, claimed_time
from ..trust.policy import TrustPolicy
from ..trust.signing_time import SignatureFacts, shown
from .log_entry import LogEntry, Logged, verified_time


@dataclass(frozen=True)
class Certified:
    """A signature with a certificate, and what came along to tell when it was made.

    Args:
        certificate: DER.
        logged: the signature, and what a log entry of it must say; ``content`` is the SHA-256 of what it covers.
        signed: the bytes that it covers; None where only their digest is at hand.
        entries: of logs.
        stamps: RFC 3161 timestamps over the signature.
    """

    certificate: bytes
    logged: Logged
    signed: bytes | None = field(default=None, repr=False)
    entries: Sequence[LogEntry] = ()
    stamps: Sequence[bytes] = ()


def verify(certified: Certified, trust: TrustPolicy, *, content: bytes, source: str) -> VerifiedBundle:
    """Verify a signature against the pinned roots and the identities of a trust policy.

    Args:
        certified: the signature.
        trust: identities and pinned roots.
        content: what to return when it holds.
        source: what to call it in errors.

    Raises:
        TrustError: no allowed identity signed it, or a part of it does not hold.
    """
    if not trust.sigstore or not trust.identities:
        raise TrustError(
            f"{source} is signed with a certificate",
            why="the trust policy names no identities and no trusted root",
            remedy="add `identities` and `sigstore` to the trust policy",
        )
    found, reasons = [], []
    for name in sorted({root for item in trust.identities.values() for root in item.roots} & trust.sigstore.keys()):
        try:
            found.append(_against(certified, trust, name, content))
        except Exception as error:  # a hostile certificate makes the libraries raise far more than their own errors
            reasons.append(str(error) or type(error).__name__)
    if not found:
        raise TrustError(f"{source} is signed by no allowed identity", why="; ".join(dict.fromkeys(reasons)))
    signers = tuple(dict.fromkeys(signer for item in found for signer in item.signers))
    logs = frozenset(name for item in found for name in item.facts.logs)
    authorities = frozenset(name for item in found for name in item.facts.authorities)
    facts = replace(found[0].facts, logs=logs, authorities=authorities)
    return replace(found[0], signers=signers, facts=facts)


def _against(certified: Certified, trust: TrustPolicy, name: str, content: bytes) -> VerifiedBundle:
    certificate = x509.load_der_x509_certificate(certified.certificate)
    times = [claimed_time(stamp, source="a timestamp of it") for stamp in certified.stamps]
    times += [datetime.fromtimestamp(entry.time, UTC) for entry in certified.entries]
    if not times:
        raise TrustError("nothing tells when it was signed", why="it has neither a log entry nor a timestamp")
    document = root_at(trust.sigstore[name], times, name=name, needed=("certificateAuthorities",))
    root = library_root(document)
    _check_times(certified, document, root)
    chains = [_chain(root, certificate, moment) for moment in times]
    _check_certificate(certificate, chains[0], document, root)
    key = PublicKey.of(certificate.public_key(), source="its certificate")
    if not _covers(key, certified):
        raise TrustError("the signature does not fit the content and the certificate")
    claims = claims_of(certificate)
    logs = frozenset((name,)) if certified.entries else frozenset[str]()
    facts = SignatureFacts(max(times), logs, frozenset((name,)), key, claims)
    return VerifiedBundle(
        content, _signers(trust, name, claims), claims, facts, _entries_shown(certified), tuple(map(shown, times))
    )


def _signers(trust: TrustPolicy, root: str, claims: Mapping[str, str]) -> tuple[str, ...]:
    of_root = {name: identity for name, identity in trust.identities.items() if root in identity.roots}
    objections = {name: identity.objection(claims) for name, identity in of_root.items()}
    signers = tuple(f"identity:{name}" for name, objection in objections.items() if not objection)
    if not signers:
        raise TrustError("; ".join(f"{name}: {objection}" for name, objection in objections.items()))
    return signers


def _check_times(certified: Certified, document: Mapping[str, Any], root: Any) -> None:
    """Each entry and each timestamp must hold, and there must be an entry where the root names logs."""
    if document["tlogs"] and not certified.entries:
        raise TrustError("it has no log entry", why="the trusted root names logs, so one is demanded")
    for entry in certified.entries:
        verified_time(entry, certified.logged, root, source="its log entry")
    for stamp in certified.stamps:
        check_stamp(stamp, certified.logged.signature, authorities_of(document), source="a timestamp of it")


def _chain(root: Any, certificate: x509.Certificate, moment: datetime) -> list[x509.Certificate]:
    """The issuers of a certificate up to the pinned root, all of them valid at that time."""
    from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store

    usage = (x509.ExtendedKeyUsage, Criticality.AGNOSTIC, None)  # code signing, which is looked at below
    builder = PolicyBuilder().store(Store(root.get_fulcio_certs())).time(moment.replace(tzinfo=None))
    policies = {
        "ca_policy": ExtensionPolicy.webpki_defaults_ca().may_be_present(*usage),
        "ee_policy": ExtensionPolicy.webpki_defaults_ee().may_be_present(*usage),
    }
    verifier = builder.extension_policies(**policies).build_client_verifier()
    return list(verifier.verify(certificate, []).chain[1:])


def _check_certificate(
    certificate: x509.Certificate, chain: list[x509.Certificate], document: Mapping[str, Any], root: Any
) -> None:
    if document["ctlogs"]:
        from sigstore._internal.sct import verify_sct
        from sigstore._internal.trust import KeyringPurpose

        verify_sct(certificate, chain, root.ct_keyring(KeyringPurpose.VERIFY))
    if not certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature:
        raise TrustError("its certificate is not for signatures")
    if (
        ExtendedKeyUsageOID.CODE_SIGNING
        not in certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    ):
        raise TrustError("its certificate is not for code signing")


def _covers(key: PublicKey, certified: Certified) -> bool:
    if certified.signed is not None:
        return key.verifies(certified.logged.signature, certified.signed)
    return key.verifies_sha256(certified.logged.signature, bytes.fromhex(certified.logged.content))


def _entries_shown(certified: Certified) -> str:
    return ", ".join(f"entry {item.index} of the log {item.log.hex()}" for item in certified.entries)
