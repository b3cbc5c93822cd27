"""Promises 1 and 3 over every control of the policy set, none of them named here.

A new control is covered as soon as the simulator has its evidence and one defect of it; a test below asks for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import spoiling
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_case import RULES, assess, module, observation
from policy_case import graph as graph_of
from policy_case import policies as tiny

from probatum.errors import EvidenceError
from probatum.evaluator.assess import Assessment, evaluate
from probatum.evaluator.checklist import Checklist, checklist_from_document
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.graph import Graph
from probatum.evaluator.graph_document import graph_from_document
from probatum.evaluator.policies import PolicySet
from probatum.evaluator.usability import Limit, standing
from probatum.workbench import simulator

POLICIES = PolicySet.built_in()
CONTROLS = sorted(POLICIES.controls)
ENGINE = Regorus(limits=None)  # our own policies, thousands of times: a child for each would double the time
BAD = {name: (graph, control) for name, graph, control, _ in simulator.bad_graphs()}
GOOD = simulator.good_graph()
PARAMETERS = simulator.parameters()
Outcomes = dict[tuple[str, str], str]


@cache
def checklist(*controls: str) -> Checklist:
    """A checklist of some controls, or of all."""
    document = {
        "schema": "https://probatum.dev/checklist/v1",
        "id": "some",
        "version": "1.0.0",
        "title": "Some",
        "controls": [{"id": control} for control in controls or CONTROLS],
    }
    return checklist_from_document(document, POLICIES, source="test")


def assessed(graph: Graph, *controls: str) -> Assessment:
    """An evaluation of some controls, or of all."""
    listed = checklist(*controls)
    parameters = {key: PARAMETERS[key] for key in listed.entries if key in PARAMETERS}
    return evaluate(graph, policies=POLICIES, checklist=listed, now=simulator.NOW, engine=ENGINE, parameters=parameters)


def outcomes(assessment: Assessment) -> Outcomes:
    """The outcome of every control and subject."""
    return {
        (control["id"], subject["subject"]): subject["outcome"]
        for control in assessment.document["controls"]
        for subject in control["subjects"]
    }


def test_the_good_graph_passes_and_every_control_has_a_defect() -> None:
    found = assessed(GOOD)
    assert found.result == "pass"
    assert set(outcomes(found).values()) == {"pass"}
    assert {control for control, _ in outcomes(found)} == set(CONTROLS)
    assert {control for _, control in BAD.values()} == set(CONTROLS)


@pytest.mark.parametrize("name", BAD)
def test_a_defect_is_never_a_pass(name: str) -> None:
    graph, control = BAD[name]
    found = assessed(graph)
    assert found.result != "pass"
    assert any(outcome != "pass" for (key, _), outcome in outcomes(found).items() if key == control)


@pytest.mark.parametrize("name", ["good", *BAD])
def test_every_pass_cites_usable_evidence(name: str) -> None:
    graph = BAD[name][0] if name in BAD else GOOD
    now = int(simulator.NOW.timestamp())
    for control in assessed(graph).document["controls"]:
        limit = Limit.of(control["parameters"])
        for subject in control["subjects"]:
            cited = {key for proof in subject["proofs"] for key in proof["evidence"]}
            assert bool(cited) == (subject["outcome"] == "pass")
            for key in cited:
                observation = graph.observations[key]
                assert observation.type in POLICIES.controls[control["id"]].types
                assert standing(observation, graph.subjects[observation.subject], now).usable(limit)


def without(graph: Graph, unwanted: Callable[[Any], bool]) -> Graph:
    """A graph without some observations."""
    kept = [item for item in graph.observations.values() if not unwanted(item)]
    return Graph.of(graph.pipeline, graph.subjects.values(), kept, graph.relations)


@pytest.mark.parametrize("name", ["good", *list(BAD)[::8]])
def test_no_evidence_of_a_subject_is_no_pass(name: str) -> None:
    graph = BAD[name][0] if name in BAD else GOOD
    for subject in graph.subjects:
        after = outcomes(assessed(without(graph, lambda item, about=subject: item.subject == about)))
        assert all(outcome != "pass" for (_, about), outcome in after.items() if about == subject)
    nothing = assessed(without(graph, lambda item: True))
    assert nothing.result == "inconclusive"
    assert "pass" not in outcomes(nothing).values()


def better(before: Assessment, after: Assessment) -> str | None:
    """What was no pass and is one now, or None."""
    was = outcomes(before)
    for key, outcome in outcomes(after).items():
        if outcome == "pass" and was.get(key, "pass") != "pass":
            return f"{key} was {was[key]} and passes"
    if after.result == "pass" and before.result != "pass":
        return f"the run was {before.result} and passes"
    return None


def spoilt_graph(graph: Graph, document: Any, path: spoiling.Path) -> Graph:
    """The graph of a document in which one place was spoilt; what was not touched is taken over, to save time."""
    inside = path[0] == "observations"
    touched = {key: value for key, value in document["observations"].items() if key not in graph.observations}
    part = graph_from_document({**document, "observations": touched}, source="spoilt")
    kept = {key: value for key, value in graph.observations.items() if not inside or key != path[1]}
    return replace(part, observations={**kept, **part.observations})


def relevant(name: str) -> Iterator[spoiling.Path]:
    """Every place that the control of a bad graph could look at: subjects, relations, observations, its evidence.

    Evidence is gone through at any depth: all of it in the first bad graph of a control, in its others only what
    differs from the good graph.
    """
    graph, control = BAD[name]
    document, types = graph.to_document(), POLICIES.controls[control].types
    first = name == next(key for key, (_, of) in BAD.items() if of == control)
    yield from spoiling.paths(document["relations"], ("relations",))
    yield from (path for path in spoiling.paths(document["subjects"], ("subjects",)) if len(path) > 2)
    for key, content in document["observations"].items():
        yield ("observations", key)
        if content["type"] in types and (first or key not in GOOD.observations):
            yield from spoiling.paths(content, ("observations", key))


def is_list_item(path: spoiling.Path) -> bool:
    """True for a place in a list: no field has gone when it goes."""
    return isinstance(path[-1], int) and path[0] == "observations"


@pytest.mark.parametrize("name", BAD)
def test_no_single_drop_makes_a_pass(name: str) -> None:
    """Promise 3, exhaustively: every field, observation and relation, one at a time."""
    graph, control = BAD[name]
    document, before = graph.to_document(), assessed(graph, control)
    passed = {}
    for path in relevant(name):
        if is_list_item(path):
            continue
        try:
            spoilt = spoilt_graph(graph, spoiling.dropped(document, path), path)
        except EvidenceError:
            continue
        if found := better(before, assessed(spoilt, control)):
            passed[path] = found
    assert not passed


def test_these_tests_see_a_policy_that_breaks_the_promise() -> None:
    """A control that takes a missing field for a good one is found out by one of the drops."""
    leaky = RULES.replace("result.bad == false", "result; not input.observations[obs].result.bad")
    seen = graph_of(observation(result={"bad": True}))
    before, document = assess(seen, tiny(module(leaky))), seen.to_document()
    places = [path for path in spoiling.paths(document["observations"], ("observations",)) if path[-1] == "bad"]
    spoilt = spoilt_graph(seen, spoiling.dropped(document, places[0]), places[0])
    assert better(before, assess(spoilt, tiny(module(leaky)))) == "('TINY-01', 'model:net') was fail and passes"


PLACES = {name: tuple(path for path in spoiling.paths(graph.to_document()) if path[0] not in ("schema", "pipeline")
                      and not (path[0] == "subjects" and len(path) < 3) and len(path) > 1)
          for name, (graph, _) in BAD.items()}  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, Any]:
    """The name of a bad graph, and its document spoilt in one to three places."""
    name = draw(st.sampled_from(sorted(BAD)))
    document = BAD[name][0].to_document()
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(PLACES[name]))
        how = draw(st.sampled_from(("drop", "rename", "corrupt")))
        try:
            if how == "corrupt":
                document = spoiling.corrupted(document, path, draw(st.sampled_from(spoiling.JUNK)))
            elif how == "rename":
                document = spoiling.renamed(document, path)
            elif not is_list_item(path):
                document = spoiling.dropped(document, path)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # an earlier change took that place away
    return name, document


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(spoilt())
def test_no_damage_makes_a_pass(case: tuple[str, Any]) -> None:
    """Promise 3, at random: fields dropped, renamed and corrupted, several at a time, over the whole graph."""
    name, document = case
    try:
        graph = graph_from_document(document, source="spoilt")
    except EvidenceError:
        return
    assert better(_before(name), assessed(graph)) is None


@cache
def _before(name: str) -> Assessment:
    return assessed(BAD[name][0])
