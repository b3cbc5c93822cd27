"""A real witness over HTTP cosigns our logs: the library of transparency-dev, behind its own HTTP handler."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cosigner_case import SOURCE, real_witness
from go_case import built
from log_case import SIGNER, assert_whole, entry, new_log
from signing_case import ed_key, envelope, statement

from probatum.attestations.log.check_log import check_log
from probatum.attestations.log.cosigning import cosigned, cosigned_proof
from probatum.attestations.log.note import Note
from probatum.attestations.log.remote_witness import RemoteWitness
from probatum.attestations.log.store import Log
from probatum.attestations.log.verifier_key import NoteSigner
from probatum.attestations.log.writer import LogWriter
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.trusted import TrustedLog


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(SOURCE, tmp_path_factory.mktemp("witness"))


@pytest.fixture
def witness(program: Path) -> Iterator[RemoteWitness]:
    with real_witness(program, SIGNER.key) as one:
        yield one


def said(log: Log, witness: RemoteWitness, old: int = 0) -> str:
    """Why a witness does not cosign; empty when it does."""
    found = cosigned(log, [witness], old=old)
    assert len(found.done) + len(found.refused) == 1
    return "; ".join(map(str, found.refused))


def cosigners(checkpoint: bytes, *witnesses: RemoteWitness) -> int:
    return len(Note.parse(checkpoint).verified([one.key for one in witnesses]))


def test_it_cosigns_a_log_that_grows(tmp_path: Path, witness: RemoteWitness) -> None:
    """Whatever size we think that it has seen last: it says which, and gets the proof from there."""
    log = new_log(tmp_path / "log", 3)
    for old, more in ((0, 5), (0, 300), (308, 1), (1, 2), (311, 700)):
        found = cosigned(log, [witness], old=old)
        assert not found.refused, found.refused
        assert cosigners(found.checkpoint, witness) == 1
        log.publish(found.checkpoint)
        assert cosigners(log.signed_checkpoint(), witness) == 1
        log.append([entry(-number) for number in range(more)], SIGNER)
        assert cosigners(log.signed_checkpoint(), witness) == 0
    assert_whole(log)


def test_it_cosigns_the_same_checkpoint_again_and_one_line_is_kept(tmp_path: Path, witness: RemoteWitness) -> None:
    log = new_log(tmp_path / "log", 3)
    for old in (0, 3, 0):
        found = cosigned(log, [witness], old=old)
        log.publish(found.checkpoint)
    assert log.signed_checkpoint().count("— witness.example/go".encode()) == 1


def test_new_proofs_carry_its_cosignature(tmp_path: Path, witness: RemoteWitness) -> None:
    log = new_log(tmp_path / "log", 7)
    done = log.append([b"a verdict"], SIGNER)
    told: list[str] = []
    proof = cosigned_proof(log, done.first, [witness], old=7, tell=told.append)
    assert proof.verify(b"a verdict", log.key).size == 8
    assert cosigners(proof.checkpoint, witness) == 1
    assert cosigners(log.proof(2).checkpoint, witness) == 1  # those that `log prove` makes afterwards have it, too
    assert told == []


def test_what_it_cosigned_holds_under_a_trust_policy_that_demands_it(tmp_path: Path, witness: RemoteWitness) -> None:
    """From a signed statement to the time by which the witness saw it."""
    document = envelope(statement("0" * 64), ed_key())
    log = new_log(tmp_path / "log", 300)
    proof = LogWriter(log, SIGNER, [witness], pytest.fail).detach(document)
    trusted = TrustedLog(str(log.key), (str(witness.key),), 1)
    policy = TrustPolicy({}, {"log": Role("log", ("log:internal",), ())}, logs={"internal": trusted})
    now = datetime.now(UTC)
    found = check_log(document, proof, trust=policy, now=now)
    assert [row for row in found.rows if not row.ok] == []
    assert found.logs == {"internal"}
    assert found.signed_at is not None
    assert abs(now - found.signed_at) < timedelta(minutes=1)


def test_a_rolled_back_log_gets_nothing(tmp_path: Path, witness: RemoteWitness) -> None:
    assert said(new_log(tmp_path / "log", 8), witness) == ""
    old = new_log(tmp_path / "old", 5)
    assert "it has cosigned 8 entries of log.example/verdicts, here are 5" in said(old, witness)


@pytest.mark.parametrize("size", [8, 9, 300])
def test_a_rewritten_log_gets_nothing(tmp_path: Path, witness: RemoteWitness, size: int) -> None:
    assert said(new_log(tmp_path / "log", 8), witness) == ""
    other = Log.create(tmp_path / "other", SIGNER)
    other.append([b"another history"] * size, SIGNER)
    assert "rewritten or forked" in said(other, witness)


def test_a_log_that_it_does_not_know_gets_nothing(tmp_path: Path, witness: RemoteWitness) -> None:
    stranger = NoteSigner.of("stranger.example/log", ed_key("stranger.pem"))
    assert "it does not know this log" in said(new_log(tmp_path / "log", 1, stranger), witness)
    twin = NoteSigner.of(SIGNER.key.name, ed_key("stranger.pem"))
    assert "does not cosign" in said(new_log(tmp_path / "twin", 1, twin), witness)  # 500, where 403 was to be expected
    elsewhere = RemoteWitness.of(f"{witness.url}/elsewhere/", witness.key)
    assert "or the address is another's" in said(new_log(tmp_path / "own", 1), elsewhere)


def test_two_witnesses_are_asked_and_one_that_is_gone_takes_nothing_away(
    tmp_path: Path, program: Path, witness: RemoteWitness
) -> None:
    log = new_log(tmp_path / "log", 4)
    with real_witness(program, SIGNER.key, "other.example/w") as other:
        found = cosigned(log, [witness, other])
        assert cosigners(found.checkpoint, witness, other) == 2
    log.append([b"more"], SIGNER)
    told: list[str] = []
    proof = cosigned_proof(log, 4, [other, witness], old=4, tell=told.append)
    assert cosigners(proof.checkpoint, witness, other) == 1
    [line] = told
    assert "does not answer" in line
    assert line.endswith("the proof is without its signature")


def test_many_that_append_at_once_all_end_with_a_proof_that_holds(tmp_path: Path, witness: RemoteWitness) -> None:
    """Whom the witness has left behind gets the cosignature of a later checkpoint, or is told that there is none."""
    log = new_log(tmp_path / "log", 2)
    proofs: dict[bytes, bool] = {}
    told: list[str] = []

    def work(item: bytes) -> None:
        done = log.append([item], SIGNER)
        proof = cosigned_proof(log, done.first, [witness], old=done.first, tell=told.append)
        proof.verify(item, log.key)
        proofs[item] = cosigners(proof.checkpoint, witness) == 1

    threads = [threading.Thread(target=work, args=(b"item %d" % number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(proofs) == 8
    assert list(proofs.values()).count(False) == len(told)
    assert any(proofs.values())
    assert len(assert_whole(log)) == 10
    assert said(log, witness) == ""
