"""What rules return instead of findings, many of them, deep ones, long ones: errors of the policy, told briefly."""

from __future__ import annotations

from typing import Any

import pytest
from policy_case import APPLIES, DENY, PROOF, assess, graph, module, observation, only, policies

from probatum.evaluator.decisions import read_decisions
from probatum.evaluator.engines.base import RuleResult

ALLOWED = frozenset({"model:net"})


def decide(**values: Any):
    """What is made of the values of rules."""
    given = {"applies": ["model:net"], "deny": [], "proof": [], **values}
    return read_decisions({rule: RuleResult(value) for rule, value in given.items()}, ALLOWED)


ODD = {
    "a string": 'deny := "bad"',
    "an object": 'deny := {"subject": "model:net"}',
    "an object of findings": 'deny[id] := "bad" if some id in applies',
    "a number": "deny := 7",
    "true": "deny if true",
    "null": "deny := null",
    "strings": 'deny contains "bad" if true',
    "numbers": "deny contains 7 if true",
    "sets in the set": 'deny contains {"bad"} if true',
    "a list of findings in the set": 'deny contains [{"subject": "model:net", "message": "m", "evidence": []}] if true',
    "no message": 'deny contains {"subject": "model:net", "evidence": []} if true',
    "an empty message": 'deny contains {"subject": "model:net", "message": " ", "evidence": []} if true',
    "a message that is a list": 'deny contains {"subject": "model:net", "message": ["m"], "evidence": []} if true',
    "evidence that is a string": 'deny contains {"subject": "model:net", "message": "m", "evidence": "obs"} if true',
    "evidence that is no id": 'deny contains {"subject": "model:net", "message": "m", "evidence": [1]} if true',
    "another's subject": 'deny contains {"subject": "model:other", "message": "m", "evidence": []} if true',
    "a subject that is a list": 'deny contains {"subject": ["model:net"], "message": "m", "evidence": []} if true',
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_finding_is_an_error_and_never_a_pass(name: str) -> None:
    found = assess(graph(observation()), policies(module(APPLIES + PROOF + ODD[name] + "\n"), module(id="TINY-02")))
    assert only(found)["outcome"] == "inconclusive"
    assert "deny" in found.document["controls"][0]["error"]
    assert only(found, "TINY-02")["outcome"] == "pass"


@pytest.mark.parametrize("name", ["a list", "a set of evidence"])
def test_lists_where_sets_are_written_and_the_other_way_round_are_taken(name: str) -> None:
    listed = APPLIES + PROOF + 'deny := [{"subject": "model:net", "message": "m", "evidence": []}]\n'
    sets = APPLIES + PROOF + DENY.replace("[obs]", "{obs}", 1)
    found = assess(graph(observation(result={"bad": True})), policies(module(listed if name == "a list" else sets)))
    assert only(found)["outcome"] == "fail"


def test_errors_without_number_are_told_with_their_number() -> None:
    found = decide(deny=list(range(5000)))
    assert len(found.errors) == 21
    assert found.errors[-1] == "and 4980 more"
    assert len(decide(deny=[7] * 5000).errors) == 1
    assert len(decide(deny=list(range(20))).errors) == 20


def test_a_value_that_nests_is_told_in_words() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for field in ("applies", "deny", "proof"):
        (error,) = decide(**{field: [deep]}).errors
        assert "nests too deeply" in error
    finding = {"subject": "model:net", "message": "m", "evidence": [], "remediation": deep}
    assert "nests too deeply" in decide(deny=[finding]).errors[0]


def test_a_long_value_is_cut() -> None:
    (error,) = decide(deny=["x" * 1_000_000]).errors
    assert len(error) < 250
