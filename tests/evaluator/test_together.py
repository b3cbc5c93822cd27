"""All controls of a batch in one query on the embedded engine: the same answers as each in a query of its own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_case import APPLIES, PROOF, RULES, assess, graph, module, observation, only, policies
from random_graphs import built_graph

from probatum.evaluator.assess import evaluate
from probatum.evaluator.checklist import load_checklist
from probatum.evaluator.engines import confined_child, regorus
from probatum.evaluator.engines.base import Batch
from probatum.evaluator.engines.limits import Limits
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.engines.regorus_inputs import Inputs
from probatum.evaluator.policies import PolicySet
from probatum.workbench import simulator

BUILT_IN = PolicySet.built_in()
CHECKLIST = load_checklist("full", BUILT_IN)
INPUT = {"ids": {"model": ["model:net"]}, "observed": {}, "usable": {}, "observations": {}}
HEAD = "import rego.v1\n\napplies contains 1\n\nproof contains 1\n\n"


def queries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the engine in this process from now on."""
    asked: list[str] = []
    query = Inputs.query

    def noted(self: Inputs, number: int, text: str) -> str:
        asked.append(text)
        return query(self, number, text)

    monkeypatch.setattr(Inputs, "query", noted)
    return asked


def apart(of: Any, by: PolicySet, **more: Any) -> Any:
    """An evaluation in which nothing is asked together: one package in each batch and in each run."""

    class Apart(Regorus):
        def run(self, modules: Any, batches: Any) -> Any:
            return [
                {name: super(Apart, self).run(modules, [Batch(batch.document, (name,))])[0][name] for name in packages}
                for batch, packages in ((batch, batch.packages) for batch in batches)
            ]

    engine = Apart(limits=None)
    return evaluate(of, policies=by, checklist=CHECKLIST, now=simulator.NOW, engine=engine, **more).document


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_the_built_in_controls_are_decided_as_each_alone(seed: int) -> None:
    found, more = built_graph(seed), {"parameters": simulator.parameters()} if seed % 2 else {}
    together = evaluate(
        found, policies=BUILT_IN, checklist=CHECKLIST, now=simulator.NOW, engine=Regorus(limits=None), **more
    )
    assert together.document == apart(found, BUILT_IN, **more)


def test_one_query_is_asked_for_each_limit_of_usability(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = "{min_tier: {default: attested}}"
    by = policies(module(), module(id="TINY-02"), module(id="TINY-03", parameters=strict))
    asked = queries(monkeypatch)
    found = assess(graph(observation()), by, engine=Regorus(limits=None))
    assert [item["outcome"] for item in found.document["controls"]] == ["pass", "pass", "inconclusive"]
    assert len(asked) == 2


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param('deny contains to_number("x")\n', id="error"),
        pytest.param("deny := 1 if input.nothing\n", id="undefined"),
        pytest.param("", id="missing"),
        pytest.param("deny contains {\n", id="syntax"),
        pytest.param("deny := {1, 2} if true\ndeny := {3} if true\n", id="contradiction"),
        pytest.param(f"deny := {'9' * 5000}\n", id="a number that nobody reads"),
    ],
)
@pytest.mark.parametrize("limits", [None, Limits()])
def test_a_control_that_fails_takes_no_other_with_it(rules: str, limits: Limits | None) -> None:
    by = policies(module(), module(APPLIES + PROOF + rules, id="TINY-02"), module(id="TINY-03"))
    with Regorus(limits=limits) as engine:
        for _ in range(2):
            found = assess(graph(observation()), by, engine=engine)
            assert [item["outcome"] for item in found.document["controls"]] == ["pass", "inconclusive", "pass"]
            errors = [item["error"] for item in found.document["controls"]]
            assert (errors[0], errors[2]) == (None, None)
            assert errors[1]


def test_bad_news_is_told_beside_a_control_that_fails() -> None:
    by = policies(module(), module(APPLIES + PROOF + 'deny contains to_number("x")\n', id="TINY-02"))
    found = assess(graph(observation(result={"bad": True})), by)
    assert only(found)["findings"][0]["message"] == "bad"
    assert found.result == "fail"


def test_time_that_all_take_together_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together they have next to no time; each alone has all of its own, none of it halved for that."""
    monkeypatch.setattr(regorus, "_TOGETHER_SHARE", 1e6)
    by = policies(module(), module(id="TINY-02"))
    found = assess(graph(observation()), by, engine=Regorus(limits=Limits(seconds=5)))
    assert [(item["outcome"], item["error"]) for item in found.document["controls"]] == [("pass", None)] * 2


def test_an_answer_that_is_too_long_together_is_not_so_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    by = policies(*(module(id=f"TINY-{number:02}") for number in range(1, 7)))
    monkeypatch.setattr(confined_child, "MAX_ANSWER_BYTES", 1000)
    found = assess(graph(observation()), by)
    assert [(item["outcome"], item["error"]) for item in found.document["controls"]] == [("pass", None)] * 6
    monkeypatch.setattr(confined_child, "MAX_ANSWER_BYTES", 100)
    found = assess(graph(observation()), by)
    assert all("longer than" in item["error"] for item in found.document["controls"])


def test_a_rule_that_hides_a_package_does_so_for_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked in one query, the second control would lose what it imports, and with it its finding, without a word."""
    hides = "deny contains 1 if lib == 2\n\nlib := 7\n"
    texts = {
        "controls/A/control.rego": f"package tiny\n\n{HEAD}{hides}",
        "controls/B/control.rego": f"package other\n\n{HEAD}deny contains 1 if data.tiny.lib.bad\n",
        "lib/lib.rego": "package tiny.lib\n\nimport rego.v1\n\nbad := true\n",
    }
    asked = queries(monkeypatch)
    batch = Batch(INPUT, ("tiny", "other"))
    (found,) = Regorus(limits=None).run(texts, [batch])
    assert len(asked) == 2
    assert found["other"]["deny"].value == [1]
    monkeypatch.setattr("probatum.evaluator.engines.regorus_modules.Parsed.disjoint", True)
    (wrong,) = Regorus(limits=None).run(texts, [batch])
    assert wrong["other"]["deny"].value == []


@pytest.mark.parametrize(
    ("packages", "disjoint"),
    [
        (("a", "b"), True),
        (("a.b", "a.c"), True),
        (("a", "ab", "a_b"), True),
        (("a", "a.b"), False),
        (("a.b.c", "x", "a.b", "z"), False),
        (('a["b.c"]', "a.d"), True),
        (('a["b"].c', 'a["b"]'), False),
    ],
)
def test_packages_inside_one_another_are_seen(packages: tuple[str, ...], disjoint: bool) -> None:
    texts = {f"lib/{number}.rego": f"package {name}\n\nx := 1\n" for number, name in enumerate(packages)}
    parsed = regorus.Parsed(texts, ())
    parsed.read(0)
    assert parsed.disjoint is disjoint


def test_rules_that_replace_their_input_or_others_leave_the_next_control_alone() -> None:
    """``with`` ends with its condition, also between controls that are asked in one query."""
    replaces = 'deny contains 1 if { count(data.tiny.tiny_01.applies) == 7 with input as {"ids": {"model": []}} }\n'
    mocks = "deny contains 1 if { data.tiny.lib.f(1) == 3 with data.tiny.lib.two as 9 }\n"
    uses = 'deny contains {"subject": "model:net", "message": "lost", "evidence": []} if data.tiny.lib.f(1) != 3\n'
    texts = (RULES + replaces, APPLIES + PROOF + mocks, APPLIES + PROOF + uses, RULES)
    lib = "package tiny.lib\n\nimport rego.v1\n\ntwo := 2\n\nf(x) := x + two\n"
    by = policies(*(module(text, id=f"TINY-{number:02}") for number, text in enumerate(texts, start=1)), lib__lib=lib)
    found = assess(graph(observation()), by)
    assert [(item["outcome"], item["error"]) for item in found.document["controls"]] == [("pass", None)] * 4
