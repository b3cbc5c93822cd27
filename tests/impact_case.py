"""Verdict packages of a small pipeline with a library, an audit of it, and a signed provenance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from package_case import KEY
from revocation_case import HEX, trust
from signing_case import NOW, ed_key

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.package.write import PackageContents, write_package
from probatum.attestations.trust.policy import TrustPolicy
from probatum.evaluator.assess import evaluate
from probatum.evaluator.bundle import pack
from probatum.evaluator.checklist import Checklist, checklist_from_document
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.graph import Coverage, Graph, Observation, Skipped, Status, Subject, Tier
from probatum.evaluator.policies import PolicySet
from probatum.evaluator.settings import settings_document

ENGINE = Regorus(limits=None)
BUILDER = ed_key("builder")
_CONTROL = """# METADATA
# title: Something is shown by {type}
# description: A control of this test.
# custom:
#   id: {id}
#   priority: high
#   stages: [training]
#   subjects: [{kind}]
#   evidence: [{type}]
#   remediation: Show it.
package probatum.controls.{name}

import rego.v1

applies contains id if some id in input.ids.{kind}

deny contains {{"subject": id, "message": "bad", "evidence": [obs]}} if {{
	some id in applies
	some obs in input.observed[id].{type}
	object.get(input.observations[obs].result, "bad", false)
}}

proof contains {{"subject": id, "evidence": [obs]}} if {{
	some id in applies
	some obs in input.usable[id].{type}
}}
"""
_CONTROLS = [
    ("TEST-01", "model", "provenance"),
    ("TEST-02", "dependency_set", "dependency_audit"),
    ("TEST-03", "dependency_set", "dependencies"),
]
POLICIES = PolicySet(
    {
        f"controls/{id}/control.rego": _CONTROL.format(
            id=id, name=id.lower().replace("-", "_"), kind=kind, type=type
        ).encode()
        for id, kind, type in _CONTROLS
    }
)
_SUBJECTS = [
    Subject("model", "m", {"sha256": "1" * 64}, "m"),
    Subject("dependency_set", "d", {"sha256": "2" * 64}, "d"),
    Subject("pipeline", "p"),
]


def checklist() -> Checklist:
    document = {
        "schema": "https://probatum.dev/checklist/v1",
        "id": "small",
        "version": "1.0.0",
        "title": "Small",
        "controls": [{"id": id} for id, _, _ in _CONTROLS],
    }
    return checklist_from_document(document, POLICIES, source="test")


def observed(subject: Subject, type: str, result: dict[str, Any], **fields: Any) -> Observation:
    given: dict[str, Any] = {"status": Status.COMPLETE, "coverage": Coverage(1, 1), **fields}
    return Observation(
        type=type,
        subject=subject.id,
        tier=Tier.OBSERVED,
        collector={"name": "c", "version": "1"},
        observed_at="2026-11-20T06:00:00Z",
        result=result,
        inputs={} if subject.location is None else {subject.location: dict(subject.digest)},
        **given,
    )


def evidence(
    *, version: str = "1.0", advisories: tuple[str, ...] = (), whole: bool = True, **result: Any
) -> list[Observation]:
    """What was observed: provenance signed by the builder, the library with its audit, an inventory."""
    model, dependencies, pipeline = _SUBJECTS
    listed = {"packages": [{"name": "left-pad", "version": version}, {"name": "other", "version": None}, 7]}
    known = [{"package": "left-pad", "version": version, "id": name} for name in advisories]
    coverage = Coverage(1, 1) if whole else Coverage(2, 1, (Skipped("x", "unreadable"),))
    status = Status.COMPLETE if whole else Status.PARTIAL
    return [
        observed(model, "provenance", {"verified": True, "signers": ["key:builder"], **result}),
        observed(dependencies, "dependencies", listed, coverage=coverage, status=status),
        observed(dependencies, "dependency_audit", {"vulnerabilities": known, "bad": bool(advisories)}),
        observed(pipeline, "inventory", {"undeclared": [], "undeclared_count": 0, "policy": "block"}),
    ]


def trusted() -> TrustPolicy:
    made = trust()
    return TrustPolicy({**made.keys, "builder": BUILDER.public}, made.roles)


def contents(observations: list[Observation], *more: Subject, **fields: Any) -> PackageContents:
    graph = Graph.of({"name": "p"}, [*_SUBJECTS, *more], observations)
    used = trusted()
    given: dict[str, Any] = {
        "checklist": checklist(),
        "now": NOW,
        "engine": ENGINE,
        "stage": "training",
        "trust_policy_digest": {"sha256": used.digest},
        **fields,
    }
    assessment = evaluate(graph, policies=POLICIES, **given)
    return PackageContents(graph, assessment.document, settings_document(**given), pack(POLICIES), used)


def kept(
    folder: Path, observations: list[Observation] | None = None, *more: Subject, signed: bool = True, **fields: Any
) -> Path:
    """A verdict package on disk, perhaps about more subjects."""
    made = contents(evidence() if observations is None else observations, *more, **fields)
    write_package(folder, made, attestor=KeyAttestor([KEY]) if signed else None, version="0")
    return folder


def pack_of(digest: str = HEX, *signers: str) -> dict[str, Any]:
    """A pack of policies, as assessments record it."""
    return {"name": "house", "source": "s", "digest": {"sha256": digest}, "signers": list(signers), "replaces": []}
