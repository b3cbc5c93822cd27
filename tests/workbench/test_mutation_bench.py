"""One mutant, one spoilt input, one task: in this process, where nothing is hidden by a child."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mutation_case import STRONG, pack
from policy_case import RULES, module

from probatum.errors import EngineError
from probatum.evaluator.engines.confined import Excess
from probatum.evaluator.engines.limits import Limits
from probatum.evaluator.policies import PolicySet
from probatum.evaluator.rego.syntax import parse
from probatum.workbench.mutation.bench import NOTICED, REFUSED, SURVIVED, Bench
from probatum.workbench.mutation.graphs import simulated
from probatum.workbench.mutation.inputs import collecting_rules
from probatum.workbench.mutation.meanings import Meanings
from probatum.workbench.mutation.plan import Plan
from probatum.workbench.mutation.work import work_off

CONTROL = "controls/TINY-01/control.rego"


def bench(folder: Path, rules: str = RULES, tests: str = STRONG) -> Bench:
    return Plan.read(pack(folder, rules, tests)).benches["TINY-01"]


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        (RULES, SURVIVED),
        (RULES + "\nother if 1 == 2\n", SURVIVED),
        (RULES.replace("bad == false", "bad != false"), NOTICED),
        (RULES.replace("bad == false", "worse == to_number(`x`)"), NOTICED),
        (RULES.replace("some id in applies", "some id in"), REFUSED),
        (RULES.replace("if some id in input.ids.model", "if true"), REFUSED),
        (RULES.replace("bad == false", "bad == false\n\tno.such(1)"), NOTICED),
        ("", NOTICED),
    ],
)
def test_verdicts(tmp_path: Path, rules: str, verdict: str) -> None:
    tried = bench(tmp_path)
    assert tried.failures() == []
    assert tried.verdict(CONTROL, module(rules)) == verdict
    assert tried.verdict(CONTROL, module(RULES)) == SURVIVED  # what was tried before leaves nothing behind


def inputs_of(tried: Bench) -> list[Any]:
    path = "controls/TINY-01/control_test.rego"
    text = tried.modules[path]
    first, *_ = collecting_rules(parse(path, text))
    return tried.collected(path, f"{text}\n{first.text}", f"tiny.tiny_01_test.{first.name}") or []


def test_an_outcome_that_an_example_has_is_kept(tmp_path: Path) -> None:
    tried = bench(tmp_path)
    (good,) = inputs_of(tried)
    assert tried.outcomes(good) == {"model:x": "pass"}
    untested = Bench(tried.modules, (), tried.judged, (good,))
    assert untested.verdict(CONTROL, module(RULES.replace("bad == false", "bad == null"))) == NOTICED
    assert untested.verdict(CONTROL, module(RULES.replace("bad == true", "bad == null"))) == SURVIVED


def test_improvements_of_one_input(tmp_path: Path) -> None:
    result = "input.observations[obs].result.bad == false"
    tried = bench(tmp_path, RULES.replace(result, "not input.observations[obs].result.bad == true"))
    (good,) = inputs_of(tried)
    bad = {**good, "observations": {"obs:scan": {**good["observations"]["obs:scan"], "result": {"bad": True}}}}
    made, found = tried.improvements(bad, Meanings([good]))
    assert made > 20
    assert ("observations/obs:scan/result/bad removed", "model:x", "fail") in found
    assert tried.improvements(good, Meanings([good]))[1] == []


def test_tasks_are_answered_in_order_whoever_does_them() -> None:
    tasks = [lambda number=number: {"number": number} for number in range(7)]
    for jobs in (1, 2, 9):
        assert work_off(tasks, jobs, Limits(5)) == [{"number": number} for number in range(7)]
    assert work_off([], 2, Limits(5)) == []


def test_a_task_that_never_ends_is_ended_and_the_others_are_done() -> None:
    def endless() -> None:
        while True:
            pass

    first, second, third = work_off([lambda: 1, endless, lambda: 3], 1, Limits(0.3))
    assert (first, third) == (1, 3)
    assert isinstance(second, Excess)


def test_a_fault_of_ours_is_no_verdict() -> None:
    with pytest.raises(EngineError) as caught:
        work_off([lambda: 1, lambda: 1 // 0], 2, Limits(5))
    assert "ZeroDivisionError" in caught.value.why


def test_the_simulator_has_inputs_in_which_controls_do_not_pass() -> None:
    policies = PolicySet.built_in()
    control = policies.controls["MODEL-01"]
    found = dict(simulated(control, policies))
    assert found
    for name, document in found.items():
        assert name.startswith("the simulator's 'MODEL-01")
        assert document["ids"]["model"]
        assert document["parameters"]["MODEL-01"]["allowed_formats"]
        assert {item["type"] for item in document["observations"].values()} == {"model_format"}
