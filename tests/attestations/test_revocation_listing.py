"""The list of every verdict of a folder: who signed it, about what, with which result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from impact_case import evidence, kept
from package_case import KEY
from typer.testing import CliRunner

from probatum.cli import app


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["impact", *map(str, arguments), "--list"])


def test_every_verdict_with_its_signer_and_its_result(tmp_path: Path) -> None:
    kept(tmp_path / "b" / "november")
    kept(tmp_path / "a", evidence(advisories=("CVE-2026-1",)), signed=False)
    done = run(tmp_path, "--format", "json")
    assert (done.exit_code, json.loads(done.stdout)["verdicts"]) == (
        0,
        [
            {
                "package": "a", "problem": "", "pipeline": "p", "checklist": "small@1.0.0", "stage": "training",
                "result": "fail", "evaluated_at": "2026-11-20T07:00:00Z", "signers": [], "rests_on": ["key:builder"],
            },
            {
                "package": "b/november", "problem": "", "pipeline": "p", "checklist": "small@1.0.0",
                "stage": "training", "result": "pass", "evaluated_at": "2026-11-20T07:00:00Z",
                "signers": [f"key {KEY.public.id}"], "rests_on": ["key:builder"],
            },
        ],
    )  # fmt: skip
    shown = run(tmp_path).stdout
    assert "nobody" in shown
    assert "b/november: its evidence rests on the signatures of key:builder" in shown
    assert "2 verdicts; signatures were not checked: probatum verify does" in shown


def test_a_damaged_package_is_named_and_ends_nothing(tmp_path: Path) -> None:
    kept(tmp_path / "a")
    kept(tmp_path / "b")
    (tmp_path / "a" / "evidence.json").write_bytes(b"{}")
    kept(tmp_path / "c")
    (tmp_path / "c" / "verdict.dsse.json").write_bytes(b'{"payload": {}, "payloadType": "x", "signatures": []}')
    done = run(tmp_path)
    assert done.exit_code == 3
    assert "a: the package is damaged: evidence.json differs" in done.stdout
    assert "2 of 3 verdicts cannot be read" in done.stderr


def test_a_malformed_package_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw in a package that nobody verified."""
    kept(tmp_path / "a")
    monkeypatch.setattr("probatum.attestations.revocation.listing.vouched", lambda *_: 1 / 0)
    done = run(tmp_path, "--format", "json")
    (found,) = json.loads(done.stdout)["verdicts"]
    assert found["problem"] == "it is malformed: ZeroDivisionError: division by zero"


def test_a_folder_without_a_verdict(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code == 3
    assert run(tmp_path / "absent").exit_code == 2


def test_a_list_and_a_question_exclude_each_other(tmp_path: Path) -> None:
    kept(tmp_path / "a")
    done = run(tmp_path, "--package", "x")
    assert done.exit_code == 2
    assert "one question at a time" in done.stderr
