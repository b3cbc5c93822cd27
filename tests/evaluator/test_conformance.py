"""The embedded engine against OPA's own conformance cases and ours: nothing differs that the list does not explain."""

import json
import os

import conformance
import conformance_engines
import pytest
from conformance_cases import DOWNLOAD, Case, builtin_arity, load, module_folder, read, rows
from conformance_engines import NOT_FOR_THE_COMMAND, Answer, crashed, embedded, knows, on_opa_all
from conformance_page import PAGE, replaced
from opa_case import needs_opa, opa_binary

MODULE = module_folder()
needs_cases = pytest.mark.skipif(
    MODULE is None and not os.environ.get("PROBATUM_REQUIRE_OPA"),
    reason=f"NO CONFORMANCE CASES: nothing was held against what OPA says of itself ({DOWNLOAD})",
)
LIST = json.loads(conformance.LIST.read_text(encoding="utf-8"))
OURS = read(conformance.OURS, "ours")


def case(query: str = "data.test.p = x", **fields: object) -> Case:
    wanted = {"name": "n", "note": "n", "group": "g", "modules": (), "data": None, "input": None, "input_term": None}
    wanted |= {"has_input": False, "rows": rows([{"x": 1}], ordered=True), "sort_bindings": False, "strict": True}
    return Case(query=query, **{**wanted, **fields})  # type: ignore[arg-type]


def module(text: str) -> tuple[str, ...]:
    return (f"package test\n\n{text}\n",)


@pytest.fixture(scope="module")
def measured() -> dict[str, object]:
    assert MODULE is not None, f"the cases are not here: {DOWNLOAD}"
    return conformance.measured(MODULE)


@needs_cases
def test_what_a_run_over_all_cases_finds_is_what_is_recorded(measured: dict[str, object]) -> None:
    assert {key: LIST[key] for key in measured} == measured
    assert LIST.keys() == {"dangers", "corners", *measured}


@needs_cases
def test_every_silent_difference_is_explained_and_every_explanation_is_needed(measured: dict[str, list[str]]) -> None:
    assert conformance.unexplained(LIST, measured["different"]) == []
    assert sum(LIST["cases"][how] for how in ("same", "refused", "different")) > 1900
    assert LIST["cases"]["different"] <= 9


@needs_cases
@needs_opa
def test_a_real_opa_passes_the_cases_as_they_are_run_here() -> None:
    assert MODULE is not None
    online = {name for name in builtin_arity(MODULE) if name.startswith("net.lookup")}
    sample = [item for item in load(MODULE)[::12] if not conformance.called(item) & online]
    wrong = [item.name for item, answer in on_opa_all(opa_binary() or "", sample) if not same(item, answer)]
    assert wrong == []
    assert len(sample) > 150


@needs_cases
def test_the_cases_that_the_command_cannot_run_are_still_there() -> None:
    assert MODULE is not None
    assert set(NOT_FOR_THE_COMMAND) <= {item.name for item in load(MODULE)}


@needs_opa
def test_what_our_cases_want_is_what_a_real_opa_gives() -> None:
    answers = list(on_opa_all(opa_binary() or "", OURS))
    assert [item.name for item, answer in answers if not same(item, answer)] == []
    assert len(answers) == len(OURS)


def test_our_cases_show_each_class() -> None:
    outcomes = {item.name: conformance.outcome(item, answer) for item, answer in zip(OURS, embedded(OURS), strict=True)}
    listed = {name for item in (*LIST["dangers"], *LIST["corners"]) for name in item["cases"]}
    shown = {name: how for name, how in outcomes.items() if name not in listed}
    assert {how for name, how in outcomes.items() if name in listed} == {"different"}
    assert shown == {name: name.removeprefix("probatum/").split(":")[0] for name in shown}
    assert set(shown.values()) == {"same", "refused"}


def test_the_page_says_what_is_recorded() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert replaced(text, LIST) == text
    assert all(item["reason"].replace("|", "\\|") in text for item in (*LIST["dangers"], *LIST["corners"]))
    assert f"{LIST['cases']['refused']} | {LIST['cases']['different']}" in text


def test_how_answers_are_judged() -> None:
    wanted, raising = case(), case(rows=None, modules=module("p := crypto.sha256(1)"))
    assert conformance.outcome(wanted, Answer([{"x": 1}], None)) == "same"
    assert conformance.outcome(wanted, Answer([{"x": 2}], None)) == "different"
    assert conformance.outcome(wanted, Answer([], None)) == "different"
    assert conformance.outcome(wanted, Answer(None, "an error")) == "refused"
    assert conformance.outcome(raising, Answer(None, "an error")) == "same"
    assert conformance.outcome(raising, Answer([], None)) == "different"
    assert conformance.outcome(raising, Answer(None, "an error"), {"crypto.sha256"}) == "refused"


def test_values_compare_as_they_do_in_rego() -> None:
    assert rows([{"x": 1}], ordered=True) == rows([{"x": 1.0}], ordered=True)
    assert rows([{"x": 1}], ordered=True) != rows([{"x": True}], ordered=True)
    assert rows([{"x": 0}], ordered=True) != rows([{"x": None}], ordered=True)
    assert rows([{"x": "1"}], ordered=True) != rows([{"x": 1}], ordered=True)
    assert rows([{"x": [1, 2]}], ordered=True) != rows([{"x": [2, 1]}], ordered=True)
    assert rows([{"x": [1, 2]}], ordered=False) == rows([{"x": [2, 1]}], ordered=False)
    assert rows([{"x": 1}, {"x": 2}], ordered=True) == rows([{"x": 2}, {"x": 1}], ordered=True)
    assert rows([{"x": {"a": [None]}}], ordered=True) == rows([{"x": {"a": [None]}}], ordered=True)
    assert rows([{"x": 2**64 + 1}], ordered=True) != rows([{"x": float(2**64)}], ordered=True)


def test_a_case_that_ends_the_process_or_never_ends_is_an_error_of_that_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conformance_engines, "_SECONDS", 3)
    fine = case(modules=module("p := 1"))
    deep = case(modules=module(f"p := {'-' * 9000}1"))
    endless = case(modules=module(f"p := {'[' * 40}1{']' * 40}"))
    answers = embedded([fine, deep, fine, endless, fine])
    assert [answer.error is None for answer in answers] == [True, False, True, False, True]
    assert all(map(crashed, (answers[1], answers[3])))
    assert conformance.outcome(deep, answers[1]) == "refused"


def test_input_data_and_terms_reach_the_engine() -> None:
    sets = case(
        modules=module("p := count(input)"), input_term="{1, 2}", has_input=True, rows=rows([{"x": 2}], ordered=True)
    )
    given = case(modules=module("p := input.a + data.b"), input={"a": 1}, has_input=True, data={"b": 2})
    answers = embedded([sets, given])
    assert [answer.bindings for answer in answers] == [[{"x": 2}], [{"x": 3}]]


def test_a_case_that_would_be_run_wrongly_is_refused(tmp_path: pytest.TempPathFactory) -> None:
    path = tmp_path / "cases.yaml"  # type: ignore[operator]
    path.write_text("cases: [{note: a, query: b, want_result: [], env: {A: b}}]")
    with pytest.raises(ValueError, match="env"):
        read(path, "g")
    path.write_text("cases: [{note: a, query: b}]")
    with pytest.raises(ValueError, match="nothing"):
        read(path, "g")
    path.write_text("cases: [{note: a, query: b, want_result: []}, {note: a, query: c, want_error: d}]")
    assert [(item.name, item.rows) for item in read(path, "g")] == [("a", frozenset()), ("a #2", None)]


def test_what_the_list_lacks_or_says_in_vain_is_told() -> None:
    document = {"dangers": [{"cases": ["a", "b"]}], "corners": [{"cases": ["b", "c"]}]}
    assert conformance.unexplained(document, ["a", "b", "c"]) == ["is listed twice: b"]
    assert conformance.unexplained(document, ["a", "b", "d"]) == [
        "differs, and nothing says why: d",
        "is said to differ, and does not: c",
        "is listed twice: b",
    ]


def test_which_functions_the_engine_knows() -> None:
    assert knows("count", 1)
    assert knows("sprintf", 2)
    assert not knows("crypto.sha256", 1)
    assert not knows("no.such", 0)


def test_without_the_cases_the_remedy_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBATUM_OPA_MODULE", "/nowhere")
    assert module_folder() is None
    assert conformance.main([]) == 2
    assert DOWNLOAD in capsys.readouterr().err


def same(item: Case, answer: Answer) -> bool:
    return conformance.outcome(item, answer) == "same"
