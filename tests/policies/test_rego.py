"""The tests of the policies themselves, on both engines, and both engines against each other."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from opa_case import needs_opa, opa_binary
from policy_case import module

from probatum.errors import PolicyError
from probatum.evaluator.assess import evaluate
from probatum.evaluator.checklist import Checklist, load_checklist
from probatum.evaluator.engines.base import Engine
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.graph import Graph
from probatum.evaluator.policies import PolicySet
from probatum.evaluator.rego_tests import run_rego_tests
from probatum.workbench import simulator

FOLDER = Path(__file__).resolve().parents[2] / "policies"


def test_all_tests_of_policies_pass_on_the_embedded_engine() -> None:
    results = run_rego_tests(FOLDER)
    failed = [f"{result.name}: {result.message}" for result in results if not result.passed]
    assert not failed
    tested = {result.path.split("/")[1] for result in results}
    assert tested >= {control.path.split("/")[1] for control in PolicySet.built_in().controls.values()}


@needs_opa
def test_all_tests_of_policies_pass_on_open_policy_agent() -> None:
    folders = [str(FOLDER / name) for name in ("lib", "controls")]
    done = subprocess.run([str(opa_binary()), "test", *folders], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS" in done.stdout


def test_failing_tests_are_seen(tmp_path: Path) -> None:
    folder = tmp_path / "controls" / "TINY-01"
    folder.mkdir(parents=True)
    (folder / "control.rego").write_text(module())
    with pytest.raises(PolicyError, match="no test"):
        run_rego_tests(tmp_path)
    rules = ["test_a if true", "test_b if false", "test_c := false", 'test_d if to_number("x") == 1', ""]
    text = "package t\n\nimport rego.v1\n\n" + "\n".join(rules)
    (folder / "control_test.rego").write_text(text)
    found = {result.name: (result.passed, result.message) for result in run_rego_tests(tmp_path)}
    assert found["t.test_a"] == (True, "")
    assert [found[name][0] for name in ("t.test_b", "t.test_c", "t.test_d")] == [False] * 3
    assert "number" in found["t.test_d"][1]
    (folder / "control_test.rego").write_text("package t\n\ntest_a if {\n")
    with pytest.raises(PolicyError, match="not valid Rego"):
        run_rego_tests(tmp_path)


def decided(graph: Graph, policies: PolicySet, checklist: Checklist, engine: Engine) -> object:
    """Everything that an evaluation says, but for the engine's own name."""
    return evaluate(
        graph,
        policies=policies,
        checklist=checklist,
        now=simulator.NOW,
        engine=engine,
        parameters=simulator.parameters(),
        engine_identity={"name": "any", "version": "any"},
    ).document


@needs_opa
def test_both_engines_decide_alike() -> None:
    policies = PolicySet.built_in()
    checklist = load_checklist("full", policies)
    graphs = [("good", simulator.good_graph()), *((name, graph) for name, graph, *_ in simulator.bad_graphs())]
    embedded = [decided(graph, policies, checklist, Regorus()) for _, graph in graphs]
    with Opa(binary=opa_binary()) as engine:
        for (name, graph), expected in zip(graphs, embedded, strict=True):
            assert decided(graph, policies, checklist, engine) == expected, name
    assert len(graphs) > len(policies.controls)
