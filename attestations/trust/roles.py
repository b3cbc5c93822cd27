"""Whether those who signed a document were allowed to, by the roles of a trust policy."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ... import slsa_provenance
from ..revocation.objection import signer_objection
from .different import different_signers
from .policy import Role, TrustPolicy
from .predicates import (
    APPROVAL,
    ASSESSMENT,
    EVIDENCE_GRAPH,
    POLICY_BUNDLE,
    PROVENANCE_V02,
    PROVENANCE_V1,
    VSA,
    WAIVER,
)
from .signing_time import CLOCK_SKEW, NOTHING_KNOWN, SignatureFacts, judged_at, parse_time

_TIME_FIELDS: dict[str, tuple[tuple[str, ...], ...]] = {
    VSA: (("timeVerified",),),
    ASSESSMENT: (("evaluated_at",),),
    POLICY_BUNDLE: (("signedOn",),),
    EVIDENCE_GRAPH: (("made", "at"),),
    APPROVAL: (("decided_at",),),
    WAIVER: (("granted_at",),),
    PROVENANCE_V1: (("runDetails", "metadata", "finishedOn"), ("runDetails", "metadata", "startedOn")),
    PROVENANCE_V02: (("metadata", "buildFinishedOn"), ("metadata", "buildStartedOn")),
}
Facts = Mapping[str, Sequence[SignatureFacts]]
"""Of each of a signer's signatures, by the signer's name; of one that is not there nothing else is known."""


@dataclass(frozen=True)
class Allowed:
    """The roles that allow a document.

    Args:
        roles: names of the roles whose demands are all met, sorted; empty when there is none.
        signers: the signers that those roles allow.
        reason: why no role allows it; empty when one does.
    """

    roles: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class _Case:
    """What is held against the roles; the fields are the arguments of `allow`."""

    policy: TrustPolicy
    about: str
    signers: frozenset[str]
    statement: Mapping[str, Any] | None
    now: datetime
    as_of: datetime | None
    facts: Facts

    def known(self, signer: str) -> Sequence[SignatureFacts]:
        return self.facts.get(signer) or (NOTHING_KNOWN,)


def allow(
    policy: TrustPolicy,
    about: str,
    signers: Collection[str],
    statement: Mapping[str, Any] | None,
    now: datetime,
    *,
    as_of: datetime | None = None,
    facts: Facts | None = None,
) -> Allowed:
    """Hold a document's signers against every role that speaks for its kind.

    Args:
        policy: the trust policy.
        about: predicate type, or another kind of content.
        signers: names of all whose signature holds.
        statement: what was signed.
        now: for ages, and for windows where nobody vouches for the time of signing.
        as_of: the date that the verifier asks about; see `signing_time.judged_at`. Ages are then counted to it.
        facts: what is known of each signature, of which a signer may have several; what nobody says is not so.
    """
    candidates = policy.roles_for(about)
    if not candidates:
        return Allowed(reason=f"no role of {policy.source} may sign {about}")
    case = _Case(policy, about, frozenset(signers), statement, now, as_of, facts or {})
    reasons: list[str] = []
    roles: list[str] = []
    accepted: set[str] = set()
    for role in candidates:
        counted, objections = _counted(role, case)
        reason = _too_few(role, case, counted, objections) or _builder(role, case) or _age(role, case)
        if reason:
            reasons.append(f"{role.name}: {reason}")
        else:
            roles.append(role.name)
            accepted |= counted.keys()
    if roles:
        return Allowed(tuple(roles), tuple(sorted(accepted)))
    return Allowed(reason="; ".join(reasons))


def statement_time(about: str, statement: Mapping[str, Any] | None) -> datetime | None:
    """The time inside a statement of a known kind; None where there is none that can be read."""
    predicate = (statement or {}).get("predicate")
    for path in _TIME_FIELDS.get(about, ()):
        value: Any = predicate
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        moment = parse_time(value)
        if moment is not None:
            return moment
    return None


def builder_of(about: str, statement: Mapping[str, Any] | None) -> str | None:
    """The builder id of a SLSA provenance of any version, or the verifier id of a verification summary."""
    if statement is None or about not in (*slsa_provenance.TYPES, VSA):
        return None
    if about in slsa_provenance.TYPES:
        return slsa_provenance.read(statement).builder
    verifier = (statement.get("predicate") or {}).get("verifier")
    found = verifier.get("id") if isinstance(verifier, Mapping) else None
    return found if isinstance(found, str) else None


def _counted(role: Role, case: _Case) -> tuple[dict[str, list[SignatureFacts]], list[str]]:
    """The role's signers with those of their signatures that count, and why the others do not."""
    counted: dict[str, list[SignatureFacts]] = {}
    objections: list[str] = []
    for signer in sorted(case.signers & set(role.signers)):
        reasons = []
        for known in case.known(signer):
            if objection := _objection(role, case, signer, known):
                reasons.append(f"{signer} does not count: {objection}")
            else:
                counted.setdefault(signer, []).append(known)
        objections += [] if signer in counted else dict.fromkeys(reasons)
    return counted, objections


def _objection(role: Role, case: _Case, signer: str, known: SignatureFacts) -> str:
    """Why one signature does not count; empty when it does."""
    revoked = signer_objection(case.policy, signer, known)
    return revoked or _window(signer, case, known) or _log(role, case, known) or _timestamp(role, known)


def _window(signer: str, case: _Case, known: SignatureFacts) -> str:
    return case.policy.window_of(signer).objection(judged_at(case.now, case.as_of, known.signed_at))


def _log(role: Role, case: _Case, known: SignatureFacts) -> str:
    if not role.require_log:
        return ""
    wanted = set(role.logs) or {*case.policy.believed_logs, *case.policy.sigstore}
    found = known.logs & (wanted & {*case.policy.believed_logs, *case.policy.sigstore})
    return "" if found else f"no log holds it, and the role requires one of {', '.join(sorted(wanted))}"


def _timestamp(role: Role, known: SignatureFacts) -> str:
    if not role.require_timestamp or (known.signed_at is not None and not role.timestamp_authorities):
        return ""
    if known.signed_at is not None and known.authorities & set(role.timestamp_authorities):
        return ""
    who = ", ".join(sorted(role.timestamp_authorities)) or "somebody other than the signer"
    return f"its time is not vouched for by {who}, as the role requires"


def _too_few(
    role: Role, case: _Case, counted: Mapping[str, Sequence[SignatureFacts]], objections: Sequence[str]
) -> str:
    different = different_signers(case.policy, counted)
    if different >= role.threshold:
        return ""
    who = ", ".join(sorted(counted)) or "no allowed signer"
    same = " with one key or identity" if different < len(counted) else ""
    return "; ".join([f"{different} of the {role.threshold} signers needed signed ({who}{same})", *objections])


def _builder(role: Role, case: _Case) -> str:
    found = builder_of(case.about, case.statement)
    return f"builder {found} is not allowed" if role.builders and found not in role.builders else ""


def _age(role: Role, case: _Case) -> str:
    if role.max_age_days is None:
        return ""
    present = case.as_of or case.now
    moment = statement_time(case.about, case.statement)
    if moment is None:
        return "it has no time, and the role limits its age"
    if moment > present + CLOCK_SKEW:
        return f"its time {moment.isoformat()} lies in the future"
    if present - moment > timedelta(days=role.max_age_days):
        return f"it is older than {role.max_age_days:g} days ({moment.isoformat()})"
    return ""
