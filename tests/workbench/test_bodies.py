"""Rule bodies: where they can be cut, what they bind, and which of their parts have values to show."""

import pytest

from probatum.errors import PolicyError
from probatum.evaluator.policies import PolicySet
from probatum.workbench.bodies import Body, read_bodies

HEAD = "package a\n\nimport rego.v1\n\nimport data.lib.shape\n\n"


def bodies(text: str) -> list[Body]:
    return list(read_bodies({"a.rego": HEAD + text}))


def test_statements_bind_in_every_way_that_rego_has() -> None:
    (body,) = bodies("""p contains x if {
	some x, k
	input.a[k] = x
	some i, {"b": [b, _]} in input.c
	[d, {"e": e}] = input.f
	walk(input.g, [path, value])
	input.h[j].k[_] == x
	not input.l[m]
	y := {z | some z in input.n; z > i}
}
""")
    assert [statement.binds for statement in body.statements] == [
        (), ("x", "k"), ("i", "b"), ("d", "e"), ("path", "value"), ("j",), (), ("y",),
    ]  # fmt: skip
    assert body.bound(3) == ("x", "k", "i", "b")
    assert body.head == "x"


def test_a_beginning_that_uses_what_is_bound_later_is_not_offered() -> None:
    (body,) = bodies("p contains x if {\n\tx > y\n\ty := input.a\n\tx := input.b\n\tx == 1\n}\n")
    assert body.cuts == (0, 3, 4)
    (whole,) = bodies("p if {\n\tx > y\n\ty := x\n}\n")  # not safe at all: then only all of it
    assert whole.cuts == (0, 2)


def test_values_are_the_larger_parts_first_and_never_the_whole_of_the_evidence() -> None:
    (body, _) = bodies("""p contains x if {
	some x in input.usable[y].scan
	not shape.ok(x.a.b, q)
	input.observations[x].result.c[_] == x.d
	count({z | some z in input.e}) > 1
}

q := 1
""")
    found = [[value.text for value in statement.values] for statement in body.statements]
    assert found[0] == ["input.usable[y].scan", "input.usable[y]"]
    assert found[1][:2] == ["shape.ok(x.a.b, q)", "x.a.b"]
    assert "q" in found[1]
    assert "input.observations" not in found[2]
    assert found[3] == ["count({z | some z in input.e})"]
    assert body.statements[1].rules == ("q",)
    assert body.statements[0].values[0].needs == {"y"}


def test_what_a_statement_replaces_is_replaced_in_its_parts() -> None:
    (body,) = bodies("p if {\n\tcount(input.a) > x with input.a as [1]\n\tx := 1\n}\n")
    assert [value.text for value in body.statements[0].values] == [
        "count(input.a) with input.a as [1]", "input.a with input.a as [1]",
    ]  # fmt: skip


def test_every_is_taken_apart() -> None:
    (body,) = bodies("p if {\n\tevery k, v in input.a {\n\t\tv.b == k\n\t\tv.c\n\t}\n}\n")
    every = body.statements[0].every
    assert every is not None
    assert every.names == ("k", "v")
    assert every.domain.text == "input.a"
    assert [statement.text for statement in every.inner] == ["v.b == k", "v.c"]
    assert body.statements[0].line == 8


def test_facts_values_and_else_have_bodies_and_functions_have_none() -> None:
    found = bodies("""p contains 3

q := input.a

r := 1 if input.b

else := 2 if {
	input.c
}

f(x) := x

g[k] := v if some k, v in input.d

default r := 0
""")
    assert [(body.rule, body.line, body.head, len(body.statements)) for body in found] == [
        ("p", 7, "3", 0), ("q", 9, "input.a", 0), ("r", 11, "1", 1), ("r", 13, "2", 1), ("g", 19, "v", 1),
    ]  # fmt: skip
    assert found[0].place == "a.rego:7"


def test_every_built_in_control_can_be_cut_at_every_statement() -> None:
    found = PolicySet.built_in()
    for control in found.controls.values():
        for body in read_bodies({control.path: found.modules[control.path]}):
            assert body.cuts == tuple(range(len(body.statements) + 1)), body.place


def test_what_is_no_rego_is_refused_with_its_place() -> None:
    with pytest.raises(PolicyError, match=r"a\.rego:7:"):
        bodies("p contains ] if true\n")
