"""The simulator itself: what it makes is what collectors make, and what policies expect."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from probatum.evaluator.assess import Assessment, evaluate
from probatum.evaluator.checklist import load_checklist
from probatum.evaluator.engines.select import engine_named
from probatum.evaluator.graph import KINDS, Graph
from probatum.evaluator.policies import PolicySet
from probatum.workbench import simulator
from probatum.workbench.simulator.evidence import EVIDENCE

BAD = {name: (graph, control, outcome) for name, graph, control, outcome in simulator.bad_graphs()}
POLICIES = PolicySet.built_in()
CONTROLS = sorted(POLICIES.controls)
CHECKLIST = load_checklist("full", POLICIES)
ENGINE = engine_named("regorus")


def assess(graph: Graph) -> Assessment:
    return evaluate(
        graph,
        policies=POLICIES,
        checklist=CHECKLIST,
        now=simulator.NOW,
        engine=ENGINE,
        parameters=simulator.parameters(),
        waivers=simulator.waivers(),
    )


def outcomes(graph: Graph) -> dict[str, str]:
    return {control["id"]: control["outcome"] for control in assess(graph).document["controls"]}


@cache
def outcomes_of(name: str) -> dict[str, str]:
    return outcomes(BAD[name][0])


@cache
def schema(type: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(files("probatum.collectors").joinpath(f"{type}.schema.json").read_text()))


def problems(graph: Graph) -> list[str]:
    return [
        f"{item.type} of {item.subject}: {error.json_path}: {error.message}"
        for item in graph.observations.values()
        for error in schema(item.type).iter_errors(dict(item.result))
    ]


def test_results_follow_the_collectors_schemas() -> None:
    graph = simulator.good_graph(models=2)
    assert {item.type for item in graph.observations.values()} == set(EVIDENCE)
    assert problems(graph) == []


@pytest.mark.parametrize("name", BAD)
def test_defects_follow_the_collectors_schemas(name: str) -> None:
    assert problems(BAD[name][0]) == []


@pytest.mark.parametrize("models", [1, 3])
def test_every_control_passes_for_every_subject(models: int) -> None:
    graph = simulator.good_graph(models=models)
    assessment = assess(graph)
    assert assessment.result == "pass", assessment.document["reasons"]
    assert {control["id"]: control["outcome"] for control in assessment.document["controls"]} == dict.fromkeys(
        CONTROLS, "pass"
    )
    judged = {row["subject"] for control in assessment.document["controls"] for row in control["subjects"]}
    assert judged == set(graph.subjects) - {"source:code"}  # no control of the first 15 is about source alone


def test_there_is_one_observation_per_subject_and_type() -> None:
    for graph in (simulator.good_graph(models=3), simulator.scaled_graph(60)):
        counts = Counter((item.subject, item.type) for item in graph.observations.values())
        assert set(counts.values()) == {1}
        kinds = {kind for item in EVIDENCE.values() for kind in item.kinds}
        assert {subject for subject, _ in counts} == {key for key, item in graph.subjects.items() if item.kind in kinds}


@pytest.mark.parametrize("name", BAD)
def test_each_defect_is_found(name: str) -> None:
    _, control, outcome = BAD[name]
    assert outcomes_of(name)[control] == outcome


@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_has_a_defect_that_fails_it(control: str) -> None:
    assert "fail" in {outcome for _, name, outcome in BAD.values() if name == control}


def test_a_defect_spoils_nothing_else_but_what_rests_on_the_same_fact() -> None:
    spoiled = {
        (control, other)
        for name, (_, control, _) in BAD.items()
        for other, outcome in outcomes_of(name).items()
        if outcome != "pass" and other != control
    }
    assert spoiled == {("SUPPLY-01", "SUPPLY-03"), ("TRAIN-01", "TRAIN-02")}


def test_the_good_graph_passes_at_another_time() -> None:
    later = simulator.NOW + timedelta(days=400)
    assert simulator.good_graph(later).digest != simulator.good_graph().digest
    assert simulator.good_graph(later).digest == simulator.good_graph(later).digest
    assert simulator.waivers(later)[0]["expires"] == "2028-01-24"


@pytest.mark.parametrize("size", [21, 57, 300])
def test_a_scaled_graph_has_the_size_asked_for(size: int) -> None:
    graph = simulator.scaled_graph(size)
    assert len(graph.subjects) == size
    assert {item.kind for item in graph.subjects.values()} == set(KINDS) - {"registry"}


def test_a_scaled_graph_passes() -> None:
    assert set(outcomes(simulator.scaled_graph(150)).values()) == {"pass"}


def test_builder_changes_one_observation() -> None:
    pipeline = simulator.SimulatedPipeline()
    first, second = pipeline.add("model", "a"), pipeline.add("model", "b")
    for model in (first, second):
        pipeline.observe(model, "model_format")
    pipeline.change("model_format", {"files/0/format": "pickle"})
    made = pipeline.graph().observations.values()
    formats: dict[str, Any] = {item.subject: item.result["files"][0]["format"] for item in made}
    assert formats == {first.id: "pickle", second.id: "safetensors"}
    pipeline.forget("model_format")
    assert [o.subject for o in pipeline.graph().observations.values()] == [second.id]


def test_builder_takes_evidence_of_its_own() -> None:
    pipeline = simulator.SimulatedPipeline()
    model = pipeline.add("model", "a")
    pipeline.relate(model, "derived_from", pipeline.add("model", "b"))
    pipeline.observe(model, "licence", {"spdx": "MIT"})
    graph = pipeline.graph()
    (made,) = graph.observations.values()
    assert (made.type, made.result) == ("licence", {"spdx": "MIT"})
    assert [item.relation for item in graph.relations] == ["derived_from"]
