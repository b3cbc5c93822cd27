"""What a verification found: one row per check, and the settings under which it was done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .subject_manifest import NO_FILES, SubjectManifest

SCHEMA = "https://probatum.dev/verification-report/v1"
_LONGEST = 400


@dataclass(frozen=True)
class Row:
    """One check.

    Args:
        check: what was checked.
        ok: True, False, or None when the check was not made.
        expected: what it was compared with.
        found: what was there.
        detail: what differs, or why the check was not made.
    """

    check: str
    ok: bool | None
    expected: str = ""
    found: str = ""
    detail: str = ""

    def to_document(self) -> dict[str, Any]:
        """The JSON form; a check that was not made is ``"skipped"``."""
        ok: Any = "skipped" if self.ok is None else self.ok
        return {
            "check": self.check,
            "ok": ok,
            "expected": self.expected,
            "found": self.found,
            "detail": self.detail,
        }


@dataclass(frozen=True)
class VerificationReport:
    """All rows of one verification.

    Args:
        rows: in the order of the checks.
        settings: of the verifier: what was trusted, on what ground, which limits, what was asked for.
        authentic: somebody who may do so signed it, and everything that the signature is to cover was looked at.
        result: of a verdict: ``pass``, ``fail`` or ``inconclusive``, as it says; of an approval: whether it was given;
            None where there is no such thing.
        verdict: of a verdict: the verified VSA predicate.
        kind: what was verified, in words.
        manifest: the files that were hashed and that agreed.
    """

    rows: tuple[Row, ...]
    settings: Mapping[str, Any]
    authentic: bool = False
    result: str | None = None
    verdict: Mapping[str, Any] | None = field(default=None, repr=False)
    kind: str = "verdict package"
    manifest: SubjectManifest = field(default=NO_FILES, repr=False)

    @property
    def ok(self) -> bool:
        """It is authentic, something was checked, and nothing failed."""
        return self.authentic and any(row.ok for row in self.rows) and not self.failures

    @property
    def failures(self) -> tuple[Row, ...]:
        """The rows that failed."""
        return tuple(row for row in self.rows if row.ok is False)

    def to_document(self, *, manifest: bool = False) -> dict[str, Any]:
        """The JSON form, if wanted with the manifest of what was verified."""
        document = {
            "schema": SCHEMA,
            "kind": self.kind,
            "verified": self.ok,
            "result": self.result if self.ok else None,
            "rows": [row.to_document() for row in self.rows],
            "settings": dict(self.settings),
        }
        return document | {"manifest": self.manifest.to_document()} if manifest and self.ok else document


def equal(check: str, expected: object, found: object, detail: str = "") -> Row:
    """A row that compares two values; the detail is kept only when they differ."""
    same = expected == found
    return Row(check, same, _shown(expected), _shown(found), "" if same else detail)


def _shown(value: object) -> str:
    """A value in words, a structure as JSON; a long one (the subjects of a large pipeline) is cut."""
    if value is None:
        return "none"
    text = json.dumps(value, sort_keys=True) if isinstance(value, (dict, list, tuple)) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def failed(rows: Iterable[Row]) -> bool:
    """Whether any row failed."""
    return any(row.ok is False for row in rows)
