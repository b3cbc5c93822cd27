"""``probatum verify``: a verdict package, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..evaluator.engines.limits import DEFAULT_MEMORY_MIB, DEFAULT_SECONDS, Limits
from .options import (
    EngineName,
    Formats,
    MaxMemory,
    MaxSeconds,
    NoColor,
    Now,
    OpaCa,
    OpaCert,
    OpaKey,
    OpaUrl,
    Quiet,
    Trust,
    moment,
    opa_server,
)
from .output import finish, guarded, output


@guarded
def verify(
    package: Annotated[Path, typer.Argument(help="The verdict package's folder.", show_default=False)],
    subject: Annotated[
        list[Path] | None, typer.Option("--subject", "-s", help="Pipeline folder whose files the verdict is about.")
    ] = None,
    trust: Trust = None,
    public_key: Annotated[
        list[Path] | None, typer.Option("--public-key", help="Trust this public key (PEM) for the verdict.")
    ] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Evaluate again and compare the assessment.")] = False,
    engine: Annotated[
        EngineName | None, typer.Option("--engine", help="Engine of the replay; the recorded one by default.")
    ] = None,
    opa_url: OpaUrl = None,
    opa_ca: OpaCa = None,
    opa_cert: OpaCert = None,
    opa_key: OpaKey = None,
    max_seconds: MaxSeconds = DEFAULT_SECONDS,
    max_memory: MaxMemory = DEFAULT_MEMORY_MIB,
    max_age: Annotated[
        float | None, typer.Option("--max-age", help="Refuse a verdict older than this many days.")
    ] = None,
    now: Now = None,
    formats: Formats = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Verify a verdict package offline: signature, signer, digests, subjects, age; with --replay the decision itself.

    Example: probatum verify verdict --subject examples/tumour-classifier --replay
    """
    from .. import audit
    from ..reports.verification import render_verification

    target = output(formats, quiet=quiet, no_color=no_color)
    opa = opa_server(opa_url, opa_ca, opa_cert, opa_key)
    asked = audit.Audit(
        moment(now)[0], tuple(subject or ()), trust, tuple(public_key or ()), replay, engine, opa, max_age,
        Limits(max_seconds, max_memory),
    )  # fmt: skip
    report = audit.verify(package, asked)
    document = report.to_document()
    target.write(lambda format, color, width: render_verification(document, format, color=color, width=width))
    if not report.ok:
        return finish("fail", f"REFUSED: {', '.join(row.check for row in report.failures) or 'nothing was checked'}")
    result = report.result or "inconclusive"
    return finish(result, f"VERIFIED: the verdict is authentic, and its result is {result}")
