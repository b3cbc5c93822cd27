"""The options that several commands share, each defined once so that they mean and say the same everywhere."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError

if TYPE_CHECKING:
    from ..evaluator.engines.opa_address import OpaServer


class Stage(StrEnum):
    """The gates of a pipeline's life."""

    PRE_COMMIT = "pre-commit"
    TRAINING = "training"
    DEPLOYMENT = "deployment"
    MONITORING = "monitoring"


class EngineName(StrEnum):
    """The Rego engines."""

    REGORUS = "regorus"
    OPA = "opa"


class KeyKind(StrEnum):
    """The kinds of key that can be made."""

    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-p256"
    ECDSA_P384 = "ecdsa-p384"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    ML_DSA_65 = "ml-dsa-65"


Pipeline = Annotated[Path, typer.Argument(help="The pipeline's folder, or its probatum.yaml.", show_default=False)]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT[=FILE]",
        help="text, json, sarif, junit or markdown; with =FILE into a file. Repeatable.",
    ),
]
Tables = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT[=FILE]",
        help="text, json or markdown; with =FILE into a file. Repeatable.",
    ),
]
"""Of commands whose result is a table, not an assessment."""
StageOption = Annotated[Stage | None, typer.Option("--stage", help="Only the controls of this gate.")]
Checklist = Annotated[
    str | None, typer.Option("--checklist", "-c", help="Name or path of a checklist; the manifest's by default.")
]
EngineOption = Annotated[EngineName, typer.Option("--engine", help="Which Rego engine decides.")]
OpaUrl = Annotated[
    str | None,
    typer.Option(
        "--opa-url",
        envvar="PROBATUM_OPA_URL",
        help="OPA server for --engine opa; without it one is started. Its token: the variable PROBATUM_OPA_TOKEN.",
    ),
]
OpaCa = Annotated[
    Path | None,
    typer.Option(
        "--opa-ca", envvar="PROBATUM_OPA_CA", help="PEM file: who may have signed the OPA server's certificate."
    ),
]
OpaCert = Annotated[
    Path | None,
    typer.Option("--opa-cert", envvar="PROBATUM_OPA_CERT", help="PEM file: our certificate for the OPA server."),
]
OpaKey = Annotated[
    Path | None,
    typer.Option("--opa-key", envvar="PROBATUM_OPA_KEY", help="PEM file: the private key of --opa-cert."),
]
MaxSeconds = Annotated[
    float, typer.Option("--max-seconds", help="Seconds that a control may take to decide; more is an error of it.")
]
MaxMemory = Annotated[
    int, typer.Option("--max-memory", help="MiB of memory that a control may take to decide; more is an error of it.")
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
Packs = Annotated[
    list[str] | None,
    typer.Option(
        "--policies",
        metavar="SOURCE",
        help="Pack of policies to lay on the built-in ones, instead of the manifest's: a folder, .tar.gz, git+https://"
        "…@commit#folder, oci://…@sha256:… or https://….tar.gz#sha256=…. Repeatable.",
    ),
]
BuiltIn = Annotated[
    bool | None,
    typer.Option(
        "--built-in/--no-built-in", help="Lay the packs on the built-in policies; by default as the manifest says."
    ),
]
Held = Annotated[
    bool | None,
    typer.Option(
        "--locked/--no-locked",
        help="Hold the packs to probatum.lock; by default where there is one. --no-locked is recorded.",
    ),
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


def opa_server(url: str | None, ca: Path | None, certificate: Path | None, key: Path | None) -> OpaServer | None:
    """The OPA server that the options name; None when one is to be started.

    Raises:
        UsageError: the options contradict each other, or ask to send the token where others can read it.
    """
    from ..evaluator.engines.opa_address import OpaServer

    if url:
        return OpaServer(url, ca, certificate, key)
    if ca or certificate or key:
        raise UsageError(
            "--opa-ca, --opa-cert and --opa-key are about the server at --opa-url",
            why="no server is named",
            remedy="give --opa-url too, or leave them and the variables of their names out",
        )
    return None


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
