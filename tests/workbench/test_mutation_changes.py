"""Changes of modules: each kind at its place, and nothing but it."""

from __future__ import annotations

import pytest

from probatum.errors import PolicyError
from probatum.evaluator.policies import PolicySet
from probatum.evaluator.rego.syntax import parse
from probatum.workbench.mutation.change import Change
from probatum.workbench.mutation.explained import check_used, explanations
from probatum.workbench.mutation.operators import HINTS, changes

HEAD = "package t\n\nimport rego.v1\n\n"


def made(rules: str, operator: str) -> list[str]:
    """What one kind of change makes of some rules."""
    return [
        change.mutant.removeprefix(HEAD)
        for change in changes(parse("t.rego", HEAD + rules))
        if change.operator == operator
    ]


@pytest.mark.parametrize(
    ("operator", "rules", "mutants"),
    [
        ("compare", "p if 1 == 2", ["p if 1 != 2"]),
        ("compare", "p if 1 != 2", ["p if 1 == 2"]),
        ("compare", "p if input.a<input.b", ["p if input.a<=input.b", "p if input.a>=input.b"]),
        ("compare", "p if input.a <= 2", ["p if input.a < 2", "p if input.a > 2"]),
        ("compare", "p if input.a > 2", ["p if input.a >= 2", "p if input.a <= 2"]),
        ("compare", "p if input.a >= 2", ["p if input.a > 2", "p if input.a < 2"]),
        ("compare", "p if (input.a) # > <\n  >= (input.b)", []),
        ("compare", 'p if {\n\t"é" == (input.b)\n}', ['p if {\n\t"é" != (input.b)\n}']),
        ("arithmetic", "p := (1 + 2) * 3", ["p := (1 - 2) * 3", "p := (1 + 2) / 3"]),
        ("arithmetic", "p := {1} | {2}", ["p := {1} & {2}"]),
        ("arithmetic", "p := ({1} & {2}) - {3}", ["p := ({1} | {2}) - {3}", "p := ({1} & {2}) + {3}"]),
        ("arithmetic", "p := 7 % 2", ["p := 7 * 2"]),
        ("constant", "p := 7", ["p := 8", "p := 6"]),
        ("constant", "p := -0.5", ["p := 0.5", "p := -1.5"]),
        ("constant", 'p := "a"', ['p := "ax"']),
        ("constant", 'p := ""', ['p := "x"']),
        ("constant", "p := `a$`", ["p := `a$x`"]),
        ("constant", "p := true", ["p := false"]),
        ("constant", "p := null", ["p := false"]),
        ("constant", 'p := {"k": 1}', ['p := {"kx": 1}', 'p := {"k": 2}', 'p := {"k": 0}']),
        ("usable", "p if input.usable[1].x", ["p if input.observed[1].x"]),
        ("usable", "p if input.observed", ["p if input.usable"]),
        ("usable", "p if input.ids.usable", []),
        ("drop", "p if input.a", ["p if true"]),
        ("drop", "p if {\n\tinput.a\n\tinput.b\n}", ["p if {\n\ttrue\n\tinput.b\n}", "p if {\n\tinput.a\n\ttrue\n}"]),
        ("drop", "p := [1 | input.a; true]", ["p := [1 | true; true]"]),
        ("not", "p if not input.a", ["p if input.a"]),
        ("not", "p if input.a in {1}", ["p if not input.a in {1}"]),
        ("not", "p if { x := input.a; f(x) }\n\nf(_) := 1", ["p if { x := input.a; not f(x) }\n\nf(_) := 1"]),
        ("not", "p if some x in input.a", []),
        ("quantifier", "p if every x in input.a { x }", ["p if count([1 | some x in input.a; x ]) > 0"]),
        (
            "quantifier",
            "p if {\n\tsome k, x in input.a\n\tx > k\n}",
            ["p if {\n\tevery k, x in input.a {\n\tx > k\n}\n}"],
        ),
        ("quantifier", "p := [1 | some x in input.a; x]", ["p := [1 | every x in input.a { x\n}]"]),
        ("quantifier", "p if some x in input.a", []),
        ("rule", "default p := 1\n\np := 2 if input.a", ["\n\np := 2 if input.a", "default p := 1\n\n"]),
        ("else", "p := 1 if input.a\n\nelse := 2 if input.b\n\nelse := 3", None),
    ],
)
def test_kinds_of_change(operator: str, rules: str, mutants: list[str] | None) -> None:
    found = made(rules, operator)
    if mutants is None:
        assert found == ["p := 1 if input.a\n\n\n\nelse := 3", "p := 1 if input.a\n\nelse := 2 if input.b\n\n"]
    elif "# > <" in rules:
        assert found == [rules.replace(">= (", "> ("), rules.replace(">= (", "< (")]
    else:
        assert found == mutants


def test_every_change_is_one_and_only_once() -> None:
    for path, text in PolicySet.built_in().modules.items():
        module = parse(path, text)
        found = changes(module)
        assert len({change.mutant for change in found}) == len(found)
        assert all(change.mutant != text and change.diff() for change in found)
        assert [change.line for change in found] == sorted(change.line for change in found)
        comparisons = sum(node.kind == "BoolExpr" for node in module.walk())
        assert sum(change.operator == "compare" for change in found) >= comparisons


def change_of(rules: str, operator: str) -> Change:
    return next(item for item in changes(parse("t.rego", HEAD + rules)) if item.operator == operator)


def test_a_diff_shows_what_differs_and_no_more() -> None:
    rules = "p if {\n\tinput.a\n\tevery x in input.b {\n\t\tx > 1\n\t\tx > 2\n\t}\n}\n"
    dropped = change_of(rules, "drop")
    assert (dropped.line, dropped.diff()) == (6, ("-\tinput.a", "+\ttrue"))
    quantified = change_of(rules, "quantifier").diff()
    assert quantified[0] == "-\tevery x in input.b {"
    assert not any("x > 1" in line for line in quantified)
    assert change_of("p := 1\n\nq := 2", "rule").diff() == ("-p := 1",)


def explained(comment: str) -> str:
    return f"{HEAD}p if {{\n\tinput.a > 1 {comment}\n\n\t# other words\n\tinput.b > 2\n}}\n"


def test_an_explanation_is_about_its_line_or_the_one_below() -> None:
    beside = explanations(parse("t.rego", explained("# probatum:survives compare, drop: it is so")))
    assert [(item.line, item.operators, item.reason) for item in beside] == [(6, ("compare", "drop"), "it is so")]
    above = explained("").replace("# other words", "# probatum:survives not: first\n\t# and more\n\t# of it")
    assert [(item.at, item.line) for item in explanations(parse("t.rego", above))] == [(8, 11)]
    assert explanations(parse("t.rego", explained("# survives nothing"))) == ()


@pytest.mark.parametrize(
    "comment",
    [
        "# probatum:survives",
        "# probatum:survives compare",
        "# probatum:survives compare:",
        "# probatum:survives compare:   ",
        "# probatum:survives: no operator",
        "# probatum:survives everything: no such operator",
        "# probatum:survives compare drop: no comma",
    ],
)
def test_an_explanation_that_says_too_little_is_refused(comment: str) -> None:
    with pytest.raises(PolicyError) as caught:
        explanations(parse("t.rego", explained(comment)))
    assert "t.rego:6" in caught.value.what
    assert all(name in caught.value.remedy for name in HINTS)


def test_an_explanation_of_nothing_is_refused() -> None:
    (found,) = explanations(parse("t.rego", explained("# probatum:survives compare, drop: it is so")))
    check_used([found], [("t.rego", 6, "compare"), ("t.rego", 6, "drop")])
    for survivors in ([("t.rego", 6, "compare")], [("t.rego", 7, "compare"), ("t.rego", 6, "drop")]):
        with pytest.raises(PolicyError, match="explain nothing"):
            check_used([found], survivors)
