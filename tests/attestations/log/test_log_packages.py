"""``probatum log`` with packages in ZIP files, with any two checkpoints, and with witnesses over HTTP."""

from __future__ import annotations

import base64
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from command_case import last_line
from cosigner_case import Reply, Request, stand_in
from log_case import LOG_KEY, SIGNER, new_log, witness
from package_case import contents, pipeline
from signing_case import ed_key
from typer.testing import CliRunner

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.keys.signing_key import new_key
from probatum.attestations.log.checkpoint import verified
from probatum.attestations.log.merkle import consistent
from probatum.attestations.log.note import Note, cosignature
from probatum.attestations.log.proof import LogProof
from probatum.attestations.log.store import Log
from probatum.attestations.log.verifier_key import NoteSigner
from probatum.attestations.package.write import write_package
from probatum.attestations.package.zip_package import unzipped
from probatum.cli import app

WITNESS = witness()


def run(*arguments: object, code: int = 0) -> Any:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == code, result.stdout + result.stderr
    return result


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A log with its key, and a signed package as a folder and as a ZIP file."""
    pair = new_key()
    (tmp_path / "log.pem").write_bytes(pair.private)
    (tmp_path / "log.pem").chmod(0o600)
    run("log", "init", tmp_path / "log", "--origin", "log.example/v", "--key", tmp_path / "log.pem")
    pipeline(tmp_path / "pipeline")
    for name in ("verdict", "verdict.zip"):
        attestor = KeyAttestor([ed_key(name)])
        write_package(tmp_path / name, contents(tmp_path / "pipeline"), attestor=attestor, version="1")
    return tmp_path


def append(place: Path, what: object, *more: object, code: int = 0) -> Any:
    return run("log", "append", place / "log", place / str(what), "--key", place / "log.pem", *more, code=code)


def names(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_package_in_a_zip_file_is_logged_and_its_proof_goes_into_it(place: Path) -> None:
    before = names(place / "verdict.zip")
    assert "is entry 0 of 1" in last_line(append(place, "verdict.zip"))
    after = names(place / "verdict.zip")
    proof = LogProof.parse(after.pop("verdict.tlog-proof"))
    assert after == before
    assert proof.checkpoint == Log.open(place / "log").signed_checkpoint()
    with unzipped(place / "verdict.zip"):
        pass  # it is still one that Probatum reads
    append(place, "verdict")
    result = run("log", "prove", place / "log", place / "verdict.zip")
    assert "is entry 0; the proof is" in last_line(result)
    newer = LogProof.parse(names(place / "verdict.zip")["verdict.tlog-proof"])
    assert verified(newer.checkpoint, Log.open(place / "log").key).size == 2
    assert "1 others" in last_line(run("log", "check", place / "log", "--checkpoint", place / "verdict.zip"))


def test_with_out_a_zip_file_stays_as_it_is(place: Path) -> None:
    before = (place / "verdict.zip").read_bytes()
    append(place, "verdict.zip", "--out", place / "proof")
    run("log", "prove", place / "log", place / "verdict.zip", "--out", place / "again")
    assert (place / "verdict.zip").read_bytes() == before
    assert (place / "proof").read_bytes() == (place / "again").read_bytes()


def test_an_archive_that_is_no_package_is_refused_and_stays_as_it_is(place: Path) -> None:
    with zipfile.ZipFile(place / "climbs.zip", "w") as archive:
        archive.writestr("../verdict.dsse.json", "{}")
    with zipfile.ZipFile(place / "empty.zip", "w") as archive:
        archive.writestr("notes.txt", "nothing")
    for name, why in (("climbs.zip", "is not unpacked"), ("empty.zip", "is no verdict package")):
        before = (place / name).read_bytes()
        assert why in last_line(append(place, name, code=2))
        assert (place / name).read_bytes() == before
    assert Log.open(place / "log").checkpoint().size == 0


def test_any_two_checkpoints_are_held_against_each_other(place: Path) -> None:
    """Kept as what they are: an export, a proof beside a statement, a package as a folder or a ZIP file."""
    append(place, "verdict")
    for number in range(3):
        Log.open(place / "log").append([b"%d" % number], _signer(place))
    append(place, "verdict.zip")
    run("log", "export", place / "log", "--to", place / "kept")
    Log.open(place / "log").append([b"later"], _signer(place))
    log = place / "log"
    first, *_ = (LogProof.parse((place / "verdict/verdict.tlog-proof").read_bytes()).checkpoint,)
    old = verified(first, Log.open(log).key)
    assert old.size == 1
    for start in (place / "verdict", place / "verdict/verdict.tlog-proof", 1):
        for end in (place / "verdict.zip", place / "kept"):
            result = run("log", "prove", log, "--from", start, "--to", end)
            head, _, note = result.stdout.partition("\n\n")
            size, *hashes = head.split("\n")
            new = verified(note.encode(), Log.open(log).key)
            assert (size, new.size) == ("old 1", 5)
            assert consistent(1, old.root, 5, new.root, [base64.b64decode(one) for one in hashes])
            assert "5 entries grew from 1 entry" in last_line(result)
    run("log", "prove", log, "--from", place / "verdict", "--out", place / "growth")
    assert (place / "growth").read_text().startswith("old 1\n")
    backwards = run("log", "prove", log, "--from", place / "kept", "--to", place / "verdict", code=1)
    assert "is no beginning of" in last_line(backwards)
    assert "the log has no 7 entries" in last_line(run("log", "prove", log, "--from", 7, code=2))
    assert "--to belongs to --from" in last_line(run("log", "prove", log, 0, "--to", place / "kept", code=2))


def test_two_checkpoints_of_a_fork_are_no_continuation(place: Path) -> None:
    append(place, "verdict")
    shutil.copytree(place / "log", place / "fork")
    for folder, count in (("fork", 2), ("log", 4)):
        Log.open(place / folder).append([folder.encode()] * count, _signer(place))
        run("log", "export", place / folder, "--to", place / f"{folder}.kept")
    result = run("log", "prove", place / "log", "--from", place / "fork.kept", code=1)
    assert "rewritten or forked" in last_line(result)
    assert result.stdout == ""


def test_a_checkpoint_of_another_log_is_none_of_this_one(place: Path) -> None:
    append(place, "verdict")
    new_log(place / "other", 3, NoteSigner.of("log.example/v", LOG_KEY))
    for where in ("--from", "--to"):
        rest = ("--from", 1) if where == "--to" else ()
        result = run("log", "prove", place / "log", *rest, where, place / "other/checkpoint", code=2)
        assert "not signed by the log" in last_line(result)
    assert SIGNER.private is LOG_KEY


def test_witnesses_over_http_cosign_and_what_they_say_is_kept(place: Path) -> None:
    append(place, "verdict")
    other = witness("other.example/w")

    def answer(request: Request) -> Reply:
        return Reply(200, cosignature(request.checkpoint, WITNESS, 1_700_000_000))

    (place / "witness.vkey").write_text(f"{WITNESS.key}\n")
    log = Log.open(place / "log")
    with stand_in(answer) as (url, _):
        one = run("log", "export", log.folder, "--witness", f"{url}#{place / 'witness.vkey'}")
        assert "1 entry: 1 of 1 witnesses cosigned" in last_line(one)
        both = (f"--witness={url}#{WITNESS.key}", f"--witness={url}#{other.key}")
        wrong = run("log", "export", log.folder, *both, code=1)
        assert "1 of 2 witnesses cosigned" in last_line(wrong)
        assert "no signature of other.example/w" in wrong.stderr
        none = run("log", "export", log.folder, "--witness", f"{url}#{other.key}", code=1)
        assert "0 of 1 witnesses cosigned" in last_line(none)
    assert [found.key for found in Note.parse(log.proof(0).checkpoint).verified([WITNESS.key])] == [WITNESS.key]
    two = run("log", "export", log.folder, "--witness", url, "--to", place / "kept", code=2)
    assert "where to?" in last_line(two)


def _signer(place: Path) -> NoteSigner:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from probatum.attestations.keys.signing_key import signing_key

    private = load_pem_private_key((place / "log.pem").read_bytes(), None)
    return NoteSigner.of("log.example/v", signing_key(private, origin="log.pem"))
