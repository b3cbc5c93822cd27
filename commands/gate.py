"""``probatum gate``: the whole job."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .engine_options import EngineChoice
from .grouping import grouped
from .groups import LockedLayers, Shown
from .log_choice import LogChoice
from .options import (
    AllowUnsigned,
    Checklist,
    EvidenceFiles,
    Now,
    Online,
    Pipeline,
    Revocations,
    Skip,
    StageOption,
    Trust,
    moment,
)
from .output import finish, guarded, ignore, say
from .signing import Credentials, NoSign, Sign, Signing, Timestamp, detached_by, say_signed
from .verdict import show

if TYPE_CHECKING:
    from ..collectors.run import Collected


@grouped
@guarded
def gate(
    pipeline: Pipeline,
    *,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder or .zip for the verdict package.")] = None,
    checklist: Checklist = None,
    stage: StageOption = None,
    engine: EngineChoice,
    layers: LockedLayers,
    trust: Trust = None,
    revocations: Revocations = None,
    evidence: EvidenceFiles = None,
    allow_unsigned: AllowUnsigned = False,
    sign: Sign = Signing.KEY,
    no_sign: NoSign = False,
    credentials: Credentials,
    timestamp: Timestamp = None,
    log: LogChoice,
    now: Now = None,
    online: Online = False,
    skip: Skip = None,
    shown: Shown,
) -> int:
    """Gather evidence, evaluate the checklist, sign the verdict: the whole job in one command.

    Example: probatum gate examples/tumour-classifier --out verdict
    """
    from ..jobs.gate import run
    from ..jobs.opening import open_pipeline
    from ..jobs.options import Options
    from ..jobs.sealing import check_out, locations, seal
    from ..reports.progress import progress

    target, tell = shown.output(), ignore if shown.quiet else say
    opa = engine.opa.server()
    check_out(out)
    attestor = None if out is None else credentials.attestor(Signing.NONE if no_sign else sign)
    manifest = open_pipeline(pipeline, tell)
    logged, unlogged = log.of(manifest, attestor, tell)
    detached = {**detached_by(timestamp, attestor), **logged}
    with progress(quiet=shown.quiet, color=not shown.no_color) as report:
        options = Options(
            *moment(now), checklist, stage, engine.engine_name, opa, layers.policies or (), trust, online,
            tuple(skip or ()), report, layers.built_in, layers.locked, engine.ceilings.limits(), evidence or (),
            allow_unsigned,
            revocations=revocations or (), signers=() if attestor is None else attestor.signers,
            unlogged=unlogged if out is not None else "",
        )  # fmt: skip
        collected, judged = run(manifest, options)
    for name in collected.changed:
        say(f"{name} was written to while evidence was gathered: none of it counts; run again")
    if judged is None:
        return _keep_partial(collected, out, options.now)
    if out is not None:
        seal(judged, collected.reports, attestor, out, detached=detached)
        say_signed(out, attestor, tell)
    return show(judged, target, locations(judged.graph, manifest.root))


def _keep_partial(collected: Collected, out: Path | None, now: datetime) -> int:
    from ..jobs.evidence import write_evidence

    if out is None:
        return finish("error", "interrupted: nothing was written")
    kept = out.with_name(f"{out.name}.partial.json")
    write_evidence(collected, kept, now=now)
    return finish("error", f"interrupted: the evidence so far is in {kept}, {out} is as it was")
