"""``probatum report``: an assessment rendered again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .grouping import grouped
from .groups import Shown
from .output import finish, guarded


@grouped
@guarded
def report(
    package: Annotated[Path, typer.Argument(help="A verdict package, or an assessment as JSON.", show_default=False)],
    *,
    shown: Shown,
) -> int:
    """Render the assessment of a verdict package again, in any format. It verifies nothing: see 'probatum verify'.

    Example: probatum report verdict --format markdown
    """
    from ..jobs.audit import read_assessment
    from ..reports.format import render

    target = shown.output()
    document, places = read_assessment(package)
    target.write(lambda format, color, width: render(document, format, color=color, width=width, locations=places))
    return finish("pass", f"rendered an assessment whose result is {document['result']}")
