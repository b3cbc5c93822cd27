"""Tests of policies: what is found, what passes, and why something does not, on both engines."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from opa_case import needs_opa
from pack_case import pack, with_examples
from policy_case import module

from probatum.errors import EngineError, PolicyError, UsageError
from probatum.evaluator.engines.limits import Limits
from probatum.workbench.policy_tests.agent import run_opa
from probatum.workbench.policy_tests.discovery import discover, find_place
from probatum.workbench.policy_tests.embedded import Runner, lines_with_code
from probatum.workbench.policy_tests.opa_command import Ended, Workplace
from probatum.workbench.policy_tests.run import Report, Wanted, run_tests
from probatum.workbench.policy_tests.watch import snapshot, watch

ENGINES = [pytest.param("regorus"), pytest.param("opa", marks=needs_opa)]
PATH = "controls/TINY-01/control_test.rego"


def ran(folder: Path, engine: str = "regorus", below: str = "", **wanted: object) -> Report:
    """A run of the tests of a folder."""
    asked = Wanted((engine,), **{"limits": Limits(10.0), **wanted})  # type: ignore[arg-type]
    return run_tests(find_place(folder / below, folder), asked)


def by_rule(report: Report) -> dict[str, tuple[str, str]]:
    """The state and message of each test."""
    return {result.name.rpartition(".")[2]: (result.state, result.message) for result in report.results}


@pytest.mark.parametrize("engine", ENGINES)
def test_tests_of_a_pack_see_the_library_and_its_worlds(engine: str, tmp_path: Path) -> None:
    report = ran(pack(tmp_path), engine)
    assert report.ok
    assert [(result.name, result.path, result.line) for result in report.results] == [
        ("tiny.tiny_01_test.test_passes", PATH, 12),
        ("tiny.tiny_01_test.test_fails", PATH, 17),
    ]


def test_a_pack_may_have_a_library_of_its_own_there(tmp_path: Path) -> None:
    own = "package probatum.lib.world\n\nof(_, _, _, _) := {}\n"
    states = by_rule(ran(pack(tmp_path, lib__world_test_rego=own)))
    assert states["test_passes"][0] == "failed"


RULES = """
f(a) := a + 1
helper := {"a": 1}
wrong contains x if some x in ["p", "q"]
test_true if true
test_compared if {
	some v in [1, 2]
	y := v
	print("looked at", y)
	f(y) == 7
}
test_called if not is_number(f(1))
test_rule if wrong == set()
test_empty if { x := {v | some v in []}; x != set() }
test_with if input.x == 3 with input as {"x": "é"}
test_missing if input.nope.x > 3
test_every if { every k, v in helper { k == "a"; v == 2 } }
test_some if some x in object.get(helper, "b", [])
test_bound if { x := object.get(helper, "b", 7); x == helper.a }
test_member if { q := "a"; q in {"b", helper.a} }
test_unified if { q := [1]; q[_] = helper.a + 1 }
test_value := false
test_odd := {"test": "passed"}
test_else if { 1 == 2 } else := false
test_raises if to_number("x") == 1
"""
WHY = {
    "test_compared": ("f(y) == 7", {"f(y)": ("2", "3"), "y": ("1", "2")}),
    "test_called": ("not is_number(f(1))", {"is_number(f(1))": ("true",), "f(1)": ("2",)}),
    "test_rule": ("wrong == set()", {"wrong": ('{"p", "q"}',)}),
    "test_empty": ("x != set()", {"x": ("set()",)}),
    "test_with": ('input.x == 3 with input as {"x": "é"}', {"input.x": ('"é"',)}),
    "test_missing": ("input.nope.x > 3", {"input.nope.x": ()}),
    "test_some": ('some x in object.get(helper, "b", [])', {'object.get(helper, "b", [])': ("[]",)}),
    "test_bound": ("x == helper.a", {"x": ("7",), "helper.a": ("1",)}),
    "test_member": ('q in {"b", helper.a}', {"q": ('"a"',)}),
    "test_unified": ("q[_] = helper.a + 1", {"q[_]": ("1",), "helper.a": ("1",)}),
    "test_else": ("1 == 2", {}),
    "test_raises": ('to_number("x") == 1', {'to_number("x")': ()}),
    "test_every": (
        'every k, v in helper { k == "a"; v == 2 }',
        {"the members for which it does not hold": ("[1]",), "helper": ('{"a": 1}',)},
    ),
}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_statement_that_does_not_hold_is_shown_with_its_values(engine: str, tmp_path: Path) -> None:
    report = ran(pack(tmp_path, RULES), engine)
    found = {result.name.rpartition(".")[2]: result for result in report.results}
    assert [name for name, result in found.items() if result.ok] == ["test_true"]
    assert {name for name, result in found.items() if result.statement} == set(WHY)
    for name, (source, values) in WHY.items():
        statement = found[name].statement
        assert statement is not None
        assert statement.source == source
        assert values.items() <= dict(statement.values).items(), name
        lines = (tmp_path / PATH).read_text().splitlines()
        assert source in lines[statement.line - 1], name
    assert [line.rpartition(": ")[2] for line in found["test_compared"].printed] == ["looked at 1", "looked at 2"]
    assert "number" in found["test_raises"].message or engine == "opa"


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_no_honest_test_is_no_pass(engine: str, tmp_path: Path) -> None:
    rules = ["test_a if true", "test_a if 1 == 1", "test_f(x) if x", "test_s contains 1 if true", "test_o.a if true"]
    rules += ["default test_d := true", "test_d if true", "todo_test_t if false", "test_t if true", "testing if false"]
    states = by_rule(ran(pack(tmp_path, "\n".join(rules)), engine))
    assert {name: state for name, (state, _) in states.items()} == {
        "test_a": "error", "test_f": "error", "test_s": "error", "a": "error", "test_d": "error",
        "todo_test_t": "skipped", "test_t": "passed",
    }  # fmt: skip
    assert "defined 2 times" in states["test_a"][1]


CASES = """test_case[n] if { some n in [1, 2]; n < 2 }
test_deep[a][b] if { some a in ["x"]; some b in ["y", "z"]; a != b; b != "z" }
test_all[n] if some n in [1, 2]"""


@needs_opa
def test_a_test_per_key_is_left_to_the_engine_that_knows_its_keys(tmp_path: Path) -> None:
    """The embedded engine would take the keys that hold for all that there are, and pass."""
    folder = pack(tmp_path, CASES.replace("\ntest_deep", "\n# test_deep"))
    assert by_rule(ran(folder))["test_case"][0] == "error"
    assert "needs --engine opa" in by_rule(ran(folder))["test_all"][1]
    states = by_rule(ran(folder, "opa"))
    assert states == {"test_case": ("failed", "cases: 2"), "test_all": ("passed", "")}


@needs_opa
def test_failing_cases_are_named_at_any_depth(tmp_path: Path) -> None:
    state, message = by_rule(ran(pack(tmp_path, CASES), "opa", pattern="deep"))["test_deep"]
    assert (state, message) == ("failed", "cases: x, x/z") or message == "cases: x/z"


LOOP = "test_loop if count([1 | some i in numbers.range(1, 30000); some j in numbers.range(1, 30000)]) == 3"
DOUBLED = "\n".join(f'	x{number + 1} := concat("", [x{number}, x{number}])' for number in range(30))
LARGE = f'test_large if {{\n	x0 := "0123456789"\n{DOUBLED}\n	count(x30) == 3\n}}'


@pytest.mark.parametrize("engine", ENGINES)
def test_a_hostile_test_costs_itself_and_no_other(engine: str, tmp_path: Path) -> None:
    report = ran(pack(tmp_path, f"test_a if true\n{LOOP}\ntest_z if true"), engine, limits=Limits(0.7, 512))
    states = by_rule(report)
    assert [states[name][0] for name in ("test_a", "test_loop", "test_z")] == ["passed", "error", "passed"]
    assert "0.7 s" in states["test_loop"][1]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_test_that_takes_all_memory_is_an_error_of_it(engine: str, tmp_path: Path) -> None:
    report = ran(pack(tmp_path, f"test_a if true\n{LARGE}\ntest_z if true"), engine, limits=Limits(20.0, 200))
    states = by_rule(report)
    assert [states[name][0] for name in ("test_a", "test_large", "test_z")] == ["passed", "error", "passed"]
    assert "200 MiB" in states["test_large"][1]


def test_a_module_that_nests_without_end_ends_nothing(tmp_path: Path) -> None:
    folder = pack(tmp_path, "test_a if " + "(" * 200_000 + "true" + ")" * 200_000)
    with pytest.raises(PolicyError, match=r"read|valid"):
        ran(folder)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_module_that_is_refused_is_named_with_its_place(engine: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as syntax:
        ran(pack(tmp_path / "a", "test_a if {"), engine)
    assert PATH in str(syntax.value)
    with pytest.raises(PolicyError) as conflict:
        ran(pack(tmp_path / "b", "test_a if { x := 1; x := 2 }"), engine)
    assert PATH in str(conflict.value)


def test_a_construct_that_the_embedded_engine_lacks_names_the_other_engine(tmp_path: Path) -> None:
    states = by_rule(ran(pack(tmp_path, 'test_a if count(crypto.x509.parse_certificates("x")) == 1')))
    assert states["test_a"][0] == "error"
    assert "crypto.x509.parse_certificates is unknown to the embedded engine" in states["test_a"][1]
    assert "--engine opa" in states["test_a"][1]


@needs_opa
def test_tests_ask_nobody_and_see_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "in the environment")
    rules = 'test_net if http.send({"method": "get", "url": "http://127.0.0.1:9/"}).status_code > 0\n'
    rules += "test_env if not opa.runtime().env.SECRET"
    states = by_rule(ran(pack(tmp_path, rules), "opa"))
    assert states["test_net"][0] == "failed"
    assert states["test_env"][0] == "passed"


@needs_opa
def test_engines_that_disagree_are_no_pass(tmp_path: Path) -> None:
    folder = pack(tmp_path, 'test_a if not startswith(input.nope, "x")\ntest_b if true')
    report = run_tests(find_place(folder, folder), Wanted(("regorus", "opa")))
    assert report.disagreements == ("t.test_a",)
    assert not report.ok


@pytest.mark.parametrize("engine", ENGINES)
def test_lines_that_no_test_reaches_are_shown(engine: str, tmp_path: Path) -> None:
    folder = pack(tmp_path, TESTS_OF_PROOF, lib__twice_rego="package lib.twice\n\nof(x) := x * 2\n")
    report = ran(folder, engine, coverage=True)
    control = report.lines["controls/TINY-01/control.rego"]
    text = module().splitlines()
    assert [text[line - 1].strip() for line in sorted(control.uncovered)][-1] == (
        "input.observations[obs].result.bad == true"
    )
    assert 0 < control.percent < 100
    assert report.lines["lib/twice.rego"].percent == 0
    assert set(report.lines) == {"controls/TINY-01/control.rego", "lib/twice.rego"}
    assert report.ok
    thin = ran(folder, engine, "controls/TINY-01", coverage=True, fail_under=99.0)
    assert thin.thin == ("controls/TINY-01/control.rego",)
    assert not thin.ok
    assert ran(folder, engine, "controls/TINY-01", coverage=True, fail_under=10.0).ok


TESTS_OF_PROOF = """package tiny.tiny_01_test

import rego.v1

test_passes if {
	usable := {"model:x": {"scan": ["a"]}}
	world := {"ids": {"model": ["model:x"]}, "usable": usable, "observations": {"a": {"result": {"bad": false}}}}
	count(data.tiny.tiny_01.proof) == 1 with input as world
}
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_coverage_is_measured_beside_failures(engine: str, tmp_path: Path) -> None:
    report = ran(pack(tmp_path, TESTS_OF_PROOF + "\ntest_bad if false\n"), engine, coverage=True)
    assert report.count("failed") == 1
    assert report.lines["controls/TINY-01/control.rego"].covered


@pytest.mark.parametrize("engine", ENGINES)
def test_examples_are_tests(engine: str, tmp_path: Path) -> None:
    folder = with_examples(pack(tmp_path, "test_a if true"))
    report = ran(folder, engine)
    assert [result.name for result in report.results] == [
        "TINY-01/bad/evidence.json", "t.test_a", "TINY-01/good/evidence.json"
    ]  # fmt: skip
    assert report.ok
    assert [result.name for result in ran(folder, engine, "controls/TINY-01/bad").results] == [
        "TINY-01/bad/evidence.json"
    ]


def test_examples_that_are_not_what_they_say_fail(tmp_path: Path) -> None:
    folder = with_examples(pack(tmp_path, "test_a if true"), good=True, bad=False)
    states = {result.name: (result.state, result.message) for result in ran(folder).results}
    assert states["TINY-01/good/evidence.json"] == ("failed", "the outcome is fail: model:net: bad")
    assert states["TINY-01/bad/evidence.json"] == ("failed", "the outcome is pass")
    (folder / "controls/TINY-01/bad/evidence.json").unlink()
    (folder / "controls/TINY-01/good/evidence.json").write_text("{")
    states = {result.name: (result.state, result.message) for result in ran(folder).results}
    assert {name: state for name, (state, _) in states.items() if "json" in name} == {
        "TINY-01/good/evidence.json": "error", "TINY-01/bad/evidence.json": "error"
    }  # fmt: skip
    (folder / "controls/TINY-01/good/evidence.json").unlink()
    assert [result.name for result in ran(folder).results] == ["t.test_a"]


def test_one_example_without_the_other_fails(tmp_path: Path) -> None:
    folder = with_examples(pack(tmp_path, "test_a if true"))
    (folder / "controls/TINY-01/bad/evidence.json").unlink()
    (missing,) = (result for result in ran(folder).results if not result.ok)
    assert (missing.name, missing.state) == ("TINY-01/bad/evidence.json", "failed")
    assert "good and a bad example" in missing.message


def test_a_control_that_raises_is_no_bad_example(tmp_path: Path) -> None:
    broken = module().replace("result.bad == true", "result.bad == to_number(id)")
    states = {
        result.name: result.state for result in ran(with_examples(pack(tmp_path, "test_a if true", broken))).results
    }
    assert states["TINY-01/bad/evidence.json"] == "error"


def test_nothing_that_ran_is_never_green(tmp_path: Path) -> None:
    folder = pack(tmp_path, "todo_test_a if true")
    with pytest.raises(PolicyError, match="no test of a policy ran") as todo:
        ran(folder)
    assert todo.value.why == "all 1 are todo"
    (folder / PATH).unlink()
    with pytest.raises(PolicyError, match="no test of a policy ran"):
        ran(folder)
    (folder / PATH).write_text("package t\n\ntest_a if true\n")
    with pytest.raises(PolicyError, match="matches none"):
        ran(folder, pattern="nothing")
    assert by_rule(ran(folder, pattern="^t[.]test_a$")) == {"test_a": ("passed", "")}
    with pytest.raises(UsageError, match="regular expression"):
        ran(folder, pattern="(")


def test_a_place_is_found_from_wherever_one_stands(tmp_path: Path) -> None:
    folder = pack(tmp_path / "policies", "test_a if true", lib__x_test_rego="package x\n\ntest_x if true\n")
    names = [result.name for result in ran(folder).results]
    assert names == ["t.test_a", "x.test_x"]
    for start in (tmp_path, folder):
        assert find_place(None, start).root == folder
    assert find_place(tmp_path, tmp_path).root == folder
    for below in ("controls/TINY-01", PATH, "controls"):
        assert [result.name for result in ran(folder, below=below).results] == ["t.test_a"]
    with pytest.raises(UsageError, match="not there"):
        find_place(tmp_path / "nowhere", tmp_path)
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    with pytest.raises(UsageError, match="no policies"):
        find_place(None, empty)


def test_without_opa_there_is_no_run_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = pack(tmp_path)
    monkeypatch.setenv("PROBATUM_OPA", str(tmp_path / "none"))
    with pytest.raises(EngineError, match="no opa executable"):
        ran(folder, "opa")
    monkeypatch.setenv("PROBATUM_OPA", sys.executable)
    with pytest.raises(EngineError):
        ran(folder, "opa")


def test_a_watch_runs_again_after_a_change_and_ends_in_silence(tmp_path: Path) -> None:
    folder, runs = pack(tmp_path), []

    def wait(_: float) -> None:
        if len(runs) == 3:
            raise KeyboardInterrupt
        if len(runs) == 1:
            (folder / "lib").mkdir()
            (folder / "lib" / "x.rego").write_text("package x\n")
        if len(runs) == 2:
            (folder / "lib" / "x.rego").unlink()

    watch(folder, lambda: runs.append(snapshot(folder)), wait=wait)
    assert [len(seen) for seen in runs] == [2, 3, 2]


def test_a_link_that_leads_nowhere_does_not_end_the_watch(tmp_path: Path) -> None:
    (tmp_path / "a.rego").symlink_to(tmp_path / "b.rego")
    (tmp_path / "c.rego").write_text("")
    assert list(snapshot(tmp_path)) == [str(tmp_path / "c.rego")]


@pytest.mark.parametrize("engine", ENGINES)
def test_rules_that_contradict_themselves_fail_with_what_the_engine_says(engine: str, tmp_path: Path) -> None:
    rules = "c := 1 if true\nc := 2 if true\ntest_c if c == 1\ntest_o if object.get({}, 1, false)\ntest_z if true"
    states = by_rule(ran(pack(tmp_path, rules), engine))
    assert [states[name][0] for name in ("test_c", "test_o", "test_z")] == ["failed", "failed", "passed"]
    assert any(word in states["test_c"][1] for word in ("conflicts", "multiple"))


def test_an_opa_that_breaks_down_is_an_error_of_the_run(tmp_path: Path) -> None:
    """A stand-in for an opa that states what a real one does, and gives nonsense: no real one does that."""
    fake = tmp_path / "opa"
    fake.write_text(
        "#!/bin/sh\ncase $1 in version) echo 'Version: 1.10.1';; capabilities) echo '{}';; *) echo nonsense;; esac\n"
    )
    fake.chmod(0o755)
    found = discover(find_place(pack(tmp_path / "p"), tmp_path))
    with pytest.raises(EngineError, match="gave no answer"):
        run_opa(found, Limits(5.0), binary=str(fake))
    fake.write_text(fake.read_text().replace("echo nonsense", "echo '[]'"))
    assert {result.message for result in run_opa(found, Limits(5.0), binary=str(fake)).results} == {
        "opa test says nothing of it"
    }
    fake.write_text(fake.read_text().replace("echo '{}'", "exit 1"))
    with pytest.raises(EngineError, match="capabilities"):
        run_opa(found, Limits(5.0), binary=str(fake))


def test_what_happens_in_the_child(tmp_path: Path) -> None:
    """The same steps in this process, where coverage of our own lines is measured."""
    rules = 'test_a if { print("said"); true }\ntest_b if { x := [1]; count(x) == 2 }\ntest_c if to_number("x") == 1'
    found = discover(find_place(pack(tmp_path, rules), tmp_path))
    runner = Runner(found, coverage=True)
    assert runner.load() == b"{}"
    good, bad, raising = (json.loads(runner.run(test)) for test in found.tests)
    assert (good["passed"], good["printed"]) == (True, [f"{PATH}:5: said"])
    assert bad["message"] == "it is undefined"
    assert "number" in raising["message"]
    assert good["lines"][PATH] == [[5], [6, 7]]
    values = json.loads(runner.explain(found.tests[1]))["values"]
    assert values == [["count(x)", ["1"]], ["x", ["[1]"]]]
    assert json.loads(runner.explain(found.tests[0])) == {}
    assert json.loads(Runner(replace(found, modules={"a.rego": "package a\n\na if {"}), False).load())["error"]
    assert json.loads(lines_with_code("a.rego", "package a\n\nf(x) := x\n\n# a comment\nb := 1\n")) == [3, 6]


def test_much_that_is_printed_is_cut(tmp_path: Path) -> None:
    (result,) = ran(pack(tmp_path, "test_a if { every i in numbers.range(1, 9000) { print(`line`, i) } }")).results
    assert result.printed[-1].endswith("lines more")
    assert 1000 < len(result.printed) < 9000


def test_a_value_that_is_long_is_cut(tmp_path: Path) -> None:
    rules = "test_a := numbers.range(1, 900)\ntest_b if count(input) == 1 with input as numbers.range(1, 9000)"
    long, other = ran(pack(tmp_path, rules)).results
    assert long.message.startswith("it is [1, 2, 3")
    assert len(long.message) < 250
    assert other.statement is not None
    assert dict(other.statement.values) == {"count(input)": ("9000",)}


@pytest.mark.parametrize("words", ["fatal error: out of memory", "runtime/cgo: pthread_create failed: try again"])
def test_whatever_the_runtime_says_where_there_is_no_memory(words: str, tmp_path: Path) -> None:
    """A stand-in for opa: which of its parts finds no memory first is chance."""
    binary = tmp_path / "opa"
    binary.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 2\n")
    binary.chmod(0o755)
    (tmp_path / "policies").mkdir()
    with pytest.raises(Ended, match="more than 200 MiB"):
        Workplace(str(binary), tmp_path, Limits(1.0, 200)).run(["test"])
