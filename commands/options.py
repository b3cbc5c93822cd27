"""The options that several commands share, each defined once so that they mean and say the same everywhere."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError


class Stage(StrEnum):
    """The gates of a pipeline's life."""

    PRE_COMMIT = "pre-commit"
    TRAINING = "training"
    DEPLOYMENT = "deployment"
    MONITORING = "monitoring"


class KeyKind(StrEnum):
    """The kinds of key that can be made."""

    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-p256"
    ECDSA_P384 = "ecdsa-p384"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    ML_DSA_65 = "ml-dsa-65"


Pipeline = Annotated[Path, typer.Argument(help="The pipeline's folder, or its probatum.yaml.", show_default=False)]
StageOption = Annotated[Stage | None, typer.Option("--stage", help="Only the controls of this gate.")]
Checklist = Annotated[
    str | None, typer.Option("--checklist", "-c", help="Name or path of a checklist; the manifest's by default.")
]
Now = Annotated[
    str | None,
    typer.Option("--now", help="Evaluation time (RFC 3339); else SOURCE_DATE_EPOCH, else the clock. Recorded."),
]
Online = Annotated[
    bool, typer.Option("--online/--offline", help="Let collectors and sources of policies use the network.")
]
Skip = Annotated[
    list[str] | None,
    typer.Option("--skip", metavar="COLLECTOR", help="Do not run this collector. Recorded. Repeatable."),
]
Policies = Annotated[
    Path | None, typer.Option("--policies", help="Folder or bundle of policies; the built-in ones by default.")
]
Trust = Annotated[Path | None, typer.Option("--trust", help="Trust policy: who may sign what.")]
EvidenceFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--evidence",
        "-e",
        metavar="FILE",
        help="Evidence graph of another machine, signed or not, to be joined with what is found here. Repeatable.",
    ),
]
AllowUnsigned = Annotated[
    bool,
    typer.Option(
        "--allow-unsigned", help="Let evidence graphs that nobody signed count as if observed here. Recorded."
    ),
]
Revocations = Annotated[
    list[str] | None,
    typer.Option(
        "--revocations",
        metavar="SOURCE",
        help="What is revoked, besides what the trust policy names: a signed file, a folder of them, or, with --online,"
        " a URL. Repeatable.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the last line on stderr, and what --format writes.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; the variable NO_COLOR does the same.")]


_FIRST_YEAR, _LAST_YEAR = 1970, 9998
"""There is time before and after each moment of these, to compare with."""


def moment(given: str | None) -> tuple[datetime, bool]:
    """The evaluation time, in whole seconds, and whether it was given rather than read from the clock.

    Args:
        given: the value of ``--now``.

    Raises:
        UsageError: the option or ``SOURCE_DATE_EPOCH`` is no time.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        if given:
            value = datetime.fromisoformat(given)
            if value.tzinfo is None:
                raise ValueError("it has no time zone")
            if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
                raise ValueError(f"it is not in the years {_FIRST_YEAR} to {_LAST_YEAR}")
            return value.astimezone(UTC).replace(microsecond=0), True
        if epoch:
            return datetime.fromtimestamp(int(epoch), UTC), True
    except (ValueError, OverflowError, OSError) as error:
        name, text = ("--now", given) if given else ("SOURCE_DATE_EPOCH", epoch)
        raise UsageError(
            f"{name} {text!r} is no time",
            why=str(error),
            remedy="write it like 2026-11-20T07:00:00Z, or in seconds since 1970",
        ) from error
    return datetime.now(UTC).replace(microsecond=0), False
