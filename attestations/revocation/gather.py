"""All documents that revoke, taken together: read, believed or not, and fresh or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from ...errors import ProbatumError
from ...evaluator.times import stamp
from ..trust.policy import TrustPolicy
from ..trust.predicates import REVOCATION
from .document import Document, Given, read_document
from .revoked import Problem, Revocations

_CLOCK_SKEW = timedelta(minutes=5)
_NEWER = "get the newest list from whoever issues it"


def gather(given: Iterable[Given], trust: TrustPolicy, now: datetime, missing: Sequence[Problem] = ()) -> Revocations:
    """Read documents that revoke, and say what is wrong with them.

    Args:
        given: the documents, in any order.
        trust: who may revoke.
        now: for freshness.
        missing: what was named and could not be had.

    Returns:
        What is revoked; its ``problems`` name every document that is not believed, every list that is out of date,
        and every key id that looks like a trusted one and is not.
    """
    documents: list[Document] = []
    problems, items = list(missing), list(given)
    for item in items:
        try:
            documents.append(read_document(item, trust, now))
        except ProbatumError as error:
            problems.append(Problem(item.source, str(error).removeprefix(f"{item.source} "), error.remedy))
    found = Revocations(tuple(documents))
    problems += [*_stale(found, now), *_forked(documents), *_old(found, trust, now), *_lookalikes(found, trust)]
    return Revocations(tuple(documents), tuple(problems), given=bool(items or problems))


def rolled_back(known: Revocations, found: Revocations) -> Iterator[Problem]:
    """Lists of which an older issue was given than is known already, or none at all.

    Args:
        known: what was known earlier, such as when the verdict was made.
        found: what is given now.
    """
    for name, before in known.lists.items():
        now = found.lists.get(name)
        if now is None:
            yield Problem(name, f"number {before.listed.number} of this list is known, and now it is missing", _NEWER)
        elif now.listed.number < before.listed.number:
            why = f"rolled back: number {now.listed.number} was given, and number {before.listed.number} is known"
            yield Problem(f"{now.document.source} ({name})", why, _NEWER)


def _stale(found: Revocations, now: datetime) -> Iterator[Problem]:
    for name, issue in found.lists.items():
        update = issue.listed.next_update
        if update is not None and now > update:
            why = f"out of date: a newer issue of the list {name} was due on {stamp(update)}"
            yield Problem(issue.document.source, why, _NEWER, stale=True)


def _forked(documents: Iterable[Document]) -> Iterator[Problem]:
    """Two issues of one list under one number: one of them hides what the other says."""
    seen: dict[tuple[str, int], Document] = {}
    for document in documents:
        if document.listed is None:
            continue
        other = seen.setdefault((document.listed.name, document.listed.number), document)
        if other.statement != document.statement:
            why = f"number {document.listed.number} of the list {document.listed.name} is another one in {other.source}"
            yield Problem(document.source, why, "ask its issuer which one is true")


def _old(found: Revocations, trust: TrustPolicy, now: datetime) -> Iterator[Problem]:
    """The age that the trust policy asks of what is newest, by those who have the role."""
    limits = [role.max_age_days for role in trust.roles_for(REVOCATION) if role.max_age_days is not None]
    if not limits:
        return
    official = [document.issued_at for document in found.documents if document.by_role]
    times = [moment for moment in official if moment <= now + _CLOCK_SKEW]
    if not times or now - max(times) > timedelta(days=min(limits)):
        newest = f"the newest is of {stamp(max(times))}" if times else "there is none"
        why = f"the trust policy asks for one of the last {min(limits):g} days, and {newest}"
        yield Problem("revocations", why, _NEWER, stale=True)


def _lookalikes(found: Revocations, trust: TrustPolicy) -> Iterator[Problem]:
    """A revoked key whose id is a trusted one's but for upper and lower case was meant, or made, to be mistaken."""
    trusted = {key.id.casefold(): key.id for key in trust.keys.values()}
    for target in found.of_kind("key"):
        near = trusted.get(target.name.casefold())
        if near not in (None, target.name):
            why = f"it revokes {target.name}, which is not the trusted key {near}"
            yield Problem(str(found.find("key", target.name)), why, "issue it again for the right key")
