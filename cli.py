"""The command line: parse, call one library function, render, exit code; nothing else.

Exit codes (DESIGN section 7): 0 pass, 1 fail, 2 usage or internal error, 3 inconclusive. The last line on stderr says
which and why. stdout carries data only. Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import __version__
from .cli_options import (
    Checklist,
    EngineName,
    EngineOption,
    Formats,
    KeyKind,
    NoColor,
    Now,
    Online,
    OpaUrl,
    Pipeline,
    Policies,
    Quiet,
    Skip,
    StageOption,
    Trust,
    moment,
)
from .cli_output import Output, finish, guarded, output, say
from .cli_passphrase import new_passphrase, passphrase

if TYPE_CHECKING:
    from .attestations.keys import SigningKey
    from .collectors.run import Collected
    from .gate import Judged

app = typer.Typer(
    name="probatum",
    help="Prove that an ML pipeline meets its security checklist: gather evidence, decide with Rego, sign the verdict.",
    epilog="Start with: probatum gate FOLDER. Exit codes: 0 pass, 1 fail, 2 usage or internal error, 3 inconclusive.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
keys_app = typer.Typer(help="Make the keys that sign verdicts.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(keys_app, name="keys")


def main() -> None:
    """The entry point of the ``probatum`` command."""
    app()


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)] = False) -> None:
    if version:
        print(f"probatum {__version__}")
        raise typer.Exit


@app.command()
@guarded
def gate(
    pipeline: Pipeline,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the verdict package.")] = None,
    checklist: Checklist = None,
    stage: StageOption = None,
    formats: Formats = None,
    engine: EngineOption = EngineName.REGORUS,
    opa_url: OpaUrl = None,
    policies: Policies = None,
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
    from .gate import Options, check_out, locations, open_pipeline, run, seal
    from .reports.progress import progress

    target = output(formats, quiet=quiet, no_color=no_color)
    check_out(out)
    signer = _signer(key) if sign and out is not None else None
    manifest = open_pipeline(pipeline, _ignore if quiet else say)
    with progress(quiet=quiet, color=not no_color) as report:
        options = Options(
            *moment(now), checklist, stage, engine, opa_url, policies, trust, online, tuple(skip or ()), report
        )
        collected, judged = run(manifest, options)
    for name in collected.changed:
        say(f"{name} was written to while evidence was gathered: none of it counts; run again")
    if judged is None:
        return _keep_partial(collected, out)
    if out is not None:
        seal(judged, collected.reports, signer, out)
        _say_sealed(out, signer, quiet)
    return _show(judged, target, locations(judged.graph, manifest.root))


@app.command()
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
    from .gate import Options, gather, open_pipeline, write_evidence
    from .reports.progress import progress

    manifest = open_pipeline(pipeline, _ignore if quiet else say)
    with progress(quiet=quiet, color=not no_color) as report:
        options = Options(*moment(now), trust=trust, online=online, skip=tuple(skip or ()), progress=report)
        collected = gather(manifest, options)
    write_evidence(collected, out, raw)
    if collected.interrupted:
        return finish("error", f"interrupted: what was collected is in {out}, the rest is marked as skipped")
    return finish("pass", f"wrote {len(collected.graph.observations)} observations to {out}")


@app.command()
@guarded
def evaluate(
    evidence: Annotated[list[Path], typer.Argument(help="Evidence graphs; several are merged.", show_default=False)],
    manifest: Annotated[
        Path | None, typer.Option("--manifest", "-m", help="probatum.yaml with parameters, waivers and trust policy.")
    ] = None,
    checklist: Checklist = None,
    stage: StageOption = None,
    formats: Formats = None,
    engine: EngineOption = EngineName.REGORUS,
    opa_url: OpaUrl = None,
    policies: Policies = None,
    trust: Trust = None,
    max_mib: Annotated[int, typer.Option("--max-mib", min=1, help="Largest evidence graph to read, in MiB.")] = 64,
    max_depth: Annotated[int, typer.Option("--max-depth", min=1, help="Deepest nesting to read.")] = 64,
    now: Now = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Evaluate evidence that was gathered before, on this machine or on several.

    Example: probatum evaluate data.json training.json serving.json --manifest probatum.yaml
    """
    from .gate import Options, judge, locations, open_pipeline, read_evidence
    from .strict_json import Limits

    target = output(formats, quiet=quiet, no_color=no_color)
    options = Options(*moment(now), checklist, stage, engine, opa_url, policies, trust)
    graph = read_evidence(evidence, Limits(max_mib * 1024 * 1024, max_depth))
    judged = judge(graph, None if manifest is None else open_pipeline(manifest), options)
    return _show(judged, target, locations(judged.graph, Path()))


@app.command()
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
    from . import audit
    from .reports.verification import render_verification

    target = output(formats, quiet=quiet, no_color=no_color)
    asked = audit.Audit(
        moment(now)[0], tuple(subject or ()), trust, tuple(public_key or ()), replay, engine, opa_url, max_age
    )
    report = audit.verify(package, asked)
    document = report.to_document()
    target.write(lambda format, color, width: render_verification(document, format, color=color, width=width))
    if not report.ok:
        return finish("fail", f"REFUSED: {', '.join(row.check for row in report.failures) or 'nothing was checked'}")
    result = report.result or "inconclusive"
    return finish(result, f"VERIFIED: the verdict is authentic, and its result is {result}")


@keys_app.command("new")
@guarded
def keys_new(
    out: Annotated[
        Path,
        typer.Argument(help="File for the private key; the public key goes beside it as .pub.", show_default=False),
    ],
    kind: Annotated[KeyKind, typer.Option("--kind", help="Kind of key.")] = KeyKind.ED25519,
    encrypt: Annotated[
        bool, typer.Option("--encrypt/--no-encrypt", help="Ask for a passphrase, or take PROBATUM_KEY_PASSPHRASE.")
    ] = True,
) -> int:
    """Make a key pair: the private key as encrypted PKCS#8 PEM, mode 0600, the public key beside it.

    Example: probatum keys new release.pem
    """
    from .attestations.key_files import write_key_pair

    path, public = write_key_pair(out, kind, new_passphrase() if encrypt else None)
    print(public.id)
    return finish("pass", f"wrote {out} and {path}")


@app.command()
@guarded
def controls(
    checklist: Annotated[
        str | None, typer.Option("--checklist", "-c", help="Only the controls of this checklist.")
    ] = None,
    policies: Policies = None,
    formats: Formats = None,
    no_color: NoColor = False,
) -> int:
    """List the controls, with the stages and subjects that they are about."""
    from .evaluator.catalogue import list_controls
    from .evaluator.policies import PolicySet
    from .reports.catalogue import render_controls

    target = output(formats, no_color=no_color)
    found = list_controls(PolicySet.load(policies), checklist)
    target.write(lambda format, color, width: render_controls(found, format, color=color, width=width))
    return finish("pass", f"{len(found)} controls")


@app.command()
@guarded
def explain(
    control: Annotated[str, typer.Argument(help="A control's id, such as MODEL-01.", show_default=False)],
    pipeline: Annotated[
        Path | None, typer.Option("--pipeline", "-p", help="Show the parameters of this pipeline.")
    ] = None,
    checklist: Checklist = None,
    policies: Policies = None,
    formats: Formats = None,
    no_color: NoColor = False,
) -> int:
    """Explain one control: what it asks, on which evidence, with which parameters, and how to meet it."""
    from .gate import Options
    from .gate import explain as explained
    from .reports.catalogue import render_control

    target = output(formats, no_color=no_color)
    found = explained(control, pipeline, Options(*moment(None), checklist, policies=policies))
    target.write(lambda format, color, width: render_control(found, format, color=color, width=width))
    return finish("pass", f"explained {control}")


@app.command()
@guarded
def init(
    folder: Annotated[Path, typer.Argument(help="The pipeline's folder.")] = Path(),
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of probatum.yaml, for editors.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a probatum.yaml that is there.")] = False,
) -> int:
    """Search a folder and write a first probatum.yaml for review."""
    from .collectors.first_manifest import manifest_schema_text, write_first_manifest

    if schema:
        sys.stdout.write(manifest_schema_text())
        return finish("pass", "printed the schema")
    path, manifest, found = write_first_manifest(folder, force=force)
    for name, reason in found.passed_over:
        say(f"passed over {name}: {reason}")
    return finish("pass", f"wrote {path} with {len(manifest.subjects)} subjects; review it")


@app.command()
@guarded
def doctor(
    pipeline: Annotated[Path, typer.Argument(help="The pipeline to look at.")] = Path(),
    formats: Formats = None,
    no_color: NoColor = False,
) -> int:
    """Tell which collectors and engines can run here, and why not."""
    from .gate import Options, diagnose
    from .reports.doctor import render_doctor

    target = output(formats, no_color=no_color)
    rows = diagnose(pipeline, Options(*moment(None)))
    target.write(lambda format, color, width: render_doctor(rows, format, color=color, width=width))
    unready = sum(not row["ready"] for row in rows)
    return finish("pass", f"{len(rows) - unready} of {len(rows)} parts can run here")


@app.command()
@guarded
def report(
    package: Annotated[Path, typer.Argument(help="A verdict package, or an assessment as JSON.", show_default=False)],
    formats: Formats = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Render the assessment of a verdict package again, in any format. It verifies nothing: see 'probatum verify'."""
    from .audit import read_assessment
    from .reports.format import render

    target = output(formats, quiet=quiet, no_color=no_color)
    document, places = read_assessment(package)
    target.write(lambda format, color, width: render(document, format, color=color, width=width, locations=places))
    return finish("pass", f"rendered an assessment whose result is {document['result']}")


def _show(judged: Judged, target: Output, places: Mapping[str, str]) -> int:
    from .reports.format import render
    from .reports.reading import conclusion

    document: Mapping[str, Any] = judged.assessment.document
    target.write(lambda format, color, width: render(document, format, color=color, width=width, locations=places))
    return finish(judged.assessment.result, conclusion(document))


def _keep_partial(collected: Collected, out: Path | None) -> int:
    from .gate import write_evidence

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


def _ignore(line: str) -> None:
    """Takes what a quiet run does not say."""


def _signer(key: str | None) -> SigningKey:
    from .attestations.signers import choose_signer

    return choose_signer(key, passphrase=passphrase)
