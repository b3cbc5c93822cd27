"""Whether those who signed a document were allowed to, by the roles of a trust policy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .predicates import ASSESSMENT, POLICY_BUNDLE, PROVENANCE_V02, PROVENANCE_V1, VSA
from .trust import Role, TrustPolicy

_CLOCK_SKEW = timedelta(minutes=5)
_TIME_FIELDS: dict[str, tuple[tuple[str, ...], ...]] = {
    VSA: (("timeVerified",),),
    ASSESSMENT: (("evaluated_at",),),
    POLICY_BUNDLE: (("signedOn",),),
    PROVENANCE_V1: (("runDetails", "metadata", "finishedOn"), ("runDetails", "metadata", "startedOn")),
    PROVENANCE_V02: (("metadata", "buildFinishedOn"), ("metadata", "buildStartedOn")),
}


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


def allow(
    policy: TrustPolicy, about: str, signers: Collection[str], statement: Mapping[str, Any] | None, now: datetime
) -> Allowed:
    """Hold a document's signers against every role that speaks for its kind.

    Args:
        policy: the trust policy.
        about: predicate type, or another kind of content.
        signers: names of all whose signature holds, each of them a different key or identity.
        statement: what was signed.
        now: for ages.
    """
    candidates = policy.roles_for(about)
    if not candidates:
        return Allowed(reason=f"no role of {policy.source} may sign {about}")
    reasons, roles, accepted = [], [], set()
    for role in candidates:
        reason = _objection(role, signers, about, statement, now)
        if reason:
            reasons.append(f"{role.name}: {reason}")
        else:
            roles.append(role.name)
            accepted |= set(signers) & set(role.signers)
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


def parse_time(value: Any) -> datetime | None:
    """An RFC 3339 time with a zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if moment is None or moment.tzinfo is None else moment.astimezone(UTC)


def builder_of(about: str, statement: Mapping[str, Any] | None) -> str | None:
    """The builder id of a SLSA provenance, v1 or v0.2."""
    if about not in (PROVENANCE_V1, PROVENANCE_V02):
        return None
    predicate: Any = (statement or {}).get("predicate")
    if about == PROVENANCE_V1 and isinstance(predicate, Mapping):
        predicate = predicate.get("runDetails")
    builder = predicate.get("builder") if isinstance(predicate, Mapping) else None
    value = builder.get("id") if isinstance(builder, Mapping) else None
    return value if isinstance(value, str) else None


def _objection(
    role: Role, signers: Collection[str], about: str, statement: Mapping[str, Any] | None, now: datetime
) -> str:
    allowed = set(signers) & set(role.signers)
    if len(allowed) < role.threshold:
        who = ", ".join(sorted(allowed)) or "no allowed signer"
        return f"{len(allowed)} of the {role.threshold} signers needed signed ({who})"
    if role.builders and builder_of(about, statement) not in role.builders:
        return f"builder {builder_of(about, statement)} is not allowed"
    if role.max_age_days is None:
        return ""
    moment = statement_time(about, statement)
    if moment is None:
        return "it has no time, and the role limits its age"
    if moment > now + _CLOCK_SKEW:
        return f"its time {moment.isoformat()} lies in the future"
    if now - moment > timedelta(days=role.max_age_days):
        return f"it is older than {role.max_age_days:g} days ({moment.isoformat()})"
    return ""
