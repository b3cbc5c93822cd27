"""Proofs that an entry is in a log (C2SP ``tlog-proof``): they travel beside what was logged, and need no network."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from ...errors import TrustError
from .checkpoint import SIZE, Checkpoint, verified
from .merkle import HASH_BYTES, Hash, leaf_hash, root_from_inclusion
from .note import MAX_NOTE_BYTES
from .verifier_key import VerifierKey

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 10_000
_MAX_HASHES = 63


@dataclass(frozen=True)
class LogProof:
    """A proof as it was read; nothing about it is verified yet.

    Args:
        index: of the entry.
        hashes: from the entry's neighbour up to the root's child.
        checkpoint: the signed note that it leads to.
    """

    index: int
    hashes: tuple[Hash, ...]
    checkpoint: bytes

    def to_bytes(self) -> bytes:
        """The one form that ``parse`` reads."""
        hashes = "".join(f"{base64.b64encode(step).decode()}\n" for step in self.hashes)
        return f"{HEADER}\nindex {self.index}\n{hashes}\n".encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> LogProof:
        """Read a proof.

        The ``extra`` line of the format is refused: nobody signs it, and Probatum needs none.

        Raises:
            TrustError: it is none, or not in the form that the specification gives it.
        """
        if len(data) > MAX_PROOF_BYTES:
            raise _none(f"over {MAX_PROOF_BYTES} bytes")
        head, _, checkpoint = data.partition(b"\n\n")
        try:
            header, number, *hashes = head.decode("ascii").split("\n")
            steps = tuple(base64.b64decode(step, validate=True) for step in hashes)
        except (ValueError, binascii.Error) as error:
            raise _none(str(error)) from error
        index = number.removeprefix("index ")
        if header != HEADER or index == number or not SIZE.fullmatch(index):
            raise _none(f"expected {HEADER}, and a line with the index")
        found = cls(int(index), steps, checkpoint)
        if len(steps) > _MAX_HASHES or any(len(step) != HASH_BYTES for step in steps) or found.to_bytes() != data:
            raise _none("its hashes are not 32 bytes each in base64, at most 63 of them")
        return found

    def verify(self, entry: bytes, key: VerifierKey) -> Checkpoint:
        """The checkpoint of a log that has an entry.

        Raises:
            TrustError: the log did not sign the checkpoint, or the entry is not at that place of the log.
        """
        checkpoint = verified(self.checkpoint, key)
        if root_from_inclusion(leaf_hash(entry), self.index, checkpoint.size, self.hashes) != checkpoint.root:
            raise TrustError(
                "the log does not have this entry at that place",
                why=f"the proof for index {self.index} of {checkpoint.size} does not lead to the checkpoint's root",
                remedy="get the proof that belongs to this document: probatum log prove",
            )
        return checkpoint


def _none(why: str) -> TrustError:
    return TrustError("this is no proof of a log", why=why, remedy="'probatum log prove' makes it again")
