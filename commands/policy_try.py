"""``probatum policy try``: one control on evidence, looked into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .engine_options import EngineChoice
from .grouping import grouped
from .groups import Layers, Shown
from .options import Checklist, moment
from .output import finish, guarded

if TYPE_CHECKING:
    from ..evaluator.policies import PolicySet
    from ..workbench.circumstances import Circumstances
    from ..workbench.recorded import Recorded

Manifest = Annotated[
    Path | None, typer.Option("--manifest", "-m", help="probatum.yaml with parameters, waivers and checklist.")
]
AsOf = Annotated[
    str | None,
    typer.Option("--now", help="Evaluation time (RFC 3339); else the recorded one, or that of the newest observation."),
]
_TRACES = ("notes", "fails", "full")
_RESULTS = {"fail": "fail", "inconclusive": "inconclusive"}


@dataclass(frozen=True, kw_only=True)
class _Shown(Shown):
    formats: Annotated[
        list[str] | None, typer.Option("--format", "-f", metavar="FORMAT[=FILE]", help="text or json. Repeatable.")
    ] = None


@grouped
@guarded
def try_(
    control: Annotated[str, typer.Argument(help="The control's id, such as MODEL-01.", show_default=False)],
    evidence: Annotated[Path, typer.Argument(help="Evidence graph, or a verdict package.", show_default=False)],
    *,
    layers: Layers,
    manifest: Manifest = None,
    checklist: Checklist = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="Set a parameter of the control (JSON). Repeatable."),
    ] = None,
    subject: Annotated[
        list[str] | None, typer.Option("--subject", "-s", help="Look into this subject only. Repeatable.")
    ] = None,
    engine: EngineChoice,
    trace: Annotated[
        str | None, typer.Option("--trace", metavar="|".join(_TRACES), help="Show how OPA evaluates; --engine opa.")
    ] = None,
    now: AsOf = None,
    shown: _Shown,
) -> int:
    """Try one control on evidence: what it decides for each subject, from which values, and where its rules stop.

    Example: probatum policy try MODEL-01 verdict/evidence.json --param 'allowed_formats=["onnx"]'
    """
    from ..reports.reading import label
    from ..reports.trial import render_trial
    from ..workbench.opa_trace import check_trace, trace_control
    from ..workbench.recorded import read_recorded
    from ..workbench.trial import control_named, try_control

    target = shown.output()
    check_trace(trace, engine.engine_name)
    recorded = read_recorded(evidence)
    values = assigned(param or [])
    given, found = setting(recorded, now, checklist, manifest, layers)
    about = control_named(control, found)
    given = given.over({about.id: values})
    with engine.start() as evaluates:
        document = try_control(
            about, recorded.graph, policies=found, circumstances=given, engine=evaluates, subjects=tuple(subject or ())
        )
    for name in values:
        document["parameters"][name]["origin"] = "--param"
    if trace is not None:
        document["trace"] = trace_control(about, recorded.graph, policies=found, circumstances=given, mode=trace)
    target.write(lambda format, color, width: render_trial(document, format, color=color, width=width))
    outcome = document["outcome"]
    return finish(_RESULTS.get(outcome, "pass"), f"{about.id}: {label(outcome)}")


def assigned(texts: Sequence[str]) -> dict[str, Any]:
    """Parameters from ``NAME=VALUE``; a value that is no JSON is text.

    Raises:
        UsageError: there is no ``=``, or a name is given twice.
    """
    from .. import strict_json
    from ..errors import EvidenceError, UsageError

    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals or name in found:
            raise UsageError(f"--param {text!r} is wrong", remedy="write NAME=VALUE, each name once")
        try:
            found[name] = strict_json.loads(value.encode(), source=f"--param {name}")
        except EvidenceError:
            found[name] = value
    return found


def setting(
    recorded: Recorded,
    now: str | None,
    checklist: str | None,
    manifest: Path | None,
    layers: Layers,
) -> tuple[Circumstances, PolicySet]:
    """The circumstances of a trial, and the policies: what the options and the manifest say, over what was recorded.

    A lock file does not count: what is tried is what is being written. A verdict package brings its own policies,
    unless an option or a manifest names others.

    Args:
        recorded: the evidence.
        now: the value of ``--now``.
        checklist: the value of ``--checklist``.
        manifest: the value of ``--manifest``.
        layers: what to try, unless the manifest or the recorded evidence says.
    """
    from ..jobs.opening import open_pipeline
    from ..jobs.options import DEFAULT_CHECKLIST
    from ..jobs.policy_sources import open_policies
    from ..packs.choose import Given
    from ..workbench.circumstances import circumstances_of

    pipeline = None if manifest is None else open_pipeline(manifest)
    time = (recorded.moment if now is None else None) or moment(now)[0]
    given = Given(tuple(layers.policies or ()), layers.built_in, locked=False)
    kept = recorded.policies if pipeline is None and layers == Layers() else None
    policies = kept or open_policies(pipeline, given, online=False, trust=None, now=time).policies
    named = None if pipeline is None else pipeline.checklist
    if pipeline is not None and named is not None and (pipeline.root / named).is_file():
        named = str(pipeline.root / named)
    default = DEFAULT_CHECKLIST if recorded.settings is None and DEFAULT_CHECKLIST in policies.checklists else None
    found = circumstances_of(
        recorded,
        policies,
        now=time,
        checklist=checklist or named or default,
        parameters=None if pipeline is None else pipeline.parameters,
        waivers=None if pipeline is None else pipeline.waivers,
    )
    return found, policies
