"""What a verifier wants a document to be about, by its options."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from .options import Stage

if TYPE_CHECKING:
    from ..attestations.verify.expectations import Expectations

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What it is wanted to be about; what it cannot tell is refused when it is asked for."""

    pipeline: Annotated[
        str | None, typer.Option("--pipeline", help="Refuse the verdict of another pipeline (name or resource URI).")
    ] = None
    checklist: Annotated[
        str | None, typer.Option("--checklist", "-c", help="Refuse a verdict by another checklist (ID or ID@VERSION).")
    ] = None
    stage: Annotated[Stage | None, typer.Option("--stage", help="Refuse a verdict of another gate.")] = None
    policy_digest: Annotated[
        str | None, typer.Option("--policy-digest", help="Refuse other policies than those with this SHA-256.")
    ] = None
    gate_trust: Annotated[
        Path | None,
        typer.Option(
            "--gate-trust", metavar="FILE", help="Refuse a verdict made under another trust policy than this."
        ),
    ] = None
    parameters_digest: Annotated[
        str | None, typer.Option("--parameters-digest", help="Refuse other parameters than those with this SHA-256.")
    ] = None
    max_age: Annotated[float | None, typer.Option("--max-age", help="Refuse a verdict older than this many days.")] = (
        None
    )
    not_before: Annotated[
        str | None,
        typer.Option("--not-before", metavar="DATE", help="Refuse a verdict made before this date or time (RFC 3339)."),
    ] = None
    no_bypasses: Annotated[
        bool, typer.Option("--no-bypasses", help="Refuse a verdict whose record lists anything that weakened the run.")
    ] = False

    def expectations(self) -> Expectations:
        """The same, as they are held against a document.

        Raises:
            UsageError: an option is wrong, or the gate's trust policy cannot be read.
            TrustError: that policy is malformed.
        """
        from ..attestations.trust.file import load_trust
        from ..attestations.verify.expectations import Expectations

        return Expectations(
            self.pipeline, self.checklist, self.stage, self.policy_digest, _days(self.max_age),
            moment_of("--not-before", self.not_before), self.no_bypasses,
            None if self.gate_trust is None else load_trust(self.gate_trust).digest, self.parameters_digest,
        )  # fmt: skip


def moment_of(option: str, text: str | None) -> datetime | None:
    """A time, or the first moment of a date in UTC.

    Args:
        option: that gives it, for errors.
        text: as it was given.

    Raises:
        UsageError: it is neither.
    """
    from ..attestations.trust.signing_time import parse_time

    found = parse_time(f"{text}T00:00:00Z" if text and _DATE.fullmatch(text) else text)
    if text is not None and found is None:
        raise UsageError(
            f"{option} {text!r} is no time",
            why="expected a date, or RFC 3339 with a zone",
            remedy="write it like 2026-11-20 (its first moment, in UTC) or 2026-11-20T07:00:00Z",
        )
    return found


def _days(age: float | None) -> float | None:
    """A greatest age; one that no calendar holds would compare with nothing."""
    if age is not None and not 0 <= age <= timedelta.max.days:
        raise UsageError(
            f"--max-age {age} is no age",
            why=f"it is in days, from 0 to {timedelta.max.days}",
            remedy="write it like 30",
        )
    return age
