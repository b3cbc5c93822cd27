"""``probatum controls`` lists controls."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import Formats, NoColor, Policies
from .output import finish, guarded, output


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
    from ..evaluator.catalogue import list_controls
    from ..evaluator.policies import PolicySet
    from ..reports.catalogue import render_controls

    target = output(formats, no_color=no_color)
    found = list_controls(PolicySet.load(policies), checklist)
    target.write(lambda format, color, width: render_controls(found, format, color=color, width=width))
    return finish("pass", f"{len(found)} controls")
