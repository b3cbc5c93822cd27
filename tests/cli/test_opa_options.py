"""The second engine on the command line: which server, with which certificates and token, and how limits show."""

import json
from pathlib import Path

import pytest
from command_case import last_line
from opa_case import TOKEN, listed, needs_opa, real_server
from policy_case import APPLIES, PROOF, module

CHECKLIST = """schema: https://probatum.dev/checklist/v1
id: tiny
version: 1.0.0
title: Tiny
controls: [{id: TINY-01}]
"""


@needs_opa
def test_a_server_decides_as_the_embedded_engine_does(
    run, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ["--stage", "deployment", "-f", "json", "--now", "2026-11-20T07:00:00Z"]
    assert run("gate", pipeline, *given, "--out", tmp_path / "v", "--no-sign").exit_code in (1, 3)
    with real_server(tmp_path, guarded=True) as url:
        before = listed(url, TOKEN)
        monkeypatch.setenv("PROBATUM_OPA_TOKEN", TOKEN)
        monkeypatch.setenv("PROBATUM_OPA_URL", url)
        evidence = tmp_path / "v" / "evidence.json"
        documents = [
            json.loads(run("evaluate", evidence, "--allow-unsigned", *given, "--engine", engine).stdout)
            for engine in ("regorus", "opa")
        ]
        assert listed(url, TOKEN) == before
    engines = [document.pop("engine")["name"] for document in documents]
    assert engines == ["regorus", "opa"]
    assert documents[0] == documents[1]
    assert any(control["outcome"] == "pass" for control in documents[1]["controls"])


@needs_opa
def test_limits_hold_on_the_server(run, pipeline: Path, tmp_path: Path) -> None:
    pairs = "some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j == -1"
    folder = tmp_path / "pack"
    (folder / "controls" / "TINY-01").mkdir(parents=True)
    endless = module(f"{APPLIES}{PROOF}\ndeny contains 1 if count([1 | {pairs}]) > 0\n", evidence="[model_format]")
    (folder / "controls" / "TINY-01" / "control.rego").write_text(endless)
    (folder / "checklists").mkdir()
    (folder / "checklists" / "tiny.yaml").write_text(CHECKLIST)
    given = ["--policies", folder, "--no-built-in", "--checklist", "tiny", "-f", "json", "--engine", "opa"]
    found = run("gate", pipeline, *given, "--max-seconds", "0.5")
    assert found.exit_code == 3, found.stderr
    (control,) = json.loads(found.stdout)["controls"]
    assert control["outcome"] == "inconclusive"
    assert "longer than 0.5 s" in control["error"]
    assert "--max-seconds" in control["error"]


def test_an_unreachable_server_blocks(run, pipeline: Path, tmp_path: Path) -> None:
    found = run("gate", pipeline, "--engine", "opa", "--opa-url", "http://127.0.0.1:1", "-f", "json")
    assert found.exit_code == 3
    assert json.loads(found.stdout)["reasons"][0]["code"] == "engine_error"


def test_options_that_contradict_each_other_are_refused(
    run, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {
        "no server is named": ["--opa-ca", tmp_path / "x.pem"],
        "without its certificate": ["--opa-url", "https://127.0.0.1:1", "--opa-key", tmp_path / "x.pem"],
        "without TLS": ["--opa-url", "http://127.0.0.1:1", "--opa-ca", tmp_path / "x.pem"],
        "x.pem": ["--opa-url", "https://127.0.0.1:1", "--opa-cert", tmp_path / "x.pem"],
    }
    for part, options in wrong.items():
        found = run("gate", pipeline, "--engine", "opa", *options)
        assert found.exit_code == 2, part
        assert part in found.stderr
    monkeypatch.setenv("PROBATUM_OPA_TOKEN", "a-secret")
    found = run("gate", pipeline, "--engine", "opa", "--opa-url", "http://opa.example:8181")
    assert found.exit_code == 2
    assert "in clear" in found.stderr
    assert "a-secret" not in found.stderr
    assert last_line(found)
