"""Attacks on a log by those whom it reaches: a manifest that says where it lies, a witness that answers over HTTP."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cosigner_case import Reply, Request, stand_in
from log_case import LOG_KEY, SIGNER, assert_extends, entry, new_log, witness
from signing_case import ed_key

from probatum.attestations.log.cosigning import cosigned
from probatum.attestations.log.note import Note, cosignature
from probatum.attestations.log.remote_witness import RemoteWitness
from probatum.attestations.log.store import Log
from probatum.attestations.log.verifier_key import ED25519, NoteSigner
from probatum.attestations.log.writer import LogWriter
from probatum.collectors.manifest import Manifest
from probatum.errors import UsageError
from probatum.jobs.verdict_log import verdict_log

WITNESS = witness()
NOW = int(time.time())


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return new_log(tmp_path / "log", 5)


def line(request: Request, signer: NoteSigner = WITNESS) -> bytes:
    return cosignature(request.checkpoint, signer, NOW)


def refusal(log: Log, answer: Callable[[Request], Reply], *, seconds: float = 20) -> str:
    """Why the answer of a witness, here a stand-in, is not taken."""
    with stand_in(answer) as (url, _):
        found = cosigned(log, [RemoteWitness.of(url, WITNESS.key)], seconds=seconds)
    assert found.done == ()
    assert found.checkpoint == log.signed_checkpoint()
    [error] = found.refused
    return str(error)


@pytest.mark.parametrize("where", ["in the pipeline", "beside it", "by a link", "in a work tree of its own"])
def test_a_manifest_that_lays_an_older_copy_of_the_log_before_its_key(tmp_path: Path, log: Log, where: str) -> None:
    """Logs are public: whoever has a copy of an older state could have the key go on from there, and so sign a fork.

    The copy is a log without a flaw, and the key is its key; only the place tells it from the real one.
    """
    pipeline = tmp_path / "checkout/pipeline"
    pipeline.mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/.git").write_text("gitdir: elsewhere\n")
    if where != "in the pipeline":
        (tmp_path / "checkout/.git").mkdir()
    copies = {"in the pipeline": pipeline / "copy", "in a work tree of its own": tmp_path / "other/copy"}
    copy = copies.get(where, tmp_path / "checkout/copy")
    shutil.copytree(log.folder, copy)
    named = tmp_path / "link" if where == "by a link" else copy
    if named != copy:
        named.symlink_to(copy)
    log.append([entry(5)], SIGNER)
    before = LogWriter.open(copy, LOG_KEY).log.signed_checkpoint()  # nothing else is wrong with it
    with pytest.raises(UsageError, match="is not used"):
        _append(Manifest(pipeline, {"name": "p"}, log=str(named)))
    assert (copy / "checkpoint").read_bytes() == before
    assert assert_extends(log, before).size == 5
    _append(Manifest(pipeline, {"name": "p"}, log=str(log.folder)))
    assert log.checkpoint().size == 7


def _append(manifest: Manifest) -> None:
    """What gate does, as far as the log is concerned."""
    chosen = verdict_log(manifest, None, signed=True, refused=False)
    assert chosen.folder is not None
    LogWriter.open(chosen.folder, LOG_KEY).log.append([b"a verdict"], SIGNER)


def test_a_witness_that_never_comes_to_an_end(log: Log) -> None:
    for reply, seconds, why in (
        (Reply(200, b"x", endless=0.01), 1, "does not answer in time"),
        (Reply(200, b"", endless=60), 1, "does not answer in time"),
        (Reply(200, b"x" * 8192, endless=0.0), 20, "with less than 65536 bytes"),
    ):
        began = time.monotonic()
        assert why in refusal(log, lambda _, reply=reply: reply, seconds=seconds)
        assert time.monotonic() - began < 15


def test_a_cosignature_of_another_key_or_another_checkpoint(log: Log, tmp_path: Path) -> None:
    stranger = witness("witness.example/w", ed_key("stranger.pem"))
    assert "no signature of" in refusal(log, lambda request: Reply(200, line(request, stranger)))
    plain = NoteSigner.of(WITNESS.key.name, WITNESS.private, ED25519)
    assert "no signature of" in refusal(log, lambda request: Reply(200, cosignature(request.checkpoint, plain, NOW)))
    other = new_log(tmp_path / "other", 4).signed_checkpoint()
    assert "does not hold" in refusal(log, lambda _: Reply(200, cosignature(other, WITNESS, NOW)))


def test_a_witness_that_signs_more_than_it_was_sent(log: Log) -> None:
    """Signed by the witness it is, but not what was sent: as a line of the checkpoint it would hold for nobody."""

    def longer(request: Request) -> Reply:
        text = Note.parse(request.checkpoint).text
        whole = f"{text}\nmore\n\n— x AAAAAAAA\n".encode()
        return Reply(200, b"more\n\n" + cosignature(whole, WITNESS, NOW))

    assert "over what was sent" in refusal(log, longer)


def test_a_witness_on_a_host_that_there_is_a_password_for(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with stand_in(lambda request: Reply(200, line(request))) as (url, asked):
        assert cosigned(log, [RemoteWitness.of(url, WITNESS.key)]).done
    assert [request.authorization for request in asked] == [None]
