"""``probatum evaluate``: evidence that was gathered before."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .engine_options import EngineChoice
from .grouping import grouped
from .groups import LockedLayers, Shown
from .options import AllowUnsigned, Checklist, Now, Online, Revocations, StageOption, Trust, moment
from .output import guarded
from .verdict import show


@grouped
@guarded
def evaluate(
    evidence: Annotated[
        list[Path], typer.Argument(help="Evidence graphs, signed or not; several are joined.", show_default=False)
    ],
    *,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", "-m", help="probatum.yaml with parameters, waivers and trust policy.")
    ] = None,
    checklist: Checklist = None,
    stage: StageOption = None,
    engine: EngineChoice,
    layers: LockedLayers,
    trust: Trust = None,
    revocations: Revocations = None,
    allow_unsigned: AllowUnsigned = False,
    max_mib: Annotated[int, typer.Option("--max-mib", min=1, help="Largest evidence graph to read, in MiB.")] = 64,
    max_depth: Annotated[int, typer.Option("--max-depth", min=1, help="Deepest nesting to read.")] = 64,
    now: Now = None,
    online: Online = False,
    shown: Shown,
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

    target = shown.output()
    options = Options(
        *moment(now), checklist, stage, engine.engine_name, engine.opa.server(), layers.policies or (), trust, online,
        built_in=layers.built_in, locked=layers.locked, limits=engine.ceilings.limits(), evidence=evidence,
        allow_unsigned=allow_unsigned, evidence_limits=Limits(max_mib * 1024 * 1024, max_depth),
        revocations=revocations or (),
    )  # fmt: skip
    judged = judge(None, None if manifest is None else open_pipeline(manifest), options)
    return show(judged, target, locations(judged.graph, Path()))
