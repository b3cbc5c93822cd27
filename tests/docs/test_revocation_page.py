"""The page about revocation: its commands are run in order, and what it says of them holds."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from signing_case import ed_key, envelope, statement, write
from typer.testing import CliRunner

from probatum.attestations.revocation.entry import REASONS
from probatum.cli import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "auditor" / "revocation.md"
MANIFEST = """\
pipeline: {name: small, criticality: low, exposure: internal}
subjects:
  - {kind: dependency_set, name: l, location: requirements.txt}
"""
KEYS = """\
version: 1
keys: {release: {path: release.pem.pub}, security: {path: security.pem.pub}}
"""


def run(command: str) -> Any:
    return CliRunner().invoke(app, shlex.split(command))


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A folder with what the page names; what its placeholders stand for there."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "pipeline/probatum.yaml", MANIFEST)
    write(tmp_path / "pipeline/requirements.txt", "numpy==2.0.0 --hash=sha256:" + "0" * 64 + "\n")
    for name in ("release", "security"):
        assert run(f"keys new {name}.pem --no-encrypt").exit_code == 0
    roles = "roles:\n  verdict: {signers: [release]}\n  revocation: {signers: [security]}\n"
    write(tmp_path / "trust.yaml", KEYS + roles)
    run("gate pipeline --trust trust.yaml --key release.pem --out verdicts/november -q")
    approval = envelope(statement("a" * 64, predicate_type="https://probatum.dev/approval/v1"), ed_key())
    write(tmp_path / "approval.dsse.json", approval)
    details = json.loads((tmp_path / "verdicts/november/reports/assessment.json").read_bytes())
    observation = next(iter(json.loads((tmp_path / "verdicts/november/evidence.json").read_bytes())["observations"]))
    return {"obs:1f0c…": observation, "3b6f…": details["digests"]["policies"]["sha256"], "2026-12-01": "2999-01-01"}


def commands(words: dict[str, str]) -> list[str]:
    text = PAGE.read_text()
    for word, value in words.items():
        text = text.replace(word, value)
    return re.findall(r"^    probatum (.+)$", text, re.MULTILINE)


def test_every_command_does_what_it_says(words: dict[str, str], tmp_path: Path) -> None:
    asked = commands(words)
    assert [command.split()[0] for command in asked].count("revoke") == 7
    found = {command: run(command) for command in asked}
    for command, done in found.items():
        last = done.stderr.strip().splitlines()[-1]
        if command.startswith("revoke"):
            assert done.exit_code == 0, done.stderr
        elif command.startswith("verify"):
            assert (done.exit_code, "REFUSED" in last) == (1, True)
        elif command.startswith("gate"):
            assert (done.exit_code, "may not decide any more" in last) == (2, True), "its policies are revoked"
        else:
            assert "november" in done.stdout, command
            assert done.exit_code in (0, 1), done.stderr
    assert len(list((tmp_path / "revoked").iterdir())) == 6


def test_the_trust_policy_of_the_page_is_one(words: dict[str, str], tmp_path: Path) -> None:
    for command in commands(words):
        if command.startswith("revoke") and " identity " not in command:
            assert run(command).exit_code == 0
    (lines,) = re.findall(r"^    roles:\n((?:    .*\n)+)", PAGE.read_text(), re.MULTILINE)
    snippet = "roles:\n  verdict: {signers: [release]}\n" + re.sub(r"^    ", "", lines, flags=re.MULTILINE)
    write(tmp_path / "trust.yaml", KEYS + snippet)
    done = run("verify verdicts/november --trust trust.yaml")
    assert (done.exit_code, "REFUSED" in done.stderr) == (1, True), done.stderr


def test_every_reason_of_the_page_is_one() -> None:
    used = set(re.findall(r"--reason (\S+)", PAGE.read_text()))
    assert used <= set(REASONS)
    assert len(used) >= 4
