"""``probatum log prove``: that something is in a log, or that the log grew from what it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .log_options import Folder, LogKey, entries, verifier_key
from .output import finish, guarded

if TYPE_CHECKING:
    from ..attestations.log.store import Log


@guarded
def prove(
    folder: Folder,
    what: Annotated[
        str | None,
        typer.Argument(
            help="Index of an entry, a signed statement, or a verdict package, folder or .zip.", show_default=False
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SIZE|PATH",
            help="Prove that the log grew from this size, or from the checkpoint in this file, proof or package; in"
            " C2SP tlog-witness form.",
        ),
    ] = None,
    end: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="PATH", help="Prove that it grew to the checkpoint there; by default, to the newest."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File for the proof; by default stdout, or the package.")
    ] = None,
    log_key: LogKey = None,
) -> int:
    """Prove an entry, or that the log only grew.

    An entry is proven to be in the newest checkpoint, with the cosignatures that it has by now. Any two checkpoints are
    held against each other with --from and --to; exit status 1 says that the second does not continue the first.

    Example: probatum log prove /srv/verdict-log verdict

    Example: probatum log prove /srv/verdict-log --from last-year/verdict --to verdict.zip
    """
    from ..attestations.log.store import Log
    from ..errors import UsageError

    if (what is None) == (start is None):
        raise UsageError("nothing to prove, or two things", why="one of WHAT and --from is needed", remedy="give one")
    log = Log.open(folder, verifier_key(log_key))
    if start is not None:
        return _growth(log, start, end, out)
    assert what is not None
    if end is not None:
        why = "an entry is proven in the newest checkpoint only"
        raise UsageError("--to belongs to --from", why=why, remedy="give --from, or leave --to out")
    return _inclusion(log, what, out)


def _growth(log: Log, start: str, end: Path | None, out: Path | None) -> int:
    from ..attestations.log.checkpoint import verified
    from ..attestations.log.consistency import grown_from
    from ..attestations.log.kept import beginning, checkpoint_in, not_a_beginning

    signed = log.signed_checkpoint() if end is None else checkpoint_in(end, log.key)
    new = verified(signed, log.key)
    if start.isascii() and start.isdigit() and not Path(start).exists():
        size = int(start)
    else:
        old = verified(checkpoint_in(Path(start), log.key), log.key)
        if not beginning(log, old, new):
            return finish("fail", f"{start} is no beginning of {end or 'the log'}: {not_a_beginning(old, new, start)}")
        size = old.size
    _write(grown_from(log, size, signed), out)
    return finish("pass", f"{entries(new.size)} grew from {entries(size)}{'' if out is None else f'; see {out}'}")


def _inclusion(log: Log, what: str, out: Path | None) -> int:
    from ..attestations.log.documents import document_at
    from ..attestations.log.entry import entry_of
    from ..attestations.log.listing import find
    from ..errors import UsageError

    if what.isascii() and what.isdigit() and not Path(what).exists():
        _write(log.proof(int(what)).to_bytes(), out)
        return finish("pass", f"entry {what} is in the log{'' if out is None else f'; the proof is {out}'}")
    document = document_at(Path(what))
    index = find(log, entry_of(document.data, source=str(document.path)))
    if index is None:
        raise UsageError(f"{what} is not in the log", why="no entry is made of it", remedy="see 'probatum log append'")
    proof, place = log.proof(index).to_bytes(), out
    if out is None and document.package is not None:
        place = document.keep(proof)
    else:
        _write(proof, out)
    return finish("pass", f"{document.path} is entry {index}{'' if place is None else f'; the proof is {place}'}")


def _write(data: bytes, out: Path | None) -> None:
    from ..files import write_atomic

    if out is None:
        typer.echo(data.decode(), nl=False)
    else:
        write_atomic(out, data)
