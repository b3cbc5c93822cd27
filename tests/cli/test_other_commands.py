"""The commands around `gate`."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from command_case import last_line, tree
from typer.testing import CliRunner

from probatum import __version__
from probatum.cli import app


def test_help_teaches(run) -> None:
    text = run("--help").output
    for word in (
        "gate",
        "collect",
        "evaluate",
        "verify",
        "keys",
        "controls",
        "explain",
        "init",
        "doctor",
        "report",
        "Exit codes",
    ):
        assert word in text
    assert "Example: probatum gate" in run("gate", "--help").output
    assert __version__ in run("--version").output


def test_no_arguments_show_the_help() -> None:
    assert "Commands:" in CliRunner().invoke(app, []).output


@pytest.fixture
def verdict(run, pipeline: Path, tmp_path: Path) -> Path:
    run("gate", pipeline, "--out", tmp_path / "verdict", "-q")
    return tmp_path / "verdict"


def test_a_changed_subject_is_named(run, pipeline: Path, verdict: Path) -> None:
    (pipeline / "d.csv").write_text("a,b\n1,3\n")
    checked = run("verify", verdict, "--subject", pipeline)
    assert checked.exit_code == 1
    assert "dataset:d" in last_line(checked)
    assert "VERIFIED" in last_line(run("verify", verdict))


def test_a_changed_package_is_named(run, verdict: Path) -> None:
    data = bytearray((verdict / "evidence.json").read_bytes())
    data[-10] ^= 1
    (verdict / "evidence.json").write_bytes(data)
    checked = run("verify", verdict)
    assert checked.exit_code == 1
    assert "evidence.json" in checked.stdout


def test_verify_trusts_only_whom_it_is_told(run, verdict: Path, tmp_path: Path, own_configuration: Path) -> None:
    assert "your own local key alone" in run("verify", verdict).stdout
    run("keys", "new", tmp_path / "other.pem", "--no-encrypt")
    assert run("verify", verdict, "--public-key", tmp_path / "other.pem.pub").exit_code == 1
    both = run("verify", verdict, "--public-key", tmp_path / "other.pem.pub", "--trust", tmp_path / "trust.yaml")
    assert both.exit_code == 2
    (own_configuration / "probatum" / "local-key.pem").unlink()
    nothing = run("verify", verdict)
    assert nothing.exit_code == 2
    assert "nothing to trust" in last_line(nothing)


def test_verify_of_nothing(run, tmp_path: Path) -> None:
    run("keys", "new", tmp_path / "k", "--no-encrypt")
    assert run("verify", tmp_path / "absent", "--public-key", tmp_path / "k.pub").exit_code == 2


def test_an_old_verdict_can_be_refused(run, verdict: Path) -> None:
    checked = run("verify", verdict, "--max-age", "1", "--now", "2099-01-01T00:00:00Z")
    assert checked.exit_code == 1
    assert "age" in last_line(checked)


def test_keys_are_encrypted_and_private(run, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "release.pem"
    refused = run("keys", "new", key)
    assert refused.exit_code == 2
    assert "PROBATUM_KEY_PASSPHRASE" in refused.stderr
    monkeypatch.setenv("PROBATUM_KEY_PASSPHRASE", "correct horse")
    made = run("keys", "new", key, "--kind", "ecdsa-p256")
    assert made.exit_code == 0
    assert made.stdout.startswith("SHA256:")
    assert b"ENCRYPTED" in key.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert run("keys", "new", key).exit_code == 2
    signed = run("gate", pipeline, "--out", tmp_path / "v", "--key", key)
    assert signed.exit_code in (1, 3)
    assert run("verify", tmp_path / "v", "--public-key", tmp_path / "release.pem.pub").exit_code == signed.exit_code
    monkeypatch.setenv("PROBATUM_KEY_PASSPHRASE", "wrong")
    wrong = run("gate", pipeline, "--out", tmp_path / "v", "--key", key)
    assert wrong.exit_code == 2
    assert "passphrase" in wrong.stderr


def test_the_local_key_is_made_once_and_is_private(
    run, pipeline: Path, tmp_path: Path, own_configuration: Path
) -> None:
    run("gate", pipeline, "--out", tmp_path / "a", "-q")
    (key,) = (own_configuration / "probatum").iterdir()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    run("gate", pipeline, "--out", tmp_path / "b", "-q")
    assert key.read_bytes() == before


def test_collect_and_evaluate_agree_with_gate(run, pipeline: Path, tmp_path: Path) -> None:
    now = ("--now", "2026-11-20T07:00:00Z")
    evidence = tmp_path / "evidence.json"
    assert run("collect", pipeline, "--out", evidence, "--raw", tmp_path / "raw", *now).exit_code == 0
    assert all(len(path.name) == 64 for path in (tmp_path / "raw").iterdir())
    gated = run("gate", pipeline, "--format", "json", *now)
    given = ("--manifest", pipeline / "probatum.yaml", "--format", "json", *now)
    evaluated = run("evaluate", evidence, "--allow-unsigned", *given)
    one, other = json.loads(evaluated.stdout), json.loads(gated.stdout)
    assert [(item["id"], item["outcome"]) for item in one["controls"]] == [
        (item["id"], item["outcome"]) for item in other["controls"]
    ]
    assert {**one["digests"], "graph": None} == {**other["digests"], "graph": None}
    assert evaluated.exit_code == gated.exit_code
    assert "unsigned_evidence" in [item["code"] for item in one["bypasses"]]
    assert json.loads(run("evaluate", evidence, *given).stdout)["counts"]["pass"] == 0


def test_graphs_of_several_machines_merge(run, pipeline: Path, tmp_path: Path) -> None:
    now = ("--now", "2026-11-20T07:00:00Z")
    run("collect", pipeline, "--out", tmp_path / "a.json", *now)
    run("collect", pipeline, "--out", tmp_path / "b.json", *now)
    assert run("evaluate", tmp_path / "a.json", tmp_path / "b.json", *now).exit_code in (1, 3)
    (pipeline / "d.csv").write_text("other\n")
    run("collect", pipeline, "--out", tmp_path / "b.json", *now)
    conflict = run("evaluate", tmp_path / "a.json", tmp_path / "b.json", *now)
    assert conflict.exit_code == 2
    assert "dataset:d" in conflict.stderr


@pytest.mark.parametrize("text", ["", "{", '{"a": 1, "a": 2}', "[]", '{"schema": "other"}'])
def test_evidence_that_is_none_is_refused(run, tmp_path: Path, text: str) -> None:
    (tmp_path / "e.json").write_text(text)
    made = run("evaluate", tmp_path / "e.json")
    assert made.exit_code == 2
    assert "e.json" in made.stderr


def test_the_limits_of_evidence_can_be_set(run, tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text('{"a": "' + "x" * (2 << 20) + '"}')
    refused = run("evaluate", tmp_path / "e.json", "--max-mib", "1")
    assert refused.exit_code == 2
    assert "too large" in refused.stderr
    assert "too large" not in run("evaluate", tmp_path / "e.json", "--max-mib", "3").stderr
    (tmp_path / "e.json").write_text("[" * 9 + "]" * 9)
    assert "too deep" in run("evaluate", tmp_path / "e.json", "--max-depth", "8").stderr


def test_controls_and_explain(run) -> None:
    listed = json.loads(run("controls", "--format", "json").stdout)
    assert {"MODEL-01", "GOV-04"} <= {control["id"] for control in listed}
    assert "MODEL-02" in run("controls", "--checklist", "secure-pipeline").stdout
    explained = run("explain", "model-02").stdout
    for word in ("MODEL-02", "model_scan", "max_age_days"):
        assert word in explained
    unknown = run("explain", "MODEL-22")
    assert unknown.exit_code == 2
    assert "remedy" in unknown.stderr


def test_explain_shows_the_values_of_a_pipeline(run, pipeline: Path) -> None:
    manifest = pipeline / "probatum.yaml"
    manifest.write_text(manifest.read_text() + "parameters: {MODEL-02: {max_age_days: 3}}\n")
    shown = json.loads(run("explain", "MODEL-02", "--pipeline", pipeline, "--format", "json").stdout)
    assert shown["parameters"]["max_age_days"]["default"] == 3
    assert shown["parameters"]["max_age_days"]["origin"] == "manifest"
    assert "3, set by the manifest" in run("explain", "MODEL-02", "--pipeline", pipeline).stdout


def test_init_writes_a_manifest_that_gate_reads(run, pipeline: Path) -> None:
    (pipeline / "probatum.yaml").unlink()
    (pipeline / "notes.md").write_text("x")
    made = run("init", pipeline)
    assert made.exit_code == 0
    assert "passed over notes.md" in made.stderr
    assert len(yaml.safe_load((pipeline / "probatum.yaml").read_text())["subjects"]) == 3
    assert run("init", pipeline).exit_code == 2
    assert run("init", pipeline, "--force").exit_code == 0
    assert run("gate", pipeline).exit_code in (1, 3)
    assert json.loads(run("init", "--schema").stdout)["title"].startswith("Probatum")


def test_doctor_names_every_collector(run, pipeline: Path) -> None:
    rows = json.loads(run("doctor", pipeline, "--format", "json").stdout)
    assert {"hashes", "model_scan", "gpu_isolation", "regorus", "opa"} <= {row["name"] for row in rows}
    assert all(row["ready"] or row["remedy"] for row in rows)
    assert run("doctor", pipeline).exit_code == 0


def test_report_renders_again(run, verdict: Path, tmp_path: Path) -> None:
    again = run("report", verdict, "--format", f"json={tmp_path / 'a.json'}", "--format", "markdown")
    assert again.exit_code == 0
    assert again.stdout.startswith("#")
    assert run("report", tmp_path / "a.json", "--format", "sarif").exit_code == 0
    assert run("report", tmp_path).exit_code == 2
    (tmp_path / "x.json").write_text("{}")
    assert run("report", tmp_path / "x.json").exit_code == 2
    assert tree(verdict)


def test_it_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "probatum", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"probatum {__version__}"
