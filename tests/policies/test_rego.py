"""The tests of the policies themselves: every control has some, and each passes on both engines."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

import pytest
from opa_case import needs_opa, opa_binary

from probatum.evaluator.policies import PolicySet
from probatum.workbench.policy_tests.discovery import Place
from probatum.workbench.policy_tests.run import Report, Wanted, run_tests

FOLDER = Path(__file__).resolve().parents[2] / "policies"
ENGINES = [pytest.param("regorus"), pytest.param("opa", marks=needs_opa)]


@cache
def report(engine: str) -> Report:
    """All tests of the built-in policies on an engine, with coverage where that costs nothing."""
    return run_tests(Place(FOLDER), Wanted((engine,), coverage=engine == "regorus"))


@pytest.mark.parametrize("engine", ENGINES)
def test_all_tests_of_policies_pass(engine: str) -> None:
    results = report(engine).results
    assert {result.engine for result in results} == {engine}
    assert [f"{result.name}: {result.message}" for result in results if result.state != "passed"] == []
    for control in PolicySet.built_in().controls:
        names = {result.name.split("/")[0] for result in results if result.path.startswith(f"controls/{control}/")}
        assert len(names) > 1, control


@pytest.mark.parametrize("file", ["good/evidence.json", "bad/evidence.json"])
def test_every_control_has_its_examples(file: str) -> None:
    names = {result.name for result in report("regorus").results}
    assert names >= {f"{control}/{file}" for control in PolicySet.built_in().controls}


def test_every_line_of_policies_is_evaluated_by_a_test() -> None:
    lines = report("regorus").lines
    assert {path for path in lines if path.startswith("controls/")} == {
        f"controls/{control}/control.rego" for control in PolicySet.built_in().controls
    }
    assert {path: sorted(found.uncovered) for path, found in lines.items() if found.uncovered} == {}


@needs_opa
def test_both_engines_say_the_same_of_every_test() -> None:
    found = [[(one.name, one.state) for one in report(engine).results] for engine in ("regorus", "opa")]
    assert found[0] == found[1]
    assert len(found[0]) > 100


@needs_opa
def test_the_stock_tool_runs_them_as_they_lie() -> None:
    done = subprocess.run(
        [str(opa_binary()), "test", "lib", "controls"], cwd=FOLDER, env=dict(os.environ), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("PASS")
