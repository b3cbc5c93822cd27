"""``probatum log export``: keep checkpoints where whoever can rewrite the log cannot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .log_options import Folder, LogKey, entries, remote_witness, verifier_key
from .output import finish, guarded, say

if TYPE_CHECKING:
    from ..attestations.log.store import Log


@guarded
def export(
    folder: Folder,
    to: Annotated[Path | None, typer.Option("--to", help="File that the newest checkpoint is added to.")] = None,
    git: Annotated[
        Path | None, typer.Option("--git", help="Git repository, bare or not, that it is committed to.")
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            "--witness",
            metavar="URL#VKEY",
            help="Witness that is asked over the network to remember and cosign it (C2SP tlog-witness), and its"
            " verifier key or a file with it. The log keeps the cosignature. Repeatable.",
        ),
    ] = None,
    log_key: LogKey = None,
) -> int:
    """Give checkpoints to files, git or witnesses.

    The newest is added where the last one is a beginning of it, and refused where the log did anything but grow.
    Witnesses are servers (C2SP tlog-witness); their cosignatures are verified, and go into proofs made from then on.

    Example: probatum log export /srv/verdict-log --git ../checkpoints

    Example: probatum log export /srv/log --witness https://w.example#witness.vkey
    """
    from ..attestations.log.export import export_to_file, export_to_git
    from ..attestations.log.store import Log
    from ..errors import UsageError

    log = Log.open(folder, verifier_key(log_key))
    if sum(bool(one) for one in (to, git, witness)) != 1:
        raise UsageError("where to?", why="one of --to, --git and --witness is needed", remedy="give one of them")
    if witness:
        return _witnessed(log, witness)
    size = log.checkpoint().size
    if git is not None:
        commit = export_to_git(log, git)
        return finish("pass", f"{entries(size)}: " + (f"committed as {commit}" if commit else f"{git} has it already"))
    assert to is not None
    added = export_to_file(log, to)
    return finish("pass", f"{entries(size)}: {f'added to {to}' if added else f'{to} has it already'}")


def _witnessed(log: Log, texts: list[str]) -> int:
    """Every witness must cosign; the cosignatures of those that do are kept whatever the others say."""
    from ..attestations.log.checkpoint import verified
    from ..attestations.log.cosigning import cosigned

    found = cosigned(log, [remote_witness(text) for text in texts])
    if found.done:
        log.publish(found.checkpoint)
    for error in found.refused:
        say(str(error))
    count = f"{len(found.done)} of {len(texts)} witnesses cosigned"
    result = f"{entries(verified(found.checkpoint, log.key).size)}: {count}"
    return finish("fail" if found.refused else "pass", result)
