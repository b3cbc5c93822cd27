"""Why a signature, or a signed statement, does not count although it holds: it was revoked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from ..trust.identity_pattern import matches
from ..trust.policy import TrustPolicy
from ..trust.signing_time import SignatureFacts
from .revoked import Hit, Revocations


def signer_objection(policy: TrustPolicy, signer: str, facts: SignatureFacts) -> str:
    """Why a signer's signature does not count any more; empty when it does.

    Args:
        policy: the trust policy, with what is revoked.
        signer: its full name, such as ``key:NAME``.
        facts: what is known of the signature, above all when it was made.
    """
    known = policy.revocations
    if known is None:
        return ""
    hit = next(_hits(known, policy, signer, facts), None)
    if hit is None:
        return ""
    dated = hit.entry.since is not None and facts.signed_at is None
    return f"{hit}{', and nobody vouches that it was signed before' if dated else ''}"


def statement_objection(policy: TrustPolicy, payload: bytes) -> str:
    """Why a signed statement does not count any more; empty when it does.

    Args:
        policy: the trust policy, with what is revoked.
        payload: the signed bytes; of an in-toto link or layout those of its classic form, in whatever envelope it is.
    """
    known = policy.revocations
    hit = None if known is None else known.find_statement(hashlib.sha256(payload).hexdigest())
    return "" if hit is None else str(hit)


def _hits(known: Revocations, policy: TrustPolicy, signer: str, facts: SignatureFacts) -> Iterator[Hit]:
    """Every revocation of the signer itself, or of the key behind its certificate."""
    kind, _, name = signer.partition(":")
    key = policy.keys.get(name) if kind == "key" else facts.key
    found = [] if key is None else [known.find("key", key.id, facts.signed_at)]
    if kind == "identity" and name in policy.identities:
        found += _identity(known, policy, name, facts)
    yield from (hit for hit in found if hit is not None)


def _identity(known: Revocations, policy: TrustPolicy, name: str, facts: SignatureFacts) -> Iterator[Hit | None]:
    """Revocations of an identity; where a pattern allows many and none is told, of any that it allows."""
    identity = policy.identities[name]
    subject = facts.identity.get("subject") or identity.identity
    if subject is not None:
        yield known.find_identity(identity.issuer, subject, facts.signed_at)
        return
    for target in known.of_kind("identity"):
        issuer, _, revoked = target.name.partition(" ")
        if issuer == identity.issuer and matches(identity.pattern or "", revoked):
            yield known.find_identity(issuer, revoked, facts.signed_at)
