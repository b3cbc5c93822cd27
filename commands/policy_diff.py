"""``probatum policy diff``: what a change of policies would do to past evidence."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .engine_options import EngineChoice
from .grouping import grouped
from .groups import ShownTable
from .options import moment
from .output import finish, guarded

if TYPE_CHECKING:
    from ..workbench.difference_of_one import Side

_BUILT_IN = "built-in"


@grouped
@guarded
def diff(
    old: Annotated[
        str, typer.Argument(help="Policies before: a folder, a bundle, any source, or built-in.", show_default=False)
    ],
    new: Annotated[str, typer.Argument(help="Policies after the change.", show_default=False)],
    *,
    evidence: Annotated[
        list[Path], typer.Option("--evidence", "-e", help="Evidence graphs and verdict packages. Repeatable.")
    ],
    checklist: Annotated[
        str | None, typer.Option("--checklist", "-c", help="For graphs alone: only what it lists, with its values.")
    ] = None,
    beside: Annotated[
        bool, typer.Option("--built-in/--no-built-in", help="Lay both on the built-in policies, as a run does.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail when anything passes that did not.")] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 for one per CPU. --engine opa takes one.")
    ] = 0,
    engine: EngineChoice,
    now: Annotated[
        str | None,
        typer.Option("--now", help="For graphs alone: evaluation time; else that of the newest observation."),
    ] = None,
    shown: ShownTable,
) -> int:
    """Compare two versions of policies on past evidence: which outcomes flip, for which pipelines, both ways.

    Verdict packages keep their own checklist, parameters, waivers, stage and time, so that only the policies differ.

    Example: probatum policy diff built-in my-policies --evidence verdicts/ --strict
    """
    from ..jobs.options import DEFAULT_CHECKLIST
    from ..reports.difference import render_difference, summary
    from ..reports.progress import progress
    from ..workbench.difference import compare, weaker
    from ..workbench.difference_of_one import Comparison
    from ..workbench.past_evidence import find_evidence

    target = shown.output()
    time = None if now is None else moment(now)[0]
    sides = (_side(old, beside, moment(now)[0]), _side(new, beside, moment(now)[0]))
    opa, limits = engine.opa.server(), engine.ceilings.limits()
    comparison = Comparison(*sides, checklist, DEFAULT_CHECKLIST, time, engine.engine_name, opa, limits)
    sources = find_evidence(evidence)
    with progress(quiet=shown.quiet, color=not shown.no_color) as report:
        document = compare(comparison, sources, jobs=_jobs(jobs, engine.engine_name), progress=report)
    target.write(lambda format, color, width: render_difference(document, format, color=color, width=width))
    if document["problems"]:
        return finish("error", summary(document))
    return finish("fail" if strict and weaker(document) else "pass", summary(document))


def _side(source: str, beside: bool, time: datetime) -> Side:
    """The policies of one side; those named ``built-in`` are laid on nothing."""
    from ..jobs.policy_sources import open_policies
    from ..packs.choose import Given
    from ..workbench.difference_of_one import Side

    given = Given((), True) if source == _BUILT_IN else Given((source,), beside)
    policies = open_policies(None, given, online=False, trust=None, now=time).policies
    policies.controls  # noqa: B018 - what is wrong with them is told before the work is done
    return Side(source, policies)


def _jobs(wanted: int, engine: str) -> int:
    return 1 if engine != "regorus" else wanted or len(os.sched_getaffinity(0))
