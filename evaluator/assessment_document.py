"""The assessment in its JSON form: canonical order throughout, so equal evaluations have equal bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import strict_json
from .checklist import Checklist
from .graph import Graph, Observation
from .metadata import Control
from .origins import FIELD as ORIGIN
from .origins import origins
from .outcomes import Outcome, worst
from .policies import PolicySet

SCHEMA = "https://probatum.dev/assessment/v1"
OUTCOMES = ("pass", "fail", "inconclusive", "waived", "not_applicable")


@dataclass(frozen=True)
class Settings:
    """Everything that an evaluation depends on besides the graph; see ``evaluate`` for each field."""

    policies: PolicySet
    checklist: Checklist
    evaluated_at: str
    engine: Mapping[str, str]
    parameters: Mapping[str, Mapping[str, Any]]
    waivers: Sequence[Mapping[str, Any]]
    stage: str | None
    trust_policy_digest: Mapping[str, str] | None
    bypasses: Sequence[Mapping[str, str]]
    packs: Sequence[Mapping[str, Any]] = ()
    revocations: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ControlResult:
    """One control of an assessment.

    Args:
        control: the control.
        priority: the checklist's, or the control's own.
        parameters: effective values.
        outcome: the worst of its subjects, ``not_applicable`` when there is none.
        outcomes: by subject, sorted.
        error: what is wrong with its policy, or None.
    """

    control: Control
    priority: str
    parameters: Mapping[str, Any]
    outcome: str
    outcomes: Sequence[Outcome]
    error: str | None

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        remediation = self.control.remediation
        subjects = [outcome.to_document() for outcome in self.outcomes]
        for subject in subjects:
            for number, finding in enumerate(subject["findings"]):
                if not finding["remediation"]:
                    subject["findings"][number] = {**finding, "remediation": remediation}
        return {
            "id": self.control.id,
            "title": self.control.title,
            "priority": self.priority,
            "outcome": self.outcome,
            "stages": list(self.control.stages),
            "parameters": dict(self.parameters),
            "remediation": remediation,
            "error": self.error,
            "subjects": subjects,
        }


def assessment_document(
    graph: Graph,
    settings: Settings,
    *,
    result: str,
    reasons: Sequence[Mapping[str, str]],
    results: Sequence[ControlResult],
    counts: Mapping[str, int],
    waivers: Sequence[Mapping[str, Any]],
    bypasses: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """The whole document; equal arguments give equal documents."""
    checklist = settings.checklist
    return {
        "schema": SCHEMA,
        "result": result,
        "reasons": [dict(reason) for reason in reasons],
        "pipeline": dict(graph.pipeline),
        "stage": settings.stage,
        "evaluated_at": settings.evaluated_at,
        "engine": dict(settings.engine),
        "checklist": {"id": checklist.id, "version": checklist.version, "title": checklist.title},
        "digests": _digests(graph, settings),
        **({"packs": [dict(pack) for pack in settings.packs]} if settings.packs else {}),
        **({"revocations": dict(settings.revocations)} if settings.revocations else {}),
        "counts": {outcome: counts.get(outcome, 0) for outcome in OUTCOMES},
        "controls": [item.to_document() for item in results],
        "evidence": _evidence(graph, results),
        **({"origins": found} if (found := origins(graph)) else {}),
        "bypasses": list(bypasses),
        "waivers": list(waivers),
        "rows": _rows(checklist, results),
    }


def _digests(graph: Graph, settings: Settings) -> dict[str, Any]:
    trust = settings.trust_policy_digest
    return {
        "graph": {"sha256": graph.digest},
        "policies": {"sha256": settings.policies.digest},
        "checklist": {"sha256": settings.checklist.digest},
        "parameters": {"sha256": strict_json.digest(settings.parameters)},
        "waivers": {"sha256": strict_json.digest(list(settings.waivers))},
        "trust_policy": dict(trust) if trust else None,
    }


def _evidence(graph: Graph, results: Sequence[ControlResult]) -> dict[str, Any]:
    """What is needed to read the cited evidence ids; ids that a finding cites and the graph lacks are left out."""
    cited: set[str] = set()
    for item in results:
        for outcome in item.outcomes:
            cited.update(*outcome.proofs)
            if outcome.findings or outcome.reasons:
                cited.update(*(finding["evidence"] for finding in outcome.findings))
                cited.update(*(reason.evidence for reason in outcome.reasons))
    known = graph.observations
    return {key: _cited(known[key]) for key in sorted(cited) if key in known}


def _cited(observation: Observation) -> dict[str, Any]:
    return {
        "type": observation.type,
        "tier": str(observation.tier),
        "subject": observation.subject,
        "status": str(observation.status),
        "observed_at": observation.observed_at,
        "collector": dict(observation.collector),
        **({ORIGIN: observation.extra[ORIGIN]} if ORIGIN in observation.extra else {}),
    }


def _rows(checklist: Checklist, results: Sequence[ControlResult]) -> list[dict[str, Any]]:
    outcomes = {item.control.id: item.outcome for item in results}
    return [
        {
            "row": row.row,
            "title": row.title,
            "controls": list(row.controls),
            "outcome": worst(outcomes[key] for key in row.controls if key in outcomes),
        }
        for row in checklist.rows
    ]
