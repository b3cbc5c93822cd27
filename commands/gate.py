"""``probatum gate``: the whole job."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..evaluator.engines.limits import DEFAULT_MEMORY_MIB, DEFAULT_SECONDS, Limits
from .grouping import grouped
from .log_choice import LogChoice
from .options import (
    AllowUnsigned,
    BuiltIn,
    Checklist,
    EngineName,
    EngineOption,
    EvidenceFiles,
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
    Pipeline,
    Quiet,
    Revocations,
    Skip,
    StageOption,
    Trust,
    moment,
    opa_server,
)
from .output import finish, guarded, ignore, output, say
from .signing import (
    Certificate,
    Keys,
    NoSign,
    Sign,
    Signing,
    SigstoreConfig,
    Timestamp,
    attestor_of,
    detached_by,
    say_signed,
)
from .verdict import show

if TYPE_CHECKING:
    from ..collectors.run import Collected


@guarded
@grouped
def gate(
    pipeline: Pipeline,
    *,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder or .zip for the verdict package.")] = None,
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
    evidence: EvidenceFiles = None,
    allow_unsigned: AllowUnsigned = False,
    keys: Keys = None,
    certificate: Certificate = None,
    sign: Sign = Signing.KEY,
    no_sign: NoSign = False,
    sigstore_config: SigstoreConfig = None,
    timestamp: Timestamp = None,
    log: LogChoice,
    now: Now = None,
    online: Online = False,
    skip: Skip = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Gather evidence, evaluate the checklist, sign the verdict: the whole job in one command.

    Example: probatum gate examples/tumour-classifier --out verdict
    """
    from ..jobs.gate import run
    from ..jobs.opening import open_pipeline
    from ..jobs.options import Options
    from ..jobs.sealing import check_out, locations, seal
    from ..reports.progress import progress

    target = output(formats, quiet=quiet, no_color=no_color)
    opa = opa_server(opa_url, opa_ca, opa_cert, opa_key)
    check_out(out)
    attestor = None
    if out is not None:
        attestor = attestor_of(keys, sign, no_sign=no_sign, instance=sigstore_config, certificate=certificate)
    manifest = open_pipeline(pipeline, ignore if quiet else say)
    logged, unlogged = log.of(manifest, attestor, ignore if quiet else say)
    detached = {**detached_by(timestamp, attestor), **logged}
    with progress(quiet=quiet, color=not no_color) as report:
        options = Options(
            *moment(now), checklist, stage, engine, opa, policies or (), trust, online, tuple(skip or ()), report,
            built_in, locked, Limits(max_seconds, max_memory), evidence or (), allow_unsigned,
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
        if not quiet:
            say_signed(out, attestor)
    return show(judged, target, locations(judged.graph, manifest.root))


def _keep_partial(collected: Collected, out: Path | None, now: datetime) -> int:
    from ..jobs.evidence import write_evidence

    if out is None:
        return finish("error", "interrupted: nothing was written")
    kept = out.with_name(f"{out.name}.partial.json")
    write_evidence(collected, kept, now=now)
    return finish("error", f"interrupted: the evidence so far is in {kept}, {out} is as it was")
