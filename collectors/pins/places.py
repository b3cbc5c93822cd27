"""Which file or folder of the pipeline a pin means, and which subjects it concerns."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from ..base import Context


class Places:
    """The paths of one pipeline.

    Args:
        context: whose root and subjects with content count.
    """

    def __init__(self, context: Context) -> None:
        self.root = context.root
        self.subjects: Mapping[str, str] = {
            subject.id: posixpath.normpath(subject.location)
            for subject in context.subjects.values()
            if subject.location is not None and "://" not in subject.location
        }

    def meant(self, names: Iterable[str]) -> str | None:
        """The path that a statement means.

        Args:
            names: candidates, the likeliest first.

        Returns:
            The first candidate that exists; else the place of the last one beside the only subject that is called so;
            else the first candidate. None when every candidate lies outside the root.
        """
        inside = [place for name in names if (place := self._inside(name)) is not None]
        if not inside:
            return None
        existing = (place for place in inside if os.path.lexists(self.root / place))
        return next(existing, None) or self._beside_a_subject(inside[-1]) or inside[0]

    def concerned(self, place: str) -> list[str]:
        """Ids of the subjects whose content is the path, lies below it, or has it below."""
        return [key for key, location in self.subjects.items() if _covers(place, location) or _covers(location, place)]

    def _inside(self, name: str) -> str | None:
        place = posixpath.normpath(name)
        if "\x00" in name or place.startswith(("/", "../")) or place == "..":
            return None
        try:
            real = os.path.realpath(self.root / place)
        except OSError:
            return None
        return place if Path(real).is_relative_to(self._real_root) else None

    @cached_property
    def _real_root(self) -> str:
        return os.path.realpath(self.root)

    def _beside_a_subject(self, name: str) -> str | None:
        first = name.partition("/")[0]
        found = {
            posixpath.normpath(posixpath.join(posixpath.dirname(location), name))
            for location in self.subjects.values()
            if posixpath.basename(location) == first
        }
        return found.pop() if len(found) == 1 else None


def _covers(folder: str, path: str) -> bool:
    return folder in (".", path) or path.startswith(f"{folder}/")
