"""Times of evidence: RFC 3339 in UTC, whole seconds, ``Z`` suffix."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache


@lru_cache(maxsize=65_536)
def seconds(text: str) -> int | None:
    """Seconds since the epoch of an RFC 3339 time in UTC, or None when there is no such time."""
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (ValueError, TypeError):
        return None
    return int(moment.timestamp())


def end_of(text: str) -> datetime | None:
    """The moment when something dated so is over: the end of a day, or an RFC 3339 time; None if it is neither."""
    try:
        if len(text) == len("YYYY-MM-DD"):
            return datetime.combine(date.fromisoformat(text), time.max, UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo is not None else None


def stamp(moment: datetime) -> str:
    """A time with a zone, in UTC, whole seconds.

    Raises:
        ValueError: it has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
