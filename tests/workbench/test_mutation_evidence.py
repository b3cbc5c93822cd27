"""Inputs: found in tests, judged as the evaluator does, and spoilt one place at a time."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from mutation_case import STRONG
from policy_case import APPLIES, PROOF, RULES, module

from probatum.evaluator.engines.regorus import new_engine
from probatum.evaluator.rego.syntax import parse
from probatum.workbench.mutation.bench import Bench
from probatum.workbench.mutation.inputs import collecting_rules
from probatum.workbench.mutation.judging import Judged, improved
from probatum.workbench.mutation.meanings import Meanings
from probatum.workbench.mutation.spoils import JUNK, spoilt

TINY = Judged("tiny.tiny_01", ("model",), (("scan",),))


def world(result: Any) -> dict[str, Any]:
    """An input with one model and one scan of it."""
    return {
        "ids": {"model": ["model:x"]},
        "subjects": {"model:x": {"kind": "model", "digest": {"sha256": "a"}}},
        "observations": {"obs:1": {"type": "scan", "subject": "model:x", "result": result}},
        "observed": {"model:x": {"scan": ["obs:1"]}},
        "usable": {"model:x": {"scan": ["obs:1"]}},
        "out": {"model:x": {"trained_on": ["dataset:y"]}},
        "in": {"dataset:y": {"trained_on": ["model:x"]}},
    }


def done(document: dict[str, Any], *passing: dict[str, Any]) -> dict[str, Any]:
    """Every way in which an input is spoilt, with what comes of it."""
    before = copy.deepcopy(document)
    found = dict(spoilt(document, Meanings(passing)))
    assert document == before
    return found


def test_every_field_at_every_depth_is_removed_and_corrupted() -> None:
    found = done(world({"files": [{"clean": True}], "count": 1}))
    fields = ("", "/files", "/files/0", "/files/0/clean", "/count")
    for field in fields:
        path = f"observations/obs:1/result{field}"
        assert (f"{path} removed" in found) == (field != "/files/0")  # no field goes with the item of a list
        assert all(f"{path} is {junk!r}" in found for junk in JUNK)
    assert found["observations/obs:1/result/files/0/clean removed"]["observations"]["obs:1"]["result"] == {
        "files": [{}],
        "count": 1,
    }
    assert found["subjects/model:x/digest/sha256 is None"]["subjects"]["model:x"]["digest"] == {"sha256": None}
    assert "subjects/model:x/digest removed" in found


def test_observations_and_relations_go_from_every_index() -> None:
    found = done(world({}))
    gone = found["observations/obs:1 removed"]
    assert gone["observations"] == {}
    assert gone["observed"] == gone["usable"] == {"model:x": {}}
    unusable = found["observations/obs:1 not usable"]
    assert unusable["usable"] == {"model:x": {}}
    assert unusable["observed"] == {"model:x": {"scan": ["obs:1"]}}
    alone = found["relation model:x trained_on dataset:y removed"]
    assert alone["out"] == {"model:x": {}}
    assert alone["in"] == {"dataset:y": {}}


def test_a_list_without_its_members_is_no_damage() -> None:
    found = done(world({"list": ["x"], "object": {"a": 1}, "number": 1}))
    path = "observations/obs:1/result"
    assert f"{path}/list is {{}}" in found
    assert f"{path}/list is []" not in found
    assert f"{path}/object is []" in found
    assert f"{path}/object is {{}}" not in found
    assert f"{path}/number is []" not in found


def test_what_a_passing_input_says_is_no_damage() -> None:
    passing = world({"list": [{"name": "a", "score": -0.5, "count": 3}], "note": None, "text": ""})
    bad = world({"list": [{"name": 1, "score": 7, "count": 9}, {"name": "b"}], "note": "x", "text": "y"})
    found = done(bad, passing)
    path = "observations/obs:1/result"
    for meant in ("list/0/name is 'corrupt'", "list/1/name is 'corrupt'", "list/0/score is -1", "note is None"):
        assert f"{path}/{meant}" not in found
    assert f"{path}/text is ''" not in found
    for damage in ("list/0/name is ''", "list/0/count is -1", "list/0/score is 'corrupt'", "note is ''"):
        assert f"{path}/{damage}" in found
    assert f"{path}/note removed" in found


def test_only_what_no_passing_input_has_need_be_corrupted() -> None:
    bad = world({"list": [{"name": "a", "count": 3}, {"name": 1, "count": 3}], "note": None})
    meanings = Meanings([world({"list": [{"name": "a", "count": 3}], "note": None})])
    found = dict(spoilt(bad, meanings, thorough=False))
    path = "observations/obs:1/result"
    assert {f"{path}/note removed", f"{path}/list/0/name removed", f"{path}/list removed"} <= set(found)
    assert {f"{path}/list/1/name is ''", f"{path}/list/1 is None", f"{path}/list is None"} <= set(found)
    assert not {f"{path}/note is ''", f"{path}/list/0/name is ''", f"{path}/list/1/count is ''"} & set(found)


def test_meanings_are_of_one_kind_of_evidence() -> None:
    other = world({"name": "a"})
    other["observations"]["obs:1"]["type"] = "other"
    assert "observations/obs:1/result/name is 'corrupt'" in done(world({"name": 1}), other)


def engine(rules: str = RULES) -> Any:
    made = new_engine()
    made.add_policy("control", module(rules))
    return made


def without(document: dict[str, Any], index: str) -> dict[str, Any]:
    return {**document, index: {}}


UNDECLARED = world({"bad": False})
UNDECLARED["observations"]["obs:1"]["type"] = "other"
FOREIGN = PROOF.replace('"evidence": [obs]', '"evidence": ["obs:9"]')
UNCITED = PROOF.replace('"evidence": [obs]', '"evidence": []')


@pytest.mark.parametrize(
    ("rules", "document", "outcome"),
    [
        (RULES, world({"bad": False}), "pass"),
        (RULES, world({"bad": True}), "fail"),
        (RULES, without(world({"bad": True}), "usable"), "fail"),
        (RULES, without(world({"bad": False}), "usable"), "inconclusive"),
        (RULES, world({}), "inconclusive"),
        (RULES.replace(PROOF, FOREIGN), world({"bad": False}), "inconclusive"),
        (RULES.replace(PROOF, UNCITED), world({"bad": False}), "inconclusive"),
        (RULES + '\ndeny contains {"subject": "model:x"} if true\n', world({"bad": False}), "inconclusive"),
        (APPLIES + PROOF + "deny := 1 if false\n", world({"bad": False}), "inconclusive"),
        (RULES + 'deny contains x if x := to_number("x")\n', world({"bad": False}), "inconclusive"),
    ],
)
def test_outcomes_are_those_of_the_evaluator(rules: str, document: dict[str, Any], outcome: str) -> None:
    assert TINY.outcomes(engine(rules), document) == {"model:x": outcome}


def test_a_proof_of_another_type_is_none() -> None:
    found = Judged("tiny.tiny_01", ("model",), (("audit",),)).outcomes(engine(), world({"bad": False}))
    assert found == {"model:x": "inconclusive"}
    both = Judged("tiny.tiny_01", ("model",), (("scan",), ("audit",))).outcomes(engine(), world({"bad": False}))
    assert both == {"model:x": "inconclusive"}


def test_an_improvement_is_a_pass_that_was_none() -> None:
    before = {"a": "fail", "b": "inconclusive", "c": "pass", "d": "fail"}
    after = {"a": "pass", "b": "pass", "c": "fail", "d": "inconclusive", "new": "pass"}
    assert improved(before, after) == ["a", "b"]


TABLE = """package t_test

import rego.v1

cases := {"a": {"n": 1}, "b": {"n": 2}}

test_table if {
	some name, case in cases
	made := object.union(case, {"name": name})
	data.t.p == case.n with input as made with data.x as 1
}

test_every if { every case in cases { not data.t.q with input as {"of": case.n} } }

test_twice if data.t.p == 1 with input as {"n": 1}

test_again if data.t.p == 1 with input as {"n": 1}

test_other_data if data.t.p with data.y as {"n": 1}

helper(x) if data.t.p with input as {"x": x}
"""


def test_inputs_are_collected_with_what_binds_their_variables() -> None:
    text = parse("t_test.rego", TABLE)
    rules = collecting_rules(text)
    assert [rule.where for rule in rules] == ["t_test.rego:10", "t_test.rego:13", "t_test.rego:15", "t_test.rego:21"]
    bench = Bench({"t_test.rego": TABLE}, ())
    found = [bench.collected(text.path, f"{TABLE}\n{rule.text}", f"{text.package}.{rule.name}") for rule in rules]
    assert found == [[{"n": 1, "name": "a"}, {"n": 2, "name": "b"}], [{"of": 1}, {"of": 2}], [{"n": 1}], None]


def test_a_bench_without_a_control_judges_nothing() -> None:
    bench = Bench({}, ())
    assert bench.outcomes(world({})) == {}
    assert bench.improvements(world({}), Meanings()) == (0, [])


def test_a_test_that_fails_says_why() -> None:
    bench = Bench({"a": STRONG, "c": module(RULES)}, ("tiny.tiny_01_test.test_good", "tiny.tiny_01_test.no_such"))
    first, second = bench.failures()
    assert first.startswith("tiny.tiny_01_test.test_good: ")  # the library is not there
    assert second.startswith("tiny.tiny_01_test.no_such: ")
