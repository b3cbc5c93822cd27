"""``probatum verify``: whatever carries a signature, offline."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from ..files import write_atomic
from .engine_options import Ceilings, EngineName, Opa
from .grouping import grouped
from .groups import ShownTable
from .options import Now, Online, Revocations, Trust, moment
from .output import Output, finish, guarded
from .wanted import Wanted, moment_of

if TYPE_CHECKING:
    from ..attestations.verify.report import VerificationReport

_STDOUT = Path("-")


@grouped
@guarded
def verify(
    target: Annotated[
        Path,
        typer.Argument(
            help="A verdict package (folder or .zip), an attestation, a signature, or a bundle of policies.",
            show_default=False,
        ),
    ],
    *,
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
    wanted: Wanted,
    replay: Annotated[bool, typer.Option("--replay", help="Evaluate again and compare the assessment.")] = False,
    engine: Annotated[
        EngineName | None, typer.Option("--engine", help="Engine of the replay; the recorded one by default.")
    ] = None,
    exact_engine: Annotated[
        bool, typer.Option("--exact-engine", help="Refuse a replay by another engine, or version of it, than recorded.")
    ] = False,
    opa: Opa,
    ceilings: Ceilings,
    revocations: Revocations = None,
    now: Now = None,
    online: Online = False,
    shown: ShownTable,
) -> int:
    """Verify a verdict, an attestation, a model's signature or a bundle of policies, offline: one row per check.

    Example: probatum verify verdict --subject examples/tumour-classifier --replay
    """
    from ..jobs import audit
    from ..reports.verification import render_verification

    written = _output(shown, manifest)
    asked = audit.Audit(
        moment(now)[0], tuple(subject or ()), trust, tuple(public_key or ()), wanted.expectations(),
        moment_of("--as-of", as_of), artifact, type, replay, exact_engine, engine, opa.server(), ceilings.limits(),
        tuple(revocations or ()), online,
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


def _output(shown: ShownTable, manifest: Path | None) -> Output:
    """Where the report goes: a manifest on stdout leaves no room for it there."""
    if manifest != _STDOUT:
        return shown.output()
    found = replace(shown, quiet=True).output()
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
