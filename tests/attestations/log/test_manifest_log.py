"""A pipeline's manifest names the log that its verdicts go into: where it lies, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_case import last_line, tree
from cosigner_case import Reply, stand_in
from log_case import LOG_KEY, SIGNER, new_log, witness
from signing_case import ed_key
from typer.testing import CliRunner

from probatum.attestations.log.checkpoint import verified
from probatum.attestations.log.note import Note, cosignature
from probatum.attestations.log.proof import LogProof
from probatum.attestations.log.store import Log
from probatum.cli import app
from probatum.collectors.manifest import Manifest, load_manifest
from probatum.errors import UsageError
from probatum.jobs.verdict_log import verdict_log

WITNESS = witness()
PIPELINE = "pipeline: {name: small}\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipeline, a log with one entry outside of it, and keys."""
    for name in ("PROBATUM_LOG", "PROBATUM_LOG_KEY", "PROBATUM_LOG_WITNESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    new_log(tmp_path / "log", 1)
    (tmp_path / "pipeline").mkdir()
    for name, key in (("log.pem", LOG_KEY), ("release.pem", ed_key("release.pem"))):
        (tmp_path / name).write_bytes(_pem(key))
        (tmp_path / name).chmod(0o600)
    return tmp_path


def _pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return bytes(key.signer._private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def named(place: Path, log: object = "../log") -> Path:
    (place / "pipeline/probatum.yaml").write_text(f"{PIPELINE}log: {json.dumps(str(log))}\n")
    return place / "pipeline"


def gate(place: Path, *arguments: object, code: int = 3, out: str = "verdict") -> Any:
    """Nothing is found in the pipeline, so that the verdict is FAILED; it is signed and logged all the same."""
    fixed = ("gate", place / "pipeline", "--out", place / out, "--key", place / "release.pem")
    result = CliRunner().invoke(app, [str(one) for one in (*fixed, *arguments)])
    assert result.exit_code == code, result.stdout + result.stderr
    return result


def size(place: Path) -> int:
    return Log.open(place / "log").checkpoint().size


def bypasses(place: Path, out: str = "verdict") -> list[str]:
    from probatum.attestations.documents import dsse

    data = (place / out / "assessment.dsse.json").read_bytes()
    predicate = json.loads(dsse.parse(data, source="it").payload)["predicate"]
    return [item["message"] for item in predicate["bypasses"] if item["code"] == "not_logged"]


def test_every_signed_verdict_goes_into_the_log_that_the_manifest_names(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No option but the key, which may come from the environment."""
    named(place)
    monkeypatch.setenv("PROBATUM_LOG_KEY", str(place / "log.pem"))
    for number in (1, 2):
        result = gate(place)
        assert f"the verdict goes into the log {place / 'log'}, which the manifest in" in result.stderr
        assert LogProof.parse((place / "verdict/verdict.tlog-proof").read_bytes()).index == number
        assert bypasses(place) == []
    assert size(place) == 3


def test_without_the_key_nothing_is_done(place: Path) -> None:
    """Neither unlogged in silence, nor signed with some key that lies around."""
    named(place)
    result = gate(place, code=2)
    assert "no key for the log" in last_line(result)
    assert "the manifest in" in result.stderr
    assert "--no-log" in result.stderr
    assert not (place / "verdict").exists()


def test_a_refusal_to_log_is_said_and_recorded_in_the_verdict(place: Path) -> None:
    named(place)
    result = gate(place, "--no-log", "--log-key", place / "log.pem", "-q")
    assert "the verdict goes into no log, as --no-log asked; the manifest names ../log" in result.stderr
    assert bypasses(place) == ["the verdict goes into no log, as --no-log asked; the manifest names ../log"]
    assert size(place) == 1
    (place / "pipeline/probatum.yaml").write_text(PIPELINE)
    gate(place, "--log", place / "log", "--no-log")
    assert bypasses(place) == ["the verdict goes into no log, as --no-log asked"]
    gate(place)
    assert bypasses(place) == []


def test_an_unsigned_verdict_is_not_logged_and_that_is_recorded(place: Path) -> None:
    named(place)
    run = CliRunner().invoke(app, ["gate", str(place / "pipeline"), "--out", str(place / "verdict"), "--no-sign"])
    assert "because nobody signs it; the manifest names ../log" in run.stderr
    assert "not_logged" in (place / "verdict/assessment.unsigned.json").read_text()
    assert size(place) == 1


def test_without_a_package_there_is_no_verdict_to_be_logged(place: Path) -> None:
    named(place)
    run = CliRunner().invoke(app, ["gate", str(place / "pipeline"), "-f", "json"])
    assert "because nobody signs it" in run.stderr
    assert "not_logged" not in run.stdout
    assert size(place) == 1


def test_the_option_decides_over_the_manifest(place: Path) -> None:
    named(place, "../elsewhere")
    gate(place, "--log", place / "log", "--log-key", place / "log.pem")
    assert size(place) == 2
    assert bypasses(place) == []


def test_a_manifest_leads_the_key_into_no_other_log_and_makes_none(place: Path) -> None:
    from log_case import ORIGIN

    from probatum.attestations.log.verifier_key import NoteSigner

    new_log(place / "foreign", 3, NoteSigner.of(ORIGIN, ed_key("other.pem")))
    (place / "file").write_text("")
    before = tree(place)
    for target, why in (
        ("../foreign", "is not the key of the log"),
        ("../absent", "there is no log at"),
        ("../file", "there is no log at"),
        ("..", "there is no log at"),
        ("https://log.example/", "lies in the pipeline's folder"),
        ("../log/tile", "there is no log at"),
        ("/proc/self/fd", "there is no log at"),
    ):
        named(place, target)
        result = gate(place, "--log-key", place / "log.pem", code=2)
        assert why in " ".join(result.stderr.split()), target
        (place / "pipeline/probatum.yaml").unlink()
        assert tree(place) == before, target


def choose(place: Path, log: str, **options: Any) -> Any:
    manifest = Manifest(place / "pipeline", {"name": "small"}, log=log)
    return verdict_log(manifest, options.get("given"), signed=True, refused=False)


def test_a_link_is_followed_before_it_is_judged(place: Path) -> None:
    (place / "outside").symlink_to(place / "pipeline")
    shutil.copytree(place / "log", place / "pipeline/log")
    (place / "pipeline/link").symlink_to(place / "log")
    assert choose(place, "link").folder == place / "log"
    assert choose(place, "../log").folder == place / "log"
    assert choose(place, str(place / "log")).folder == place / "log"
    for log in ("log", "../outside/log", "../pipeline/log", ".", "../pipeline/../pipeline/log"):
        with pytest.raises(UsageError, match="is not used") as refused:
            choose(place, log)
        assert "in the pipeline's folder" in refused.value.why


@pytest.mark.parametrize("kind", ["folder", "file", "broken link"])
def test_a_log_in_a_work_tree_is_not_used(place: Path, kind: str) -> None:
    """A work tree of its own, a submodule, a worktree: whoever commits there decides what lies there."""
    mark = place / ".git"
    {"folder": mark.mkdir, "file": mark.touch, "broken link": lambda: mark.symlink_to("nowhere")}[kind]()
    with pytest.raises(UsageError, match="is not used") as refused:
        choose(place, "../log")
    assert f"in the git work tree {place}" in refused.value.why
    assert choose(place, "../log", given=place / "log").folder == place / "log"


@pytest.mark.parametrize("log", ["x\0y", "loop"])
def test_a_path_that_leads_nowhere_is_refused(place: Path, log: str) -> None:
    (place / "pipeline/loop").symlink_to("loop")
    with pytest.raises(UsageError):
        choose(place, log)


@pytest.mark.parametrize("log", ["3", "''", "[a]", "{key: k}"])
def test_the_manifest_says_where_and_nothing_else(place: Path, log: str) -> None:
    path = place / "pipeline/probatum.yaml"
    path.write_text(f"{PIPELINE}log: {log}\n")
    with pytest.raises(UsageError, match=":2: log is wrong"):
        load_manifest(path)


@pytest.fixture
def remote() -> Iterator[tuple[str, list[bool]]]:
    """A witness that cosigns as long as its switch is on."""
    on = [True]

    def answer(request: Any) -> Reply:
        return Reply(200, cosignature(request.checkpoint, WITNESS, 1_700_000_000)) if on[0] else Reply(503)

    with stand_in(answer) as (url, _):
        yield f"{url}#{WITNESS.key}", on


def test_gate_has_what_it_logged_cosigned(place: Path, remote: tuple[str, list[bool]]) -> None:
    """The proof in the package has the cosignature; a witness that does not answer takes nothing away but that."""
    text, on = remote
    named(place)
    gate(place, "--log-key", place / "log.pem", "--log-witness", text)
    proof = LogProof.parse((place / "verdict/verdict.tlog-proof").read_bytes())
    assert Note.parse(proof.checkpoint).verified([SIGNER.key, WITNESS.key])[1].time == 1_700_000_000
    on[0] = False
    result = gate(place, "--log-key", place / "log.pem", "--log-witness", text, "-q", out="second")
    assert "it answers 503; the proof is without its signature" in result.stderr
    assert len(Note.parse(LogProof.parse((place / "second/verdict.tlog-proof").read_bytes()).checkpoint).lines) == 1
    assert size(place) == 3


def test_a_witness_is_refused_before_any_work_when_it_is_none(place: Path) -> None:
    named(place)
    for text in ("https://w.example", f"ftp://w.example#{WITNESS.key}", f"https://w.example#{SIGNER.key}", "#"):
        result = gate(place, "--log-key", place / "log.pem", "--log-witness", text, code=2)
        assert "witness" in last_line(result)
    (place / "pipeline/probatum.yaml").write_text(PIPELINE)
    assert "--log-witness, and no log" in last_line(gate(place, "--log-witness", "https://x", code=2))
    assert not (place / "verdict").exists()
    assert size(place) == 1


@pytest.mark.parametrize("lost", ["checkpoint", "tile/0/000.p/2"])
def test_a_log_that_breaks_after_the_append_loses_no_verdict(place: Path, lost: str) -> None:
    """The entry is there and proven; what fails afterwards is said."""

    def answer(request: Any) -> Reply:
        (place / "log" / lost).unlink()
        return Reply(200, cosignature(request.checkpoint, WITNESS, 1_700_000_000))

    named(place)
    with stand_in(answer) as (url, _):
        result = gate(place, "--log-key", place / "log.pem", "--log-witness", f"{url}#{WITNESS.key}")
    proof = LogProof.parse((place / "verdict/verdict.tlog-proof").read_bytes())
    assert verified(proof.checkpoint, SIGNER.key).size == 2
    assert ("the proof is without signatures of witnesses" in result.stderr) == (lost != "checkpoint")
