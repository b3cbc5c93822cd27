"""``probatum gate``: the whole job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..evaluator.engines.limits import DEFAULT_MEMORY_MIB, DEFAULT_SECONDS, Limits
from .options import (
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
    Pipeline,
    Quiet,
    Skip,
    StageOption,
    Trust,
    moment,
    opa_server,
)
from .output import finish, guarded, ignore, output, say
from .passphrase import passphrase
from .verdict import show

if TYPE_CHECKING:
    from ..attestations.keys import SigningKey
    from ..collectors.run import Collected


@guarded
def gate(
    pipeline: Pipeline,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the verdict package.")] = None,
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
    key: Annotated[
        str | None, typer.Option("--key", help="Sign with this PEM file or securesystemslib URI; else your local key.")
    ] = None,
    sign: Annotated[bool, typer.Option("--sign/--no-sign", help="Without a signature the package says so.")] = True,
    now: Now = None,
    online: Online = False,
    skip: Skip = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Gather evidence, evaluate the checklist, sign the verdict: the whole job in one command.

    Example: probatum gate examples/tumour-classifier --out verdict
    """
    from ..gate import Options, check_out, locations, open_pipeline, run, seal
    from ..reports.progress import progress

    target = output(formats, quiet=quiet, no_color=no_color)
    opa = opa_server(opa_url, opa_ca, opa_cert, opa_key)
    check_out(out)
    signer = _signer(key) if sign and out is not None else None
    manifest = open_pipeline(pipeline, ignore if quiet else say)
    with progress(quiet=quiet, color=not no_color) as report:
        options = Options(
            *moment(now), checklist, stage, engine, opa, policies or (), trust, online, tuple(skip or ()), report,
            built_in, locked, Limits(max_seconds, max_memory),
        )  # fmt: skip
        collected, judged = run(manifest, options)
    for name in collected.changed:
        say(f"{name} was written to while evidence was gathered: none of it counts; run again")
    if judged is None:
        return _keep_partial(collected, out)
    if out is not None:
        seal(judged, collected.reports, signer, out)
        _say_sealed(out, signer, quiet)
    return show(judged, target, locations(judged.graph, manifest.root))


def _keep_partial(collected: Collected, out: Path | None) -> int:
    from ..gate import write_evidence

    if out is None:
        return finish("error", "interrupted: nothing was written")
    kept = out.with_name(f"{out.name}.partial.json")
    write_evidence(collected, kept, None)
    return finish("error", f"interrupted: the evidence so far is in {kept}, {out} is as it was")


def _say_sealed(out: Path, signer: SigningKey | None, quiet: bool) -> None:
    if quiet:
        return
    if signer is None:
        say(f"{out} is NOT signed, as --no-sign asked")
        return
    say(f"{out} is signed by {signer.origin}, fingerprint {signer.public.id}")
    if signer.local:
        say("this is your own local key: nobody else trusts it; sign with --key for others")


def _signer(key: str | None) -> SigningKey:
    from ..attestations.signers import choose_signer

    return choose_signer(key, passphrase=passphrase)
