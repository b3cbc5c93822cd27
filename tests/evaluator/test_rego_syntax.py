"""A module as a tree: every part at its place, whatever the text holds."""

import pytest

from probatum.errors import PolicyError
from probatum.evaluator.policies import PolicySet
from probatum.evaluator.rego.syntax import Module, Node, parse

TEXT = """package a.b

import rego.v1

import data.lib.shape as s
import data.lib.pins

default q := 3

p contains {"é": v, "b": {"c": 1, "d": 2}} if {
	some id in input.ids["model"]
	v := input.observations[id].result # ünicode "quoted"
	not s.bad(id)
	x := "ü" == pins.text
}

g[k] := 1 if some k in data.x

h.i.j := 1 if count(input.usable) > 0

f(a) := a if a else := 2
"""


def tree() -> Module:
    return parse("t.rego", TEXT)


def of_kind(kind: str) -> list[Node]:
    return [node for node in tree().walk() if node.kind == kind]


def test_what_a_module_states() -> None:
    module = tree()
    assert module.package == "a.b"
    assert [(item.path, item.name) for item in module.imports[1:]] == [
        ("data.lib.shape", "s"),
        ("data.lib.pins", "pins"),
    ]
    assert [(rule.name, rule.is_default) for rule in module.rules] == [
        ("q", True), ("p", False), ("g", False), ("h.i.j", False), ("f", False),
    ]  # fmt: skip
    assert module.resolve("s.bad") == "data.lib.shape.bad"
    assert module.resolve("pins") == "data.lib.pins"
    assert module.resolve("input.x") == "input.x"


def test_references_are_followed_step_by_step() -> None:
    paths = [node.path() for node in of_kind("RefDot")]
    assert ("input", "ids") in paths
    found = next(path for path in paths if path[0] == "input" and path[-1] == "result")
    assert found[:2] == ("input", "observations")
    assert isinstance(found[2], Node)
    assert found[2].dotted() == "id"
    assert next(node.dotted() for node in of_kind("RefBrack")) == "input.ids.model"
    assert {call.child("fcn").dotted() for call in of_kind("Call")} == {"s.bad", "count"}  # type: ignore[union-attr]
    assert of_kind("Number")[0].dotted() is None


def test_spans_are_of_the_text_also_behind_letters_of_several_bytes() -> None:
    module = tree()
    texts = [module.source(node.span) for node in module.walk()]
    assert 'x := "ü" == pins.text' in texts
    assert {"not s.bad(id)", '"ü" == pins.text', '"model"'} <= set(texts)
    assert all(module.source(rule.node.span).strip() for rule in module.rules)
    comparison = next(node for node in of_kind("BoolExpr") if node.fields["op"] == "Eq")
    assert module.where(comparison.span) == "t.rego:14:7"
    assert {module.source(node.span) for node in of_kind("Object")} == {
        '{"é": v, "b": {"c": 1, "d": 2}}',
        '{"c": 1, "d": 2}',
    }
    assert [child.kind for child in comparison.children()] == ["String", "RefDot"]
    assert [node.kind for node in comparison.below("lhs")] == ["String"]
    assert comparison.child("nothing") is None


def test_every_built_in_module_is_read_whole() -> None:
    for path, text in PolicySet.built_in().modules.items():
        module = parse(path, text)
        assert module.package.startswith("probatum.")
        for rule in module.rules:
            assert rule.name
            for node in rule.node.walk():
                assert rule.node.span.start <= node.span.start <= node.span.end <= len(module.data)


def test_an_error_shows_its_place() -> None:
    with pytest.raises(PolicyError, match=r"t\.rego:5:10: not valid Rego") as caught:
        parse("t.rego", "package a\n\nimport rego.v1\n\np if {\tx := ) }\n")
    assert caught.value.why.splitlines()[1:] == ["    p if {\tx := ) }", "          \t  ^"]
    with pytest.raises(PolicyError):
        parse("t.rego", "")


def test_an_empty_set_ends_with_its_bracket() -> None:
    lines = [
        "input.x == set()", "set() == input.x", "count(set()) == 0", "input.x with input.a as set()", "x := {set()}",
        "y := [input.x, set()]", "z := {1, set()}", "every e in set() { e == set() }", "not input.x == set()",
        "input.q",
    ]  # fmt: skip
    body = "\n\t".join(lines)
    module = parse(
        "t.rego", f"package a\n\nimport rego.v1\n\np if {{\n\t{body}\n}}\n\nq if input.x == set()\n\nr := 1\n"
    )
    stmts = next(node for node in module.rules[0].node.walk() if node.kind == "query").children()
    assert [module.source(node.span) for node in stmts] == lines
    empty = [node for node in module.walk() if node.kind == "Set" and node.fields.get("items") == []]
    assert {module.source(node.span) for node in empty} == {"set()"}
    assert [module.source(rule.node.span).split("\n")[-1] for rule in module.rules] == [
        "}", "q if input.x == set()", "r := 1",
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["a == ]", "\ta == ]", "\t\ta == ]", 'y == "ü"; a == ]', '\ty == "€𝒳"; a == ]'])
def test_the_caret_stands_below_the_place(line: str) -> None:
    with pytest.raises(PolicyError) as raised:
        parse("t.rego", f"package a\n\nimport rego.v1\n\np if {{\n{line}\n}}\n")
    _, source, caret = raised.value.why.split("\n")
    assert source == f"    {line}"
    assert len(caret) == len(source)
    assert source[len(caret) - 1] == "]"
    assert raised.value.what.startswith(f"t.rego:6:{line.index(']') + 1}:")
