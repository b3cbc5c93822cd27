"""The outcome of one control for one subject: a finding fails, a checked proof passes, the rest is inconclusive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .graph import Graph
from .metadata import Control
from .reasons import Reason, missing, not_proven, policy_error, unusable
from .usability import Limit, Standing
from .waivers import Waiver

PASS, FAIL, INCONCLUSIVE, WAIVED, NOT_APPLICABLE = "pass", "fail", "inconclusive", "waived", "not_applicable"
_WORST_FIRST = (FAIL, INCONCLUSIVE, WAIVED, PASS)


class Outcome(NamedTuple):
    """What was decided for one control and one subject, and on what; a tuple, because there are so many.

    Args:
        subject: the subject's id.
        outcome: ``pass``, ``fail``, ``inconclusive`` or ``waived``.
        findings: why it fails, kept when it is waived.
        proofs: cited ids of each proof that holds.
        reasons: why it is inconclusive, kept when it is waived.
        waiver: the waiver that was applied.
    """

    subject: str
    outcome: str
    findings: Sequence[Mapping[str, Any]] = ()
    proofs: Sequence[Sequence[str]] = ()
    reasons: Sequence[Reason] = ()
    waiver: Mapping[str, Any] | None = None

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "subject": self.subject,
            "outcome": self.outcome,
            "findings": list(self.findings),
            "proofs": [{"evidence": list(cited)} for cited in self.proofs],
            "reasons": [reason.to_document() for reason in self.reasons] if self.reasons else [],
            "waiver": self.waiver,
        }


def worst(outcomes: Iterable[str]) -> str:
    """The worst of several outcomes; ``not_applicable`` when there is none other."""
    found = set(outcomes)
    return next((outcome for outcome in _WORST_FIRST if outcome in found), NOT_APPLICABLE)


@dataclass(frozen=True)
class Judge:
    """Decides one control, subject by subject.

    Args:
        graph: the evidence.
        control: the control.
        limit: what makes evidence usable for it.
        standings: observation id to what decides its usability.
        observed: subject to type to observation ids.
        usable: the same, of usable evidence only.
        waivers: the waivers that are for this control.
        errors: what is wrong with the control's policy as a whole.
    """

    graph: Graph
    control: Control
    limit: Limit
    standings: Mapping[str, Standing]
    observed: Mapping[str, Mapping[str, Sequence[str]]]
    usable: Mapping[str, Mapping[str, Sequence[str]]]
    waivers: Sequence[Waiver] = ()
    errors: Sequence[str] = field(default=())

    def decide(self, subject: str, findings: Sequence[Mapping[str, Any]], proofs: Sequence[Sequence[str]]) -> Outcome:
        """The outcome for one subject.

        Args:
            subject: the subject's id.
            findings: what ``deny`` returned for it.
            proofs: the ids that each ``proof`` for it cites.
        """
        if not findings and not self.errors and proofs:
            types, problems = self._cited(proofs)
            uncited = [group for group in self.control.evidence if types.isdisjoint(group)]
            if not problems and not uncited:
                return Outcome(subject, PASS, (), proofs)
            reasons = [policy_error(problem) for problem in problems] or self._why_not(subject, uncited)
        else:
            reasons = [policy_error(error) for error in self.errors]
            reasons = reasons or self._why_not(subject, self.control.evidence)
            if findings:  # what was not seen is told too; that the rest proves nothing goes without saying
                reasons = [reason for reason in reasons if reason.code != "not_proven"]
        return self._waived(Outcome(subject, FAIL if findings else INCONCLUSIVE, findings, (), reasons))

    def _waived(self, outcome: Outcome) -> Outcome:
        for waiver in self.waivers:
            if waiver.covers(self.control.id, outcome.subject):
                document = dict(waiver.document)
                return Outcome(outcome.subject, WAIVED, outcome.findings, (), outcome.reasons, document)
        return outcome

    def _cited(self, proofs: Sequence[Sequence[str]]) -> tuple[set[str], list[str]]:
        """Types of usable evidence that proofs cite, and errors of the policy.

        An error is a proof that cites nothing, the unknown, the unusable, or a type that the control does not declare.
        """
        types: set[str] = set()
        problems: dict[str, None] = {}
        observations, declared = self.graph.observations, self.control.types
        for cited in proofs:
            if not cited:
                problems["a proof cites no evidence"] = None
            for key in cited:
                observation = observations.get(key)
                if observation is None:
                    problems[f"a proof cites {key}, which does not exist"] = None
                elif observation.type not in declared:
                    problems[f"a proof cites {observation.type}, which the control does not declare"] = None
                elif not self.standings[key].usable(self.limit):
                    problems[f"a proof cites {key}, which is not usable for this control"] = None
                else:
                    types.add(observation.type)
        return types, list(problems)

    def _why_not(self, subject: str, groups: Iterable[Sequence[str]]) -> list[Reason]:
        """Derived reasons: what is wrong with the evidence of each group; a group without fault is not proven."""
        reasons: dict[tuple[str | None, str], Reason] = {}
        for group in groups:
            for reason in self._group(subject, group):
                reasons.setdefault((reason.type, reason.message), reason)
        return list(reasons.values())

    def _group(self, subject: str, group: Sequence[str]) -> list[Reason]:
        usable = self.usable.get(subject, {})
        ready = [kind for kind in group if usable.get(kind)]
        if ready:
            return [not_proven(kind, f"{kind} is usable and proves nothing here", usable[kind]) for kind in ready]
        found: list[Reason] = []
        for kind in group:
            keys = self.observed.get(subject, {}).get(kind, ())
            found += [] if keys else [missing(kind)]
            for key in keys:
                found += unusable(self.graph.observations[key], self.standings[key], self.limit)
        return found
