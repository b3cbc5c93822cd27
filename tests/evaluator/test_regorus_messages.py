"""What the embedded engine says reaches a user on one line, with the place and with the other engine if that helps."""

from __future__ import annotations

import pytest
from policy_case import APPLIES, PROOF, assess, graph, module, observation, policies

from probatum.evaluator.engines.regorus_messages import characters, plain
from probatum.evaluator.engines.regorus_modules import new_engine

HEAD = "package a\n\nimport rego.v1\n\n"

SAID = {
    'x := crypto.x509.parse_certificates("x")': "5:36: crypto.x509.parse_certificates is unknown to the embedded"
    " engine; use --engine opa",
    "x := rego.metadata.rule()": "5:24: rego.metadata.rule is unknown to the embedded engine; use --engine opa",
    'x := io.jwt.decode("a.b.c")': "5:19: io.jwt.decode is unknown to the embedded engine; use --engine opa",
    "x := nope(1)": "5:10: the embedded engine knows no function nope",
    'x := starswith("a", "b")': "5:15: the embedded engine knows no function starswith; did you mean startswith?",
    "x := data.nope.f(1)": "5:17: the embedded engine knows no function data.nope.f",
    "x if {\n\tinput.a ==\n}": "7:1: expecting expression",
    'x := ["é€😀", y ==]': "5:18: expecting expression",
    "x if {\n\ty := (\n\t]\n}": "6:4: expecting `}` while parsing set",
    "x := y": "5:6: var y is unsafe",
    "x if { y == 1 }": "5:8: use of undefined variable `y` is unsafe",
    "x := 1e400": "5:6: invalid number. serde_json cannot parse number: out of range; write a number that a double can "
    "hold, or use --engine opa",
    'x := "\\ud83d"': "or use --engine opa",
    "x := " + "(" * 40 + "1" + ")" * 40: "5:38: expression nesting too deep (>32); name parts of it, or use --engine",
    f'x := "{"a" * 12_000}"': "line exceeds maximum column width of 10000; break the line, or use --engine opa",
    'x := sprintf("%05.2f", [1.5])': "use %v or %d, or use --engine opa",
    "y := x\n\nx := y": "7:1: recursion detected when evaluating rule: a.rego:7:1 depends on: a.rego:5:1 depends on:",
    "x := 1 if true\n\nx := 2 if true": "7:1: rule conflicts with rule at a.rego:5:1",
    "x if { y := 1; y := 2 }": "5:8: var `y` used before definition below. a.rego:5:16 definition:",
    "x := 1 { true }": "5:8: `if` keyword is required before rule body",
    'x := $"a {input.b}"': "5:6: invalid character",
    "é := 1": "5:1: invalid character",
    "x := 1/0": "5:7: divide by zero",
}


@pytest.mark.parametrize("rules", SAID)
def test_the_place_and_the_reason_on_one_line(rules: str) -> None:
    engine = new_engine()
    with pytest.raises(RuntimeError) as caught:  # noqa: PT012 - where it is raised differs, what is said does not
        engine.add_policy("a.rego", HEAD + rules)
        engine.eval_query("true")
        engine.eval_rule_as_json("data.a.x")
    text = plain(caught.value)
    assert text.startswith("a.rego:")
    assert SAID[rules] in text
    assert "\n" not in text
    assert "backtrace" not in text


def test_a_path_with_a_blank_and_a_message_without_a_place() -> None:
    excerpt = (
        "\n--> my policies/a.rego:1:9\n  |\n1 | package $\n  |         ^\nerror: no package\n\nStack backtrace:\n  0: x"
    )
    assert plain(RuntimeError(excerpt)) == "my policies/a.rego:1:9: no package"
    assert plain(RuntimeError("not a valid\n rule path")) == "not a valid rule path"
    assert plain(RuntimeError("")) == ""


@pytest.mark.parametrize(
    ("line", "column", "found"),
    [("abc", 2, 2), ("é€x", 6, 3), ("é", 2, 2), ("", 1, 1), ("a", 9, 2), ("\t\tx", 9, 3), ("\té]", 7, 3)],
)
def test_columns_count_characters(line: str, column: int, found: int) -> None:
    assert characters(line, column) == found


def test_a_syntax_error_is_one_line_of_the_assessment() -> None:
    found = assess(
        graph(observation()), policies(module(APPLIES + PROOF + 'deny contains "é" if {\n\tinput.a ==\n}\n'))
    )
    error = found.document["controls"][0]["error"]
    assert error == "controls/TINY-01/control.rego:24:1: expecting expression"
