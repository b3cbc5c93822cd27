"""Signers with X.509 certificates of private authorities, offline: no AIA, no CRL, no OCSP.

The chain is built and checked by the `cryptography` library (RFC 5280 with the web's stricter rules: no Ed25519, no
SHA-1, no RSA below 2048 bits) at the time that `signing_time.judged_at` gives, so that an expired certificate counts
only where somebody vouches that it signed before. Nobody asks whether it was revoked: end it by ``valid_until`` in the
trust policy, or revoke its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...errors import ProbatumError
from ..timestamps.timestamp import check_stamp, claimed_time
from ..trust.policy import TrustPolicy
from ..trust.signing_time import NOTHING_KNOWN, Judged, SignatureFacts, judged_at, shown
from ..trust.trusted import CertificateSigner
from .chain import Chain

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True)
class Holders:
    """Whose certificate a chain is.

    Args:
        facts: by the name of each signer of the trust policy that it fits, ``certificate:NAME``.
        reasons: why it is not that of the others.
    """

    facts: Mapping[str, SignatureFacts]
    reasons: tuple[str, ...] = ()


def holders(
    trust: TrustPolicy,
    chain: Chain,
    signature: bytes,
    now: datetime,
    as_of: datetime | None = None,
    *,
    beside: SignatureFacts = NOTHING_KNOWN,
) -> Holders:
    """Whose certificate it is; that the signature is the certificate's key's, the caller has checked.

    Args:
        trust: signers, their roots, and timestamp authorities.
        chain: the certificate and what came with it.
        signature: what its timestamps must be over.
        now: see `signing_time.judged_at`.
        as_of: see `signing_time.judged_at`.
        beside: what others vouch for the signature with, apart from what came with the certificate.
    """
    signed_at, authorities, reasons = _stamped(trust, chain, signature)
    facts = SignatureFacts(signed_at, authorities=authorities, key=chain.key).and_beside(beside)
    judged = judged_at(now, as_of, facts.signed_at)
    found = {}
    for name, signer in sorted(trust.certificates.items()):
        reason = _objection(signer, chain, judged)
        if reason:
            reasons.append(f"{name}: {reason}")
        else:
            found[f"certificate:{name}"] = facts
    return Holders(found, tuple(reasons))


def known_holders(trust: TrustPolicy, chain: Chain) -> Holders:
    """Whose certificate it is at a time when all of it was valid, if what came with it is what its chain needs.

    Whether it was valid when it signed is another question (`holders`): a signer whose certificate has ended is no
    stranger, as one whose key has ended is none.

    Args:
        trust: signers and their roots.
        chain: the certificate and what came with it.
    """
    found, reasons = {}, []
    for name, signer in sorted(trust.certificates.items()):
        if reason := _unknown(signer, chain):
            reasons.append(f"{name}: {reason}")
        else:
            found[f"certificate:{name}"] = SignatureFacts(key=chain.key)
    return Holders(found, tuple(reasons))


def _unknown(signer: CertificateSigner, chain: Chain) -> str:
    try:
        leaf, intermediates = chain.load()
        if reason := _other_holder(signer, leaf):
            return reason
        begin = max(each.not_valid_before_utc for each in (leaf, *intermediates))
        needed = code_verifier(signer.roots.load(), begin).verify(leaf, intermediates).chain
    except Exception as error:  # as in `_objection`
        return f"the chain does not hold at any time: {str(error)[:300]}"
    if [leaf, *intermediates] == needed[:-1]:
        return ""
    return "the certificates that came with it are not those between it and the root, in their order"


def _stamped(trust: TrustPolicy, chain: Chain, signature: bytes) -> tuple[datetime | None, frozenset[str], list[str]]:
    """The earliest time that a timestamp authority vouches for; a timestamp that does not hold says nothing."""
    times, names, reasons = [], set(), []
    for at, response in enumerate(chain.timestamps, 1):
        for name, authority in sorted(trust.timestamp_authorities.items()):
            try:
                check_stamp(response, signature, {name: authority}, source=f"timestamp {at}")
                times.append(claimed_time(response, source=f"timestamp {at}"))
                names.add(name)
            except ProbatumError as error:
                reasons.append(f"{name}: {error}")
    return min(times, default=None), frozenset(names), reasons


def _objection(signer: CertificateSigner, chain: Chain, judged: Judged) -> str:
    """Why a chain does not show that its holder is the signer; empty when it does."""
    if judged.at is None:
        return judged.reason
    try:
        leaf, intermediates = chain.load()
        reason = _other_holder(signer, leaf)
        if reason:
            return reason
        code_verifier(signer.roots.load(), judged.at).verify(leaf, intermediates)
    except Exception as error:  # a hostile certificate makes the library raise far more than its own errors
        at = (
            f"at the time of signing, {shown(judged.at)}"
            if judged.vouched
            else "now; nobody vouches for an earlier time"
        )
        return f"the chain does not hold {at}: {str(error)[:300]}"
    return ""


def code_verifier(roots: list[x509.Certificate], at: datetime) -> Any:
    """The library's verifier for certificates that sign code.

    Args:
        roots: the only certificates that a chain may end in.
        at: the time at which all of it must be valid.
    """
    from cryptography.x509 import BasicConstraints, ExtendedKeyUsage, KeyUsage
    from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store

    either = Criticality.AGNOSTIC
    leaf = ExtensionPolicy.permit_all().require_present(ExtendedKeyUsage, either, _signs_code)
    leaf = leaf.may_be_present(KeyUsage, either, _signs).may_be_present(BasicConstraints, either, _is_no_authority)
    authority = ExtensionPolicy.webpki_defaults_ca().may_be_present(ExtendedKeyUsage, either, _may_sign_code)
    builder = PolicyBuilder().store(Store(roots)).time(at)
    return builder.extension_policies(ca_policy=authority, ee_policy=leaf).build_client_verifier()


def _signs_code(_policy: Any, _certificate: Any, usage: x509.ExtendedKeyUsage) -> None:
    from cryptography.x509.oid import ExtendedKeyUsageOID

    if ExtendedKeyUsageOID.CODE_SIGNING not in usage:
        raise ValueError("it is not for code signing")


def _may_sign_code(policy: Any, certificate: Any, usage: x509.ExtendedKeyUsage | None) -> None:
    from cryptography.x509.oid import ExtendedKeyUsageOID

    if usage is not None and ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in usage:
        _signs_code(policy, certificate, usage)


def _signs(_policy: Any, _certificate: Any, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.digital_signature:
        raise ValueError("its key is not for signatures")


def _is_no_authority(_policy: Any, _certificate: Any, constraints: x509.BasicConstraints | None) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("it is the certificate of an authority, not of a signer")


def _other_holder(signer: CertificateSigner, leaf: x509.Certificate) -> str:
    names = _names(signer.kind, leaf)
    return "" if signer.name in names else f"{signer.kind} is {', '.join(names) or 'not there'}, not {signer.name}"


def _names(kind: str, leaf: x509.Certificate) -> list[str]:
    """What a certificate says of its holder; a subject with several common names has none."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    if kind == "common_name":
        found = [str(item.value) for item in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        return found if len(found) == 1 else []
    types: dict[str, Any] = {"email": x509.RFC822Name, "uri": x509.UniformResourceIdentifier, "dns": x509.DNSName}
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(value) for value in names.get_values_for_type(types[kind])]
