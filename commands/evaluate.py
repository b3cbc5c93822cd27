"""``probatum evaluate``: evidence that was gathered before."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..evaluator.engines.limits import DEFAULT_MEMORY_MIB, DEFAULT_SECONDS
from ..evaluator.engines.limits import Limits as EngineLimits
from .options import (
    AllowUnsigned,
    BuiltIn,
    Checklist,
    EngineName,
    EngineOption,
    Formats,
    Held,
    MaxMemory,
    MaxSeconds,
    NoColor,
    Now,
    Online,
    OpaCa,
    OpaCert,
    OpaKey,
    OpaUrl,
    Packs,
    Quiet,
    Revocations,
    StageOption,
    Trust,
    moment,
    opa_server,
)
from .output import guarded, output
from .verdict import show


@guarded
def evaluate(
    evidence: Annotated[
        list[Path], typer.Argument(help="Evidence graphs, signed or not; several are joined.", show_default=False)
    ],
    manifest: Annotated[
        Path | None, typer.Option("--manifest", "-m", help="probatum.yaml with parameters, waivers and trust policy.")
    ] = None,
    checklist: Checklist = None,
    stage: StageOption = None,
    formats: Formats = None,
    engine: EngineOption = EngineName.REGORUS,
    opa_url: OpaUrl = None,
    opa_ca: OpaCa = None,
    opa_cert: OpaCert = None,
    opa_key: OpaKey = None,
    max_seconds: MaxSeconds = DEFAULT_SECONDS,
    max_memory: MaxMemory = DEFAULT_MEMORY_MIB,
    policies: Packs = None,
    built_in: BuiltIn = None,
    locked: Held = None,
    trust: Trust = None,
    revocations: Revocations = None,
    allow_unsigned: AllowUnsigned = False,
    max_mib: Annotated[int, typer.Option("--max-mib", min=1, help="Largest evidence graph to read, in MiB.")] = 64,
    max_depth: Annotated[int, typer.Option("--max-depth", min=1, help="Deepest nesting to read.")] = 64,
    now: Now = None,
    online: Online = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Evaluate evidence that was gathered before, on this machine or on several.

    What nobody signed counts as reported at most, unless --allow-unsigned is given.

    Example: probatum evaluate data.dsse.json training.dsse.json --manifest probatum.yaml --trust trust.yaml
    """
    from ..jobs.gate import judge
    from ..jobs.opening import open_pipeline
    from ..jobs.options import Options
    from ..jobs.sealing import locations
    from ..strict_json import Limits

    target = output(formats, quiet=quiet, no_color=no_color)
    opa = opa_server(opa_url, opa_ca, opa_cert, opa_key)
    limits = EngineLimits(max_seconds, max_memory)
    options = Options(
        *moment(now), checklist, stage, engine, opa, policies or (), trust, online, built_in=built_in, locked=locked,
        limits=limits, evidence=evidence, allow_unsigned=allow_unsigned,
        evidence_limits=Limits(max_mib * 1024 * 1024, max_depth), revocations=revocations or (),
    )  # fmt: skip
    judged = judge(None, None if manifest is None else open_pipeline(manifest), options)
    return show(judged, target, locations(judged.graph, Path()))
