"""``probatum log show``: what is in a log."""

from __future__ import annotations

from typing import Annotated

import typer

from .grouping import grouped
from .groups import ShownTable
from .log_options import Folder, LogKey, entries, verifier_key
from .output import finish, guarded


@grouped
@guarded
def show(
    folder: Folder,
    *,
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="How many entries, the newest first.")] = 10,
    find: Annotated[
        str, typer.Option("--find", metavar="TEXT", help="Only entries with this text: a digest, a pipeline, a key id.")
    ] = "",
    log_key: LogKey = None,
    shown: ShownTable,
) -> int:
    """Show a log and its newest entries.

    Only the signature of its checkpoint is verified; see `log check`.

    Example: probatum log show /srv/verdict-log --find credit-scoring
    """
    from ..attestations.log.listing import listed
    from ..attestations.log.store import Log
    from ..reports.log import render_log

    target = shown.output()
    log = Log.open(folder, verifier_key(log_key))
    checkpoint = log.checkpoint()
    found = list(listed(log, last=last, containing=find))
    document = {
        "origin": log.key.name,
        "key": str(log.key),
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "entries": found,
    }
    target.write(lambda format, color, width: render_log(document, format, color=color, width=width))
    return finish("pass", f"{entries(checkpoint.size)}, {len(found)} shown")
