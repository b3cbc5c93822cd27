"""A scaffolded control works before anybody edits it, and never harms what is there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from opa_case import needs_opa, opa_binary

from probatum.errors import ProbatumError, UsageError
from probatum.evaluator.checklist import load_checklist
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.policies import PolicySet
from probatum.workbench.decision import decide
from probatum.workbench.examples import read_examples
from probatum.workbench.scaffold import NewControl, scaffold
from probatum.workbench.simulator.evidence import EVIDENCE


def new(id: str = "ACME-01", **fields: object) -> NewControl:
    asked = {
        "title": 'Says: "so"', "kind": "model", "evidence": "model_scan", "priority": "low",
        "stages": ("training",), "checklist": "acme",
    }  # fmt: skip
    return NewControl(id, **{**asked, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("evidence", sorted(EVIDENCE))
def test_every_type_of_evidence_gives_a_control_that_works(tmp_path: Path, evidence: str) -> None:
    files = scaffold(new(kind=EVIDENCE[evidence].kinds[0], evidence=evidence), tmp_path)
    assert all(path.is_file() for path in files)
    policies = PolicySet.load(tmp_path)
    control = policies.controls["ACME-01"]
    assert control.title == 'Says: "so"'
    examples = read_examples(tmp_path / "controls" / "ACME-01")
    assert examples.good is not None
    assert examples.bad is not None
    with Regorus() as engine:
        parameters = {"min_tier": "observed"}
        for graph, outcome in ((examples.good, "pass"), (examples.bad, "fail")):
            assert (
                decide(graph, "ACME-01", policies=policies, engine=engine, parameters=parameters).outcome() == outcome
            )
    assert list(load_checklist("acme", policies).entries) == ["ACME-01"]


def test_unknown_evidence_gets_a_result_to_replace(tmp_path: Path) -> None:
    scaffold(new(evidence="acme_scan"), tmp_path)
    found = read_examples(tmp_path / "controls" / "ACME-01").bad
    assert found is not None
    assert [item.result for item in found.observations.values()] == [{"issue_count": 1}]


@needs_opa
def test_its_tests_pass_on_open_policy_agent_and_its_form_is_opas(tmp_path: Path) -> None:
    scaffold(new(), tmp_path)
    scaffold(new("ACME-02", kind="pipeline", evidence="waivers"), tmp_path)
    for arguments in (["test", "--bundle"], ["check", "--strict", "--bundle"], ["fmt", "--fail", "--list"]):
        done = subprocess.run([str(opa_binary()), *arguments, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_second_control_is_added_to_the_checklist_as_it_is(tmp_path: Path) -> None:
    scaffold(new(), tmp_path)
    path = tmp_path / "checklists" / "acme.yaml"
    text = (
        path.read_text().replace("controls:\n", "controls:\n  # the first\n")
        + "\nrows:\n  - {row: A, title: B, controls: [ACME-01]}"
    )
    path.write_text(text)
    scaffold(new("ACME-02"), tmp_path)
    assert path.read_text().replace("  - id: ACME-02\n", "") == text
    found = load_checklist("acme", PolicySet.load(tmp_path))
    assert list(found.entries) == ["ACME-01", "ACME-02"]
    assert len(found.rows) == 1
    path.write_text(path.read_text().split("\nrows:")[0].rstrip())  # no line end
    scaffold(new("ACME-03"), tmp_path)
    assert list(load_checklist("acme", PolicySet.load(tmp_path)).entries)[-1] == "ACME-03"


def test_what_cannot_be_writes_nothing(tmp_path: Path) -> None:
    for asked in (
        new("acme-1"), new("АCME-01"), new("../X-1"), new(kind="modle"), new(kind="dataset"), new(priority="urgent"),
        new(stages=("never",)),
    ):  # fmt: skip
        with pytest.raises(ProbatumError):
            scaffold(asked, tmp_path)
    assert not list(tmp_path.iterdir())
    scaffold(new(), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="there already"):
        scaffold(new(), tmp_path)
    (tmp_path / "checklists" / "acme.yaml").write_text("controls: []\n")
    with pytest.raises(UsageError, match="no list of controls"):
        scaffold(new("ACME-02"), tmp_path)
    assert not (tmp_path / "controls" / "ACME-02").exists()
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(before)
