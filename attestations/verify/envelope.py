"""The checks of one signed statement of a verdict package: envelope, signature, signer, statement, predicate.

Not only who signed the file vouches for what it says. A countersignature is over the very same payload; and the verdict
names the assessment's file by digest, so that everybody who signed the verdict signed the assessment, too. So the
assessment needs what its roles demand of them all together: a key that has ended since it signed the assessment, or was
revoked, is no loss where enough others signed the verdict, and alone it is no more worth there than on the verdict.
Each signature in the file must hold and be of a known key all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...errors import ProbatumError
from ..package.files import LIMITS
from ..schemas import check
from ..statement import STATEMENT_V1, parse_statement
from ..trust.policy import Role, TrustPolicy
from ..trust.predicates import ASSESSMENT, VSA
from ..trust.roles import Facts, allow
from ..trust.signing_time import NOTHING_KNOWN, SignatureFacts
from .report import Row, equal, failed
from .signed_bytes import read_signed

_SCHEMAS = {VSA: "vsa", ASSESSMENT: "assessment"}


@dataclass(frozen=True)
class CheckedStatement:
    """A statement and the rows of its checks.

    Args:
        rows: of every check that was made.
        statement: what was signed; None unless every check held.
        signers: names of the allowed signers.
        facts: when it was signed, and which log holds it, as somebody other than the signers says.
        known: what is known of each signature, also of those that stand for it from elsewhere, by the signer's name.
        identity: what the certificate of a keyless signer says of it.
    """

    rows: tuple[Row, ...]
    statement: Mapping[str, Any] | None = None
    signers: tuple[str, ...] = ()
    facts: SignatureFacts = NOTHING_KNOWN
    known: Facts = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)

    @property
    def signed_at(self) -> datetime | None:
        """When it was there at the latest, as somebody other than the signers says; None where nobody does.

        What vouches for the file comes first; else the earliest time of a countersignature that counts, which is over
        the same payload.
        """
        times = [each.signed_at for signer in self.signers for each in self.known.get(signer, ())]
        return self.facts.signed_at or min((time for time in times if time is not None), default=None)


Vouched = Callable[[], tuple[Sequence[Row], SignatureFacts]]


@dataclass(frozen=True)
class Others:
    """Who signed the same from elsewhere.

    Args:
        rows: of every check that was made; one that failed refuses the whole.
        known: what is known of each signature, by the signer's name.
        late: why signatures that hold do not count.
        absent: what to say where signatures are missing; empty where somebody did sign elsewhere, or nobody could.
    """

    rows: tuple[Row, ...] = ()
    known: Facts = field(default_factory=dict)
    late: tuple[str, ...] = ()
    absent: str = ""

    def missing(self, roles: Sequence[Role]) -> tuple[str, ...]:
        """What to say where too few signatures count for some roles."""
        several = self.absent and any(role.threshold > 1 for role in roles)
        return (*self.late, self.absent) if several else self.late


def nobody() -> tuple[Sequence[Row], SignatureFacts]:
    """Nothing lies beside the document that somebody else vouches for it with."""
    return (), NOTHING_KNOWN


def alone(_: bytes) -> Others:
    """Nobody signed it but who signed the file."""
    return Others()


def check_envelope(
    data: bytes,
    *,
    name: str,
    predicate_type: str,
    trust: TrustPolicy,
    now: datetime,
    as_of: datetime | None = None,
    vouched: Vouched = nobody,
    others: Callable[[bytes], Others] = alone,
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
        others: says who else signed the payload that it is given, whose signatures in the file hold.
    """
    rows: list[Row] = []
    signed = read_signed(data, name, trust, rows)
    if signed is None:
        return CheckedStatement(tuple(rows))
    beside, facts = vouched()
    also = others(signed.payload)
    rows += also.rows
    statement = _statement(signed.payload, name, predicate_type, rows)
    if failed(rows):
        return CheckedStatement((*rows, *beside))
    own, late = signed.judged(facts, trust, now, as_of)
    known = joined(own, also.known)
    allowed = allow(trust, predicate_type, known, statement, now, as_of=as_of, facts=known)
    roles = trust.roles_for(predicate_type)
    demands = ", ".join(f"{role.threshold} of {len(role.signers)}" for role in roles)
    reason = "; ".join((allowed.reason, *late, *also.missing(roles))) if allowed.reason else ""
    row = Row(f"{name}: signer", bool(allowed.roles), f"{demands} allowed", ", ".join(known), reason)
    found = statement if row.ok else None
    facts = signed.facts.and_beside(facts)
    return CheckedStatement((*rows, *beside, row), found, allowed.signers, facts, known, signed.identity)


def _statement(payload: bytes, name: str, predicate_type: str, rows: list[Row]) -> Mapping[str, Any] | None:
    try:
        statement = parse_statement(payload, source=name, limits=LIMITS)
        rows.append(equal(f"{name}: statement type", STATEMENT_V1, statement["_type"]))
        rows.append(equal(f"{name}: predicate type", predicate_type, statement["predicateType"]))
        if not failed(rows):
            check(_SCHEMAS[predicate_type], statement.get("predicate"), source=name)
        return statement
    except ProbatumError as error:
        rows.append(Row(f"{name}: statement", False, "an in-toto statement of its schema", "", str(error)))
        return None


def joined(*each: Facts) -> Facts:
    """What is known of all signatures together, by the signer's name."""
    names = dict.fromkeys(name for known in each for name in known)
    return {name: tuple(fact for known in each for fact in known.get(name, ())) for name in names}
