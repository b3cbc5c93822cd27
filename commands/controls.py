"""``probatum controls`` lists controls."""

from __future__ import annotations

from typing import Annotated

import typer

from .grouping import grouped
from .groups import Layers, ShownTable
from .options import moment
from .output import finish, guarded


@grouped
@guarded
def controls(
    *,
    checklist: Annotated[
        str | None, typer.Option("--checklist", "-c", help="Only the controls of this checklist.")
    ] = None,
    layers: Layers,
    shown: ShownTable,
) -> int:
    """List the controls, with the stages and subjects that they are about.

    Example: probatum controls --checklist secure-pipeline
    """
    from ..evaluator.catalogue import list_controls
    from ..jobs.policy_sources import open_policies
    from ..packs.choose import Given
    from ..reports.catalogue import render_controls

    target = shown.output()
    given = Given(tuple(layers.policies or ()), layers.built_in)
    opened = open_policies(None, given, online=False, trust=None, now=moment(None)[0])
    found = list_controls(opened.policies, checklist)
    target.write(lambda format, color, width: render_controls(found, format, color=color, width=width))
    return finish("pass", f"{len(found)} controls")
