"""``probatum policy fmt``: policies as ``opa fmt`` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import NoColor, Quiet
from .output import finish, guarded, output


@guarded
def fmt(
    path: Annotated[
        Path | None,
        typer.Argument(help="Folder of policies, folder of one control, or a module.", show_default=False),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail where something would change.")] = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Write every module as 'opa fmt' does, and name those that changed. Needs the opa executable.

    Example: probatum policy fmt my-policies --check
    """
    from ..files import write_atomic
    from ..reports.formatting import render_formatting
    from ..workbench.formatting import formatted
    from ..workbench.policy_tests.discovery import find_place

    target = output(None, quiet=quiet, no_color=no_color)
    place = find_place(path, Path.cwd())
    changed, seen = formatted(place)
    for module in changed if not check else ():
        write_atomic(place.root / module.path, module.after)
    target.write(lambda _, color, width: render_formatting(changed, check=check, color=color, width=width))
    verb = "would change" if check else "changed"
    reason = f"{len(changed)} of {seen} modules {verb}"
    return finish("fail" if check and changed else "pass", reason)
