"""A list of everything that is revoked so far: numbered, so that an older issue cannot pass for the newest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ..attestations.attestor import Attestor
from ..attestations.keys.local_key import local_trust
from ..attestations.revocation.entry import Entry, Target
from ..attestations.revocation.revoked import NO_REVOCATIONS, Revocations
from ..attestations.revocation.statement import Listed, revocation_statement, sign_revocation
from ..attestations.trust.file import load_trust
from ..attestations.trust.policy import TrustPolicy
from ..errors import TrustError, UsageError
from .revocation_sources import with_revocations


@dataclass(frozen=True)
class NewList:
    """A list that was signed.

    Args:
        data: the signed document.
        number: of this issue.
        count: how much is revoked.
    """

    data: bytes
    number: int
    count: int


def new_list(
    sources: Sequence[str],
    out: Path,
    *,
    attestor: Attestor,
    trust: Path | None,
    name: str,
    next_update: datetime | None,
    now: datetime,
) -> NewList:
    """Sign the next issue of a list.

    Args:
        sources: documents to take into it: files and folders.
        out: where the last issue lies, if there is one: all of it is taken over, and the number goes on.
        attestor: who signs.
        trust: whose revocations are taken into it; only those of the local key when None.
        name: of the list.
        next_update: by when there will be a newer one.
        now: when it is issued.

    Raises:
        UsageError: a file cannot be read, or a time makes no sense.
        TrustError: a document is not believed, or what lies there is another list.
    """
    if next_update is not None and next_update <= now:
        raise UsageError("--next-update lies in the past", why="the list would be refused at once", remedy="say later")
    policy = replace(local_trust() if trust is None else load_trust(trust), revocation_sources=())
    given = [*sources, *([str(out)] if out.is_file() else [])]
    known = _known(policy, given, now)
    number = _last_number(known, name, out) + 1
    entries = _entries(known)
    listed = Listed(name, number, next_update)
    statement = revocation_statement(entries, now=now, issuer=attestor.signers, listed=listed)
    return NewList(sign_revocation(statement, attestor), number, len(entries))


def _known(policy: TrustPolicy, given: Sequence[str], now: datetime) -> Revocations:
    """Everything in the documents; that an old list is out of date is why a new one is made."""
    if not given:
        return NO_REVOCATIONS
    known = with_revocations(_ageless(policy), given, online=False, now=now).revocations
    assert known is not None, "documents were given"
    replace(known, problems=tuple(item for item in known.problems if not item.stale)).require()
    return known


def _ageless(policy: TrustPolicy) -> TrustPolicy:
    return replace(policy, roles={key: replace(role, max_age_days=None) for key, role in policy.roles.items()})


def _last_number(known: Revocations, name: str, out: Path) -> int:
    last = known.lists.get(name)
    there = [item for item in known.documents if item.source == str(out)]
    if there and (there[0].listed is None or there[0].listed.name != name):
        raise TrustError(
            f"{out} is not the list {name}", why="another document lies there", remedy="give another --out or --name"
        )
    return 0 if last is None else last.listed.number


def _entries(known: Revocations) -> list[Entry]:
    """Each thing once for each time since which it is revoked: the same said twice is said once."""
    found: dict[tuple[Target, datetime | None], Entry] = {}
    for document in known.documents:
        for entry in document.entries:
            found.setdefault((entry.target, entry.since), entry)
    return sorted(found.values(), key=lambda item: (str(item.target), str(item.since or "")))
