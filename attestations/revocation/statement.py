"""Statements that revoke: made and signed here, by whoever the command line says signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ... import strict_json
from ...errors import UsageError
from ...evaluator.times import stamp
from ..schemas import check
from ..statement import statement
from ..trust.predicates import REVOCATION
from .entry import DATED, Entry

if TYPE_CHECKING:
    from ..attestor import Attestor


@dataclass(frozen=True)
class Listed:
    """What makes a statement a list: everything that its issuer revoked so far.

    Args:
        name: tells the lists of several issuers apart.
        number: grows with each issue.
        next_update: a newer list is there by then.
    """

    name: str
    number: int
    next_update: datetime | None = None

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        document: dict[str, Any] = {"name": self.name, "number": self.number}
        if self.next_update is not None:
            document["next_update"] = stamp(self.next_update)
        return document


def revocation_statement(
    entries: Sequence[Entry], *, now: datetime, issuer: Sequence[str], listed: Listed | None = None
) -> dict[str, Any]:
    """An in-toto statement that revokes.

    Args:
        entries: what is revoked; nothing only in a list.
        now: when it is issued.
        issuer: who signs, for people.
        listed: it is a list.

    Raises:
        UsageError: a time in an entry makes no sense.
        EvidenceError: it does not follow the schema.
    """
    for entry in entries:
        _check_time(entry, now)
    predicate: dict[str, Any] = {
        "issued_at": stamp(now),
        "issuer": list(issuer),
        "revocations": [entry.to_document() for entry in entries],
    }
    if listed is not None:
        predicate["list"] = listed.to_document()
    check("revocation", predicate, source="the revocation")
    subjects = {(item["name"], item["digest"]["sha256"]): item for entry in entries for item in entry.subjects()}
    nothing = {"name": "revocations", "digest": {"sha256": strict_json.digest(predicate)}}
    return statement(list(subjects.values()) or [nothing], REVOCATION, predicate)


def sign_revocation(statement: dict[str, Any], attestor: Attestor) -> bytes:
    """The signed document of a statement that revokes.

    Raises:
        TrustError: it cannot be signed.
    """
    return attestor.attest(strict_json.canonical(statement))


def _check_time(entry: Entry, now: datetime) -> None:
    if entry.since is None:
        return
    if entry.target.kind not in DATED:
        raise UsageError(
            f"{entry.target.kind} cannot be revoked from some time on",
            why="it was wrong from the beginning, or not at all",
            remedy="leave --since out",
        )
    if entry.since > now:
        raise UsageError(
            f"--since {stamp(entry.since)} lies in the future",
            why="a revocation says what does not count any more, not what will not",
            remedy="let the key end in the trust policy with valid_until, or revoke it when the time has come",
        )
