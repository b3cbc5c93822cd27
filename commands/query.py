"""``probatum query``: any Rego expression over evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .engine_options import EngineChoice
from .grouping import grouped
from .groups import Layers, ShownTable
from .options import Checklist
from .output import finish, guarded
from .policy_try import AsOf, Manifest, setting


@grouped
@guarded
def query(
    expression: Annotated[
        str, typer.Argument(metavar="EXPR", help="Rego: an expression, or statements with ';'.", show_default=False)
    ],
    evidence: Annotated[Path, typer.Argument(help="Evidence graph, or a verdict package.", show_default=False)],
    *,
    control: Annotated[
        str | None, typer.Option("--control", help="Let this control's limits decide what input.usable holds.")
    ] = None,
    layers: Layers,
    manifest: Manifest = None,
    checklist: Checklist = None,
    engine: EngineChoice,
    now: AsOf = None,
    shown: ShownTable,
) -> int:
    """Ask evidence anything: a Rego expression over the graph as policies see it, with their libraries at hand.

    Example: probatum query 'some id in input.ids.model; not input.usable[id].model_scan' verdict
    """
    from ..reports.query import render_query
    from ..workbench.query import query as asked
    from ..workbench.recorded import read_recorded
    from ..workbench.trial import control_named

    target = shown.output()
    recorded = read_recorded(evidence)
    given, found = setting(recorded, now, checklist, manifest, layers)
    about = None if control is None else control_named(control, found)
    with engine.start() as evaluates:
        answer = asked(
            expression, recorded.graph, policies=found, circumstances=given, engine=evaluates, control=about
        ).to_document()
    target.write(lambda format, color, width: render_query(answer, format, color=color, width=width))
    count = len(answer["result"])
    return finish("pass", f"{count} answer{'' if count == 1 else 's'}" if count else "undefined")
