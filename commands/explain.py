"""``probatum explain`` tells everything about one control."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .grouping import grouped
from .groups import Layers, ShownTable
from .options import Checklist, moment
from .output import finish, guarded


@grouped
@guarded
def explain(
    control: Annotated[str, typer.Argument(help="A control's id, such as MODEL-01.", show_default=False)],
    *,
    pipeline: Annotated[
        Path | None, typer.Option("--pipeline", "-p", help="Show the parameters of this pipeline.")
    ] = None,
    checklist: Checklist = None,
    layers: Layers,
    shown: ShownTable,
) -> int:
    """Explain one control: what it asks, how it is decided, on whose evidence, and how to meet it.

    With its parameters and where each value comes from, the rows of checklists that it decides, and two example graphs.

    Example: probatum explain MODEL-02 --pipeline examples/tumour-classifier
    """
    from ..jobs.gate import explain as explained
    from ..jobs.options import Options
    from ..reports.catalogue import render_control

    target = shown.output()
    options = Options(*moment(None), checklist, policies=layers.policies or (), built_in=layers.built_in)
    found = explained(control, pipeline, options)
    target.write(lambda format, color, width: render_control(found, format, color=color, width=width))
    return finish("pass", f"explained {control}")
