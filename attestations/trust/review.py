"""What is odd about a trust policy that can be loaded: signers without a role, roles that nobody can fill, haste."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ...errors import ProbatumError
from ...files import read_limited
from . import identity_pattern
from .file import load_trust
from .policy import Role, TrustPolicy
from .predicates import DEFAULT_TYPES, VSA
from .signing_time import Judged, shown
from .source import MAX_BYTES
from .trusted import Certificates
from .words import words

ERROR, WARNING, NOTE = "error", "warning", "note"
SOON = timedelta(days=30)
_WEIGHTY = ("policy", "revocation", "verdict")
_AUTHORS = ("dataset", "evidence", "model", "provenance", "verdict")
_APPROVERS = ("approval", "waiver")
_SECTIONS = {"key": "keys", "identity": "identities", "certificate": "certificates", "log": "logs"}
_OF_THE_CALLER = {"repository", "repository_id", "owner", "owner_id"}
_SHARED = ("https://token.actions.githubusercontent.com", "https://gitlab.com")
"""Issuers whose jobs run on machines that many share, and on machines that anybody can add."""


@dataclass(frozen=True)
class Finding:
    """One thing that a reviewer should look at.

    Args:
        level: ``error`` (it cannot work), ``warning`` or ``note`` (it can be meant so).
        place: the field, such as ``roles.verdict``.
        message: what is odd about it.
    """

    level: str
    place: str
    message: str


def check_document(policy: TrustPolicy, now: datetime, *, source: str) -> dict[str, Any]:
    """A trust policy in words, and what is odd about it.

    Args:
        policy: the trust policy.
        now: for windows.
        source: what to call it.

    Returns:
        ``file``, ``sha256`` (of the resolved policy), ``roles`` (`trust_words.words`) and ``findings``.
    """
    findings = [asdict(finding) for finding in check_trust(policy, now)]
    return {"file": source, "sha256": policy.digest, "roles": words(policy), "findings": findings}


def checked_file(path: Path, now: datetime) -> dict[str, Any]:
    """The same of a file; one that cannot be used is the one finding.

    Raises:
        UsageError: the file cannot be read.
    """
    read_limited(path, MAX_BYTES)
    try:
        return check_document(load_trust(path), now, source=str(path))
    except ProbatumError as error:
        remedy = f" ({error.remedy})" if error.remedy else ""
        finding = asdict(Finding(ERROR, str(path), f"{error}{remedy}"))
        return {"file": str(path), "sha256": None, "roles": [], "findings": [finding]}


def check_trust(policy: TrustPolicy, now: datetime) -> list[Finding]:
    """What is odd about a trust policy: errors first, then by place."""
    found = [*_unused(policy), *_patterns(policy), *_claims(policy), *_both(policy), *_overlaps(policy), *_weak(policy)]
    ends = {**_window_ends(policy), **_certificate_ends(policy)}
    found += _ended(policy, ends, now)
    for role in policy.roles.values():
        found += _reach(policy, role, ends, now)
        found += _haste(role)
    order = {ERROR: 0, WARNING: 1, NOTE: 2}
    return sorted(found, key=lambda item: (order[item.level], item.place, item.message))


def _unused(policy: TrustPolicy) -> Iterator[Finding]:
    held = {signer for role in policy.roles.values() for signer in role.signers}
    for signer in (*policy.signers, *(f"log:{name}" for name in policy.logs)):
        if signer not in held:
            yield Finding(WARNING, _place(signer), "it has no role, so nothing that it signs counts")
    used = {root for identity in policy.identities.values() for root in identity.roots}
    for name in policy.sigstore.keys() - used:
        yield Finding(WARNING, f"sigstore.{name}", "no identity chains to this root")


def _patterns(policy: TrustPolicy) -> Iterator[Finding]:
    for name, identity in policy.identities.items():
        broad = "" if identity.pattern is None else identity_pattern.breadth(identity.pattern)
        if broad and identity.pattern is not None:
            example = identity_pattern.example(identity.pattern)
            yield Finding(WARNING, f"identities.{name}", f"the pattern matches {broad}, for example {example}")


def _claims(policy: TrustPolicy) -> Iterator[Finding]:
    """A workflow's identity is also that of whoever calls the workflow, and of whatever machine it runs on."""
    for name, identity in policy.identities.items():
        if identity.issuer not in _SHARED:
            continue
        if not _OF_THE_CALLER & identity.claims.keys():
            why = "no claim `repository`: whoever calls this workflow from a repository of their own signs as it"
            yield Finding(WARNING, f"identities.{name}", why)
        if "runner" not in identity.claims:
            why = "no claim `runner`: a job on a machine that somebody added to the runners signs as it, too"
            yield Finding(WARNING, f"identities.{name}", why)


def _both(policy: TrustPolicy) -> Iterator[Finding]:
    """Who makes something must not be who approves it."""
    for approver in _APPROVERS:
        for author in _AUTHORS:
            if approver in policy.roles and author in policy.roles:
                for signer in sorted(set(policy.roles[approver].signers) & set(policy.roles[author].signers)):
                    why = f"{signer} holds the role {author}, too: it can approve its own work"
                    yield Finding(WARNING, f"roles.{approver}", why)


def _overlaps(policy: TrustPolicy) -> Iterator[Finding]:
    """A role that took over the content of another one fills it with its own signers."""
    for name, role in policy.roles.items():
        for about in sorted(set(role.predicate_types) - set(DEFAULT_TYPES[name])):
            others = [other for other, types in DEFAULT_TYPES.items() if about in types]
            if others:
                why = f"its signers may sign {about}, which is what the role {' and '.join(others)} is for"
                yield Finding(WARNING, f"roles.{name}", why)


def _weak(policy: TrustPolicy) -> Iterator[Finding]:
    """Keys that are believed for what others signed long ago, and for no verdict."""
    for signer in policy.roles["verdict"].signers if "verdict" in policy.roles else ():
        kind, _, name = signer.partition(":")
        weakness = policy.keys[name].signing_weakness if kind == "key" and name in policy.keys else ""
        if weakness:
            yield Finding(WARNING, _place(signer), f"it is too weak to sign a verdict: {weakness}")


def _window_ends(policy: TrustPolicy) -> dict[str, datetime]:
    return {signer: at.valid_until for signer, at in policy.windows.items() if at.valid_until is not None}


def _certificate_ends(policy: TrustPolicy) -> dict[str, datetime]:
    """When the last root of each certificate signer ends, if that is before its window does."""
    found = {}
    for name, signer in policy.certificates.items():
        own = policy.window_of(f"certificate:{name}").valid_until
        last = _last(signer.roots)
        found[f"certificate:{name}"] = last if own is None else min(own, last)
    return found


def _last(certificates: Certificates) -> datetime:
    return max(item.not_valid_after_utc for item in certificates.load())


def _ended(policy: TrustPolicy, ends: Mapping[str, datetime], now: datetime) -> Iterator[Finding]:
    places = {_place(signer): end for signer, end in ends.items()}
    places |= {f"timestamp_authorities.{n}": _last(a.certificates) for n, a in policy.timestamp_authorities.items()}
    for place, end in places.items():
        if end <= now:
            why = f"it ended {shown(end)}: only what somebody vouches was signed before counts"
            yield Finding(WARNING, place, why)
        elif end - now <= SOON:
            yield Finding(WARNING, place, f"it ends {shown(end)}, in {(end - now).days} days")


def _reach(policy: TrustPolicy, role: Role, ends: Mapping[str, datetime], now: datetime) -> Iterator[Finding]:
    """Whether enough signers can sign one document, and can do so now."""
    place = f"roles.{role.name}"
    alone = VSA not in role.predicate_types  # a verdict is countersigned in files of its own, whoever signs
    together = [signer for signer in role.signers if not signer.startswith("identity:")]
    if alone and len(together) < role.threshold and role.threshold > 1:
        why = f"{role.threshold} must sign, but a document that an identity signs carries one signature"
        yield Finding(WARNING, place, f"nobody can reach it: {why}")
    live = [signer for signer in role.signers if _lives(policy, signer, ends, now)]
    if len(live) < role.threshold:
        why = f"{len(live)} of its {len(role.signers)} signers may sign now, and {role.threshold} must"
        yield Finding(ERROR, place, f"nobody can reach it any more or yet: {why}")


def _lives(policy: TrustPolicy, signer: str, ends: Mapping[str, datetime], now: datetime) -> bool:
    return not policy.window_of(signer).objection(Judged(now)) and (signer not in ends or ends[signer] > now)


def _haste(role: Role) -> Iterator[Finding]:
    place = f"roles.{role.name}"
    if role.name in _WEIGHTY and role.threshold == 1:
        yield Finding(NOTE, place, "one signer is enough: a single stolen key or account decides")
    if role.name == "provenance" and not role.builders:
        yield Finding(NOTE, place, "any builder counts: name those that may in `builders`")
    if role.name == "verdict" and role.max_age_days is None:
        yield Finding(NOTE, place, "a verdict of any age counts: limit it with `max_age_days`, or with --max-age")


def _place(signer: str) -> str:
    kind, _, name = signer.partition(":")
    return f"{_SECTIONS[kind]}.{name}"
