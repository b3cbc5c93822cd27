"""``probatum trust``: exit codes, and what is said where."""

import json
from pathlib import Path

import pytest
from command_case import last_line
from signing_case import ec_key, ed_key, write
from trust_case import policy_file

KEYS = {"one": ed_key(), "two": ec_key()}
NOW = ("--now", "2026-11-20T07:00:00Z")


@pytest.fixture
def calm(tmp_path: Path) -> Path:
    """A policy in which nothing is odd."""
    for name, key in KEYS.items():
        write(tmp_path / f"{name}.pub", key.public.pem)
    keys = "keys: {one: {path: one.pub}, two: {path: two.pub}}"
    roles = "roles: {verdict: {signers: [one, two], threshold: 2, max_age_days: 30}}"
    return write(tmp_path / "calm.yaml", f"version: 1\n{keys}\n{roles}\n")


def test_check_says_who_may_sign_what(run, calm: Path) -> None:
    done = run("trust", "check", calm, *NOW, "--strict")
    assert done.exit_code == 0
    assert KEYS["one"].public.id[:20] in done.stdout
    assert last_line(done) == f"probatum: {calm}: nothing odd (exit 0)"
    document = json.loads(run("trust", "check", calm, "--format", "json").stdout)
    assert [role["role"] for role in document["roles"]] == ["verdict"]


def test_check_fails_on_errors_and_with_strict_on_warnings(run, tmp_path: Path, calm: Path) -> None:
    full = policy_file(tmp_path)
    assert run("trust", "check", full, *NOW).exit_code == 0
    assert "warning" in last_line(run("trust", "check", full, *NOW))
    assert run("trust", "check", full, *NOW, "--strict").exit_code == 1
    assert run("trust", "check", full, "--now", "2027-01-01T00:00:00Z").exit_code == 1
    noted = write(tmp_path / "noted.yaml", calm.read_text().replace(", threshold: 2", ""))
    assert run("trust", "check", noted, *NOW, "--strict").exit_code == 0, "a note is no warning"
    wrong = run("trust", "check", write(tmp_path / "wrong.yaml", "roles: {}\n"))
    assert wrong.exit_code == 1
    assert "1 error (exit 1)" in last_line(wrong)
    assert run("trust", "check", tmp_path / "none.yaml").exit_code == 2


def test_init_proposes_and_check_refuses(run, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    run("gate", pipeline, "--out", tmp_path / "verdict", "-q")
    proposed = tmp_path / "proposed.yaml"
    done = run("trust", "init", "--from", tmp_path / "verdict", "--out", proposed)
    assert done.exit_code == 0
    assert "trusts nobody yet" in last_line(done)
    assert done.stdout == ""
    assert run("trust", "init", "--from", tmp_path / "verdict").stdout == proposed.read_text()
    assert run("trust", "check", proposed).exit_code == 1
    verified = run("verify", tmp_path / "verdict", "--trust", proposed)
    assert verified.exit_code == 2
    assert "nobody has reviewed" in verified.stderr
    assert run("trust", "init", "--from", tmp_path / "verdict", "--out", proposed).exit_code == 2
