"""The waivers collector: the exceptions that the manifest grants, and what is wrong with each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ..evaluator.graph import Coverage, Tier
from .base import Availability, Context, Item

_FIELDS = ("id", "control", "subjects", "owner", "approver", "ticket", "reason", "expires")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Waivers:
    """Reports every waiver with its problems, so that control GOV-04 can judge them."""

    name = "waivers"
    version = "1"
    types: tuple[str, ...] = ("waivers",)
    kinds: tuple[str, ...] = ("pipeline",)
    network = False

    def available(self, context: Context) -> Availability:
        """Always: it reads the manifest only."""
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Item]:
        """One observation about the pipeline."""
        waivers = context.waivers
        seen: set[str] = set()
        result = {"waivers": [_judged(waiver, context.now, seen) for waiver in waivers], "waiver_count": len(waivers)}
        coverage = Coverage(len(waivers), len(waivers))
        yield context.observe(self, context.pipeline_id, "waivers", result, coverage=coverage, tier=Tier.OBSERVED)


def _judged(waiver: Mapping[str, Any], now: datetime, seen: set[str]) -> dict[str, Any]:
    problems = [f"{name} is missing" for name in _FIELDS if not waiver.get(name)]
    identity = str(waiver.get("id", ""))
    if identity and identity in seen:
        problems.append(f"id {identity} is used twice")
    seen.add(identity)
    if _person(waiver.get("owner")) and _person(waiver.get("owner")) == _person(waiver.get("approver")):
        problems.append("approver is the owner")
    if waiver.get("expires"):
        problems += _expiry_problems(str(waiver["expires"]), now)
    return {**waiver, "problems": problems}


def _person(name: object) -> str:
    return " ".join(str(name or "").split()).casefold()


def _expiry_problems(text: str, now: datetime) -> list[str]:
    expires = expiry(text)
    if expires is None:
        return [f"expires {text!r} is neither YYYY-MM-DD nor an RFC 3339 time with a zone"]
    return [] if now < expires else [f"expired on {text}"]


def expiry(text: str) -> datetime | None:
    """When a waiver ends: a date ends with its day in UTC; None when the text is no date."""
    try:
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(text).replace(hour=23, minute=59, second=59, tzinfo=UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
