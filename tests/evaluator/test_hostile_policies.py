"""Policies that loop, allocate, nest or talk without bound, on the embedded engine: an error of theirs alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from children_case import children
from policy_case import APPLIES, PROOF, RULES, assess, codes, graph, module, observation, only, policies

from probatum.evaluator.engines.base import RULES as NAMES
from probatum.evaluator.engines.base import Batch, RuleResult
from probatum.evaluator.engines.limits import Limits
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.engines.select import engine_named
from probatum.evaluator.policies import PolicySet

LIMITS = Limits(seconds=1.5, memory_mib=128)
SLOW = "count([1 | some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j == -1])"
GROWS = "count(numbers.range(1, 50000000))"
TENFOLD = "\n".join(f"d{n} := concat({chr(34) * 2}, [d{n - 1} | some _ in numbers.range(1, 10)])" for n in range(1, 9))
DEEP = "[\n" * 40_000 + "]\n" * 40_000
FINDING = '{"subject": sprintf("model:%d", [i]), "message": "m", "evidence": []}'


def chain(length: int) -> str:
    """Rules that need one another in a row."""
    return "c0 := 1\n" + "\n".join(f"c{n} := c{n - 1} + 1" for n in range(1, length))


HOSTILE = {
    "a loop in a loop": (f"deny contains 1 if {SLOW} == 1\n", "longer than 1"),
    "a loop in applies": (f"applies contains 1 if {SLOW} == 1\n", "longer than 1"),
    "an index of indexes": (f"deny contains 1 if input{'[1]' * 3000}\n", "longer than 1"),
    "a long list": (f"deny contains 1 if {GROWS} == 1\n", "more than 128 MiB"),
    "a string that grows": (f'd0 := "{"a" * 500}"\n{TENFOLD}\ndeny contains 1 if d8 == ""\n', "more than 128 MiB"),
    "millions of findings": (
        f"deny contains {FINDING} if {{ some i in numbers.range(1, 3000000) }}\n",
        ("more than 128 MiB", "longer than 1"),
    ),
    "lists in lists": (f"deny contains {DEEP}\n", "nests too deeply"),
    "lists in lists on a line": (f"deny contains {'[' * 4000}{']' * 4000}\n", "longer than 1"),
    "a row of signs": (f"deny contains {'-' * 9000}1\n", "nests too deeply"),
    "calls in calls": ("deny contains " + "abs(\n" * 40_000 + "1" + ")\n" * 40_000, "nests too deeply"),
    "a long sum": ("deny contains " + "1 +\n" * 90_000 + "1\n", "nests too deeply"),
    "a chain of rules": (f"{chain(20_000)}\ndeny contains c19999\n", ("nests too deeply", "longer than 1")),
    "quantifiers in quantifiers": (
        f"deny contains 1 if {''.join(f'every v{n} in [1] {{' + chr(10) for n in range(2000))}true{'}' * 2000}\n",
        ("longer than 1", "nests too deeply"),
    ),
    "parentheses": (f"deny contains {'(' * 4000}1{')' * 4000}\n", "nesting too deep"),
    "a value that nests": (
        "nest(x) := [[[[[x]]]]]\nl0 := 1\n"
        + "\n".join(f"l{n} := nest(nest(nest(nest(l{n - 1}))))" for n in range(1, 61))
        + "\ndeny contains l60\n",
        ("nest", "recursion"),
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_policy_harms_itself_alone(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    rules, words = HOSTILE[name]
    before = children()
    by = policies(module(id="TINY-01"), module(APPLIES + PROOF + rules, id="TINY-02"), module(id="TINY-03"))
    found = assess(graph(observation()), by, engine=Regorus(limits=LIMITS))
    assert [only(found, key)["outcome"] for key in by.controls] == ["pass", "inconclusive", "pass"]
    error = found.document["controls"][1]["error"]
    assert any(word in error for word in ([words] if isinstance(words, str) else words)), error
    assert "\n" not in error
    assert len(error) < 1000
    assert found.result == "inconclusive"
    assert capfd.readouterr() == ("", "")
    assert children() <= before


def test_a_hostile_library_is_an_error_of_those_who_use_it() -> None:
    uses = APPLIES + PROOF + "deny contains 1 if data.tiny.lib.f(1)\n"
    deep = f"package tiny.lib\n\nf(x) if x == {DEEP}\n"
    found = assess(graph(observation()), policies(module(uses), module(id="TINY-02"), lib__lib=deep))
    assert [item["outcome"] for item in found.document["controls"]] == ["inconclusive", "pass"]
    assert (
        "lib/lib.rego: it nests too deeply for the embedded engine when it is parsed and checked: lists in lists"
        in found.document["controls"][0]["error"]
    )


def test_a_library_that_loops_costs_only_those_who_call_it() -> None:
    slow = f"package tiny.lib\n\nimport rego.v1\n\nf(x) := {SLOW}\n"
    uses = APPLIES + PROOF + "deny contains 1 if data.tiny.lib.f(1) == 1\n"
    by = policies(module(uses), module(id="TINY-02"), module(uses, id="TINY-03"), lib__lib=slow)
    found = assess(graph(observation()), by, engine=engine_named("regorus", limits=LIMITS))
    assert [item["outcome"] for item in found.document["controls"]] == ["inconclusive", "pass", "inconclusive"]


def test_bad_news_of_others_is_kept() -> None:
    by = policies(module(), module(APPLIES + PROOF + f"deny contains 1 if {GROWS} == 1\n", id="TINY-02"))
    found = assess(graph(observation(result={"bad": True})), by, engine=Regorus(limits=LIMITS))
    assert (found.result, codes(found)) == ("fail", ["nothing_passed"])
    assert only(found)["findings"][0]["message"] == "bad"


def test_an_engine_decides_the_same_again_and_after_it_was_closed() -> None:
    """The second run parses in this process what the first run's child has parsed, but never what killed a child."""
    deep = module(APPLIES + PROOF + f"deny contains {DEEP}\n", id="TINY-02")
    for by, outcomes in ((policies(), ["pass"]), (policies(module(), deep), ["pass", "inconclusive"])):
        engine, documents = Regorus(limits=LIMITS), []
        for _ in range(4):
            documents.append(assess(graph(observation()), by, engine=engine).document)
            assert [item["outcome"] for item in documents[-1]["controls"]] == outcomes
        engine.close()
        documents.append(assess(graph(observation()), by, engine=engine).document)
        assert all(document == documents[0] for document in documents)


BROKEN: Mapping[str, Sequence[str]] = {
    "nothing": (),
    "an error": (module(APPLIES + PROOF + 'deny contains to_number("x")\n', id="TINY-02"),),
    "syntax": (module(APPLIES + "deny contains {\n", id="TINY-02"),),
    "undefined": (module(APPLIES + PROOF + "deny := 1 if input.nothing\n", id="TINY-02"),),
    "several": (module("deny := 1 if x\n", id="TINY-02"), module("applies := $\n", id="TINY-03")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_with_and_without_limits_the_answers_are_the_same(name: str) -> None:
    by = policies(module(), *BROKEN[name])
    shared = {"ids": {"model": ["model:net"]}, "observed": {"model:net": {"scan": ["o"]}}, "observations": {}}
    documents = [{**shared, "usable": {}}, {**shared, "usable": shared["observed"]}, {"ids": {}}, {}]
    batches = [Batch(document, tuple(control.package for control in by.controls.values())) for document in documents]
    free, limited = Regorus(limits=None), Regorus()
    for _ in range(3):
        assert limited.run(by.modules, batches) == free.run(by.modules, batches)
    assert limited.run(by.modules, []) == free.run(by.modules, []) == []
    assert limited.run(by.modules, [Batch({}, ())]) == free.run(by.modules, [Batch({}, ())]) == [{}]


def test_the_built_in_policies_need_no_child_to_agree() -> None:
    by = PolicySet.built_in()
    names = tuple(control.package for control in by.controls.values())
    document = {"ids": {}, "usable": {}, "observed": {}, "observations": {}, "subjects": {}, "parameters": {}}
    with Regorus(limits=None) as free, Regorus() as limited:
        assert free.run(by.modules, [Batch(document, names)]) == limited.run(by.modules, [Batch(document, names)])


@pytest.mark.parametrize("limits", [None, LIMITS])
def test_a_policy_that_prints_prints_nowhere(limits: Limits | None, capfd: pytest.CaptureFixture[str]) -> None:
    rules = RULES + 'deny contains 1 if { print("\\u001b[31mred", input.ids); false }\n'
    found = assess(graph(observation()), policies(module(rules)), engine=Regorus(limits=limits))
    assert found.result == "pass"
    assert capfd.readouterr() == ("", "")


def test_an_input_that_the_engine_cannot_take_is_nobodys_fault() -> None:
    """Evidence is JSON, so this takes a caller's mistake."""
    from probatum.errors import EngineError

    with pytest.raises(EngineError, match="cannot work"):
        Regorus().run(policies().modules, [Batch({"ids": object()}, ("tiny.tiny_01",))])


@pytest.mark.parametrize("limits", [None, LIMITS])
def test_two_packages_that_claim_one_name_pass_nothing(limits: Limits | None) -> None:
    texts = {
        "controls/A/control.rego": "package tiny.a\n\nimport rego.v1\n\napplies := []\ndeny := []\nproof := []\n",
        "controls/B/control.rego": "package tiny\n\nimport rego.v1\n\na := 7\napplies := []\ndeny := []\nproof := []\n",
    }
    (found,) = Regorus(limits=limits).run(texts, [Batch({}, ("tiny", "tiny.a"))])
    assert set(found) == {"tiny", "tiny.a"}
    for answers in found.values():
        assert set(answers) == set(NAMES)
        assert all(isinstance(answer, RuleResult) for answer in answers.values())
