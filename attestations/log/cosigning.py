"""Having several witnesses cosign a log's newest checkpoint: all at once, within a time, each for itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from ...errors import ProbatumError, TrustError
from .checkpoint import verified
from .merkle import inclusion_proof
from .note import joined
from .proof import LogProof
from .remote_witness import AheadError, RemoteWitness
from .store import Log

SECONDS = 30.0


@dataclass(frozen=True)
class Cosigned:
    """What witnesses answered.

    Args:
        checkpoint: the log's newest, with every cosignature that was gathered.
        done: who cosigned.
        refused: why the others did not.
    """

    checkpoint: bytes
    done: tuple[RemoteWitness, ...]
    refused: tuple[ProbatumError, ...]


def cosigned(log: Log, witnesses: Sequence[RemoteWitness], *, old: int = 0, seconds: float = SECONDS) -> Cosigned:
    """Ask witnesses to cosign the newest checkpoint of a log.

    Where one has seen a later one, because somebody else appended meanwhile, all are asked about that.

    Args:
        log: whose checkpoint; its files are read, and nothing is written.
        witnesses: who is asked.
        old: the size that they have probably seen last.
        seconds: that it may take.

    Raises:
        TrustError: the log has no checkpoint that it signed.
    """
    import requests  # noqa: F401  here once, not in every thread at the same time

    until = time.monotonic() + seconds
    signed = log.signed_checkpoint()
    found = _asked(log, signed, witnesses, old, until)
    if any(isinstance(error, AheadError) for error in found.refused):
        newer = log.signed_checkpoint()
        if verified(newer, log.key).size > verified(signed, log.key).size:
            return _asked(log, newer, witnesses, old, until)
    return found


def cosigned_proof(
    log: Log, index: int, witnesses: Sequence[RemoteWitness], *, old: int, tell: Callable[[str], None]
) -> LogProof:
    """The proof that an entry is in a log, with the cosignatures of its witnesses, which the log keeps as well.

    Args:
        log: with the entry.
        index: of the entry.
        witnesses: who is asked to cosign.
        old: the size that they have probably seen last.
        tell: called with a line for each witness that does not cosign.

    Raises:
        TrustError: the log is damaged.
    """
    found = cosigned(log, witnesses, old=old)
    for error in found.refused:
        tell(f"{error}; the proof is without its signature")
    if found.done:
        with suppress(TrustError):  # somebody appended meanwhile: the newest checkpoint is another, and theirs to keep
            log.publish(found.checkpoint)
    size = verified(found.checkpoint, log.key).size
    return LogProof(index, tuple(inclusion_proof(log.reader(size).hash, index, size)), found.checkpoint)


def _asked(log: Log, signed: bytes, witnesses: Sequence[RemoteWitness], old: int, until: float) -> Cosigned:
    verified(signed, log.key)
    waiting = [(one, _started(one, log, signed, old)) for one in witnesses]
    done, refused = [], []
    for one, answer in waiting:
        try:
            signed = joined(signed, answer.result(max(0.0, until - time.monotonic())))
            done.append(one)
        except ProbatumError as error:
            refused.append(error)
        except TimeoutError:
            refused.append(TrustError(f"{one} does not cosign", why="it does not answer in time", remedy="try again"))
    return Cosigned(signed, tuple(done), tuple(refused))


def _started(witness: RemoteWitness, log: Log, signed: bytes, old: int) -> Future[bytes]:
    """One witness, asked in a thread of its own that nobody waits for longer than he wants to.

    A server that sends a byte now and then would outlast every limit that its connection has.
    """
    answer: Future[bytes] = Future()

    def ask() -> None:
        try:
            answer.set_result(witness.cosign(log, signed, min(old, verified(signed, log.key).size)))
        except BaseException as error:  # it is raised again where the answer is taken
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    return answer
