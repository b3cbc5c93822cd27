"""Ad-hoc expressions: what they come to, how their errors read, and that none of them can hang or reach out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from opa_case import needs_opa
from trial_case import circumstances, evidence, policy_set

from probatum.errors import PolicyError, UsageError
from probatum.evaluator.engines.base import Engine
from probatum.evaluator.engines.limits import Limits
from probatum.evaluator.engines.select import engine_named
from probatum.reports.format import Format
from probatum.reports.query import render_query
from probatum.workbench.check.purity import IMPURE_BUILTINS
from probatum.workbench.query import query
from probatum.workbench.trial import control_named


@pytest.fixture(params=["regorus", pytest.param("opa", marks=needs_opa)], scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with engine_named(request.param) as made:
        yield made


@pytest.fixture(scope="module")
def embedded() -> Iterator[Engine]:
    with engine_named("regorus") as made:
        yield made


def ask(engine: Engine, expression: str, *names: str, **fields: Any) -> list[dict[str, Any]]:
    found = policy_set()
    graph = evidence(*(names or ("good", "old")))
    answer = query(expression, graph, policies=found, circumstances=circumstances(), engine=engine, **fields)
    result: list[dict[str, Any]] = answer.to_document()["result"]
    return result


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("count(input.ids.model)", [{"bindings": {}, "value": 2}]),
        ("input.ids.model[i]", [
            {"bindings": {"i": 0}, "value": "model:good"}, {"bindings": {"i": 1}, "value": "model:old"},
        ]),
        ("some id in input.ids.model; not input.usable[id].scan", [{"bindings": {"id": "model:old"}}]),
        ("some id in input.ids.model\nnot input.usable[id].scan", [{"bindings": {"id": "model:old"}}]),
        ("1 == 2", [{"bindings": {}, "value": False}]),
        ("2 in [1, 2]", [{"bindings": {}, "value": True}]),
        ("input.nothing", []),
        ("some id in input.ids.model; id == 7", []),
        ("not input.nothing", [{"bindings": {}}]),
        ("x := 1; y := x + 1; y > 1", [{"bindings": {"x": 1, "y": 2}}]),
        ("data.tiny.tiny_01.limit", [{"bindings": {}, "value": 2}]),
        ("some [id, _] in data.tiny.tiny_01.sound", [{"bindings": {"id": "model:good"}}]),
        ("some deny in data.tiny.tiny_01.deny", []),
        ("input.now_ns", [{"bindings": {}, "value": 1795158000000000000}]),
        ("input.parameters[id].limit", [{"bindings": {"id": "TINY-01"}, "value": 2}]),
        ("input.stage", [{"bindings": {}, "value": None}]),
        ("count(input.ids.model) with input.ids.model as [1]", [{"bindings": {}, "value": 1}]),
        ("every id in input.ids.model { startswith(id, \"model:\") }", [{"bindings": {}}]),
        ("{id | some id in input.ids.model}", [{"bindings": {}, "value": ["model:good", "model:old"]}]),
        ("# nothing but a comment\ntrue", [{"bindings": {}, "value": True}]),
    ],
)  # fmt: skip
def test_answers(engine: Engine, expression: str, expected: list[dict[str, Any]]) -> None:
    assert ask(engine, expression) == expected


def test_a_control_lends_its_limits(embedded: Engine) -> None:
    found = policy_set()
    expression = "some id in input.ids.model; input.usable[id].scan"
    assert [one["bindings"]["id"] for one in ask(embedded, expression)] == ["model:good"]
    given = circumstances(parameters={"TINY-01": {"max_age_days": None}})
    answer = query(
        expression,
        evidence("good", "old"),
        policies=found,
        circumstances=given,
        engine=embedded,
        control=control_named("TINY-01", found),
    )
    assert answer.rows == (("model:good",), ("model:old",))
    assert answer.values is not None
    assert all(value[0].startswith("obs:") for value in answer.values)


@pytest.mark.parametrize(
    ("expression", "where", "caret"),
    [("input.ids.]", "line 1, column 11", 11), ("x := 1\n\ty == ]", "line 2, column 7", 7), ("count(", "", 7)],
)
def test_a_syntax_error_shows_its_place(embedded: Engine, expression: str, where: str, caret: int) -> None:
    with pytest.raises(UsageError) as raised:
        ask(embedded, expression)
    assert "not valid Rego" in raised.value.what
    assert where in raised.value.what
    assert raised.value.why.splitlines()[-1].index("^") - 4 == caret - 1
    assert raised.value.why.splitlines()[-2].strip() in expression


@pytest.mark.parametrize("expression", ["true } other if { true", "true } else := true if { true", ""])
def test_more_or_less_than_one_query_is_refused(embedded: Engine, expression: str) -> None:
    with pytest.raises(UsageError):
        ask(embedded, expression)


@pytest.mark.parametrize("name", sorted(IMPURE_BUILTINS))
def test_what_depends_on_more_than_the_evidence_is_refused(embedded: Engine, name: str) -> None:
    with pytest.raises(UsageError, match=name):
        ask(embedded, f"x := [1 | {name}(input)]")


def test_errors_of_an_evaluation(engine: Engine) -> None:
    for expression in ("x > 3", "unheard_of(3)"):
        with pytest.raises(PolicyError, match="cannot be evaluated") as raised:
            ask(engine, expression)
        assert "x" in raised.value.why or "unheard_of" in raised.value.why
        assert "rego:" not in raised.value.why


@pytest.mark.parametrize(
    ("expression", "limits"),
    [
        ("[[a, b] | some a in numbers.range(1, 20000); some b in numbers.range(1, 20000); a * b == 7]",
         Limits(seconds=0.5)),
        ("[[a, b] | some a in numbers.range(1, 4000); some b in numbers.range(1, 4000)]", Limits(60, 64)),
    ],
)  # fmt: skip
def test_what_takes_too_much_ends(expression: str, limits: Limits) -> None:
    with engine_named("regorus", limits=limits) as engine, pytest.raises(PolicyError) as raised:
        ask(engine, expression)
    assert "takes" in raised.value.why
    with engine_named("regorus") as engine:  # and this process is as it was
        assert ask(engine, "1") == [{"bindings": {}, "value": 1}]


def test_a_broken_control_does_not_stand_in_the_way(embedded: Engine) -> None:
    found = policy_set("applies := ]\n")
    answer = query("1 + 1", evidence("good"), policies=found, circumstances=circumstances(), engine=embedded)
    assert answer.values == (2,)


def shown(engine: Engine, expression: str, format: Format = Format.TEXT) -> str:
    found = policy_set()
    answer = query(expression, evidence("good"), policies=found, circumstances=circumstances(), engine=engine)
    return render_query(answer.to_document(), format)


def test_tables(embedded: Engine) -> None:
    assert shown(embedded, "input.ids.model[i]").splitlines()[0].split() == ["i", "value"]
    assert shown(embedded, "input.ids.model[i]").splitlines()[2].split() == ["0", "model:good"]
    assert shown(embedded, "[3, null]").splitlines()[2:] == ["3", "null"]
    assert shown(embedded, '{"a": [1], "b": {}}').splitlines()[2:] == ["a     [1]", "b     {}"]
    assert shown(embedded, "[]").splitlines()[2:] == ["[]"]
    assert shown(embedded, "input.nothing") == "undefined\n"
    assert shown(embedded, "not input.nothing") == "true\n"
    assert "| i | value |" in shown(embedded, "input.ids.model[i]", Format.MARKDOWN)
    assert json.loads(shown(embedded, "1", Format.JSON)) == {"result": [{"bindings": {}, "value": 1}]}
    assert shown(embedded, "{3, 1, 2}", Format.JSON) == shown(embedded, "{2, 3, 1}", Format.JSON)
    assert "\x1b" not in shown(embedded, '"\\u001b[2J"')
    with pytest.raises(UsageError):
        shown(embedded, "1", Format.SARIF)
