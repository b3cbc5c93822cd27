"""``probatum policy mutate``: the tests of policies, tested."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .grouping import grouped
from .groups import Shown
from .output import finish, guarded, ignore, say


@dataclass(frozen=True, kw_only=True)
class _Shown(Shown):
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", "-f", metavar="FORMAT[=FILE]", help="text or json; with =FILE into a file."),
    ] = None


@grouped
@guarded
def mutate(
    controls: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CONTROL]...", help="Ids of controls, or lib/NAME; all of them by default.", show_default=False
        ),
    ] = None,
    *,
    policies: Annotated[
        Path | None, typer.Option("--policies", help="Folder of policies; the built-in ones by default.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Processes at a time; one per processor by default.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Show the survivors that are explained, too.")] = False,
    shown: _Shown,
) -> int:
    """Change policies one place at a time, and list what no test notices; damage evidence, and list what then passes.

    A survivor that makes no difference is explained in place: # probatum:survives OPERATOR: reason.

    Example: probatum policy mutate ACME-01 --policies my-policies
    """
    from ..reports.mutation import render_mutation, summary
    from ..workbench.examples import built_in_folder
    from ..workbench.mutation.run import mutate as run
    from ..workbench.policy_tests.discovery import find_place

    target = shown.output()
    folder = built_in_folder() if policies is None else find_place(policies, Path.cwd()).root
    processes = jobs or len(os.sched_getaffinity(0))
    report = run(folder, tuple(controls or ()), jobs=processes, say=ignore if shown.quiet else say)
    document = report.to_document()
    target.write(lambda format, color, width: render_mutation(document, format, color=color, width=width, show=show))
    return finish("pass" if report.ok else "fail", summary(document))
