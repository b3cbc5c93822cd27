"""A trust policy's YAML with the folder that its paths are relative to; every error names file, line and field."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ... import strict_yaml
from ...errors import TrustError, UsageError
from ...files import read_limited
from ..schemas import schema
from .signing_time import parse_time

MAX_BYTES = 1024 * 1024
_MAX_MATERIAL = 4 * 1024 * 1024
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class TrustSource:
    """A trust policy that follows the schema, before anything is made of it.

    Args:
        document: the YAML.
        folder: what its paths are relative to.
    """

    document: strict_yaml.Document
    folder: Path

    @classmethod
    def read(cls, path: Path) -> TrustSource:
        """Read the file.

        Raises:
            UsageError: it cannot be read, is not strict YAML, or does not follow the schema.
            TrustError: it was made by ``trust init``, and nobody has reviewed it.
        """
        found = cls(strict_yaml.load(read_limited(path, MAX_BYTES), source=str(path)), path.parent)
        found._refuse_merges()
        found._refuse_unreviewed()
        found._check_schema()
        return found

    def section(self, name: str) -> Mapping[str, Any]:
        """The entries of a section by name; empty when it is not there."""
        entries: Mapping[str, Any] = self.document.value.get(name, {})
        return entries

    def where(self, place: Place) -> str:
        """``file:line`` of a field."""
        return self.document.where(place)

    def wrong(self, place: Place, why: str, remedy: str) -> TrustError:
        """The error about a field."""
        field = ".".join(str(part) for part in place)
        return TrustError(f"{self.where(place)}: {field} is wrong", why=why, remedy=remedy)

    def time(self, place: Place, value: str | None) -> datetime | None:
        """A field's time.

        Raises:
            TrustError: it is none.
        """
        found = parse_time(value)
        if value is not None and found is None:
            raise self.wrong(place, f"{value!r} is no time with a zone", "write it like 2027-01-01T00:00:00Z")
        return found

    def material(self, name: str) -> bytes:
        """A file that the policy names.

        Raises:
            UsageError: it cannot be read.
        """
        return read_limited(self.folder / name, _MAX_MATERIAL)

    def pinned(self, place: Place, name: str, sha256: str) -> bytes:
        """A file that the policy names with its digest.

        Raises:
            UsageError: it cannot be read.
            TrustError: it has another digest.
        """
        data = self.material(name)
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            why = f"{name} has the SHA-256 {found}, not {sha256}"
            raise self.wrong((*place, "sha256"), why, "get the file from a source you trust, then pin its digest")
        return data

    def refuse_twins(self, section: str, entries: Mapping[str, Hashable], remedy: str = "keep one of the two") -> None:
        """Refuse one signer under two names.

        Raises:
            TrustError: there is one.
        """
        seen: dict[Hashable, str] = {}
        for name, entry in entries.items():
            if entry in seen:
                why = f"{seen[entry]!r} and {name!r} are the same; one signer would count twice"
                raise self.wrong((section, name), why, remedy)
            seen[entry] = name

    def _refuse_merges(self) -> None:
        """A merge key puts fields where no reader of that place sees them."""
        for place in self.document.lines:
            if place and place[-1] == "<<":
                raise self.wrong(place, "a merge key hides what it brings in", "write the fields where they are meant")

    def _refuse_unreviewed(self) -> None:
        value = self.document.value
        if isinstance(value, Mapping) and "review" in value:
            raise TrustError(
                f"{self.where(('review',))}: nobody has reviewed this trust policy",
                why="`probatum trust init` copied it from a verdict, which says nothing about whom to trust",
                remedy="check each signer by another way, take it out of its comment, and remove the line `review`",
            )

    def _check_schema(self) -> None:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match

        error = best_match(Draft202012Validator(schema("trust")).iter_errors(self.document.value))
        if error is None:
            return
        why = error.message
        if error.validator == "oneOf":
            why = f"exactly one is wanted of {', '.join(item['required'][0] for item in error.validator_value)}"
        raise UsageError(
            f"{self.where(tuple(error.absolute_path))}: {error.json_path.removeprefix('$.')} is wrong",
            why=why[:400],
            remedy="see the trust policy's JSON Schema, trust.schema.json",
        )
