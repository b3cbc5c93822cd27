"""One place where a log does not agree with itself, or with what it said before."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Damage:
    """One such place.

    Args:
        path: the file.
        first: index of the first entry that is concerned; None where it is no entry's.
        last: of the last one.
        what: in words.
    """

    path: str
    first: int | None
    last: int | None
    what: str

    @property
    def entries(self) -> str:
        """Which entries, in words."""
        if self.first is None:
            return "no entry"
        return f"entry {self.first}" if self.first == self.last else f"entries {self.first} to {self.last}"
