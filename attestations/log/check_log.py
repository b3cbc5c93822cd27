"""The checks of a proof that a signed statement is in a transparency log, one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ...errors import ProbatumError, TrustError
from ..package.names import LOG_PROOF
from ..trust.policy import TrustPolicy
from ..trust.signing_time import CLOCK_SKEW, shown
from ..trust.trusted import TrustedLog
from ..verify.report import Row, failed
from .checkpoint import Checkpoint
from .entry import entry_of
from .note import Note, NoteSignature
from .proof import LogProof
from .verifier_key import COSIGNATURE, ED25519, VerifierKey

INCLUSION = "log inclusion"


@dataclass(frozen=True)
class Logged:
    """What a proof comes to.

    Args:
        rows: of every check that was made.
        logs: names of the trust policy's logs that hold the document.
        signed_at: when the log held it at the latest, as enough witnesses say; None where nobody vouches for a time.
    """

    rows: tuple[Row, ...]
    logs: frozenset[str] = field(default_factory=frozenset)
    signed_at: datetime | None = None


def check_log(
    document: bytes, proof: bytes | None, *, trust: TrustPolicy, now: datetime, name: str = LOG_PROOF
) -> Logged:
    """Check that a signed statement is in a log that the trust policy believes.

    Whether it must be in one is for roles to say (`roles.allow`), by the names in ``logs``.

    Args:
        document: the exact bytes of the statement's envelope or bundle, whose signature holds.
        proof: the C2SP tlog-proof beside it; None when there is none.
        trust: names the logs, their witnesses, and the quorum.
        now: times of witnesses may not lie after it.
        name: what to call the proof in rows.
    """
    logs = trust.believed_logs
    if proof is None:
        if not logs:
            return Logged(())
        expected = f"an entry in {_either(logs)}"
        return Logged((Row(INCLUSION, None, expected, "", f"there is no {name}: no log is asked about this document"),))
    if not logs:
        why = f"{name} was not looked at: the trust policy names no log with the role `log`"
        return Logged((Row(name, None, detail=why), Row(INCLUSION, None, detail=why)))
    try:
        held = _held(document, proof, trust, name)
    except ProbatumError as error:
        broken = Row(f"{name}: proof", False, _either(logs), "", str(error))
        return Logged((broken, Row(INCLUSION, False, "exactly this document", "", "the proof does not hold")))
    rows = (*_rows(name, held, trust), *_witness_rows(name, held, now))
    if failed(rows):
        return Logged(rows)
    return Logged(rows, frozenset((held.log,)), held.time)


@dataclass(frozen=True)
class _Held:
    """A document that a log holds."""

    log: str
    trusted: TrustedLog
    key: VerifierKey
    proof: LogProof
    checkpoint: Checkpoint
    cosigned: tuple[NoteSignature, ...]
    strangers: int

    @property
    def time(self) -> datetime | None:
        """The earliest time by which as many witnesses as the quorum saw the log with the document in it."""
        times = sorted(signature.time or 0 for signature in self.cosigned)
        if not self.trusted.quorum or len(times) < self.trusted.quorum:
            return None
        return _moment(times[self.trusted.quorum - 1])


def _held(document: bytes, data: bytes, trust: TrustPolicy, source: str) -> _Held:
    logs = trust.believed_logs
    proof = LogProof.parse(data)
    note = Note.parse(proof.checkpoint)
    origin = Checkpoint.parse(note.text).origin
    keys = {name: _key(log.key, ED25519) for name, log in logs.items()}
    name = next((name for name, key in keys.items() if key.name == origin), None)
    if name is None:
        remedy = "name that log in the trust policy if you trust it, or take the proof out"
        raise TrustError(f"{source} is of the log {origin}", why="the trust policy does not know it", remedy=remedy)
    checkpoint = proof.verify(entry_of(document, source="the document"), keys[name])
    named = [_key(key, COSIGNATURE) for key in logs[name].witnesses]
    witnesses = [key for key in named if not _revoked(key, trust, None)]  # its own word of the time is none
    cosigned = {signature.key.public: signature for signature in note.verified(witnesses)}
    cosigned.pop(keys[name].public, None)  # a log is no witness of itself
    strangers = note.unknown([keys[name], *named])
    return _Held(name, logs[name], keys[name], proof, checkpoint, tuple(cosigned.values()), strangers)


def _rows(name: str, held: _Held, trust: TrustPolicy) -> Iterator[Row]:
    yield Row(f"{name}: log", True, held.trusted.key, f"{held.log}: signed by {held.key.name}")
    place = f"entry {held.proof.index} of {held.checkpoint.size} in {held.log}"
    yield Row(INCLUSION, True, "exactly this document", place)
    twins = sorted(known for known, key in trust.keys.items() if held.key.is_key(key))
    why = "who signs could write the log anew" if twins else ""
    yield Row(f"{name}: key", not twins, "a key of its own", ", ".join(twins) or "a key of its own", why)
    if revoked := _revoked(held.key, trust, held.time):
        yield Row(f"{name}: key", False, "a key that nobody revoked", held.key.id, revoked)
    if held.strangers:
        why = f"{held.strangers} signatures of keys that the trust policy does not name were not looked at"
        yield Row(f"{name}: other signatures", None, detail=why)


def _witness_rows(name: str, held: _Held, now: datetime) -> Iterator[Row]:
    check, quorum = f"{name}: witnesses", held.trusted.quorum
    if not held.trusted.witnesses:
        why = "no witnesses are named: the log could show others another history, and nobody vouches for the time"
        yield Row(check, None, detail=why)
        return
    found = ", ".join(f"{one.key.name} at {_shown(one.time or 0)}" for one in held.cosigned)
    enough = len(held.cosigned) >= quorum
    why = "" if enough else f"{len(held.cosigned)} cosigned"
    yield Row(check, enough, f"{quorum} of {len(held.trusted.witnesses)}", found, why)
    late = [one.key.name for one in held.cosigned if (one.time or 0) > (now + CLOCK_SKEW).timestamp()]
    if late:
        yield Row(f"{name}: time", False, f"before {shown(now)}", found, f"{', '.join(late)} cosigned in the future")


def _revoked(key: VerifierKey, trust: TrustPolicy, at: datetime | None) -> str:
    """Why the key of a log or witness does not count any more; empty when it does.

    Args:
        key: the key.
        trust: the trust policy, with what is revoked.
        at: when it signed, vouched for by somebody else.
    """
    hit = None if trust.revocations is None else trust.revocations.find("key", key.id, at)
    return "" if hit is None else str(hit)


def _key(text: str, kind: int) -> VerifierKey:
    key = VerifierKey.parse(text)
    if key.kind != kind:
        use = "a log" if kind == ED25519 else "a witness"
        raise TrustError(
            f"{text} is no key of {use}", why=f"its kind is {key.kind}, not {kind}", remedy="mend the trust policy"
        )
    return key


def _either(logs: Iterable[str]) -> str:
    return " or ".join(sorted(logs))


def _moment(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _shown(seconds: int) -> str:
    moment = _moment(seconds)
    return f"second {seconds}" if moment is None else shown(moment)
