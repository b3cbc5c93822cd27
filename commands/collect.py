"""``probatum collect``: evidence only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import NoColor, Now, Online, Pipeline, Quiet, Skip, Trust, moment
from .output import finish, guarded, ignore, say


@guarded
def collect(
    pipeline: Pipeline,
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the evidence graph.")] = Path("evidence.json"),
    raw: Annotated[Path | None, typer.Option("--raw", help="Folder for the tools' raw reports, by digest.")] = None,
    trust: Trust = None,
    now: Now = None,
    online: Online = False,
    skip: Skip = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Gather evidence only: write the evidence graph of a pipeline as canonical JSON.

    Example: probatum collect training/ --out training.json
    """
    from ..gate import Options, gather, open_pipeline, write_evidence
    from ..reports.progress import progress

    manifest = open_pipeline(pipeline, ignore if quiet else say)
    with progress(quiet=quiet, color=not no_color) as report:
        options = Options(*moment(now), trust=trust, online=online, skip=tuple(skip or ()), progress=report)
        collected = gather(manifest, options)
    write_evidence(collected, out, raw)
    if collected.interrupted:
        return finish("error", f"interrupted: what was collected is in {out}, the rest is marked as skipped")
    return finish("pass", f"wrote {len(collected.graph.observations)} observations to {out}")
