"""``policy new`` and ``policy docs`` as a user calls them, and what ``explain`` tells."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_case import last_line, tree
from opa_case import needs_opa

from probatum.workbench.simulator.evidence import EVIDENCE


def test_a_new_control_is_gated_on_at_once(run, tmp_path: Path, pipeline: Path) -> None:
    mine = tmp_path / "mine"
    made = run("policy", "new", "ACME-01", "--dir", mine, "--evidence", "model_scan", "--stage", "training")
    assert made.exit_code == 0, made.stderr
    assert f"wrote {mine / 'controls' / 'ACME-01' / 'control.rego'}" in made.stderr
    assert "next: probatum policy test" in last_line(made)
    before = tree(mine)
    again = run("policy", "new", "ACME-01", "--dir", mine)
    assert again.exit_code == 2
    assert "there already" in last_line(again)
    assert tree(mine) == before
    judged = run("gate", pipeline, "--policies", mine, "--checklist", "custom", "--stage", "training")
    assert "ACME-01" in judged.stdout
    explained = run("explain", "acme-01", "--policies", mine, "--checklist", "custom")
    assert explained.exit_code == 0, explained.stderr
    for word in ("issue_count is not 0", "model_scan: ", "A good graph", "A bad graph", "Remedy"):
        assert word in explained.stdout
    assert "```json" in run("explain", "ACME-01", "--policies", mine, "--checklist", "custom", "-f", "markdown").stdout


def test_a_package_is_tried_with_the_policies_that_it_holds(run, tmp_path: Path, pipeline: Path) -> None:
    mine, verdict = tmp_path / "mine", tmp_path / "verdict"
    run("policy", "new", "ACME-01", "--dir", mine)
    run("gate", pipeline, "--policies", mine, "--checklist", "custom", "--out", verdict, "--no-sign")
    tried = run("policy", "try", "ACME-01", verdict)
    assert tried.exit_code == 0, tried.stderr
    assert "controls/ACME-01/control.rego" in tried.stdout
    assert run("policy", "try", "ACME-01", verdict, "--built-in").exit_code == 2  # these do not have it
    (verdict / "policies.tar.gz").write_bytes(b"damaged")
    assert "not a policy bundle" in last_line(run("policy", "try", "ACME-01", verdict))


@needs_opa
@pytest.mark.parametrize("evidence", ["attestation", "gpu_isolation", "model_scan", "waivers"])
def test_a_new_control_holds_before_everything_that_holds_controls(run, tmp_path: Path, evidence: str) -> None:
    mine = tmp_path / "mine"
    kind = EVIDENCE[evidence].kinds[0]
    assert run("policy", "new", "ACME-01", "--dir", mine, "--evidence", evidence, "--subject", kind).exit_code == 0
    checked = run("policy", "check", mine, "--strict")
    assert checked.exit_code == 0, checked.stdout
    tested = run("policy", "test", mine, "--engine", "both", "--coverage", "--fail-under", "100")
    assert tested.exit_code == 0, tested.stdout
    mutated = run("policy", "mutate", "ACME-01", "--policies", mine, "--jobs", "1")
    assert mutated.exit_code == 0, mutated.stdout


def test_what_cannot_be_a_control_is_refused_with_what_can(run, tmp_path: Path) -> None:
    refused = run("policy", "new", "ACME-01", "--dir", tmp_path / "x", "--subject", "dataset")
    assert refused.exit_code == 2
    assert "it is made for: model" in refused.stderr
    assert run("policy", "new", "АCME-01", "--dir", tmp_path / "x").exit_code == 2  # a Cyrillic letter
    assert not (tmp_path / "x").exists()


def test_pages_are_written_and_checked(run, tmp_path: Path) -> None:
    mine, out = tmp_path / "mine", tmp_path / "out"
    run("policy", "new", "ACME-01", "--dir", mine)
    stale = run("policy", "docs", mine, "--out", out, "--checklist", "custom", "--check")
    assert stale.exit_code == 1
    assert "stale: ACME-01.md, README.md" in last_line(stale)
    assert run("policy", "docs", mine, "--out", out, "--checklist", "custom").exit_code == 0
    assert run("policy", "docs", mine, "--out", out, "--checklist", "custom", "--check").exit_code == 0
    assert (out / "ACME-01.md").read_text().count("# ") >= 6
    nothing = run("policy", "docs", tmp_path / "none", "--out", out)
    assert nothing.exit_code == 2
    assert "remedy" in nothing.stderr
