"""Checkpoints (C2SP ``tlog-checkpoint``): what a log says of itself at one size, as the text of a signed note."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from ...errors import TrustError
from .merkle import EMPTY, HASH_BYTES, Hash
from .note import Note, sign
from .verifier_key import NoteSigner, VerifierKey

MAX_SIZE = (1 << 63) - 1
SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LINES = 3


@dataclass(frozen=True)
class Checkpoint:
    """The state of a log.

    Args:
        origin: the log's name, unique in the world.
        size: number of entries.
        root: hash of the tree of that size.
    """

    origin: str
    size: int
    root: Hash

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, signer: NoteSigner) -> bytes:
        """This checkpoint as a signed note."""
        return sign(self.text, signer)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a checkpoint; further lines are passed over, as the format wants.

        Raises:
            TrustError: it is none, or of a size that no log has.
        """
        lines = text.split("\n")[:_LINES]
        if len(lines) < _LINES or not lines[0] or not SIZE.fullmatch(lines[1]) or int(lines[1]) > MAX_SIZE:
            raise _none("expected an origin, a size, and a hash")
        try:
            root = base64.b64decode(lines[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise _none(str(error)) from error
        found = cls(lines[0], int(lines[1]), root)
        if len(root) != HASH_BYTES or not text.startswith(found.text):
            raise _none("its hash is not 32 bytes in base64")
        if not found.size and root != EMPTY:
            raise _none("an empty log has another hash")
        return found


def verified(signed: bytes, key: VerifierKey) -> Checkpoint:
    """The checkpoint in a signed note.

    Raises:
        TrustError: the note is not signed with the key, or is no checkpoint of that log.
    """
    found = Note.parse(signed)
    if not found.verified([key]):
        why = f"no signature of {key.name} with the key {key.hash.hex()} is on it"
        raise TrustError("the checkpoint is not signed by the log", why=why, remedy="get it from the log itself")
    checkpoint = Checkpoint.parse(found.text)
    if checkpoint.origin != key.name:
        why = f"its origin is {checkpoint.origin}, not {key.name}"
        raise TrustError("the checkpoint is of another log", why=why, remedy="get it from the log itself")
    return checkpoint


def _none(why: str) -> TrustError:
    return TrustError("this is no checkpoint of a log", why=why, remedy="get it again from where it was made")
