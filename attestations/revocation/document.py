"""Reading a document that revokes: believed only when somebody signed it who may.

Believed are those whom the trust policy gives the role `revocation`, and, of a revocation of a key, the key itself:
whoever can sign with a key may say that it is not to be believed. A document that is not believed is never passed over:
whoever named it wants to know that it counts for nothing.

Revocations are held against the trust policy as it stands, not against each other: what a key revoked while it was
trusted stays revoked when that key is revoked in turn. So one more document can never bring anything back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ... import strict_json
from ...errors import EvidenceError, ProbatumError, TrustError
from ..documents import dsse
from ..schemas import check
from ..statement import STATEMENT_V1, parse_statement
from ..trust.policy import TrustPolicy
from ..trust.predicates import REVOCATION
from ..trust.signing_time import parse_time
from .entry import Entry, Target, entry_of
from .statement import Listed

_REMEDY = "give the role `revocation` of the trust policy to its signer, or take the document out"


@dataclass(frozen=True)
class Given:
    """A document as it was found.

    Args:
        source: its path or URL.
        data: its bytes.
    """

    source: str
    data: bytes


@dataclass(frozen=True)
class Document:
    """A believed document.

    Args:
        source: where it was.
        content: the signed document, as JSON.
        entries: what it revokes.
        issued_at: when, as it says.
        signers: names of those who signed it and may.
        statement: SHA-256 of what was signed.
        listed: it is a list.
        by_role: its signers have the role; else it is of keys that revoke themselves alone, which any of them can do at
            any time, so that it tells nothing of how fresh the knowledge is.
    """

    source: str
    content: Mapping[str, Any]
    entries: tuple[Entry, ...]
    issued_at: datetime
    signers: tuple[str, ...]
    statement: str
    listed: Listed | None = None
    by_role: bool = True


def read_document(given: Given, trust: TrustPolicy, now: datetime) -> Document:
    """Verify a document and read it.

    Args:
        given: the document.
        trust: who may revoke.
        now: for certificates and for the validity of keys.

    Raises:
        EvidenceError: it is no statement that revokes.
        TrustError: nobody signed it who may.
    """
    statement, signers, by_role = _signed(given, trust, now)
    predicate: Mapping[str, Any] = statement.get("predicate") or {}
    if statement["predicateType"] != REVOCATION or statement["_type"] != STATEMENT_V1:
        raise EvidenceError(f"{given.source} does not revoke", why=f"it is a {statement['predicateType']}")
    check("revocation", predicate, source=given.source)
    entries = tuple(entry_of(item) for item in predicate["revocations"])
    _check_subjects(statement, entries, given.source)
    content = strict_json.loads(given.data, source=given.source, fold_case=True)
    digest = strict_json.digest(statement)
    issued = _time(predicate["issued_at"], given.source)
    listed = _listed(predicate, given.source)
    return Document(given.source, content, entries, issued, signers, digest, listed, by_role)


def _signed(given: Given, trust: TrustPolicy, now: datetime) -> tuple[Mapping[str, Any], tuple[str, ...], bool]:
    """The statement, who signed it, and whether they have the role; only of a document that is believed."""
    from ..documents.verifier import TrustVerifier

    found = TrustVerifier(_undated(trust), now).verify(given.data, source=given.source)
    if found.verified and found.statement is not None:
        if found.about != REVOCATION:
            raise EvidenceError(f"{given.source} does not revoke", why=f"it is a {found.about or found.kind}")
        return found.statement, found.signers, True
    itself = _by_itself(given, trust)
    if itself is not None:
        return *itself, False
    raise TrustError(f"{given.source} is not believed", why=found.reason, remedy=_REMEDY)


def _undated(trust: TrustPolicy) -> TrustPolicy:
    """The trust policy without the age of revocations, which is the newest one's, and without those known already."""
    roles = {
        name: replace(role, max_age_days=None) if REVOCATION in role.predicate_types else role
        for name, role in trust.roles.items()
    }
    return replace(trust, roles=roles, revocations=None)


def _by_itself(given: Given, trust: TrustPolicy) -> tuple[Mapping[str, Any], tuple[str, ...]] | None:
    """A revocation of keys that each of these keys signed; None for anything else."""
    try:
        envelope = dsse.parse(given.data, source=given.source)
        keys = envelope.signers(trust.keys.values())
        if not keys or envelope.payload_type != dsse.IN_TOTO:
            return None
        statement = parse_statement(envelope.payload, source=given.source)
        check("revocation", statement.get("predicate"), source=given.source)
        targets = {entry_of(item).target for item in statement["predicate"]["revocations"]}
    except ProbatumError:
        return None
    if not targets or targets - {Target("key", key.id) for key in keys} or "list" in statement["predicate"]:
        return None
    return statement, tuple(name for key in keys if (name := trust.signer_of(key)) is not None)


def _check_subjects(statement: Mapping[str, Any], entries: tuple[Entry, ...], source: str) -> None:
    """Tools that index statements by subject must find what the predicate revokes, and nothing else."""
    stated = {(item.get("name"), item["digest"].get("sha256")) for item in statement["subject"]}
    revoked = {(item["name"], item["digest"]["sha256"]) for entry in entries for item in entry.subjects()}
    if revoked and stated != revoked:
        names = ", ".join(sorted(str(name) for name, _ in stated ^ revoked)[:5])
        raise EvidenceError(f"{source} contradicts itself", why=f"its subjects are not what it revokes: {names}")


def _listed(predicate: Mapping[str, Any], source: str) -> Listed | None:
    found = predicate.get("list")
    if found is None:
        return None
    update = found.get("next_update")
    return Listed(found["name"], found["number"], None if update is None else _time(update, source))


def _time(text: str, source: str) -> datetime:
    moment = parse_time(text)
    if moment is None:
        raise EvidenceError(f"{source} is malformed", why=f"{text!r} is no time")
    return moment
