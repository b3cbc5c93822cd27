"""A witness: remembers the newest checkpoint of each log that it saw, and vouches only for logs that grow from there.

The semantics are those of C2SP ``tlog-witness`` without its server: the checkpoint must be signed by the log, must not
be smaller than the last one, and must be shown to be consistent with it; the memory is on the disk before a cosignature
is given out. Without a key it is the memory of a verifier, who wants to notice that a log was rolled back or forked.
`remote_witness` asks witnesses that are servers.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import strict_json
from ...errors import EvidenceError, TrustError, UsageError
from ...files import read_limited, write_atomic
from .checkpoint import Checkpoint, verified
from .kept import beginning, not_a_beginning
from .note import cosignature, joined
from .store import Log
from .verifier_key import NoteSigner, VerifierKey

SCHEMA = "https://probatum.dev/log-witness/v1"
_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Witnessed:
    """What a witness found.

    Args:
        before: the newest checkpoint that it had seen; None when it sees the log for the first time.
        now: the log's newest.
        cosigned: the signed checkpoint with its cosignature; as it was, when the witness has no key.
    """

    before: Checkpoint | None
    now: Checkpoint
    cosigned: bytes


def observe(log: Log, state: Path, *, key: VerifierKey | None, signer: NoteSigner | None, time: int) -> Witnessed:
    """See a log's newest checkpoint, hold it against memory, remember it, and cosign it.

    Args:
        log: the log with its files, which the proof of consistency is made from.
        state: file with the memory; made if it is missing.
        key: of the log, which must be given the first time that it is seen.
        signer: of the witness; None only remembers.
        time: seconds since the epoch.

    Raises:
        TrustError: the log was rolled back, rewritten or forked, its key is another, or the state is damaged.
        UsageError: the log is new to the witness and no key was given, or a file cannot be written.
    """
    with _alone(state):
        known = _load(state)
        remembered = known.get(log.key.name)
        expected = key if remembered is None else VerifierKey.parse(remembered["key"])
        _check_key(log, expected, key)
        if signer is not None and signer.key.public == log.key.public:
            why = "a log that vouches for itself proves nothing"
            raise UsageError("a witness needs a key of its own", why=why, remedy="make one: probatum keys new")
        signed = log.signed_checkpoint()
        now = verified(signed, log.key)
        before = None if remembered is None else verified(remembered["checkpoint"].encode(), log.key)
        if before is not None and not beginning(log, before, now):
            raise not_a_beginning(before, now, "the witness")
        line = b"" if signer is None else cosignature(signed, signer, time)
        known[log.key.name] = {"key": str(log.key), "checkpoint": signed.decode()}
        write_atomic(state, strict_json.canonical({"schema": SCHEMA, "logs": known}))
        return Witnessed(before, now, joined(signed, line))


def _check_key(log: Log, expected: VerifierKey | None, given: VerifierKey | None) -> None:
    if expected is None:
        raise UsageError(
            f"the log {log.key.name} is new to this witness",
            why="whose key it is cannot be told from the folder itself",
            remedy=f"ask its operator; if it is {log.key}, give it as --verifier-key",
        )
    for wanted in (expected, given):
        if wanted is not None and wanted != log.key:
            why = f"the folder has {log.key}, expected was {wanted}"
            raise TrustError(f"the key of the log {log.key.name} is another", why=why, remedy="ask its operator")


def _load(state: Path) -> dict[str, Any]:
    if not state.exists():
        return {}
    try:
        document = strict_json.loads(read_limited(state, _MAX_BYTES), source=str(state))
        known = document["logs"]
        if document["schema"] != SCHEMA or not all(
            isinstance(item, Mapping) and all(isinstance(item[name], str) for name in ("key", "checkpoint"))
            for item in known.values()
        ):
            raise ValueError("expected the key and the checkpoint of each log")
    except (EvidenceError, AttributeError, KeyError, TypeError, ValueError) as error:
        remedy = "restore it from a copy: a witness without its memory vouches for nothing"
        raise TrustError(f"{state} is no memory of a witness", why=str(error), remedy=remedy) from error
    return dict(known)


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Two observations at once could otherwise take the memory back to the older one."""
    try:
        state.parent.mkdir(parents=True, exist_ok=True)
        path = state.with_name(f".{state.name}.lock")
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"cannot write {state}", why=why, remedy="choose another place for --state") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
