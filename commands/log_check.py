"""``probatum log check``: does a log agree with itself, and with what others kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .grouping import grouped
from .groups import ShownTable
from .log_options import Folder, LogKey, entries, verifier_key
from .output import finish, guarded, say


@grouped
@guarded
def check(
    folder: Folder,
    *,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint",
            metavar="PATH",
            help="What was kept of the log: a checkpoint, an export, a proof, a verdict package. Repeatable.",
        ),
    ] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", metavar="FOLDER", help="Another copy of the log. Repeatable."),
    ] = None,
    git: Annotated[
        list[Path] | None,
        typer.Option(
            "--git", metavar="FOLDER", help="Git repository with exported checkpoints: all its history. Repeatable."
        ),
    ] = None,
    log_key: LogKey = None,
    mend: Annotated[bool, typer.Option("--mend", help="First complete an append that a crash cut off.")] = False,
    shown: ShownTable,
) -> int:
    """Find entries rewritten, removed or forked.

    The whole log is computed anew from its entries, and compared with every checkpoint, package, repository and copy
    that is given. For two checkpoints alone, see `log prove --from`.

    Example: probatum log check /srv/verdict-log --checkpoint verdict --git ../checkpoints
    """
    from ..attestations.log.examine import Examination
    from ..attestations.log.gathered import gathered
    from ..attestations.log.store import Log
    from ..reports.log import render_log_check

    target = shown.output()
    key = verifier_key(log_key)
    log = Log.open(folder, key)
    if mend:
        say(f"{folder} is whole, with {entries(log.mend().size)}")
    kept = gathered(log.key, checkpoint or (), git or (), against or ())
    rows = [*Examination(log, key is not None, kept.seen, kept.copies).rows(), *kept.refused]
    document = {"log": log.key.name, "rows": [row.to_document() for row in rows]}
    target.write(lambda format, color, width: render_log_check(document, format, color=color, width=width))
    bad = [row for row in rows if row.ok is False]
    if bad:
        return finish("fail", f"the log does not hold: {bad[0].detail or bad[0].check}")
    return finish("pass", f"{entries(log.checkpoint().size)}, each in its place; compared with {kept.count} others")
