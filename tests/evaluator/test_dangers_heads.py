"""Heads of rules that may have no value: refused where the embedded engine would lose what the rule gives."""

from __future__ import annotations

import pytest
from opa_case import needs_opa

from probatum.evaluator.engines.base import RULES, Batch
from probatum.evaluator.engines.dangers import uses
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.rego.syntax import parse

REST = """
total(x) := "some" if x.a else := "none"
partial(x) := x.a
pairs contains {"key": x} if some x in input.list
fixed := input.fixed
"""
REFUSED = [
    "deny contains x.a if some x in input.list",
    "deny contains [1, x.a] if { some x in input.list }",
    'deny contains {"message": sprintf("%v", [x.a])} if some x in input.list',
    "deny contains partial(x) if some x in input.list",
    "deny contains x.a + 1 if { x := input.list[_] }",
    "deny contains y.a if { some x in input.list; y := x }",
    "deny contains input.list[x].a if some x in [0, 1]",
    "deny[x.a] := 1 if some x in input.list",
    "deny[i] := x.a if some i, x in input.list",
    "deny := x.a if some x in input.list",
]
ACCEPTED = [
    "deny contains y if { some x in input.list; y := x.a }",
    "deny contains x.a if { some x in input.list; x.a == 1 }",
    "deny contains x if some x in input.list",
    "deny contains total(x) if some x in input.list",
    "deny contains pair.key if some pair in pairs",
    "deny contains [x, fixed] if some x in input.list",
    "deny contains [y | y := x.a] if some x in input.list",
    "deny contains input.missing.field if input.list",
    "deny contains object.get(x, `a`, 0) if some x in input.list",
    "deny[i] := y if { some i, x in input.list; y := x.a }",
    "deny := 1 if some x in input.list",
]


def text(rule: str) -> str:
    """A control with that rule."""
    empty = "applies := []\n\nproof := []\n"
    return f"package tiny.heads\n\nimport rego.v1\n\n{rule}\n{REST}\n{empty}"


@pytest.mark.parametrize("rule", REFUSED)
def test_a_head_that_may_lack_a_value_is_refused_at_its_place(rule: str) -> None:
    (found,) = uses([parse("heads.rego", text(rule))])["heads.rego"]
    assert found.name == "a head without a value"
    assert found.place.startswith("heads.rego:5:")
    assert "y := x.key" in found.message


@pytest.mark.parametrize("rule", ACCEPTED)
def test_a_head_that_has_a_value_wherever_its_body_holds_is_not(rule: str) -> None:
    assert uses([parse("heads.rego", text(rule))]) == {}


@needs_opa
def test_what_is_not_refused_is_the_same_on_both_engines() -> None:
    document = {"list": [{"a": 1}, {}, {"a": 2, "b": 3}]}
    batches = [Batch(document, ("tiny.heads",)), Batch({"list": [{}, {"a": 1}]}, ("tiny.heads",))]
    seen = 0
    with Opa() as opa, Regorus() as embedded:
        for rule in ACCEPTED:
            modules = {"controls/HEADS/control.rego": text(rule)}
            answers = [engine.run(modules, batches) for engine in (embedded, opa)]
            for ours, theirs in zip(*answers, strict=True):
                values = [{name: found["tiny.heads"][name].value for name in RULES} for found in (ours, theirs)]
                assert values[0] == values[1], rule
                seen += values[0]["deny"] not in (None, [])
    assert seen > len(ACCEPTED)
