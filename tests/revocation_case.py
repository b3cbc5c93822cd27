"""Signed revocations, and the trust policy of somebody who knows them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from package_case import KEY
from package_case import check as check_package
from signing_case import NOW, ed_key, envelope, policy, statement

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.documents import dsse
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.revocation.check import check_revocations
from probatum.attestations.revocation.document import Given
from probatum.attestations.revocation.entry import Entry, Target, key_target, sha256_target
from probatum.attestations.revocation.gather import gather
from probatum.attestations.revocation.revoked import Revocations
from probatum.attestations.revocation.statement import Listed, revocation_statement, sign_revocation
from probatum.attestations.trust.policy import TrustPolicy
from probatum.attestations.trust.predicates import REVOCATION
from probatum.attestations.verify.report import Row, VerificationReport

SECURITY = ed_key("security")
STRANGER = ed_key("stranger")
BEFORE = datetime(2026, 11, 1, tzinfo=UTC)
HEX = "a" * 64


def trust(**roles: Any) -> TrustPolicy:
    """`release` signs verdicts and evidence, `security` revokes; a stranger is unknown."""
    made = policy({"release": KEY, "security": SECURITY})
    names = {name: role for name, role in made.roles.items() if name != "revocation"}
    signed = {name: replace(role, signers=("key:release",)) for name, role in names.items()}
    signed["revocation"] = replace(made.roles["revocation"], signers=("key:security",), **roles)
    return replace(made, roles=signed)


def entry(target: Target, reason: str = "other", **fields: Any) -> Entry:
    return Entry(target, reason, **fields)


def of_key(key: SigningKey, **fields: Any) -> Entry:
    return entry(key_target(key.public.id), "key-compromise", **fields)


def of_policy(digest: str = HEX) -> Entry:
    return entry(sha256_target("policy", digest), "policy-defect")


def of_verdict(tmp_path: Path) -> Entry:
    data = (tmp_path / "verdict" / "verdict.dsse.json").read_bytes()
    payload = dsse.parse(data, source="verdict").payload
    return entry(sha256_target("verdict", hashlib.sha256(payload).hexdigest()), "evidence-wrong")


def revocation(
    *entries: Entry, by: Sequence[SigningKey] = (SECURITY,), now: datetime = NOW, listed: Listed | None = None
) -> bytes:
    attestor = KeyAttestor(by)
    return sign_revocation(revocation_statement(entries, now=now, issuer=attestor.signers, listed=listed), attestor)


def forged(predicate: Any, *keys: SigningKey, digest: str = HEX, **fields: Any) -> bytes:
    """A document with any predicate at all, signed."""
    return envelope(
        {**statement(digest, predicate_type=REVOCATION, predicate=predicate), **fields}, *(keys or (SECURITY,))
    )


def numbered(number: int, *entries: Entry, name: str = "acme", days: float | None = None, **fields: Any) -> bytes:
    update = None if days is None else NOW + timedelta(days=days)
    return revocation(*entries, listed=Listed(name, number, update), **fields)


def known(*documents: bytes, by: TrustPolicy | None = None, now: datetime = NOW) -> Revocations:
    given = [Given(f"{at}.dsse.json", data) for at, data in enumerate(documents)]
    return gather(given, by or trust(), now)


def knowing(*documents: bytes, by: TrustPolicy | None = None, now: datetime = NOW) -> TrustPolicy:
    """The trust policy of somebody who was given these documents."""
    return replace(by or trust(), revocations=known(*documents, by=by, now=now))


def verified(tmp_path: Path, *documents: bytes, **options: Any) -> VerificationReport:
    """The package in a folder, verified by somebody who was given these documents."""
    now = options.get("now", NOW)
    trusted = knowing(*documents, by=options.pop("by", None), now=now)
    report: VerificationReport = check_package(
        tmp_path, trust=trusted, checks=(check_revocations(trusted, now), *options.pop("checks", ())), **options
    )
    return report


def row(report: VerificationReport, check: str) -> Row:
    """The row of a check; of those that failed, if several have that name."""
    return min((item for item in report.rows if item.check == check), key=lambda item: item.ok is not False)
