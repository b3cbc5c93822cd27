"""What one control decides on a graph, in a form that tests are written against: outcomes, findings, reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from ..errors import UsageError
from ..evaluator.assess import evaluate
from ..evaluator.checklist import Checklist, checklist_from_document
from ..evaluator.engines.base import Engine
from ..evaluator.graph import Graph
from ..evaluator.policies import PolicySet
from .trial import control_named


class Outcome(str):
    """An outcome that remembers why it is one; it is equal to the word alone.

    Args:
        word: ``pass``, ``fail``, ``inconclusive``, ``waived`` or ``not_applicable``.
        why: findings and reasons, one per line.
    """

    __slots__ = ("why",)
    why: tuple[str, ...]

    def __new__(cls, word: str, why: Sequence[str] = ()) -> Self:
        """A text, with the reasons beside it."""
        made = super().__new__(cls, word)
        made.why = tuple(why)
        return made


@dataclass(frozen=True)
class Decision:
    """What a control decides.

    Args:
        entry: the control's part of the assessment.
    """

    entry: Mapping[str, Any]

    @property
    def control(self) -> str:
        """Its id."""
        return str(self.entry["id"])

    @property
    def error(self) -> str | None:
        """What is wrong with its rules; None when nothing is."""
        found = self.entry["error"]
        return None if found is None else str(found)

    @cached_property
    def outcomes(self) -> dict[str, Outcome]:
        """The outcome for each subject that the control applies to."""
        return {one["subject"]: Outcome(one["outcome"], _why(one)) for one in self.entry["subjects"]}

    def outcome(self, subject: str | None = None) -> Outcome:
        """The outcome for a subject; without one, of the control as a whole.

        Args:
            subject: its id, such as ``model:net``.

        Raises:
            UsageError: the control does not apply to it.
        """
        if subject is None:
            lines = [f"{name}: {line}" for name, outcome in self.outcomes.items() for line in outcome.why]
            return Outcome(str(self.entry["outcome"]), lines)
        if subject not in self.outcomes:
            known = ", ".join(self.outcomes) or "nothing"
            raise UsageError(f"{self.control} does not apply to {subject}", why=f"it applies to {known}")
        return self.outcomes[subject]

    @property
    def findings(self) -> list[Mapping[str, Any]]:
        """Every finding: ``subject``, ``message``, ``evidence`` and ``remediation``."""
        return [{"subject": one["subject"], **found} for one in self.entry["subjects"] for found in one["findings"]]

    @property
    def reasons(self) -> list[Mapping[str, Any]]:
        """Every reason for being inconclusive: ``subject``, ``code``, ``type``, ``message`` and ``evidence``."""
        return [{"subject": one["subject"], **found} for one in self.entry["subjects"] for found in one["reasons"]]

    def __repr__(self) -> str:
        """The outcomes with their reasons."""
        lines = [f"{self.control}: {self.entry['outcome']}"]
        for subject, outcome in self.outcomes.items():
            lines += [f"  {subject}: {outcome}", *(f"    {line}" for line in outcome.why)]
        return "\n".join(lines)


def moment(graph: Graph) -> datetime:
    """When kept evidence is judged: the time of its newest observation, so that it never grows stale."""
    times = [observation.observed_at for observation in graph.observations.values()]
    return datetime.fromisoformat(max(times, default="1970-01-01T00:00:00+00:00"))


def alone(control: str, policies: PolicySet) -> Checklist:
    """A checklist of one control, at its defaults."""
    listed = {
        "schema": "https://probatum.dev/checklist/v1",
        "id": "alone",
        "version": "1.0.0",
        "title": "One control",
        "controls": [{"id": control}],
    }
    return checklist_from_document(listed, policies, source=control)


def decide(
    graph: Graph,
    control: str,
    *,
    policies: PolicySet,
    engine: Engine,
    parameters: Mapping[str, Any] | None = None,
    now: datetime | None = None,
    waivers: Sequence[Mapping[str, Any]] = (),
) -> Decision:
    """Evaluate one control as a gate does.

    Args:
        graph: the evidence.
        control: id of a control of the policy set.
        policies: the policy set.
        engine: what evaluates it.
        parameters: of the control, as a manifest sets them.
        now: evaluation time; that of the newest observation by default.
        waivers: as a manifest has them.

    Raises:
        UsageError: there is no such control.
        PolicyError: the policy set or a parameter is wrong.
    """
    id = control_named(control, policies).id
    found = evaluate(
        graph,
        policies=policies,
        checklist=alone(id, policies),
        now=now or moment(graph),
        engine=engine,
        parameters={id: dict(parameters)} if parameters else {},
        waivers=waivers,
    )
    return Decision(found.document["controls"][0])


def _why(subject: Mapping[str, Any]) -> list[str]:
    """Findings, then reasons, in the words that a report has."""
    return [
        *(str(found["message"]) for found in subject["findings"]),
        *(f"{found['code']}: {found['message']}" for found in subject["reasons"]),
    ]
