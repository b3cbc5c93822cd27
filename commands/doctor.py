"""``probatum doctor``: what can run here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .grouping import grouped
from .groups import ShownTable
from .options import moment
from .output import finish, guarded


@grouped
@guarded
def doctor(
    pipeline: Annotated[Path, typer.Argument(help="The pipeline to look at.")] = Path(),
    *,
    shown: ShownTable,
) -> int:
    """Tell which collectors and engines can run here, and why not.

    Example: probatum doctor my-pipeline
    """
    from ..jobs.gate import diagnose
    from ..jobs.options import Options
    from ..reports.doctor import render_doctor

    target = shown.output()
    rows = diagnose(pipeline, Options(*moment(None)))
    target.write(lambda format, color, width: render_doctor(rows, format, color=color, width=width))
    unready = sum(not row["ready"] for row in rows)
    return finish("pass", f"{len(rows) - unready} of {len(rows)} parts can run here")
