"""Whether evidence is usable, decided here once and never by a policy (DESIGN section 5).

An observation is usable under a limit when it is complete, fresh, of a high enough tier, and about the content that its
subject has now. Every ground on which it is not is kept, because the grounds are the reasons that a user is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from .graph import Observation, Status, Subject, Tier
from .times import seconds

CONTENT_KINDS = frozenset(("model", "dataset", "dependency_set", "workload", "source"))
FUTURE_TOLERANCE_SECONDS = 300
_DAY_SECONDS = 86_400
_RANKS = {tier: tier.rank for tier in Tier}
_COMPLETE, _PARTIAL = Status.COMPLETE, Status.PARTIAL  # reading a member off its class is slow before Python 3.12


@dataclass(frozen=True, order=True)
class Limit:
    """What makes evidence usable for a control.

    Args:
        max_age_seconds: oldest that counts; -1 for no limit.
        min_rank: rank of the weakest tier that counts.
        accept_partial: evidence that did not see everything counts too.
    """

    max_age_seconds: float
    min_rank: int
    accept_partial: bool

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Limit:
        """The limit that a control's effective parameters set."""
        days = parameters["max_age_days"]
        age = -1.0 if days is None else float(days) * _DAY_SECONDS
        return cls(age, Tier(parameters["min_tier"]).rank, parameters["accept_partial"] is True)


class Standing(NamedTuple):
    """What usability depends on, of one observation, whatever the limit; a tuple, because there are so many.

    Args:
        rank: rank of its tier.
        age_seconds: at the evaluation time; None when it is in the future or has no readable time.
        whole: it is complete, and its coverage says the same.
        some: it did at least part of its job.
        current: it is about the content that its subject has now.
        revoked: somebody who may has taken it back.
    """

    rank: int
    age_seconds: int | None
    whole: bool
    some: bool
    current: bool
    revoked: bool = False

    def usable(self, limit: Limit) -> bool:
        """True when the observation counts under a limit."""
        return (
            self.current
            and not self.revoked
            and (self.whole or (self.some and limit.accept_partial))
            and self.rank >= limit.min_rank
            and self.age_seconds is not None
            and (limit.max_age_seconds < 0 or self.age_seconds <= limit.max_age_seconds)
        )


def standing(observation: Observation, subject: Subject | None, now_seconds: int) -> Standing:
    """What decides the usability of one observation at one time.

    Args:
        observation: the evidence.
        subject: what it is about; None when that is not in the graph.
        now_seconds: evaluation time, seconds since the epoch.
    """
    made = seconds(observation.observed_at)
    age = None if made is None or made - now_seconds > FUTURE_TOLERANCE_SECONDS else now_seconds - made
    if age is not None and age < 0:
        age = 0
    complete = observation.status is _COMPLETE
    whole = complete and observation.coverage.whole
    some = complete or observation.status is _PARTIAL
    return _standing(_RANKS[observation.tier], age, whole, some, _about_current(observation, subject))


_standing = lru_cache(maxsize=4_096)(Standing)  # few differ, and making one costs more than finding it


def _about_current(observation: Observation, subject: Subject | None) -> bool:
    """True when the observation names, among its inputs, the content that the subject has now."""
    if subject is None:
        return False
    if not subject.digest:
        return subject.kind not in CONTENT_KINDS and not observation.inputs
    if subject.location is None:
        return False
    return observation.inputs.get(subject.location) == subject.digest
