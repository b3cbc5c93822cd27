"""A control with every kind of statement, and evidence that stops its rules at each of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from policy_case import module, policies

from probatum.evaluator.graph import Coverage, Graph, Observation, Skipped, Status, Subject
from probatum.evaluator.policies import PolicySet
from probatum.workbench.circumstances import Circumstances

NOW = datetime(2026, 11, 20, 7, 0, 0, tzinfo=UTC)
PARAMETERS = '{limit: {type: integer, minimum: 0, unit: issues, default: 2, description: "Issues that are too many."}}'
RULES = """limit := input.parameters["TINY-01"].limit

applies contains id if some id in input.ids.model

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].scan
	result := input.observations[obs].result
	count(result.issues) <= limit
	every issue in result.issues {
		issue.severity != "high"
		issue.fixed == true
	}
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].scan
	not [id, obs] in sound
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	some issue in input.observations[obs].result.issues
	issue.severity == "high"
	message := sprintf("%s is high", [issue.name])
}

deny contains {"subject": id, "message": "too many issues", "evidence": [obs]} if {
	some [id, obs] in suspect
	count(input.observations[obs].result.issues) > limit
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
"""
FIXED = {"name": "a", "severity": "low", "fixed": True}
HIGH = {"name": "b", "severity": "high", "fixed": True}
OPEN = {"name": "c", "severity": "low", "fixed": False}
EVIDENCE: Mapping[str, Mapping[str, Any]] = {
    "good": {"result": {"issues": [FIXED]}},
    "high": {"result": {"issues": [FIXED, HIGH]}},
    "many": {"result": {"issues": [FIXED, HIGH, {**FIXED, "name": "d"}]}},
    "open": {"result": {"issues": [OPEN, {**OPEN, "name": "e"}]}},
    "old": {"result": {"issues": []}, "observed_at": "2026-01-01T00:00:00Z"},
    "partial": {
        "result": {"issues": []},
        "status": Status.PARTIAL,
        "coverage": Coverage(2, 1, (Skipped("x.bin", "unknown"),)),
    },
    "odd": {"result": {}},
}


def control(rules: str = RULES, *, id: str = "TINY-01", parameters: str = PARAMETERS) -> str:
    """The control's Rego."""
    return module(rules, id=id, parameters=parameters)


def policy_set(rules: str = RULES) -> PolicySet:
    """The control alone."""
    return policies(control(rules))


def circumstances(**fields: Any) -> Circumstances:
    """At one moment, with more issues allowed for none."""
    return Circumstances(**{"now": NOW, **fields})


def evidence(*names: str) -> Graph:
    """A graph with the models of those names, all when none is given; one more, ``none``, has no evidence."""
    from policy_case import observation

    subjects = [Subject("model", name, {"sha256": "a" * 64}, f"models/{name}") for name in names or (*EVIDENCE, "none")]
    made: list[Observation] = [
        observation("scan", about, **EVIDENCE[about.name]) for about in subjects if about.name in EVIDENCE
    ]
    return Graph.of({"name": "tiny"}, [*subjects, Subject("pipeline", "tiny")], made)
