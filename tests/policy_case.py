"""Tiny policy sets and graphs, to test what the evaluator makes of whatever a policy returns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from probatum.evaluator.assess import Assessment, evaluate
from probatum.evaluator.checklist import Checklist, checklist_from_document
from probatum.evaluator.engines.base import Engine
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.graph import Coverage, Graph, Observation, Status, Subject, Tier
from probatum.evaluator.policies import PolicySet

NOW = datetime(2026, 11, 20, 7, 0, 0, tzinfo=UTC)
DIGEST = {"sha256": "a" * 64}
_ID = re.compile(r"^#   id: (\S+)$", re.MULTILINE)
METADATA = """# METADATA
# title: Tiny
# description: A control for tests.
# custom:
#   id: {id}
#   priority: high
#   stages: [training, deployment]
#   subjects: [model]
#   evidence: {evidence}
#   remediation: Mend it.
#   parameters: {parameters}
package tiny.{package}

import rego.v1

"""
APPLIES = "applies contains id if some id in input.ids.model\n"
DENY = """deny contains {"subject": id, "message": "bad", "evidence": [obs]} if {
	some id in applies
	some obs in input.observed[id].scan
	input.observations[obs].result.bad == true
}
"""
PROOF = """proof contains {"subject": id, "evidence": [obs]} if {
	some id in applies
	some obs in input.usable[id].scan
	input.observations[obs].result.bad == false
}
"""
RULES = APPLIES + DENY + PROOF


def module(rules: str = RULES, *, id: str = "TINY-01", evidence: str = "[scan]", parameters: str = "{}") -> str:
    """A control's Rego."""
    package = id.lower().replace("-", "_")
    return METADATA.format(id=id, evidence=evidence, parameters=parameters, package=package) + rules


def policies(*modules: str, **sources: str) -> PolicySet:
    """A set of controls, and further sources by path (``lib__x`` for ``lib/x.rego``)."""
    named = {f"controls/{_ID.findall(text)[0]}/control.rego": text for text in modules or (module(),)}
    named |= {f"{path.replace('__', '/')}.rego": text for path, text in sources.items()}
    return PolicySet({path: text.encode() for path, text in named.items()})


def checklist(of: PolicySet, **fields: Any) -> Checklist:
    """A checklist of all controls of a set."""
    document = {
        "schema": "https://probatum.dev/checklist/v1",
        "id": "tiny",
        "version": "1.0.0",
        "title": "Tiny",
        "controls": [{"id": key} for key in of.controls],
        **fields,
    }
    return checklist_from_document(document, of, source="tiny")


def subject(name: str = "net", kind: str = "model") -> Subject:
    """A subject with content."""
    return Subject(kind, name, DIGEST, f"{kind}s/{name}")


def observation(type: str = "scan", of: Subject | None = None, **fields: Any) -> Observation:
    """A good, usable observation of a subject, with fields changed."""
    about = of or subject()
    made = Observation(
        type=type,
        subject=about.id,
        tier=Tier.OBSERVED,
        collector={"name": type, "version": "1"},
        status=Status.COMPLETE,
        coverage=Coverage(1, 1),
        observed_at="2026-11-20T06:00:00Z",
        result={"bad": False},
        inputs={str(about.location): about.digest} if about.digest else {},
    )
    return replace(made, **fields)


def inventory(**result: Any) -> tuple[Subject, Observation]:
    """The pipeline's own subject, and the inventory of a folder in which everything is declared."""
    about = Subject("pipeline", "p")
    found = {"policy": "block", "undeclared": [], "undeclared_count": 0, "found": [], "passed_over": [], **result}
    return about, observation("inventory", about, result=found)


def graph(*observations: Observation, subjects: Sequence[Subject] = (), with_inventory: bool = True) -> Graph:
    """A graph of one model (or the given subjects), observations, and an inventory."""
    about, inside = inventory()
    listed = list(subjects or (subject(),))
    return Graph.of({"name": "p"}, [*listed, about], [*observations, inside] if with_inventory else observations)


def assess(of: Graph, by: PolicySet | None = None, *, engine: Engine | None = None, **settings: Any) -> Assessment:
    """Evaluate, with everything that is not given at its plainest."""
    found = by or policies()
    listed = settings.pop("checklist", None) or checklist(found)
    return evaluate(of, policies=found, checklist=listed, engine=engine or Regorus(), **{"now": NOW, **settings})


def only(assessment: Assessment, control: str = "TINY-01", subject: str = "model:net") -> Mapping[str, Any]:
    """The entry of one control and subject in an assessment."""
    entry = next(item for item in assessment.document["controls"] if item["id"] == control)
    found: Mapping[str, Any] = next(item for item in entry["subjects"] if item["subject"] == subject)
    return found


def codes(assessment: Assessment) -> list[str]:
    """The codes of the reasons that concern the run."""
    return [reason["code"] for reason in assessment.document["reasons"]]
