"""``probatum collect``: evidence only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .grouping import grouped
from .options import NoColor, Now, Online, Pipeline, Quiet, Skip, Trust, moment
from .output import finish, guarded, ignore, say
from .signing import Credentials, Signing, say_signed


@grouped
@guarded
def collect(
    pipeline: Pipeline,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the evidence graph.")] = Path("evidence.json"),
    raw: Annotated[Path | None, typer.Option("--raw", help="Folder for the tools' raw reports, by digest.")] = None,
    trust: Trust = None,
    sign: Annotated[
        Signing | None,
        typer.Option("--sign", help="Sign the graph, as for `gate`; not signed unless this or --key is given."),
    ] = None,
    credentials: Credentials,
    machine: Annotated[
        str | None, typer.Option("--machine", help="What to call the machine that this runs on, in the graph.")
    ] = None,
    now: Now = None,
    online: Online = False,
    skip: Skip = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Gather evidence only: write the evidence graph of a pipeline, plain or signed.

    A signed graph of FILE.json is FILE.dsse.json, or FILE.sigstore.json where a certificate signs.

    Example: probatum collect training/ --out training.json --key cluster.pem --machine cluster-7
    """
    from ..jobs.evidence import write_evidence
    from ..jobs.gate import gather
    from ..jobs.opening import open_pipeline
    from ..jobs.options import Options
    from ..reports.progress import progress

    tell = ignore if quiet else say
    signs = sign or credentials.keys or credentials.certificate
    attestor = credentials.attestor(sign or Signing.KEY) if signs else None
    manifest = open_pipeline(pipeline, tell)
    with progress(quiet=quiet, color=not no_color) as report:
        options = Options(*moment(now), trust=trust, online=online, skip=tuple(skip or ()), progress=report)
        collected = gather(manifest, options)
    written = write_evidence(collected, out, raw, attestor=attestor, machine=machine, now=options.now)
    if attestor is not None:
        say_signed(written, attestor, tell)
    if collected.interrupted:
        return finish("error", f"interrupted: what was collected is in {written}, the rest is marked as skipped")
    return finish("pass", f"wrote {len(collected.graph.observations)} observations to {written}")
