"""Logging a signed statement, and the proof of it that travels beside the statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import ProbatumError, UsageError
from ..keys.signing_key import SigningKey
from .cosigning import cosigned_proof
from .entry import entry_of
from .remote_witness import RemoteWitness
from .store import Appended, Log
from .verifier_key import NoteSigner


def _unheard(_: str) -> None:
    """Takes what nobody wants to read."""


@dataclass(frozen=True)
class LogWriter:
    """What can append to one log.

    Args:
        log: to append to.
        signer: of its checkpoints.
        witnesses: who is asked to cosign what was appended.
        tell: called with a line for each witness that does not.
    """

    log: Log
    signer: NoteSigner
    witnesses: Sequence[RemoteWitness] = ()
    tell: Callable[[str], None] = _unheard

    @classmethod
    def open(
        cls,
        folder: Path,
        key: SigningKey,
        witnesses: Sequence[RemoteWitness] = (),
        tell: Callable[[str], None] = _unheard,
    ) -> LogWriter:
        """Open a log for appending, and see before any work is done that this is its key.

        Args:
            folder: of the log.
            key: the log's.
            witnesses: who is asked to cosign what was appended.
            tell: called with a line for each witness that does not.

        Raises:
            UsageError: there is no log, or the key is not the log's.
            TrustError: the log's key file is damaged.
        """
        log = Log.open(folder)
        signer = NoteSigner.of(log.key.name, key)
        if signer.key != log.key:
            raise UsageError(
                f"{key.origin} is not the key of the log at {folder}",
                why=f"the log's is {log.key}",
                remedy="give the key that 'probatum log init' was given",
            )
        return cls(log, signer, witnesses, tell)

    def refuse_signers(self, *ids: str) -> None:
        """Refuse to log what the log's own key signed: its owner could then write both anew.

        Args:
            ids: key ids of those who sign.

        Raises:
            UsageError: the log's key is among them.
        """
        if self.signer.private.public.id in ids:
            raise UsageError(
                "the key of the log also signs the verdict",
                why="whoever has it could write verdict and history anew, and nothing would show it",
                remedy="make another key for the log: probatum keys new log.pem --kind ed25519",
            )

    def append(self, document: bytes, *, source: str) -> Appended:
        """Append the entry of a signed statement.

        Raises:
            EvidenceError: it is no statement.
            TrustError: it is not signed, or the log is damaged.
            UsageError: the log cannot be written.
        """
        return self.log.append([entry_of(document, source=source)], self.signer)

    def detach(self, document: bytes) -> bytes:
        """Append a signed statement and give the proof of it, as `package.Detach` wants.

        What is appended stays so; a witness that does not cosign it is told of, and takes nothing away.

        Raises:
            EvidenceError: it is no statement.
            TrustError: it is not signed, or the log is damaged.
            UsageError: the log cannot be written.
        """
        done = self.append(document, source="the verdict")
        proof = done.proof(done.first)
        if self.witnesses:
            try:
                proof = cosigned_proof(self.log, done.first, self.witnesses, old=done.first, tell=self.tell)
            except ProbatumError as error:
                self.tell(f"{error}; the proof is without signatures of witnesses")
        return proof.to_bytes()
