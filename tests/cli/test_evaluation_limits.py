"""Limits of evaluation on the command line: a hostile policy of one's own ends a run inconclusive, not never."""

import json
from pathlib import Path

import pytest

CONTROL = """# METADATA
# title: Never decided
# description: A loop in a loop.
# custom:
#   id: ACME-01
#   priority: high
#   stages: [training, deployment]
#   subjects: [model]
#   evidence: [model_format]
#   remediation: Mend it.
#   parameters: {}
package acme.controls.acme_01

import rego.v1

applies contains id if some id in input.ids.model

deny contains %s if %s

proof contains {"subject": id, "evidence": [obs]} if {
	some id in applies
	some obs in input.usable[id].model_format
}
"""
CHECKLIST = """schema: https://probatum.dev/checklist/v1
id: acme
version: 1.0.0
title: Acme
controls: [{id: ACME-01}]
"""
SLOW = "count([1 | some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j == -1]) > 0"


def pack(tmp_path: Path, condition: str, value: str = "1") -> Path:
    folder = tmp_path / "pack"
    (folder / "controls" / "ACME-01").mkdir(parents=True)
    (folder / "controls" / "ACME-01" / "control.rego").write_text(CONTROL % (value, condition))
    (folder / "checklists").mkdir()
    (folder / "checklists" / "acme.yaml").write_text(CHECKLIST)
    return folder


def asked(folder: Path) -> list[object]:
    return ["--policies", folder, "--no-built-in", "--checklist", "acme", "-f", "json"]


def test_a_policy_that_loops_is_inconclusive_in_time(run, pipeline: Path, tmp_path: Path) -> None:
    given = asked(pack(tmp_path, SLOW))
    found = run("gate", pipeline, *given, "--max-seconds", "0.5", "--out", tmp_path / "v", "--no-sign")
    assert found.exit_code == 3
    (control,) = json.loads(found.stdout)["controls"]
    assert control["outcome"] == "inconclusive"
    assert "longer than 0.5 s" in control["error"]
    assert "--max-seconds" in control["error"]
    again = run("evaluate", tmp_path / "v" / "evidence.json", *given, "--max-seconds", "0.5")
    assert again.exit_code == 3
    assert json.loads(again.stdout)["controls"][0]["error"] == control["error"]


def test_a_policy_that_allocates_is_inconclusive_and_more_can_be_allowed(run, pipeline: Path, tmp_path: Path) -> None:
    given = asked(pack(tmp_path, "count(numbers.range(1, 5000000)) == 2"))
    found = run("gate", pipeline, *given, "--max-memory", "32")
    assert found.exit_code == 3
    assert "more than 32 MiB of memory" in json.loads(found.stdout)["controls"][0]["error"]
    roomy = run("gate", pipeline, *given)
    assert roomy.exit_code == 0
    assert json.loads(roomy.stdout)["controls"][0]["error"] is None


@pytest.mark.parametrize("option", [("--max-seconds", "0"), ("--max-seconds", "nan"), ("--max-memory", "-1")])
def test_a_limit_that_is_none_is_refused(run, pipeline: Path, option: tuple[str, str]) -> None:
    found = run("gate", pipeline, *option)
    assert found.exit_code == 2
    assert f"{option[0]} " in found.stderr
    assert "is no limit" in found.stderr
