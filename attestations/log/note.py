"""Signed notes (C2SP ``signed-note``): a text, and below it signatures that anybody can add to.

Two kinds are spoken: plain ed25519 signatures (type 1), and the timestamped cosignatures of witnesses (type 4, C2SP
``tlog-cosignature``). A line that names a key which is not asked about is passed over, as the format wants; one that
names a known key and does not hold makes the whole note invalid.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import TrustError
from .verifier_key import COSIGNATURE, NAME, NoteSigner, VerifierKey

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
_HASH_BYTES, _SIGNATURE_BYTES, _TIME_BYTES = 4, 64, 8
_MAX_TIME = (1 << 63) - 1


@dataclass(frozen=True)
class NoteSignature:
    """One signature that holds.

    Args:
        key: whose it is.
        time: seconds since the epoch that a cosignature states; None for a plain signature.
    """

    key: VerifierKey
    time: int | None = None


@dataclass(frozen=True)
class Note:
    """A note as it was read; nothing about it is verified yet.

    Args:
        text: what is signed, with its last newline.
        lines: name, key hash and signature of each signature line.
    """

    text: str
    lines: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Read a note.

        Raises:
            TrustError: it is not in the form of a signed note.
        """
        if len(data) > MAX_NOTE_BYTES:
            raise _no_note(f"over {MAX_NOTE_BYTES} bytes")
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _no_note(str(error)) from error
        if any(mark < " " and mark != "\n" for mark in whole):
            raise _no_note("it has control characters")
        text, gap, below = whole.rpartition("\n\n")
        if not gap or not below.endswith("\n"):
            raise _no_note("no signatures follow its text")
        lines = below[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise _no_note(f"over {MAX_SIGNATURES} signatures")
        return cls(f"{text}\n", tuple(map(_signature_line, lines)))

    def verified(self, keys: Sequence[VerifierKey]) -> list[NoteSignature]:
        """The signatures of known keys, each at most once.

        Args:
            keys: the keys to look for.

        Raises:
            TrustError: a signature that names one of the keys does not hold.
        """
        found: dict[VerifierKey, NoteSignature] = {}
        for name, stated, signature in self.lines:
            for key in keys:
                if key.name == name and key.hash == stated:
                    found[key] = NoteSignature(key, _checked(key, self.text, signature))
        return list(found.values())

    def unknown(self, keys: Sequence[VerifierKey]) -> int:
        """How many signature lines name none of the keys; nothing can be said about those."""
        known = {(key.name, key.hash) for key in keys}
        return sum((name, stated) not in known for name, stated, _ in self.lines)

    def lines_of(self, key: VerifierKey) -> bytes:
        """The signature lines that name a key; empty where there are none."""
        found = [signature for name, stated, signature in self.lines if (name, stated) == (key.name, key.hash)]
        return b"".join(_line(key, signature) for signature in found)


def sign(text: str, signer: NoteSigner) -> bytes:
    """A note of a text, which ends in a newline, with one plain signature."""
    return text.encode() + b"\n" + _line(signer.key, signer.sign(text.encode()))


def cosignature(note: bytes, signer: NoteSigner, time: int) -> bytes:
    """The signature line by which a witness states that it saw a checkpoint.

    Args:
        note: the signed checkpoint.
        signer: of the witness, with a key of kind ``COSIGNATURE``.
        time: seconds since the epoch.
    """
    signature = signer.sign(_witnessed(Note.parse(note).text, time))
    return _line(signer.key, time.to_bytes(_TIME_BYTES, "big") + signature)


def joined(note: bytes, lines: bytes) -> bytes:
    """A note with more signature lines; each takes the place of one there of the same name and key.

    Args:
        note: in the form that ``Note.parse`` reads.
        lines: likewise, each with its newline.

    Raises:
        TrustError: together they are no note.
    """
    body, _, below = note.decode().rpartition("\n\n")
    by_key = {_signature_line(line)[:2]: line for line in (below + lines.decode()).split("\n")[:-1]}
    whole = "\n".join([body, "", *by_key.values(), ""]).encode()
    Note.parse(whole)
    return whole


def signature_lines(note: bytes) -> bytes:
    """The signature lines of a note, in the form that ``Note.parse`` reads."""
    return note.rpartition(b"\n\n")[2]


def _line(key: VerifierKey, signature: bytes) -> bytes:
    return f"— {key.name} {base64.b64encode(key.hash + signature).decode()}\n".encode()


def _signature_line(line: str) -> tuple[str, bytes, bytes]:
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _no_note(f"signature line {line[:80]!r}: {error}") from error
    one_spelling = base64.b64encode(data).decode() == encoded
    if mark != "—" or not NAME.fullmatch(name) or len(data) <= _HASH_BYTES or not one_spelling:
        raise _no_note(f"signature line {line[:80]!r}")
    return name, data[:_HASH_BYTES], data[_HASH_BYTES:]


def _checked(key: VerifierKey, text: str, signature: bytes) -> int | None:
    time: int | None = None
    message = text.encode()
    if key.kind == COSIGNATURE:
        time, signature = int.from_bytes(signature[:_TIME_BYTES], "big"), signature[_TIME_BYTES:]
        message = _witnessed(text, time)
    if len(signature) != _SIGNATURE_BYTES or (time or 0) > _MAX_TIME or not key.verifies(signature, message):
        raise TrustError(
            f"the signature of {key.name} on the note does not hold",
            why="the note was changed, or somebody else signed it under that name",
            remedy="get it again from where it was made; if it stays so, do not trust it",
        )
    return time


def _witnessed(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _no_note(why: str) -> TrustError:
    return TrustError("this is no signed note", why=why, remedy="get it again from where it was made")
