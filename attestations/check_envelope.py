"""The checks of one signed statement of a verdict package: envelope, signature, signer, statement, predicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..errors import ProbatumError
from . import dsse
from .dsse import Envelope
from .one_signature import for_one_signature
from .package_files import LIMITS
from .predicates import ASSESSMENT, VSA
from .report import Row, equal, failed
from .roles import allow
from .schemas import check
from .statement import STATEMENT_V1, parse_statement
from .trust import TrustPolicy

_SCHEMAS = {VSA: "vsa", ASSESSMENT: "assessment"}


@dataclass(frozen=True)
class CheckedStatement:
    """A statement and the rows of its checks.

    Args:
        rows: of every check that was made.
        statement: what was signed; None unless every check held.
        signers: names of the allowed signers.
        signed_at: when it was signed, vouched for by somebody other than the signers; None where nobody does.
    """

    rows: tuple[Row, ...]
    statement: Mapping[str, Any] | None = None
    signers: tuple[str, ...] = ()
    signed_at: datetime | None = None


def check_envelope(
    data: bytes, *, name: str, predicate_type: str, trust: TrustPolicy, now: datetime
) -> CheckedStatement:
    """Check an envelope of Probatum's own.

    The order matters: nothing inside the payload is read before a signature over its exact bytes holds.

    Args:
        data: the file's bytes.
        name: what to call it in rows.
        predicate_type: what its statement must be.
        trust: who may sign it.
        now: for ages.
    """
    try:
        envelope = dsse.parse(data, source=name, canonical=True, limits=LIMITS)
    except ProbatumError as error:
        return CheckedStatement((Row(f"{name}: envelope", False, "a DSSE envelope in canonical form", "", str(error)),))
    rows = [
        Row(f"{name}: envelope", True, "a DSSE envelope in canonical form", "canonical"),
        equal(f"{name}: payload type", dsse.IN_TOTO, envelope.payload_type, "it was signed for another purpose"),
        _signature_row(name, envelope, trust),
    ]
    if failed(rows):
        return CheckedStatement(tuple(rows))
    try:
        statement = parse_statement(envelope.payload, source=name, limits=LIMITS)
        rows.append(equal(f"{name}: statement type", STATEMENT_V1, statement["_type"]))
        rows.append(equal(f"{name}: predicate type", predicate_type, statement["predicateType"]))
        if not failed(rows):
            check(_SCHEMAS[predicate_type], statement.get("predicate"), source=name)
    except ProbatumError as error:
        rows.append(Row(f"{name}: statement", False, "an in-toto statement of its schema", "", str(error)))
    if failed(rows):
        return CheckedStatement(tuple(rows))
    return _signed_by_allowed(name, envelope, rows, statement, trust, now)


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


def _signed_by_allowed(
    name: str, envelope: Envelope, rows: list[Row], statement: Mapping[str, Any], trust: TrustPolicy, now: datetime
) -> CheckedStatement:
    if statement["predicateType"] == ASSESSMENT:  # the verdict, which everybody signs, names its envelope by digest
        trust = for_one_signature(trust)
    signed = [trust.signer_of(key) for key in envelope.signers(trust.keys.values())]
    signers = [signer for signer in signed if signer is not None]
    allowed = allow(trust, statement["predicateType"], signers, statement, now)
    demands = ", ".join(
        f"{role.threshold} of {len(role.signers)}" for role in trust.roles_for(statement["predicateType"])
    )
    row = Row(f"{name}: signer", bool(allowed.roles), f"{demands} allowed", ", ".join(signers), allowed.reason)
    return CheckedStatement((*rows, row), statement if row.ok else None, allowed.signers)
