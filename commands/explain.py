"""``probatum explain`` tells everything about one control."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import BuiltIn, Checklist, NoColor, Packs, Tables, moment
from .output import finish, guarded, output


@guarded
def explain(
    control: Annotated[str, typer.Argument(help="A control's id, such as MODEL-01.", show_default=False)],
    pipeline: Annotated[
        Path | None, typer.Option("--pipeline", "-p", help="Show the parameters of this pipeline.")
    ] = None,
    checklist: Checklist = None,
    policies: Packs = None,
    built_in: BuiltIn = None,
    formats: Tables = None,
    no_color: NoColor = False,
) -> int:
    """Explain one control: what it asks, how it is decided, on whose evidence, and how to meet it.

    With its parameters and where each value comes from, the rows of checklists that it decides, and two example graphs.

    Example: probatum explain MODEL-02 --pipeline examples/tumour-classifier
    """
    from ..jobs.gate import explain as explained
    from ..jobs.options import Options
    from ..reports.catalogue import render_control

    target = output(formats, no_color=no_color)
    found = explained(control, pipeline, Options(*moment(None), checklist, policies=policies or (), built_in=built_in))
    target.write(lambda format, color, width: render_control(found, format, color=color, width=width))
    return finish("pass", f"explained {control}")
