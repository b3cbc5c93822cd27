"""``probatum policy new``: a control to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Stage
from .output import finish, guarded, say


@guarded
def new(
    control: Annotated[str, typer.Argument(metavar="ID", help="The control's permanent id, such as ACME-01.")],
    folder: Annotated[Path, typer.Option("--dir", "-d", help="Folder of policies; made if there is none.")] = Path(
        "policies"
    ),
    title: Annotated[str, typer.Option("--title", help="What it asks, in one line.")] = "What it asks, in one line",
    subject: Annotated[str, typer.Option("--subject", help="Kind of subject that it is about.")] = "model",
    evidence: Annotated[str, typer.Option("--evidence", help="Observation type that decides it.")] = "model_scan",
    priority: Annotated[str, typer.Option("--priority", help="critical, high, medium or low.")] = "high",
    stages: Annotated[
        list[Stage] | None, typer.Option("--stage", help="Gate that it belongs to. Repeatable.", show_default=False)
    ] = None,
    checklist: Annotated[str, typer.Option("--checklist", "-c", help="Checklist that gets a line for it.")] = "custom",
) -> int:
    """Scaffold a control: policy, test, a passing and a failing example graph, and a checklist line.

    Everything works as it is; edit the condition, the words and the test, then run 'probatum policy test'.

    Example: probatum policy new ACME-01 --dir my-policies --subject model --evidence model_scan
    """
    from ..workbench.scaffold import NewControl, scaffold

    gates = tuple(stage.value for stage in stages or (Stage.TRAINING, Stage.DEPLOYMENT))
    for path in scaffold(NewControl(control, title, subject, evidence, priority, gates, checklist), folder):
        say(f"wrote {path}")
    return finish("pass", f"wrote {control}; next: probatum policy test {folder}")
