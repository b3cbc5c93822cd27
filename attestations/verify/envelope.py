"""The checks of one signed statement of a verdict package: envelope, signature, signer, statement, predicate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...errors import ProbatumError
from ..documents import dsse
from ..documents.dsse import Envelope
from ..package.files import LIMITS
from ..schemas import check
from ..statement import STATEMENT_V1, parse_statement
from ..trust.one_signature import for_one_signature
from ..trust.policy import TrustPolicy
from ..trust.predicates import ASSESSMENT, VSA
from ..trust.roles import allow
from ..trust.signing_time import NOTHING_KNOWN, SignatureFacts
from .report import Row, equal, failed

_SCHEMAS = {VSA: "vsa", ASSESSMENT: "assessment"}


@dataclass(frozen=True)
class CheckedStatement:
    """A statement and the rows of its checks.

    Args:
        rows: of every check that was made.
        statement: what was signed; None unless every check held.
        signers: names of the allowed signers.
        facts: when it was signed, and which log holds it, as somebody other than the signers says.
        identity: what the certificate of a keyless signer says of it.
    """

    rows: tuple[Row, ...]
    statement: Mapping[str, Any] | None = None
    signers: tuple[str, ...] = ()
    facts: SignatureFacts = NOTHING_KNOWN
    identity: Mapping[str, str] = field(default_factory=dict)

    @property
    def signed_at(self) -> datetime | None:
        """When it was signed, vouched for by somebody other than the signers; None where nobody does."""
        return self.facts.signed_at


@dataclass(frozen=True)
class _Signed:
    """Bytes whose every signature holds; what is known of each of the signers is the same."""

    payload: bytes
    signers: tuple[str, ...]
    facts: SignatureFacts = NOTHING_KNOWN
    identity: Mapping[str, str] = field(default_factory=dict)


Vouched = Callable[[], tuple[Sequence[Row], SignatureFacts]]


def nobody() -> tuple[Sequence[Row], SignatureFacts]:
    """Nothing lies beside the document that somebody else vouches for it with."""
    return (), NOTHING_KNOWN


def check_envelope(
    data: bytes,
    *,
    name: str,
    predicate_type: str,
    trust: TrustPolicy,
    now: datetime,
    as_of: datetime | None = None,
    vouched: Vouched = nobody,
) -> CheckedStatement:
    """Check a signed statement of Probatum's own: a DSSE envelope, or a sigstore bundle, as its name says.

    The order matters: nothing inside the payload is read before a signature over its exact bytes holds.

    Args:
        data: the file's bytes.
        name: of the file.
        predicate_type: what its statement must be.
        trust: who may sign it.
        now: for ages, and for windows where nobody vouches for the time of signing.
        as_of: the date that the verifier asks about.
        vouched: says what others vouch for, asked once the signatures hold: a timestamp over these bytes, a log that
            has them.
    """
    rows: list[Row] = []
    read = _bundle if name.endswith(".sigstore.json") else _envelope
    signed = read(data, name, trust, rows)
    if signed is None:
        return CheckedStatement(tuple(rows))
    beside, facts = vouched()
    facts = signed.facts.and_beside(facts)
    try:
        statement = parse_statement(signed.payload, source=name, limits=LIMITS)
        rows.append(equal(f"{name}: statement type", STATEMENT_V1, statement["_type"]))
        rows.append(equal(f"{name}: predicate type", predicate_type, statement["predicateType"]))
        if not failed(rows):
            check(_SCHEMAS[predicate_type], statement.get("predicate"), source=name)
    except ProbatumError as error:
        rows.append(Row(f"{name}: statement", False, "an in-toto statement of its schema", "", str(error)))
    if failed(rows):
        return CheckedStatement((*rows, *beside))
    if predicate_type == ASSESSMENT:  # the verdict, which everybody signs, names its envelope by digest
        trust = for_one_signature(trust)
    known = dict.fromkeys(signed.signers, facts)
    allowed = allow(trust, statement["predicateType"], signed.signers, statement, now, as_of=as_of, facts=known)
    demands = ", ".join(
        f"{role.threshold} of {len(role.signers)}" for role in trust.roles_for(statement["predicateType"])
    )
    row = Row(f"{name}: signer", bool(allowed.roles), f"{demands} allowed", ", ".join(signed.signers), allowed.reason)
    found = statement if row.ok else None
    return CheckedStatement((*rows, *beside, row), found, allowed.signers, facts, signed.identity)


def _envelope(data: bytes, name: str, trust: TrustPolicy, rows: list[Row]) -> _Signed | None:
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
    return _Signed(envelope.payload, tuple(signer for signer in signers if signer is not None))


def _bundle(data: bytes, name: str, trust: TrustPolicy, rows: list[Row]) -> _Signed | None:
    from .check_bundle import check_bundle  # late: a package signed with keys needs none of it

    checked = check_bundle(data, name=name, trust=trust)
    rows += checked.rows
    if checked.found is None:
        return None
    return _Signed(checked.found.content, checked.found.signers, checked.found.facts, checked.found.claims)


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
