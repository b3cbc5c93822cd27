"""Why a control is inconclusive for a subject: derived from the evidence, never written by policy authors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .graph import Observation, Status, Tier
from .usability import Limit, Standing

_SHOWN_ITEMS = 3
_TIERS = list(Tier)


@dataclass(frozen=True)
class Reason:
    """One ground for an inconclusive outcome.

    Args:
        code: ``missing``, ``revoked``, ``stale``, ``untrusted``, ``incomplete``, ``collector_failed``,
            ``other_digest``, ``not_proven`` or ``policy_error``.
        type: the observation type, None where the ground is not of one.
        message: in words a user can act on.
        evidence: ids of the observations that it is about.
    """

    code: str
    type: str | None
    message: str
    evidence: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {"code": self.code, "type": self.type, "message": self.message, "evidence": list(self.evidence)}


def missing(kind: str) -> Reason:
    """There is no observation of a type."""
    return Reason("missing", kind, f"there is no {kind} evidence")


def not_proven(kind: str | None, message: str, evidence: Sequence[str] = ()) -> Reason:
    """The evidence is usable, and the policy found no proof in it."""
    return Reason("not_proven", kind, message, tuple(evidence))


def policy_error(message: str) -> Reason:
    """The policy could not be evaluated, or returned what no policy may."""
    return Reason("policy_error", None, message)


def unusable(observation: Observation, found: Standing, limit: Limit) -> list[Reason]:
    """Every ground on which one observation is not usable under a limit."""
    grounds = [
        ("revoked", f"this {observation.type} evidence was revoked") if found.revoked else None,
        _incomplete(observation, found, limit),
        _stale(observation, found, limit),
        _untrusted(observation, found, limit),
        _other_digest(observation, found),
    ]
    return [Reason(code, observation.type, message, (observation.id,)) for code, message in filter(None, grounds)]


def _incomplete(observation: Observation, found: Standing, limit: Limit) -> tuple[str, str] | None:
    kind, coverage = observation.type, observation.coverage
    if found.whole or (found.some and limit.accept_partial):
        return None
    detail = "; ".join(f"{item.item}: {item.reason}" for item in coverage.skipped[:_SHOWN_ITEMS])
    rest = len(coverage.skipped) - _SHOWN_ITEMS
    detail = f": {detail}" + (f" and {rest} more" if rest > 0 else "") if detail else ""
    if not found.some:
        verb = "failed" if observation.status is Status.FAILED else "was skipped"
        return "collector_failed", f"collecting {kind} {verb}{detail}"
    return "incomplete", f"{kind} examined {coverage.examined} of {coverage.seen}{detail}"


def _stale(observation: Observation, found: Standing, limit: Limit) -> tuple[str, str] | None:
    kind, made = observation.type, observation.observed_at
    if found.age_seconds is None:
        return "stale", f"{kind} is dated {made}, which is in the future or no time at all"
    if 0 <= limit.max_age_seconds < found.age_seconds:
        return "stale", f"{kind} is of {made}, older than {limit.max_age_seconds / 86_400:g} days"
    return None


def _untrusted(observation: Observation, found: Standing, limit: Limit) -> tuple[str, str] | None:
    if found.rank >= limit.min_rank:
        return None
    return "untrusted", f"{observation.type} is {observation.tier}, and at least {_TIERS[limit.min_rank]} is needed"


def _other_digest(observation: Observation, found: Standing) -> tuple[str, str] | None:
    if found.current:
        return None
    return "other_digest", f"{observation.type} is not of the content that {observation.subject} has now"
