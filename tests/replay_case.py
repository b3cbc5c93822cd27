"""A package's contents that the real evaluator decided: a control of one line over a few models."""

from __future__ import annotations

from typing import Any

from signing_case import NOW

from probatum.attestations.package.write import PackageContents
from probatum.evaluator.assess import evaluate
from probatum.evaluator.bundle import pack
from probatum.evaluator.checklist import Checklist, checklist_from_document
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.graph import Coverage, Graph, Observation, Status, Subject, Tier
from probatum.evaluator.policies import PolicySet
from probatum.evaluator.settings import settings_document

CONTROL = b"""# METADATA
# title: Models are small
# description: A model of this test is small.
# custom:
#   id: TEST-01
#   priority: high
#   stages: [training]
#   subjects: [model]
#   evidence: [size]
#   remediation: Make it smaller.
package probatum.controls.test_01

import rego.v1

applies contains id if some id in input.ids.model

deny contains {"subject": id, "message": "too large", "evidence": [obs]} if {
	some id in applies
	some obs in input.observed[id].size
	size := object.get(input.observations[obs].result, "bytes", null)
	not size < 10
}

proof contains {"subject": id, "evidence": [obs]} if {
	some id in applies
	some obs in input.usable[id].size
	input.observations[obs].result.bytes < 10
}
"""
POLICIES = PolicySet({"controls/TEST-01/control.rego": CONTROL})
ENGINE = Regorus()


def checklist(policies: PolicySet = POLICIES) -> Checklist:
    document = {
        "schema": "https://probatum.dev/checklist/v1",
        "id": "small",
        "version": "1.0.0",
        "title": "Small",
        "controls": [{"id": "TEST-01"}],
    }
    return checklist_from_document(document, policies, source="test")


def observed(subject: Subject, size: int, *, type: str = "size", **result: Any) -> Observation:
    return Observation(
        type=type,
        subject=subject.id,
        tier=Tier.OBSERVED,
        collector={"name": "c", "version": "1"},
        status=Status.COMPLETE,
        coverage=Coverage(1, 1),
        observed_at="2026-11-20T06:00:00Z",
        result={"bytes": size, **result},
        inputs={} if subject.location is None else {subject.location: dict(subject.digest)},
    )


def evaluated(sizes: dict[str, int], policies: PolicySet = POLICIES) -> PackageContents:
    models = [Subject("model", name, {"sha256": name * 64}, f"{name}.bin") for name in sizes]
    pipeline = Subject("pipeline", "p")
    inventory = {"policy": "block", "undeclared": [], "undeclared_count": 0, "found": [], "passed_over": []}
    observations = [observed(model, sizes[model.name]) for model in models]
    observations.append(observed(pipeline, 0, type="inventory", **inventory))
    graph = Graph.of({"name": "p"}, [*models, pipeline], observations)
    given: dict[str, Any] = {"checklist": checklist(policies), "now": NOW, "engine": ENGINE, "stage": "training"}
    assessment = evaluate(graph, policies=policies, **given)
    return PackageContents(graph, assessment.document, settings_document(**given), pack(policies))
