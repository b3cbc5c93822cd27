"""What a witness may answer, and what no honest one does. The witness here is a stand-in that answers as it is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cosigner_case import Reply, Request, stand_in
from log_case import SIGNER, new_log, witness
from signing_case import ed_key

from probatum.attestations.log.checkpoint import verified
from probatum.attestations.log.cosigning import cosigned, cosigned_proof
from probatum.attestations.log.note import Note, cosignature, joined
from probatum.attestations.log.remote_witness import SIZE_TYPE, RemoteWitness
from probatum.attestations.log.store import Log
from probatum.attestations.log.verifier_key import NoteSigner, VerifierKey
from probatum.errors import TrustError, UsageError

WITNESS = witness()
NOW = int(time.time())


def line(request: Request, signer: NoteSigner = WITNESS, at: int = NOW) -> bytes:
    return cosignature(request.checkpoint, signer, at)


def size_is(size: object) -> Reply:
    return Reply(409, f"{size}\n".encode(), SIZE_TYPE)


def refusal(
    log: Log, answer: Callable[[Request], Reply], *, old: int = 0, seconds: float = 20, key: VerifierKey = WITNESS.key
) -> str:
    """Why the stand-in's answer is not taken."""
    with stand_in(answer) as (url, _):
        found = cosigned(log, [RemoteWitness.of(url, key)], old=old, seconds=seconds)
    assert found.done == ()
    assert found.checkpoint == log.signed_checkpoint()
    [error] = found.refused
    return str(error)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return new_log(tmp_path / "log", 5)


def test_the_request_is_what_the_protocol_wants(log: Log) -> None:
    """Old size, proof, empty line, checkpoint, to one path below the prefix; after 409 again from the size there."""
    seen = iter([size_is(3)])
    with stand_in(lambda request: next(seen, None) or Reply(200, line(request))) as (url, asked):
        found = cosigned(log, [RemoteWitness.of(f"{url}/prefix/", WITNESS.key)])
    assert not found.refused
    assert [request.path for request in asked] == ["/prefix/add-checkpoint"] * 2
    assert asked[0].body == b"old 0\n\n" + log.signed_checkpoint()
    assert asked[1].old == 3
    assert asked[1].checkpoint == log.signed_checkpoint()
    assert Note.parse(found.checkpoint).verified([WITNESS.key])[0].time == NOW


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(403), "it knows this log by another key"),
        (Reply(404), "it does not know this log, or the address is another's"),
        (Reply(422), "rewritten or forked"),
        (Reply(409), "rewritten or forked"),
        (Reply(429), "it is too busy"),
        (Reply(400), "it answers 400"),
        (Reply(500, b"oops"), "it answers 500"),
        (Reply(302, headers={"Location": "http://127.0.0.1:1/"}), "it answers 302"),
        (Reply(200), "its answer does not hold"),
        (Reply(200, b"\xff\x00garbage"), "its answer does not hold"),
        (Reply(200, b"<html>hello</html>\n"), "its answer does not hold"),
        (Reply(409, b"3\n"), "rewritten or forked"),
        (Reply(409, b"3", SIZE_TYPE), "rewritten or forked"),
        (size_is("03"), "rewritten or forked"),
        (size_is("-1"), "rewritten or forked"),
        (size_is("٣"), "rewritten or forked"),
        (size_is(1 << 63), "rewritten or forked"),
        (size_is("3\n4"), "rewritten or forked"),
        (size_is(0), "rewritten or forked"),
        (size_is((1 << 63) - 1), "others append to it just now"),
        (Reply(200, b"x" * 100_000), "with less than 65536 bytes"),
    ],
)
def test_what_is_no_cosignature_is_refused_with_the_reason(log: Log, reply: Reply, why: str) -> None:
    assert why in refusal(log, lambda _: reply)


def test_only_what_calls_itself_a_size_is_one(log: Log) -> None:
    """Anything else is an error page, and no reason to ask again."""
    with stand_in(lambda request: Reply(409, b"3\n") if request.old == 0 else Reply(200, line(request))) as (
        url,
        asked,
    ):
        assert cosigned(log, [RemoteWitness.of(url, WITNESS.key)]).done == ()
    assert len(asked) == 1


def test_one_that_is_not_there_is_said_in_a_few_words(log: Log) -> None:
    found = cosigned(log, [RemoteWitness.of("http://127.0.0.1:1", WITNESS.key)])
    assert "Connection refused" in str(found.refused[0])
    assert "retries" not in str(found.refused[0])


def test_one_that_does_not_answer_does_not_hold_up_the_others(log: Log) -> None:
    with (
        stand_in(lambda _: Reply(200, b"", endless=30)) as (slow, _),
        stand_in(lambda request: Reply(200, line(request))) as (quick, _),
    ):
        others = witness("other.example/w")
        found = cosigned(log, [RemoteWitness.of(slow, others.key), RemoteWitness.of(quick, WITNESS.key)], seconds=2)
    assert [one.key for one in found.done] == [WITNESS.key]
    assert "it does not answer in time" in str(found.refused[0])


def test_sizes_without_an_end_are_answered_three_times(log: Log) -> None:
    """A witness that names another size each time could keep a client busy for ever."""
    with stand_in(lambda request: size_is((request.old + 1) % 5)) as (url, asked):
        found = cosigned(log, [RemoteWitness.of(url, WITNESS.key)])
    assert len(asked) == 3
    assert "names another size each time" in str(found.refused[0])


def test_a_cosignature_of_the_future_is_refused(log: Log) -> None:
    """Verification would refuse the whole proof for it."""
    assert "in the future" in refusal(log, lambda request: Reply(200, line(request, at=NOW + 3600)))


def test_the_log_is_no_witness_of_itself(log: Log) -> None:
    own = NoteSigner.of("self.example/w", SIGNER.private, 4)
    assert "the log's own" in refusal(log, lambda request: Reply(200, line(request, own)), key=own.key)


def test_lines_of_others_in_an_answer_are_not_kept(log: Log) -> None:
    other, twin = witness("other.example/w"), witness(WITNESS.key.name, ed_key("twin.pem"))
    with stand_in(lambda r: Reply(200, line(r, other) + line(r, twin) + line(r))) as (url, _):
        found = cosigned(log, [RemoteWitness.of(url, WITNESS.key)])
    assert len(Note.parse(found.checkpoint).lines) == 2
    assert Note.parse(found.checkpoint).unknown([log.key, WITNESS.key]) == 0


@pytest.mark.parametrize(
    "url",
    ["", "witness.example", "ftp://x", "http://", "https://u:p@x/", "https://x/?a=b", "https://x:0/", "http://[x", "file:///x"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(UsageError, match="no address of a witness"):
        RemoteWitness.of(url, WITNESS.key)


def test_a_log_s_key_is_no_witness_s_key() -> None:
    with pytest.raises(UsageError, match="is no witness"):
        RemoteWitness.of("https://witness.example", SIGNER.key)


def test_a_damaged_log_is_said_to_be(log: Log) -> None:
    (log.folder / "tile/0/000.p/5").unlink()
    assert "tile" in refusal(log, lambda _: size_is(2))


def test_a_proof_is_of_the_newest_checkpoint_when_a_witness_is_ahead(log: Log) -> None:
    """Somebody else appended, and had that cosigned, between our append and our question."""

    def answer(request: Request) -> Reply:
        if verified(request.checkpoint, log.key).size == 6:
            log.append([b"another's"], SIGNER)
            return size_is(7)
        return Reply(200, line(request))

    first = log.append([b"ours"], SIGNER).first
    told: list[str] = []
    with stand_in(answer) as (url, asked):
        proof = cosigned_proof(log, first, [RemoteWitness.of(url, WITNESS.key)], old=first, tell=told.append)
    assert proof.verify(b"ours", log.key).size == 7
    assert [request.old for request in asked] == [5, 5]
    assert told == []


def test_cosignatures_of_a_checkpoint_that_was_left_behind_still_go_into_the_proof(log: Log) -> None:
    """The log has gone on when they come: its newest checkpoint is another one and has none."""

    def answer(request: Request) -> Reply:
        log.append([b"another's"], SIGNER)
        return Reply(200, line(request))

    first = log.append([b"ours"], SIGNER).first
    with stand_in(answer) as (url, _):
        proof = cosigned_proof(log, first, [RemoteWitness.of(url, WITNESS.key)], old=first, tell=print)
    assert proof.verify(b"ours", log.key).size == 6
    assert Note.parse(proof.checkpoint).verified([WITNESS.key])
    assert not Note.parse(log.signed_checkpoint()).verified([WITNESS.key])


def test_cosignatures_that_two_hand_in_at_once_are_both_kept(log: Log) -> None:
    signed = log.signed_checkpoint()
    for one in (WITNESS, witness("other.example/w")):
        log.publish(joined(signed, cosignature(signed, one, NOW)))
    assert len(Note.parse(log.signed_checkpoint()).lines) == 3


def test_more_signatures_than_a_note_may_have_are_refused(log: Log) -> None:
    signed = log.signed_checkpoint()
    many = b"".join(cosignature(signed, witness(f"w{number}.example"), NOW) for number in range(100))
    with pytest.raises(TrustError, match="no signed note"):
        joined(signed, many)
