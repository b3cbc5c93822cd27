"""Whether a version is affected, by the evaluation rules of the OSV schema for the ecosystem PyPI (PEP 440 order).

Two readings go beyond the schema's text, both so that nothing affected is missed:

- a local version (``2.1.0+cu118``) is judged as the public version it was built from;
- at equal versions a fix comes first, then an introduction, then a last affected version, so a version that is both
  fixed and introduced is affected.
"""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

_ORDER = {"fixed": 0, "introduced": 1, "last_affected": 2}
_ZERO = Version("0.dev0")  # OSV: an introduction at "0" is before every version


@dataclass(frozen=True)
class Event:
    """One change of state along the versions: ``introduced``, ``fixed`` or ``last_affected``."""

    kind: str
    version: Version


@dataclass(frozen=True)
class Range:
    """Events in order, and the versions that they end before.

    Args:
        events: sorted by version.
        limits: the range says nothing of versions at or above all of these; empty when there is no limit.
    """

    events: tuple[Event, ...]
    limits: tuple[Version, ...] = ()

    def includes(self, version: Version) -> bool:
        """Whether a public version is affected by this range."""
        if self.limits and not any(version < limit for limit in self.limits):
            return False
        affected = False
        for event in self.events:
            if event.kind == "last_affected":
                affected = affected and version <= event.version
            elif version >= event.version:
                affected = event.kind == "introduced"
        return affected

    def fixes(self) -> list[Version]:
        """The versions that fix it."""
        return [event.version for event in self.events if event.kind == "fixed"]


def parse_range(events: object) -> Range:
    """Read the ``events`` of a range.

    Raises:
        ValueError: it is not a list of events, none is an introduction, or a version does not follow PEP 440.
    """
    if not isinstance(events, list) or not all(isinstance(item, dict) and item for item in events):
        raise ValueError("events is not a list of objects")
    pairs = [(kind, text) for item in events for kind, text in item.items()]
    if not any(kind == "introduced" for kind, _ in pairs):
        raise ValueError("a range has no introduced event")
    unknown = {kind for kind, _ in pairs} - {"introduced", "fixed", "last_affected", "limit"}
    if unknown:
        raise ValueError(f"unknown event {min(unknown)!r}")
    read = [_event(kind, text) for kind, text in pairs if kind != "limit"]
    read.sort(key=lambda event: (event.version, _ORDER[event.kind]))
    limits = [text for kind, text in pairs if kind == "limit"]
    return Range(tuple(read), () if "*" in limits else tuple(parse_version(text) for text in limits))


def _event(kind: str, text: object) -> Event:
    return Event(kind, _ZERO if (kind, text) == ("introduced", "0") else parse_version(text))


def parse_version(text: object) -> Version:
    """A version of an event.

    Raises:
        ValueError: it is not a string, or not a version by PEP 440.
    """
    if not isinstance(text, str):
        raise ValueError(f"version {text!r} is not a string")
    try:
        return Version(text)
    except InvalidVersion:
        raise ValueError(f"version {text!r} does not follow PEP 440") from None


def public(version: Version) -> Version:
    """The version without its local part."""
    return Version(version.public) if version.local is not None else version
