"""``policy test`` and ``policy fmt`` as a user calls them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from command_case import last_line, tree
from opa_case import needs_opa
from pack_case import pack, with_examples

from probatum.files import write_atomic

FAILING = 'test_a if true\ntest_b if { x := [1, "é"]; count(x) == 3 }\ntodo_test_c if false'


def test_what_fails_is_shown_with_its_values(run, tmp_path: Path) -> None:
    result = run("policy", "test", with_examples(pack(tmp_path, FAILING)))
    assert result.exit_code == 1
    assert "FAILED t.test_b (controls/TINY-01/control_test.rego:6, regorus)" in result.stdout
    assert "line 6 does not hold: count(x) == 3" in result.stdout
    assert "count(x) is 2" in result.stdout
    assert 'x is [1, "é"]' in result.stdout
    assert "test_a" not in result.stdout
    assert last_line(result) == ("probatum: 5 tests on regorus: 3 passed, 1 failed, 1 skipped (exit 1)")
    assert "PASSED t.test_a" in run("policy", "test", tmp_path, "--verbose").stdout


def test_everything_that_passes_is_quiet_and_green(run, tmp_path: Path) -> None:
    result = run("policy", "test", pack(tmp_path) / "controls" / "TINY-01", "--coverage", "--fail-under", "100")
    assert result.exit_code == 0, result.stdout
    assert "controls/TINY-01/control.rego   100 %" in result.stdout
    assert "FAIL" not in result.stdout


def test_too_little_coverage_fails(run, tmp_path: Path) -> None:
    result = run("policy", "test", pack(tmp_path, "test_a if true"), "--fail-under", "50")
    assert result.exit_code == 1
    assert "0 %" in result.stdout
    assert "1 module covered less than 50 %" in last_line(result)


def test_nothing_that_ran_is_an_error(run, tmp_path: Path) -> None:
    result = run("policy", "test", pack(tmp_path, "todo_test_c if false"))
    assert result.exit_code == 2
    assert "no test of a policy ran" in last_line(result)
    assert run("policy", "test", tmp_path / "nowhere").exit_code == 2
    assert run("policy", "test", tmp_path, "--run", "(").exit_code == 2


def test_a_format_that_tests_do_not_have_is_refused(run, tmp_path: Path) -> None:
    result = run("policy", "test", pack(tmp_path), "--format", "sarif")
    assert result.exit_code == 2
    assert "tests have no sarif format" in last_line(result)


def test_what_an_engine_raises_is_shown(run, tmp_path: Path) -> None:
    result = run("policy", "test", pack(tmp_path, 'test_a if to_number("x") == 1'))
    assert 'to_number("x") is undefined' in result.stdout
    assert "it raises: controls/TINY-01/control_test.rego:5" in result.stdout


def test_here_is_the_default(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    assert run("policy", "test").exit_code == 0


def test_junit_and_json_tell_the_same(run, tmp_path: Path) -> None:
    folder = with_examples(pack(tmp_path / "p", FAILING + '\ntest_d if { print("p\\u0007q"); true }'))
    junit, document = tmp_path / "out.xml", tmp_path / "out.json"
    result = run("policy", "test", folder, "-q", "-f", f"junit={junit}", "-f", f"json={document}")
    assert result.exit_code == 1
    assert result.stdout == ""
    root = ET.parse(junit).getroot()
    found = json.loads(document.read_text())
    assert (root.get("tests"), root.get("failures"), root.get("skipped"), root.get("errors")) == ("6", "1", "1", "0")
    (suite,) = root
    assert suite.get("name") == "controls/TINY-01 (regorus)"
    cases = {(case.get("classname"), case.get("name")) for case in suite}
    assert ("TINY-01", "good/evidence.json") in cases
    assert ("t", "test_b") in cases
    (failure,) = root.iter("failure")
    assert failure.text == 'line 6 does not hold: count(x) == 3\ncount(x) is 2\nx is [1, "é"]'
    assert found["result"] == "fail"
    assert {test["name"]: test["state"] for test in found["tests"]}["t.todo_test_c"] == "skipped"
    (printed,) = root.iter("system-out")
    assert "\\u0007" in str(printed.text)


def test_a_test_that_hangs_is_an_error_of_it(run, tmp_path: Path) -> None:
    loop = "test_l if count([1 | some i in numbers.range(1, 30000); some j in numbers.range(1, 30000)]) == 3"
    result = run("policy", "test", pack(tmp_path, loop), "--max-seconds", "0.5", "--coverage")
    assert result.exit_code == 1
    assert "ERROR t.test_l" in result.stdout
    assert "longer than 0.5 s" in " ".join(result.stdout.split())


@needs_opa
def test_engines_that_disagree_fail(run, tmp_path: Path) -> None:
    folder = pack(tmp_path, 'test_a if not startswith(input.nope, "x")\ntest_b if true')
    result = run("policy", "test", folder, "--engine", "both")
    assert result.exit_code == 1
    assert "t.test_a: passed on regorus, failed on opa" in result.stdout
    assert "the engines disagree about 1" in last_line(result)
    alike = run("policy", "test", pack(tmp_path / "alike"), "--engine", "both", "--coverage")
    assert alike.exit_code == 0
    assert "2 tests on regorus: 2 passed; 2 tests on opa: 2 passed" in last_line(alike)


def test_without_opa_the_remedy_is_named(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBATUM_OPA", str(tmp_path / "none"))
    folder = pack(tmp_path)
    assert run("policy", "test", folder, "--engine", "opa").exit_code == 2
    result = run("policy", "fmt", folder)
    assert result.exit_code == 2
    assert "install Open Policy Agent" in result.stderr
    assert "cannot be formatted here" in last_line(result)


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_runs_again_until_it_is_ended(tmp_path: Path, ends: signal.Signals) -> None:
    folder = pack(tmp_path, "test_a if true")
    command = [sys.executable, "-c", "from probatum.cli import main; main()", "policy", "test", str(folder), "--watch"]
    tests = folder / "controls" / "TINY-01" / "control_test.rego"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(process, "1 passed (exit 0)")
        write_atomic(tests, b"package t\n\ntest_b if {\n")  # an editor saves in the middle of a thought
        until(process, "(exit 2)")
        write_atomic(tests, b"package t\n\ntest_b if false\n")
        until(process, "1 failed (exit 1)")
        until(process, "Ctrl-C ends")
        time.sleep(0.1)
        os.kill(process.pid, ends)
        _, rest = process.communicate(timeout=20)
    assert process.returncode == 1, rest
    assert "Traceback" not in rest


def until(process: subprocess.Popen[str], words: str) -> None:
    """Read what a process says until it says these words."""
    assert process.stderr is not None
    assert any(words in line for line in iter(process.stderr.readline, "")), words


@needs_opa
def test_formatting_writes_what_changed_and_nothing_else(run, tmp_path: Path) -> None:
    folder = pack(tmp_path)
    run("policy", "fmt", folder)
    before = tree(folder)
    path = folder / "controls" / "TINY-01" / "control.rego"
    path.write_text(path.read_text().replace("applies contains id if", "applies   contains  id if"))
    odd = tree(folder)
    check = run("policy", "fmt", folder, "--check")
    assert check.exit_code == 1
    assert "controls/TINY-01/control.rego would change" in check.stdout
    assert "- applies contains" in check.stdout
    assert "1 of 2 modules would change" in last_line(check)
    assert tree(folder) == odd
    done = run("policy", "fmt", path.parent)
    assert done.exit_code == 0
    assert "controls/TINY-01/control.rego changed" in done.stdout
    assert tree(folder) == before
    again = run("policy", "fmt", folder, "--check")
    assert (again.exit_code, again.stdout) == (0, "")


@needs_opa
def test_a_module_that_is_broken_leaves_all_as_they_are(run, tmp_path: Path) -> None:
    folder = pack(tmp_path, "test_a   if true")
    (folder / "controls" / "TINY-01" / "z_test.rego").write_text("package z\n\ntest_b if {\n")
    before = tree(folder)
    result = run("policy", "fmt", folder)
    assert result.exit_code == 2
    assert "z_test.rego cannot be formatted" in last_line(result)
    assert tree(folder) == before
    assert run("policy", "fmt", folder / "checklists").exit_code == 2


@needs_opa
def test_a_long_difference_is_cut(run, tmp_path: Path) -> None:
    folder = pack(tmp_path, "\n".join(f"test_a{number}   if true" for number in range(30)))
    result = run("policy", "fmt", folder, "--check")
    assert "lines more" in result.stdout
    assert len(result.stdout.splitlines()) < 60
