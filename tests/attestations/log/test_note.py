"""Signed notes, verifier keys, checkpoints and proofs: the published examples, and everything that is not one."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_case import LOG_KEY, ORIGIN, SIGNER, entry, root_of, witness
from signing_case import ed_key

from probatum.attestations.log import note
from probatum.attestations.log.checkpoint import Checkpoint, verified
from probatum.attestations.log.merkle import EMPTY
from probatum.attestations.log.note import Note
from probatum.attestations.log.proof import HEADER, LogProof
from probatum.attestations.log.verifier_key import COSIGNATURE, ED25519, NoteSigner, VerifierKey
from probatum.errors import TrustError

PUBLISHED_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PUBLISHED = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""


def test_the_example_of_the_specification_of_signed_notes_holds() -> None:
    key = VerifierKey.parse(PUBLISHED_KEY)
    assert str(key) == PUBLISHED_KEY
    found = Note.parse(PUBLISHED.encode())
    assert found.text == "This is an example message.\n"
    assert [one.key for one in found.verified([key])] == [key]
    with pytest.raises(TrustError, match="does not hold"):
        Note.parse(PUBLISHED.replace("an example", "no example").encode()).verified([key])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        PUBLISHED_KEY.replace("530d903a", "530D903A"),
        PUBLISHED_KEY.replace("530d903a", "530d903b"),
        PUBLISHED_KEY + "\n",
        " " + PUBLISHED_KEY,
        PUBLISHED_KEY.replace("example.com/foo", "example.com/f o"),
        PUBLISHED_KEY.replace("AekyeR", "BekyeR"),
        PUBLISHED_KEY[:-4],
        PUBLISHED_KEY.replace("+Aeky", "+é"),
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(TrustError, match="is no verifier key"):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        "text\n\n— name AAAAAAA=".encode(),
        "text\n— name AAAAAAA=\n".encode(),
        b"text\n\n- name AAAAAAA=\n",
        "text\n\n— na+me AAAAAAA=\n".encode(),
        "text\n\n—  AAAAAAA=\n".encode(),
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— name !!!!\n".encode(),
        "text\n\n— name AAAAAAB=\n".encode(),
        "text\n\n— na\u2028me AAAAAAA=\n".encode(),
        "te\txt\n\n— name AAAAAAA=\n".encode(),
        b"te\xff\n\n\xe2\x80\x94 name AAAAAAA=\n",
        "text\n\n— name AAAAAAA= x\n".encode(),
        ("text\n\n" + "— name AAAAAAA=\n" * 101).encode(),
        ("x" * 1_000_001 + "\n\n— name AAAAAAA=\n").encode(),
    ],
)
def test_what_is_no_signed_note_is_refused(data: bytes) -> None:
    with pytest.raises(TrustError, match="no signed note"):
        Note.parse(data)


def test_notes_may_have_empty_lines_and_up_to_a_hundred_signatures() -> None:
    text = "first\n\nsecond\n"
    signed = note.sign(text, SIGNER) + "— other AAAAAAA=\n".encode() * 99
    found = Note.parse(signed)
    assert found.text == text
    assert [one.key for one in found.verified([SIGNER.key])] == [SIGNER.key]
    assert found.unknown([SIGNER.key]) == 99


def test_a_name_or_a_hash_alone_makes_no_known_key() -> None:
    other = NoteSigner.of(ORIGIN, ed_key())
    assert Note.parse(note.sign("x\n", other)).verified([SIGNER.key]) == []
    renamed = NoteSigner.of("log.example/other", LOG_KEY)
    assert Note.parse(note.sign("x\n", renamed)).verified([SIGNER.key]) == []


def test_a_cosignature_says_when_and_is_no_signature_of_a_log() -> None:
    signer = witness()
    signed = Checkpoint(ORIGIN, 0, EMPTY).signed(SIGNER)
    whole = signed + note.cosignature(signed, signer, 1_700_000_000)
    assert [one.time for one in Note.parse(whole).verified([signer.key])] == [1_700_000_000]
    assert verified(whole, SIGNER.key).size == 0
    moved = bytearray(base64.b64decode(whole.decode().splitlines()[-1].split()[-1]))
    moved[11] ^= 1  # the time
    line = f"— {signer.key.name} {base64.b64encode(moved).decode()}\n"
    with pytest.raises(TrustError, match="does not hold"):
        Note.parse(signed + line.encode()).verified([signer.key])
    late = signed + note._line(signer.key, (1 << 63).to_bytes(8, "big") + signer.sign(note._witnessed("x\n", 1 << 63)))
    with pytest.raises(TrustError, match="does not hold"):
        Note.parse(late).verified([signer.key])
    plain = VerifierKey(signer.key.name, ED25519, signer.key.public)
    assert plain.hash != signer.key.hash
    assert Note.parse(whole).verified([plain]) == []
    assert signer.key.kind == COSIGNATURE


def test_a_known_key_that_does_not_hold_spoils_the_note() -> None:
    signed = bytearray(note.sign("x\n", SIGNER))
    with pytest.raises(TrustError, match="does not hold"):
        Note.parse(bytes(signed).replace(b"x\n\n", b"y\n\n")).verified([SIGNER.key])


def test_a_key_that_signs_wrongly_or_not_at_all_is_found_out() -> None:
    wrong = NoteSigner(VerifierKey(ORIGIN, ED25519, b"\1" * 32), LOG_KEY)
    with pytest.raises(TrustError, match="signature that does not hold"):
        wrong.sign(b"x")

    class Gone:
        def sign(self, _: bytes) -> None:
            raise RuntimeError("the token was taken out")

    gone = NoteSigner(SIGNER.key, type(LOG_KEY)(Gone(), LOG_KEY.public, "token"))  # type: ignore[arg-type]
    with pytest.raises(TrustError, match="cannot sign"):
        gone.sign(b"x")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n",
        "origin\n1\n",
        f"\n1\n{base64.b64encode(EMPTY).decode()}\n",
        f"origin\n01\n{base64.b64encode(EMPTY).decode()}\n",
        f"origin\n-1\n{base64.b64encode(EMPTY).decode()}\n",
        f"origin\n1 \n{base64.b64encode(EMPTY).decode()}\n",
        f"origin\n٣\n{base64.b64encode(EMPTY).decode()}\n",
        f"origin\n{1 << 63}\n{base64.b64encode(EMPTY).decode()}\n",
        f"origin\n{10**30}\n{base64.b64encode(EMPTY).decode()}\n",
        f"origin\n1\n{base64.b64encode(EMPTY[:31]).decode()}\n",
        f"origin\n1\n{base64.b64encode(EMPTY).decode()[:-1]}\n",
        f"origin\n0\n{base64.b64encode(bytes(32)).decode()}\n",
        "origin\n1\n!!!!\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(TrustError, match="no checkpoint"):
        Checkpoint.parse(text)


def test_the_largest_size_and_further_lines_are_read() -> None:
    text = f"origin\n{(1 << 63) - 1}\n{base64.b64encode(bytes(32)).decode()}\nfurther\n"
    assert Checkpoint.parse(text) == Checkpoint("origin", (1 << 63) - 1, bytes(32))


def _proof() -> LogProof:
    items = [entry(0), entry(1)]
    signed = Checkpoint(ORIGIN, 2, root_of(items)).signed(SIGNER)
    return LogProof(0, (root_of(items[1:]),), signed)


def test_a_proof_is_read_as_it_is_written() -> None:
    proof = _proof()
    data = proof.to_bytes()
    assert data.startswith(f"{HEADER}\nindex 0\n".encode())
    assert LogProof.parse(data) == proof
    assert proof.verify(entry(0), SIGNER.key).size == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"tlog-proof@v1", b"tlog-proof@v2"),
        (b"index 0\n", b"extra AAAA\nindex 0\n"),
        (b"index 0\n", b"index 00\n"),
        (b"index 0\n", b"index\n"),
        (b"index 0\n", b"0\n"),
        (b"index 0\n", b"index 0\nAAAA\n"),
        (b"index 0\n", b"index 0\n" + base64.b64encode(bytes(32)) + b" \n"),
        (b"index 0\n", b"index 0\r\n"),
        (b"index 0\n", b"index 0\n" + (base64.b64encode(bytes(32)) + b"\n") * 63),
        (b"index 0\n", b"index 0\n\n"),
        (b"index 0\n", "index ٠\n".encode()),
    ],
)
def test_what_is_no_proof_is_refused(old: bytes, new: bytes) -> None:
    data = _proof().to_bytes().replace(old, new, 1)
    with pytest.raises(TrustError):
        LogProof.parse(data).verify(entry(0), SIGNER.key)
    with pytest.raises(TrustError, match="no proof"):
        LogProof.parse(b"x" * 1_100_000)


def test_a_hash_has_one_spelling() -> None:
    """The last character before the padding has two bits that mean nothing."""
    whole = _proof().to_bytes()
    place = whole.index(b"=\n") - 1
    twins = [whole[:place] + bytes([byte]) + whole[place + 1 :] for byte in range(256) if byte != whole[place]]
    assert twins
    for twin in twins:
        with pytest.raises(TrustError):
            LogProof.parse(twin).verify(entry(0), SIGNER.key)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_byte_of_a_proof_is_free(data: st.DataObject) -> None:
    """Any other byte anywhere makes it no proof of this entry."""
    whole = _proof().to_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != whole[place]))
    changed = whole[:place] + bytes([byte]) + whole[place + 1 :]
    with pytest.raises(TrustError):
        LogProof.parse(changed).verify(entry(0), SIGNER.key)
