"""Waivers: dated, owned, approved exceptions for one control on one scope.

A waiver is valid only when every field is there, the approver is not the owner, its signature was not refused, and it
has not expired at the evaluation time. An invalid one is shown and does nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .times import end_of

SIGNERS, SIGNED_SHA256, REFUSED = "signers", "signed_sha256", "refused"
"""Fields that a run adds to a waiver: who signed it, in which document, and why it does not count for want of that."""
_TEXTS = ("id", "control", "owner", "approver", "ticket", "reason", "expires")


@dataclass(frozen=True)
class Waiver:
    """One exception, judged at one time.

    Args:
        document: as the manifest has it.
        state: ``live``, ``expired`` or ``invalid``.
        problems: why it is not live.
    """

    document: Mapping[str, Any]
    state: str
    problems: tuple[str, ...] = ()

    def covers(self, control: str, subject: str) -> bool:
        """True when it is live and its scope has this control and subject."""
        if self.state != "live" or self.document["control"] != control:
            return False
        return "*" in self.document["subjects"] or subject in self.document["subjects"]


def judge(document: Mapping[str, Any], now: datetime, controls: Collection[str] | None = None) -> Waiver:
    """Whether one waiver is live at a time.

    Args:
        document: ``id, control, subjects, owner, approver, ticket, reason, expires``.
        now: the evaluation time, with a zone.
        controls: ids that a waiver may name; None for any.
    """
    problems = [f"{name} is missing" for name in _TEXTS if not _text(document.get(name))]
    subjects = document.get("subjects")
    if not isinstance(subjects, list) or not subjects or not all(map(_text, subjects)):
        problems.append("subjects is not a list of subject ids")
    if _text(document.get("owner")) and _same(document["owner"], document.get("approver")):
        problems.append("the approver is the owner")
    if controls is not None and _text(document.get("control")) and document["control"] not in controls:
        problems.append(f"there is no control {document['control']!r}")
    expires = document.get("expires")
    over = end_of(expires) if isinstance(expires, str) else None
    if _text(expires) and over is None:
        problems.append(f"expires is {expires!r}, neither a date nor a time with a zone")
    if REFUSED in document:
        problems.append(str(document[REFUSED]))
    if problems:
        return Waiver(document, "invalid", tuple(problems))
    if over is None or now > over:
        return Waiver(document, "expired", (f"it expired on {expires}",))
    return Waiver(document, "live")


def _text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _same(one: str, other: Any) -> bool:
    return isinstance(other, str) and " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
