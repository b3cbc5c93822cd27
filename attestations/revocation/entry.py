"""What one revocation is against, why, and since when.

Reasons are named after those of RFC 5280 section 5.3.1, in lower case; two are Probatum's own. `since` is of keys,
identities and policies: a signature that somebody other than the signer dates before it still holds. A verdict, another
attestation and a piece of evidence are wrong altogether or not at all.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ... import strict_json
from ...errors import EvidenceError
from ...evaluator.times import stamp

REASONS = (
    "key-compromise", "affiliation-changed", "superseded", "cessation-of-operation", "privilege-withdrawn",
    "evidence-wrong", "policy-defect", "other",
)  # fmt: skip
DATED = ("key", "identity", "policy")
"""Kinds that can be revoked from some time on."""
SIGNED = ("verdict", "attestation")
"""Kinds that are known by the digest of their signed statement."""
_HEX = re.compile(r"[0-9a-f]{64}")
_KEY = "SHA256:"


@dataclass(frozen=True)
class Target:
    """What is revoked, in the one form in which it is looked up.

    Args:
        kind: ``verdict``, ``attestation``, ``key``, ``identity``, ``evidence`` or ``policy``.
        name: of a key ``SHA256:…``; of an identity its issuer and subject with a blank between; of evidence
            ``obs:…``; of a policy the SHA-256 of its content; of what is signed that of its statement.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Entry:
    """One revocation.

    Args:
        target: what it is against.
        reason: one of ``REASONS``.
        note: in words.
        since: what is dated before it still holds; None when nothing does.
        envelope: SHA-256 of the file that a signed statement was seen in; only told: the statement inside is what
            counts, because whoever has an envelope can make others of it.
    """

    target: Target
    reason: str
    note: str = ""
    since: datetime | None = None
    envelope: str | None = None

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        document = {"kind": self.target.kind, **_named(self.target), "reason": self.reason}
        if self.envelope is not None:
            document["envelope"] = {"sha256": self.envelope}
        if self.note:
            document["note"] = self.note
        if self.since is not None:
            document["since"] = stamp(self.since)
        return document

    def subjects(self) -> list[dict[str, Any]]:
        """How the in-toto statement names what is revoked."""
        found = [{"name": self.target.name, "digest": {"sha256": digest_of(self.target)}}]
        if self.envelope is not None:
            found.append({"name": "envelope", "digest": {"sha256": self.envelope}})
        return found

    def bites(self, signed_at: datetime | None) -> bool:
        """Whether it counts against something signed at a time that others vouch for; None when nobody does."""
        return self.since is None or signed_at is None or signed_at >= self.since

    def told(self) -> str:
        """Since when and why, for people."""
        when = "" if self.since is None else f" since {stamp(self.since)}"
        return f"revoked{when} ({self.reason}{f': {self.note}' if self.note else ''})"


def entry_of(document: Mapping[str, Any]) -> Entry:
    """Read an entry that follows the schema.

    Raises:
        EvidenceError: a key id is not one, or `since` is no time.
    """
    envelope = document.get("envelope", {}).get("sha256")
    since = document.get("since")
    try:
        moment = None if since is None else datetime.fromisoformat(since)
    except ValueError as error:
        raise EvidenceError("a revocation is malformed", why=f"since {since!r} is no time") from error
    return Entry(_target(document), document["reason"], document.get("note", ""), moment, envelope)


def key_target(key_id: str) -> Target:
    """A key by its id.

    Raises:
        EvidenceError: it is not the one form of a key id: ``SHA256:`` and 43 characters of base64 without padding.
    """
    try:
        raw = base64.b64decode(key_id.removeprefix(_KEY) + "=", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32 or key_id != _KEY + base64.b64encode(raw).decode().rstrip("="):
        raise EvidenceError(
            f"{key_id[:100]!r} is no key id",
            why="expected SHA256: and 43 characters of base64 without padding, exactly as `ssh-keygen -l` prints it",
            remedy="copy the id again, or give the file of the public key",
        )
    return Target("key", key_id)


def identity_target(issuer: str, subject: str) -> Target:
    """A keyless signer by its OIDC issuer and its subject, both exact.

    Raises:
        EvidenceError: the issuer is no URL, so that it could not be told from the subject.
    """
    if not issuer or any(mark.isspace() for mark in issuer) or not subject:
        why = "an issuer has no blanks, and nobody is nobody's identity"
        raise EvidenceError(
            f"{issuer[:100]!r} {subject[:100]!r} names no identity", why=why, remedy="give both exactly"
        )
    return Target("identity", f"{issuer} {subject}")


def digest_of(target: Target) -> str:
    """A SHA-256 that stands for a target in an in-toto statement, which names things by digest."""
    if target.kind == "key":
        return base64.b64decode(target.name.removeprefix(_KEY) + "=").hex()
    if target.kind == "identity":
        return strict_json.digest(_named(target))
    return target.name.removeprefix("obs:")


def sha256_target(kind: str, text: str) -> Target:
    """A signed statement, a policy or evidence by its digest.

    Raises:
        EvidenceError: it is not 64 lower-case hexadecimal digits (after ``obs:``, for evidence).
    """
    digest = text.removeprefix("obs:") if kind == "evidence" else text.removeprefix("sha256:")
    if not _HEX.fullmatch(digest):
        shape = "obs: and 64" if kind == "evidence" else "64"
        raise EvidenceError(
            f"{text[:100]!r} names no {kind}", why=f"expected {shape} lower-case hexadecimal digits", remedy="copy it"
        )
    return Target(kind, f"obs:{digest}" if kind == "evidence" else digest)


def _named(target: Target) -> dict[str, Any]:
    """The fields of the JSON form that name a target."""
    if target.kind == "key":
        return {"key": target.name}
    if target.kind == "evidence":
        return {"evidence": target.name}
    if target.kind == "identity":
        issuer, _, subject = target.name.partition(" ")
        return {"issuer": issuer, "subject": subject}
    return {"statement" if target.kind in SIGNED else "policy": {"sha256": target.name}}


def _target(document: Mapping[str, Any]) -> Target:
    kind = document["kind"]
    if kind == "key":
        return key_target(document["key"])
    if kind == "identity":
        return identity_target(document["issuer"], document["subject"])
    if kind == "evidence":
        return sha256_target(kind, document["evidence"])
    return sha256_target(kind, document["statement" if kind in SIGNED else "policy"]["sha256"])
