"""``probatum collect``: evidence only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import NoColor, Now, Online, Pipeline, Quiet, Skip, Trust, moment
from .output import finish, guarded, ignore, say
from .signing import Certificate, Keys, Signing, SigstoreConfig, attestor_of, say_signed


@guarded
def collect(
    pipeline: Pipeline,
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the evidence graph.")] = Path("evidence.json"),
    raw: Annotated[Path | None, typer.Option("--raw", help="Folder for the tools' raw reports, by digest.")] = None,
    trust: Trust = None,
    keys: Keys = None,
    certificate: Certificate = None,
    sign: Annotated[
        Signing | None,
        typer.Option("--sign", help="Sign the graph, as for `gate`; not signed unless this or --key is given."),
    ] = None,
    sigstore_config: SigstoreConfig = None,
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

    attestor = None
    if sign or keys or certificate:
        attestor = attestor_of(keys, sign or Signing.KEY, instance=sigstore_config, certificate=certificate)
    manifest = open_pipeline(pipeline, ignore if quiet else say)
    with progress(quiet=quiet, color=not no_color) as report:
        options = Options(*moment(now), trust=trust, online=online, skip=tuple(skip or ()), progress=report)
        collected = gather(manifest, options)
    written = write_evidence(collected, out, raw, attestor=attestor, machine=machine, now=options.now)
    if attestor is not None and not quiet:
        say_signed(written, attestor)
    if collected.interrupted:
        return finish("error", f"interrupted: what was collected is in {written}, the rest is marked as skipped")
    return finish("pass", f"wrote {len(collected.graph.observations)} observations to {written}")
