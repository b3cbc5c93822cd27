"""At which time a signature is judged, and what somebody other than its signer says about it.

A time that the signer wrote is only a claim: whoever stole a key after it expired writes an earlier one. So windows of
keys, identities and certificates, and the expiry of layouts, are judged at a time that a transparency log or a
timestamp authority vouches for, and without one at the time of the verification.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ..keys.public_key import PublicKey

CLOCK_SKEW = timedelta(minutes=5)
NO_EVIDENCE = "there is no evidence of when it was signed"


@dataclass(frozen=True)
class Judged:
    """The time at which one signature is judged.

    Args:
        at: the time; None when there is none to judge it at, so that it is refused.
        vouched: somebody other than the signer vouches for the time; else it is the time of the verification.
        reason: why there is no time; empty when there is one.
    """

    at: datetime | None
    vouched: bool = False
    reason: str = ""


@dataclass(frozen=True)
class SignatureFacts:
    """What is known of one signature besides that it holds and whose it is.

    Args:
        signed_at: when it was there at the latest, as a log or a timestamp authority says; None when nobody does.
        logs: names of the trust policy's logs (or sigstore roots) that hold it.
        authorities: names of the timestamp authorities (or sigstore roots) that vouch for its time.
        key: the public key that made it, where the signer's name does not tell: a certificate's or an identity's.
        identity: what the certificate of a keyless signer says, above all its ``subject``.
    """

    signed_at: datetime | None = None
    logs: frozenset[str] = frozenset()
    authorities: frozenset[str] = frozenset()
    key: PublicKey | None = None
    identity: Mapping[str, str] = field(default_factory=dict, hash=False)

    def and_beside(self, beside: SignatureFacts) -> SignatureFacts:
        """With what lies beside the document; the document's own time comes first."""
        logs, authorities = self.logs | beside.logs, self.authorities | beside.authorities
        return replace(self, signed_at=self.signed_at or beside.signed_at, logs=logs, authorities=authorities)


NOTHING_KNOWN = SignatureFacts()


@dataclass(frozen=True)
class Window:
    """When a signer may sign.

    Args:
        valid_from: the first moment; None for always.
        valid_until: the first moment after it; None for ever.
    """

    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def objection(self, judged: Judged) -> str:
        """Why a signature judged at that time is outside the window; empty when it is inside."""
        if judged.at is None:
            return judged.reason
        how = "it was signed" if judged.vouched else f"{NO_EVIDENCE}, and now it is"
        if self.valid_from is not None and judged.at < self.valid_from:
            return f"valid from {shown(self.valid_from)}; {how} {shown(judged.at)}"
        if self.valid_until is not None and judged.at >= self.valid_until:
            return f"valid until {shown(self.valid_until)}; {how} {shown(judged.at)}"
        return ""

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {name: None if at is None else shown(at) for name, at in vars(self).items()}


ALWAYS = Window()


def judged_at(now: datetime, as_of: datetime | None, signed_at: datetime | None) -> Judged:
    """The time at which windows, certificates and layouts are judged.

    Args:
        now: when the verification is made.
        as_of: the date that a verifier asks about (``--as-of``): what was signed must have been signed by then, and
            somebody must vouch for that.
        signed_at: the time that somebody other than the signer vouches for.
    """
    if signed_at is None:
        return Judged(None, reason=NO_EVIDENCE) if as_of is not None else Judged(now)
    if signed_at > now + CLOCK_SKEW:
        return Judged(None, reason=f"the time of signing {shown(signed_at)} lies in the future")
    if as_of is not None and signed_at > as_of:
        return Judged(None, reason=f"it was signed {shown(signed_at)}, after {shown(as_of)}")
    return Judged(signed_at, vouched=True)


def parse_time(value: Any) -> datetime | None:
    """An RFC 3339 time with a zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if moment is None or moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def shown(moment: datetime) -> str:
    """A time in RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
