"""``probatum verify``: whatever carries a signature, offline."""

from __future__ import annotations

import re
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from ..evaluator.engines.limits import DEFAULT_MEMORY_MIB, DEFAULT_SECONDS, Limits
from ..files import write_atomic
from .options import (
    EngineName,
    MaxMemory,
    MaxSeconds,
    NoColor,
    Now,
    Online,
    OpaCa,
    OpaCert,
    OpaKey,
    OpaUrl,
    Quiet,
    Revocations,
    Stage,
    Tables,
    Trust,
    moment,
    opa_server,
)
from .output import Output, finish, guarded, output

if TYPE_CHECKING:
    from ..attestations.verify.report import VerificationReport

_STDOUT = Path("-")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@guarded
def verify(
    target: Annotated[
        Path,
        typer.Argument(
            help="A verdict package (folder or .zip), an attestation, a signature, or a bundle of policies.",
            show_default=False,
        ),
    ],
    subject: Annotated[
        list[Path] | None,
        typer.Option(
            "--subject",
            "-s",
            metavar="PATH",
            help="The pipeline's folder, or a file that it is about: hashed again. Repeatable.",
        ),
    ] = None,
    artifact: Annotated[
        Path | None,
        typer.Option("--artifact", help="What a signature is of; else what lies beside it."),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", metavar="FILE|-", help="Write which files were hashed, for sha256sum --check."),
    ] = None,
    trust: Trust = None,
    public_key: Annotated[
        list[Path] | None,
        typer.Option("--public-key", metavar="FILE", help="Trust this public key (PEM) for the target. Repeatable."),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DATE",
            help="Judge as of this date or time (RFC 3339); a log or timestamp must show that it was signed by then.",
        ),
    ] = None,
    type: Annotated[str | None, typer.Option("--type", help="Predicate type that an attestation must have.")] = None,
    pipeline: Annotated[
        str | None, typer.Option("--pipeline", help="Refuse the verdict of another pipeline (name or resource URI).")
    ] = None,
    checklist: Annotated[
        str | None, typer.Option("--checklist", "-c", help="Refuse a verdict by another checklist (ID or ID@VERSION).")
    ] = None,
    stage: Annotated[Stage | None, typer.Option("--stage", help="Refuse a verdict of another gate.")] = None,
    policy_digest: Annotated[
        str | None, typer.Option("--policy-digest", help="Refuse other policies than those with this SHA-256.")
    ] = None,
    gate_trust: Annotated[
        Path | None,
        typer.Option(
            "--gate-trust", metavar="FILE", help="Refuse a verdict made under another trust policy than this."
        ),
    ] = None,
    parameters_digest: Annotated[
        str | None, typer.Option("--parameters-digest", help="Refuse other parameters than those with this SHA-256.")
    ] = None,
    max_age: Annotated[
        float | None, typer.Option("--max-age", help="Refuse a verdict older than this many days.")
    ] = None,
    not_before: Annotated[
        str | None,
        typer.Option("--not-before", metavar="DATE", help="Refuse a verdict made before this date or time (RFC 3339)."),
    ] = None,
    no_bypasses: Annotated[
        bool, typer.Option("--no-bypasses", help="Refuse a verdict whose record lists anything that weakened the run.")
    ] = False,
    replay: Annotated[bool, typer.Option("--replay", help="Evaluate again and compare the assessment.")] = False,
    engine: Annotated[
        EngineName | None, typer.Option("--engine", help="Engine of the replay; the recorded one by default.")
    ] = None,
    exact_engine: Annotated[
        bool, typer.Option("--exact-engine", help="Refuse a replay by another engine, or version of it, than recorded.")
    ] = False,
    opa_url: OpaUrl = None,
    opa_ca: OpaCa = None,
    opa_cert: OpaCert = None,
    opa_key: OpaKey = None,
    max_seconds: MaxSeconds = DEFAULT_SECONDS,
    max_memory: MaxMemory = DEFAULT_MEMORY_MIB,
    revocations: Revocations = None,
    now: Now = None,
    online: Online = False,
    formats: Tables = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Verify a verdict, an attestation, a model's signature or a bundle of policies, offline: one row per check.

    Example: probatum verify verdict --subject examples/tumour-classifier --replay
    """
    from ..attestations.trust.file import load_trust
    from ..attestations.verify.expectations import Expectations
    from ..jobs import audit
    from ..reports.verification import render_verification

    written = _output(formats, manifest, quiet=quiet, no_color=no_color)
    expected = Expectations(
        pipeline, checklist, stage, policy_digest, _days(max_age), _moment("--not-before", not_before), no_bypasses,
        None if gate_trust is None else load_trust(gate_trust).digest, parameters_digest,
    )  # fmt: skip
    asked = audit.Audit(
        moment(now)[0], tuple(subject or ()), trust, tuple(public_key or ()), expected, _moment("--as-of", as_of),
        artifact, type, replay, exact_engine, engine, opa_server(opa_url, opa_ca, opa_cert, opa_key),
        Limits(max_seconds, max_memory), tuple(revocations or ()), online,
    )  # fmt: skip
    report = audit.verify(target, asked)
    document = report.to_document(manifest=manifest is not None)
    _write_manifest(report, manifest)
    written.write(lambda format, color, width: render_verification(document, format, color=color, width=width))
    return _finish(report)


def _finish(report: VerificationReport) -> int:
    if not report.ok:
        return finish(
            "fail",
            f"REFUSED: {', '.join(dict.fromkeys(row.check for row in report.failures)) or 'nothing was checked'}",
        )
    if report.result is None:
        return finish("pass", f"VERIFIED: the {report.kind} is authentic")
    return finish(report.result, f"VERIFIED: the {report.kind} is authentic, and its result is {report.result}")


def _output(formats: list[str] | None, manifest: Path | None, *, quiet: bool, no_color: bool) -> Output:
    """Where the report goes: a manifest on stdout leaves no room for it there."""
    if manifest != _STDOUT:
        return output(formats, quiet=quiet, no_color=no_color)
    found = output(formats, quiet=True, no_color=no_color)
    if any(path is None for _, path in found.targets):
        raise UsageError(
            "manifest and report would both go to stdout",
            why="they could not be told apart",
            remedy="give one of them a file: --manifest FILE or --format json=FILE",
        )
    return found


def _write_manifest(report: VerificationReport, path: Path | None) -> None:
    """Only of what was verified: whoever loads what a manifest names must be able to rely on it."""
    if path is None or not report.ok:
        return
    text = report.manifest.to_text()
    if path == _STDOUT:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        write_atomic(path, text.encode("utf-8", "surrogateescape"))


def _days(age: float | None) -> float | None:
    """A greatest age; one that no calendar holds would compare with nothing."""
    if age is not None and not 0 <= age <= timedelta.max.days:
        raise UsageError(
            f"--max-age {age} is no age",
            why=f"it is in days, from 0 to {timedelta.max.days}",
            remedy="write it like 30",
        )
    return age


def _moment(option: str, text: str | None) -> datetime | None:
    """A time, or the first moment of a date in UTC."""
    from ..attestations.trust.signing_time import parse_time

    found = parse_time(f"{text}T00:00:00Z" if text and _DATE.fullmatch(text) else text)
    if text is not None and found is None:
        raise UsageError(
            f"{option} {text!r} is no time",
            why="expected a date, or RFC 3339 with a zone",
            remedy="write it like 2026-11-20 (its first moment, in UTC) or 2026-11-20T07:00:00Z",
        )
    return found
