"""``probatum log export``: keep checkpoints where whoever can rewrite the log cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .log_options import Folder, LogKey, entries, verifier_key
from .output import finish, guarded


@guarded
def export(
    folder: Folder,
    to: Annotated[Path | None, typer.Option("--to", help="File that the newest checkpoint is added to.")] = None,
    git: Annotated[
        Path | None, typer.Option("--git", help="Git repository, bare or not, that it is committed to.")
    ] = None,
    log_key: LogKey = None,
) -> int:
    """Add the newest checkpoint to a file or a git repository, unless the log is no continuation of the last one there.

    Example: probatum log export /srv/verdict-log --git ../checkpoints
    """
    from ..attestations.log.export import export_to_file, export_to_git
    from ..attestations.log.store import Log
    from ..errors import UsageError

    log = Log.open(folder, verifier_key(log_key))
    if (to is None) == (git is None):
        raise UsageError("where to?", why="one of --to and --git is needed", remedy="give one of them")
    size = log.checkpoint().size
    if git is not None:
        commit = export_to_git(log, git)
        return finish("pass", f"{entries(size)}: " + (f"committed as {commit}" if commit else f"{git} has it already"))
    assert to is not None
    added = export_to_file(log, to)
    return finish("pass", f"{entries(size)}: {f'added to {to}' if added else f'{to} has it already'}")
