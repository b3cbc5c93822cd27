"""Reading one signed file of a verdict package: its form, and whether every signature in it holds and is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ... import strict_json
from ...errors import ProbatumError
from ..certificates.certified_form import is_certified
from ..certificates.chain import Chain
from ..documents import dsse
from ..documents.dsse import Envelope
from ..package.files import LIMITS
from ..trust.policy import TrustPolicy
from ..trust.roles import Facts
from ..trust.signing_time import NOTHING_KNOWN, SignatureFacts
from .report import Row, equal, failed


@dataclass(frozen=True)
class SignedBytes:
    """Bytes whose every signature holds; what is known of each of the signers is the same.

    Args:
        payload: what was signed; nobody has read it yet.
        signers: by the names of the trust policy.
        facts: when it was signed, and which log holds it, as far as the file itself shows that.
        identity: what the certificate of a keyless signer says of it.
        chain: the certificates of a signer that has one of a private authority.
        signature: that signer's.
    """

    payload: bytes
    signers: tuple[str, ...]
    facts: SignatureFacts = NOTHING_KNOWN
    identity: Mapping[str, str] = field(default_factory=dict)
    chain: Chain | None = None
    signature: bytes = b""

    def judged(
        self, beside: SignatureFacts, trust: TrustPolicy, now: datetime, as_of: datetime | None
    ) -> tuple[Facts, tuple[str, ...]]:
        """What is known of each signer, and why others, whose certificates were not valid then, do not count.

        Args:
            beside: what others vouch for the file with.
            trust: certificates.
            now: see `signing_time.judged_at`.
            as_of: see `signing_time.judged_at`.
        """
        if self.chain is None:
            return dict.fromkeys(self.signers, (self.facts.and_beside(beside),)), ()
        from ..certificates.holders import holders  # late: few packages have certificates

        found = holders(trust, self.chain, self.signature, now, as_of, beside=beside)
        late = tuple(f"certificate:{reason}" for reason in found.reasons)
        return {name: (found.facts[name],) for name in self.signers if name in found.facts}, late


def read_signed(data: bytes, name: str, trust: TrustPolicy, rows: list[Row]) -> SignedBytes | None:
    """Check form and signatures of a DSSE envelope or a sigstore bundle, as its name says it is.

    Args:
        data: the file's bytes.
        name: of the file.
        trust: keys, identities and pinned roots.
        rows: gains a row for each check.

    Returns:
        What was signed; None unless every check held.
    """
    read = _bundle if name.endswith(".sigstore.json") else _envelope
    return read(data, name, trust, rows)


def _envelope(data: bytes, name: str, trust: TrustPolicy, rows: list[Row]) -> SignedBytes | None:
    form = "a DSSE envelope in canonical form"
    try:
        envelope = dsse.parse(data, source=name, canonical=True, limits=LIMITS)
    except ProbatumError as error:
        rows.append(Row(f"{name}: envelope", False, form, "", str(error)))
        return None
    rows += [
        Row(f"{name}: envelope", True, form, "canonical"),
        equal(f"{name}: payload type", dsse.IN_TOTO, envelope.payload_type, "it was signed for another purpose"),
        _signature_row(name, envelope, trust),
    ]
    if failed(rows):
        return None
    signers = [trust.signer_of(key) for key in envelope.signers(trust.keys.values())]
    return SignedBytes(envelope.payload, tuple(signer for signer in signers if signer is not None))


def _bundle(data: bytes, name: str, trust: TrustPolicy, rows: list[Row]) -> SignedBytes | None:
    document = _document(data, name, rows)
    if document is None:
        return None
    if is_certified(document):
        from .check_certified import check_certified  # late, as below

        found = check_certified(document, data, name, trust, rows)
        if found is None:
            return None
        return SignedBytes(found.payload, found.signers, chain=found.chain, signature=found.signature)
    from .check_bundle import check_bundle  # late: a package signed with keys needs none of it

    checked = check_bundle(data, name=name, trust=trust)
    rows += checked.rows
    if checked.found is None:
        return None
    return SignedBytes(checked.found.content, checked.found.signers, checked.found.facts, checked.found.claims)


def _document(data: bytes, name: str, rows: list[Row]) -> Any:
    try:
        return strict_json.loads(data, source=name, limits=LIMITS, fold_case=True)
    except ProbatumError as error:
        rows.append(Row(f"{name}: bundle", False, "strict JSON", "", str(error)))
        return None


def _signature_row(name: str, envelope: Envelope, trust: TrustPolicy) -> Row:
    """Every signature must be of a known key and carry that key's id, so that no byte of the envelope is free."""
    ids = [keyid for keyid, _ in envelope.signatures]
    known = {key.id: key for key in trust.keys.values()}
    claimed = ", ".join(ids)
    expected = ", ".join(f"{key_name} ({key.id})" for key_name, key in trust.keys.items() if key_name != key.id)
    expected = expected or ", ".join(known)
    check = f"{name}: signature"
    if len(set(ids)) != len(ids):
        return Row(check, False, expected, claimed, "two signatures carry the same key id")
    if ids != sorted(ids):
        return Row(check, False, expected, claimed, "the signatures are not in the order of their key ids")
    for keyid, signature in envelope.signatures:
        if keyid not in known:
            return Row(check, False, expected, claimed, f"{keyid or 'an unnamed key'} is not a trusted key")
        if not known[keyid].verifies(signature, envelope.signed_bytes):
            return Row(check, False, expected, claimed, f"the signature of {keyid} does not fit the content")
        if known[keyid].canonical(signature) != signature:
            return Row(check, False, expected, claimed, f"the signature of {keyid} is a twin of the one that it made")
        if weak := known[keyid].signing_weakness:
            return Row(check, False, expected, claimed, f"{keyid} is too weak to sign a verdict: {weak}")
    return Row(check, True, expected, claimed)
