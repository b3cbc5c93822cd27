"""Both engines against each other: every control, finding for finding, over graphs good, bad and random.

What is compared is the whole assessment. One Open Policy Agent serves all of this file, and asking it is quick, for all
controls are decided in one question.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from opa_case import needs_opa
from policy_case import RULES, module, policies
from policy_case import checklist as checklist_of
from random_graphs import built_graph, spoilt_graph

from probatum.evaluator.assess import evaluate
from probatum.evaluator.checklist import Checklist, load_checklist
from probatum.evaluator.engines.base import Engine
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.graph import Graph
from probatum.evaluator.policies import PolicySet
from probatum.workbench import simulator

GRAPHS_OF_EACH_KIND = 160
POLICIES = PolicySet.built_in()
CHECKLIST = load_checklist("full", POLICIES)
EMBEDDED = Regorus(limits=None)  # our own policies: what a child costs would be paid a thousand times
pytestmark = needs_opa


@pytest.fixture(scope="module")
def opa() -> Iterator[Engine]:
    with Opa() as engine:
        yield engine


def decided(graph: Graph, engine: Engine, by: PolicySet = POLICIES, on: Checklist = CHECKLIST, **more: Any) -> Any:
    """Everything that an evaluation says, but for the engine's own name."""
    asked = {"now": simulator.NOW, "engine_identity": {"name": "any", "version": "any"}, **more}
    return evaluate(graph, policies=by, checklist=on, engine=engine, **asked).document


def difference(graph: Graph, opa: Engine, **more: Any) -> list[Any]:
    """What the engines do not decide alike."""
    return differing(decided(graph, EMBEDDED, **more), decided(graph, opa, **more))


def differing(ours: Any, theirs: Any) -> list[Any]:
    """Id of each control that differs, and what each engine says of it; else whatever differs; nothing when equal."""
    if ours == theirs:
        return []
    pairs = zip(ours["controls"], theirs["controls"], strict=True)
    found: list[Any] = [(one["id"], one, other) for one, other in pairs if one != other]
    return found or [(ours, theirs)]


@pytest.mark.parametrize("graph", [pytest.param(graph, id=name) for name, graph, *_ in simulator.bad_graphs()])
def test_one_defect_is_decided_alike(graph: Graph, opa: Engine) -> None:
    assert difference(graph, opa, parameters=simulator.parameters()) == []


@pytest.mark.parametrize("stage", [None, "pre-commit", "training", "deployment", "monitoring"])
def test_a_good_pipeline_is_decided_alike_at_every_stage(stage: str | None, opa: Engine) -> None:
    graph = simulator.good_graph(models=3)
    assert difference(graph, opa, parameters=simulator.parameters(), stage=stage, waivers=simulator.waivers()) == []
    assert decided(graph, opa, parameters=simulator.parameters())["result"] == "pass"


CIRCUMSTANCES: tuple[dict[str, Any], ...] = (
    {},
    {"parameters": simulator.parameters()},
    {"parameters": {name: {"min_tier": "declared", "max_age_days": None} for name in POLICIES.controls}},
    {"parameters": {name: {"accept_partial": True, "max_age_days": 365} for name in list(POLICIES.controls)[::2]}},
)


def compared(make: Callable[[int], Graph], opa: Engine) -> Counter[str]:
    """Compare random graphs, and count the outcomes that they brought about."""
    graphs: set[int] = set()
    outcomes: Counter[str] = Counter()

    @settings(
        max_examples=GRAPHS_OF_EACH_KIND, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.integers(0, 2**64 - 1))
    def compare(seed: int) -> None:
        graph, more = make(seed), CIRCUMSTANCES[seed % len(CIRCUMSTANCES)]
        found = decided(graph, EMBEDDED, **more)
        assert differing(found, decided(graph, opa, **more)) == [], seed
        graphs.add(seed)
        outcomes.update(subject["outcome"] for control in found["controls"] for subject in control["subjects"])

    compare()
    assert len(graphs) >= GRAPHS_OF_EACH_KIND - 10
    return outcomes


def test_spoilt_graphs_are_decided_alike(opa: Engine) -> None:
    outcomes = compared(spoilt_graph, opa)
    assert min(outcomes[name] for name in ("pass", "fail", "inconclusive")) > 100


def test_pipelines_that_nobody_would_design_are_decided_alike(opa: Engine) -> None:
    outcomes = compared(built_graph, opa)
    assert min(outcomes[name] for name in ("pass", "fail", "inconclusive")) > 100


def test_this_sees_a_control_that_the_engines_decide_otherwise(opa: Engine) -> None:
    """Negating a call whose argument is missing: undefined for OPA, true for the embedded engine."""
    odd = RULES.replace("result.bad == false", "result; not startswith(input.observations[obs].result.x, `y`)")
    tiny = policies(module(odd.replace("scan", "model_scan"), evidence="[model_scan]"))
    graph = simulator.good_graph()
    assert [name for name, *_ in difference(graph, opa, by=tiny, on=checklist_of(tiny))] == ["TINY-01"]


FOUND = [("built_graph", 186), ("built_graph", 100065)]
"""What random graphs found: a field that is missing in the head of a rule (SUPPLY-02)."""


@pytest.mark.parametrize(("make", "seed"), FOUND)
def test_what_was_found_once_is_decided_alike(make: str, seed: int, opa: Engine) -> None:
    graph = {"built_graph": built_graph, "spoilt_graph": spoilt_graph}[make](seed)
    for more in CIRCUMSTANCES:
        assert difference(graph, opa, **more) == []


def test_random_graphs_are_had_again_from_their_number() -> None:
    seed = random.Random(7).getrandbits(64)
    for make in (spoilt_graph, built_graph):
        assert make(seed).to_document() == make(seed).to_document()
        assert make(seed).to_document() != make(seed + 1).to_document()
