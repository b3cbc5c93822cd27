"""Typed reading of manifest fields: what has the wrong type is reported, and taken as the insecure value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ID_LIMIT = 2**32


class FieldReader:
    """Reads the fields of one pod and keeps what was malformed about them.

    Args:
        place: what is read, in words, put before each problem.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self.problems: list[str] = []

    def flag(self, owner: Mapping[str, Any], key: str, *, unset: bool | None, malformed: bool) -> bool | None:
        """A boolean field.

        Args:
            owner: the mapping that has it.
            key: its name.
            unset: the value when it is missing or null.
            malformed: the insecure value, taken when it is no boolean (the API server would refuse the object).
        """
        value = owner.get(key)
        if value is None:
            return unset
        if isinstance(value, bool):
            return value
        self.problem(f"{key} is {type(value).__name__}, not a boolean")
        return malformed

    def text(self, owner: Mapping[str, Any], key: str) -> str | None:
        """A text field; None when it is missing, empty or malformed."""
        value = owner.get(key)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return value
        self.problem(f"{key} is {type(value).__name__}, not text")
        return None

    def id_number(self, owner: Mapping[str, Any], key: str) -> int | None:
        """A user or group id; None (whatever the image says) when it is missing or no 32-bit number."""
        value = owner.get(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _ID_LIMIT:
            return value
        self.problem(f"{key} is no user or group id")
        return None

    def mapping(self, owner: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """A mapping field; empty when it is missing or malformed."""
        value = owner.get(key)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.problem(f"{key} is {type(value).__name__}, not a mapping")
        return {}

    def mappings(self, owner: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        """A field that is a list of mappings; items of another type are reported and left out."""
        value = owner.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.problem(f"{key} is {type(value).__name__}, not a list")
            return []
        good: list[Mapping[str, Any]] = [item for item in value if isinstance(item, dict)]
        if len(good) != len(value):
            self.problem(f"{key} has items that are no mappings")
        return good

    def texts(self, owner: Mapping[str, Any], key: str) -> list[str]:
        """A field that is a list of texts; items of another type are reported and left out."""
        value = owner.get(key)
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return list(value)
        self.problem(f"{key} is not a list of texts")
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []

    def problem(self, text: str) -> None:
        """Keep something that was malformed."""
        self.problems.append(f"{self._place}: {text}")
