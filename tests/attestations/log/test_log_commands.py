"""``probatum log …`` and ``gate --log``, through the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from command_case import last_line, tree
from log_case import ORIGIN, assert_whole
from typer.testing import CliRunner

from probatum.attestations.keys.signing_key import new_key
from probatum.attestations.log.merkle import consistent
from probatum.attestations.log.proof import LogProof
from probatum.attestations.log.store import Log
from probatum.cli import app

LOG_VARIABLES = ("PROBATUM_LOG", "PROBATUM_LOG_KEY", "PROBATUM_LOG_WITNESS")
EXAMPLE = Path(__file__).parents[3] / "examples/tumour-classifier"


def run(*arguments: object, code: int = 0) -> Any:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == code, result.stdout + result.stderr
    return result


def key(folder: Path, name: str) -> Path:
    pair = new_key()
    (folder / name).write_bytes(pair.private)
    (folder / name).chmod(0o600)
    (folder / f"{name}.pub").write_text(pair.public.pem)
    return folder / name


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with keys and an empty log."""
    for name in (*LOG_VARIABLES, *(one for one in os.environ if one.startswith("GIT_"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.com")
    for name in ("log.pem", "release.pem", "witness.pem"):
        key(tmp_path, name)
    run("log", "init", tmp_path / "log", "--origin", ORIGIN, "--key", tmp_path / "log.pem")
    return tmp_path


def statement(folder: Path, number: int = 0) -> Path:
    """A signed statement of any kind."""
    from signing_case import ed_key, envelope
    from signing_case import statement as made

    path = folder / f"statement{number}.json"
    path.write_bytes(envelope(made(f"{number:064x}"), ed_key()))
    return path


def append(place: Path, *numbers: int) -> None:
    for number in numbers:
        run("log", "append", place / "log", statement(place, number), "--key", place / "log.pem")


def vkey(place: Path) -> str:
    return str(Log.open(place / "log").key)


def trust(place: Path, witness: str = "") -> Path:
    witnesses = f', witnesses: ["{witness}"]' if witness else ""
    (place / "trust.yaml").write_text(
        f"""version: 1
keys: {{release: {{path: release.pem.pub}}}}
logs: {{internal: {{key: "{vkey(place)}"{witnesses}}}}}
roles:
  verdict: {{signers: [release], require_log: true}}
  log: {{signers: [internal]}}
"""
    )
    return place / "trust.yaml"


def test_a_logged_verdict_from_gate_to_verify(place: Path) -> None:
    """Gate logs it, a witness cosigns, the proof is made again, and a policy that requires all of that is content."""
    gate = ["gate", EXAMPLE, "--out", place / "verdict", "--key", place / "release.pem", "-q"]
    run(*gate, "--log", place / "log", "--log-key", place / "log.pem")
    assert run("verify", place / "verdict", "--trust", trust(place), "-q").exit_code == 0
    witnessed = ("--name", "witness.example", "--key", place / "witness.pem", "--verifier-key", vkey(place))
    done = run("log", "witness", place / "log", "--state", place / "seen.json", *witnessed)
    assert "seen for the first time; cosigned" in last_line(done)
    strict = trust(place, done.stdout.strip())
    assert "witnesses" in last_line(run("verify", place / "verdict", "--trust", strict, "-q", code=1))
    run("log", "prove", place / "log", place / "verdict")
    run("verify", place / "verdict", "--trust", strict, "-q")
    (place / "verdict/verdict.tlog-proof").unlink()
    result = run("verify", place / "verdict", "--trust", strict, "-f", f"json={place / 'report.json'}", "-q", code=1)
    assert "signer" in last_line(result)
    assert "no log holds it" in (place / "report.json").read_text()
    shown = run("log", "show", place / "log", "--find", "tumour-classifier", "-f", "json", "-q")
    [entry] = json.loads(shown.stdout)["entries"]
    assert entry["resource"] == "urn:probatum:pipeline:tumour-classifier"
    assert (entry["index"], entry["result"]) == (0, "PASSED")


def test_gate_refuses_a_log_that_it_cannot_write_to_before_any_work(place: Path) -> None:
    before = tree(place / "log")
    gate = ["gate", EXAMPLE, "--out", place / "verdict", "-q"]
    release = ["--key", place / "release.pem"]
    log = ["--log", place / "log"]
    assert "no key for the log" in last_line(run(*gate, *release, *log, code=2))
    assert "--log-key, and no log" in last_line(run(*gate, *release, "--log-key", place / "log.pem", code=2))
    assert "not the key of the log" in last_line(run(*gate, *release, *log, "--log-key", place / "release.pem", code=2))
    mine = run(*gate, "--key", place / "log.pem", *log, "--log-key", place / "log.pem", code=2)
    assert "also signs the verdict" in last_line(mine)
    assert "there is no log" in last_line(
        run(*gate, *release, "--log", place / "none", "--log-key", place / "log.pem", code=2)
    )
    assert not (place / "verdict").exists()
    assert tree(place / "log") == before


def test_an_unsigned_package_is_not_logged_and_that_is_said(place: Path) -> None:
    result = run("gate", EXAMPLE, "--out", place / "verdict", "--no-sign", "--log", place / "log", "-q")
    assert "the verdict goes into no log, because nobody signs it" in result.stderr
    assessment = json.loads((place / "verdict/assessment.unsigned.json").read_text())["predicate"]
    assert "not_logged" in [item["code"] for item in assessment["bypasses"]]
    assert Log.open(place / "log").checkpoint().size == 0


def test_statements_of_any_kind_are_logged_with_their_proof(place: Path) -> None:
    append(place, 0, 1, 2)
    log = Log.open(place / "log")
    assert len(assert_whole(log)) == 3
    proof = LogProof.parse((place / "statement1.json.tlog-proof").read_bytes())
    assert proof.index == 1
    assert "is entry 1" in last_line(run("log", "prove", place / "log", place / "statement1.json"))
    by_index = run("log", "prove", place / "log", 1)
    assert by_index.stdout.encode() == log.proof(1).to_bytes()
    run("log", "prove", place / "log", 0, "--out", place / "zero")
    assert (place / "zero").read_bytes() == log.proof(0).to_bytes()
    table = run("log", "show", place / "log", "--last", 2).stdout
    assert vkey(place) in table.replace("\n", "")
    assert len(json.loads(run("log", "show", place / "log", "-n", 2, "-f", "json").stdout)["entries"]) == 2


def test_what_cannot_be_logged_or_proven_is_a_usage_error(place: Path) -> None:
    append(place, 0)
    log = place / "log"
    (place / "x.json").write_text("{}")
    (place / "bundle.json").write_text(
        '{"dsseEnvelope": {"payload": "e30=", "payloadType": "a", "signatures": [{"sig": "AA=="}]}}'
    )
    (place / "empty").mkdir()
    (place / "verdict.zip").write_bytes(b"PK\x03\x04")
    assert "is not unpacked" in last_line(run("log", "check", log, "--checkpoint", place / "verdict.zip", code=1))
    for name in ("x.json", "bundle.json", "empty", "absent", "verdict.zip"):
        run("log", "append", log, place / name, "--key", place / "log.pem", code=2)
    assert "is not in the log" in last_line(run("log", "prove", log, statement(place, 9), code=2))
    assert "no entry 7" in last_line(run("log", "prove", log, 7, code=2))
    run("log", "prove", log, code=2)
    run("log", "prove", log, 0, "--from", 0, code=2)
    assert "the log has no 9 entries" in last_line(run("log", "prove", log, "--from", 9, code=2))
    run("log", "show", log, "--verifier-key", "x+y", code=2)
    pem = run("log", "check", log, "--verifier-key", place / "log.pem.pub", code=2)
    assert "is no verifier key" in last_line(pem)
    assert "the line that 'log init' printed" in pem.stderr
    run("log", "show", log, "--verifier-key", place / "absent", code=2)
    run("log", "export", log, code=2)
    run("log", "init", log, "--origin", "x", "--key", place / "log.pem", code=2)
    run("log", "witness", log, "--state", place / "s", "--name", "w", code=2)
    run("log", "witness", log, "--state", place / "x.json/s", "--verifier-key", vkey(place), code=2)
    assert Log.open(log).checkpoint().size == 1


def test_growth_is_proven_in_the_form_that_witnesses_take(place: Path) -> None:
    """C2SP tlog-witness: old size, hashes, an empty line, the checkpoint."""
    import base64

    append(place, 0, 1, 2)
    log = Log.open(place / "log")
    old = log.checkpoint()
    append(place, 3, 4)
    head, _, note = run("log", "prove", place / "log", "--from", 3).stdout.partition("\n\n")
    size, *hashes = head.split("\n")
    assert size == "old 3"
    assert note.encode() == log.signed_checkpoint()
    new = log.checkpoint()
    assert consistent(3, old.root, 5, new.root, [base64.b64decode(one) for one in hashes])
    assert run("log", "prove", place / "log", "--from", 0).stdout.startswith("old 0\n\n")


def git(*arguments: object) -> str:
    return subprocess.run(["git", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("bare", [False, True])
def test_checkpoints_are_kept_in_git_and_compared_with_all_its_history(place: Path, bare: bool) -> None:
    repository = place / "repository"
    git("init", "-q", "-b", "main", *(["--bare"] if bare else []), repository)
    append(place, 0)
    for numbers in ((1,), (2, 3)):
        assert "committed" in last_line(run("log", "export", place / "log", "--git", repository))
        assert "already" in last_line(run("log", "export", place / "log", "--git", repository))
        append(place, *numbers)
    run("log", "export", place / "log", "--git", repository)
    assert git("-C", repository, "rev-list", "--count", "HEAD").strip() == "3"
    checked = run("log", "check", place / "log", "--git", repository, "--verifier-key", vkey(place), "-q")
    assert "4 entries, each in its place; compared with 3 others" in last_line(checked)
    shutil.rmtree(place / "log")
    run("log", "init", place / "log", "--origin", ORIGIN, "--key", place / "log.pem")
    append(place, 0, 5, 6, 7, 8)
    assert "rewritten or forked" in last_line(run("log", "export", place / "log", "--git", repository, code=2))
    found = run("log", "check", place / "log", "--git", repository, "-f", "json", "-q", code=1)
    rows = {row["check"]: row for row in json.loads(found.stdout)["rows"] if row["ok"] is False}
    assert len(rows) == 3
    assert "rewritten" in last_line(found)


def test_the_log_s_key_has_a_passphrase_of_its_own(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two keys of one command: whoever knows the passphrase of one need not be told that of the other."""
    for name, secret in (("release.pem", "first"), ("log.pem", "second"), ("witness.pem", "first")):
        pair = new_key(passphrase=secret.encode())
        (place / name).write_bytes(pair.private)
        (place / f"{name}.pub").write_text(pair.public.pem)
    log = place / "own"
    gate = ("gate", EXAMPLE, "--out", place / "v", "--key", place / "release.pem", "-q", "--log", log)
    monkeypatch.setenv("PROBATUM_KEY_PASSPHRASE", "first")
    refused = run("log", "init", log, "--origin", ORIGIN, "--key", place / "log.pem", code=2)
    assert "the passphrase is wrong" in refused.stderr
    monkeypatch.setenv("PROBATUM_LOG_KEY_PASSPHRASE", "second")
    run("log", "init", log, "--origin", ORIGIN, "--key", place / "log.pem")
    run(*gate, "--log-key", place / "log.pem")
    run("log", "append", log, statement(place), "--key", place / "log.pem")
    assert Log.open(log).checkpoint().size == 2
    witnessed = ("--name", "w.example", "--key", place / "witness.pem", "--verifier-key", Log.open(log).key)
    assert "cosigned" in last_line(run("log", "witness", log, "--state", place / "seen", *witnessed))
    monkeypatch.setenv("PROBATUM_KEY_PASSPHRASE", "second")
    monkeypatch.delenv("PROBATUM_LOG_KEY_PASSPHRASE")
    run("log", "append", log, statement(place, 1), "--key", place / "log.pem")  # one variable serves both
    assert Log.open(log).checkpoint().size == 3


def test_git_is_told_who_commits(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    git("init", "-q", "-b", "main", place / "repository")
    git("-C", place / "repository", "config", "user.useConfigOnly", "true")
    append(place, 0)
    refused = run("log", "export", place / "log", "--git", place / "repository", code=2)
    assert "remedy: tell git who commits: git config user.name, user.email" in refused.stderr


def test_an_export_from_which_something_was_taken_is_found_in_its_history(place: Path) -> None:
    repository = place / "repository"
    git("init", "-q", "-b", "main", repository)
    append(place, 0)
    run("log", "export", place / "log", "--git", repository)
    git("-C", repository, "rm", "-q", "--", next(repository.glob("*.checkpoints")).name)
    git("-C", repository, "commit", "-q", "-m", "nothing to see")
    assert "no signed note" in last_line(run("log", "check", place / "log", "--git", repository, "-q", code=1))
    other = place / "other"
    git("init", "-q", "-b", "main", other)
    git("-C", other, "commit", "-q", "--allow-empty", "-m", "empty")
    assert "no checkpoints" in last_line(run("log", "check", place / "log", "--git", other, "-q", code=2))
    assert "failed" in last_line(run("log", "export", place / "log", "--git", place / "log", code=2))


def test_a_file_of_checkpoints_grows(place: Path) -> None:
    append(place, 0)
    assert "added" in last_line(run("log", "export", place / "log", "--to", place / "kept"))
    first = (place / "kept").read_bytes()
    assert "already" in last_line(run("log", "export", place / "log", "--to", place / "kept"))
    append(place, 1)
    run("log", "export", place / "log", "--to", place / "kept")
    assert (place / "kept").read_bytes().startswith(first + b"\n")
    shutil.copytree(place / "log", place / "copy")
    others = [
        "--checkpoint",
        place / "kept",
        "--checkpoint",
        place / "statement0.json.tlog-proof",
        "--against",
        place / "copy",
    ]
    checked = run("log", "check", place / "log", *others, "-q")
    assert "compared with 4 others" in last_line(checked)
    assert "the log agrees with itself" in " ".join(run("log", "check", place / "log").stdout.split())


def test_what_others_kept_of_another_log_is_a_row(place: Path) -> None:
    append(place, 0)
    key(place, "other.pem")
    run("log", "init", place / "other", "--origin", ORIGIN, "--key", place / "other.pem")
    run("log", "export", place / "other", "--to", place / "theirs")
    found = run(
        "log", "check", place / "log", "--checkpoint", place / "theirs", "--against", place / "other", "-q", code=1
    )
    assert "does not hold" in last_line(found)


def test_check_names_the_entry_and_mends_what_a_crash_left(place: Path) -> None:
    append(place, 0, 1)
    log = place / "log"
    path = log / "tile/entries/000.p/2"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"]")
    assert "entry 1:" in last_line(run("log", "check", log, "-q", code=1))
    path.write_bytes(content)
    (log / ".journal").write_bytes((log / ".journal").read_bytes() + b"cut off")
    (log / ".lock").write_bytes(b"")
    assert "cut off" in last_line(run("log", "check", log, "-q", code=1))
    result = run("log", "check", log, "--mend", "-q")
    assert "is whole, with 2 entries" in result.stderr


def test_a_witness_without_a_key_remembers(place: Path) -> None:
    append(place, 0, 1)
    state = ["--state", place / "seen"]
    assert "first time" in last_line(run("log", "witness", place / "log", *state, "--verifier-key", vkey(place)))
    append(place, 2)
    assert "grew from 2 entries" in last_line(run("log", "witness", place / "log", *state))
    signer = ("--name", "w.example", "--key", place / "witness.pem")
    run("log", "witness", place / "log", *state, *signer, "--out", place / "cosigned")
    run("log", "witness", place / "log", *state, *signer)
    run("log", "witness", place / "log", *state, *signer, "--now", "2030-01-01T00:00:00Z")
    assert (place / "log/checkpoint").read_text().count("— w.example") == 1
    assert (place / "cosigned").read_text().count("— w.example") == 1
    shutil.rmtree(place / "log")
    run("log", "init", place / "log", "--origin", ORIGIN, "--key", place / "log.pem")
    append(place, 0)
    assert "was rolled back" in last_line(run("log", "witness", place / "log", *state, code=2))
