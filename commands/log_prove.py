"""``probatum log prove``: that something is in a log, or that the log grew from what it was."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .log_options import Folder, LogKey, verifier_key
from .output import finish, guarded

if TYPE_CHECKING:
    from ..attestations.log.store import Log


@guarded
def prove(
    folder: Folder,
    what: Annotated[
        str | None,
        typer.Argument(help="Index of an entry, a signed statement, or a verdict package.", show_default=False),
    ] = None,
    start: Annotated[
        int | None,
        typer.Option("--from", min=0, help="Prove that the log grew from this size, in C2SP tlog-witness form."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File for the proof; by default stdout, or the package.")
    ] = None,
    log_key: LogKey = None,
) -> int:
    """Write a proof that an entry is in the newest checkpoint, or that this checkpoint continues an older size.

    Example: probatum log prove /srv/verdict-log verdict
    """
    from ..attestations.log.store import Log
    from ..errors import UsageError
    from ..files import write_atomic

    if (what is None) == (start is None):
        raise UsageError("nothing to prove, or two things", why="one of WHAT and --from is needed", remedy="give one")
    log = Log.open(folder, verifier_key(log_key))
    if start is not None:
        data, text, place = _growth(log, start), f"the log grew from {start} entries", out
    else:
        assert what is not None
        data, text, place = _inclusion(log, what, out)
    if place is None:
        typer.echo(data.decode(), nl=False)
    else:
        write_atomic(place, data)
    return finish("pass", f"{text}{'' if place is None else f'; the proof is {place}'}")


def _growth(log: Log, start: int) -> bytes:
    from ..attestations.log.checkpoint import verified
    from ..attestations.log.merkle import consistency_proof
    from ..errors import UsageError

    signed = log.signed_checkpoint()
    size = verified(signed, log.key).size
    if start > size:
        raise UsageError(f"the log has no {start} entries", why=f"it has {size}", remedy="'log check' compares the two")
    steps = consistency_proof(log.reader(size).hash, start, size) if start else []
    lines = "".join(f"{base64.b64encode(step).decode()}\n" for step in steps)
    return f"old {start}\n{lines}\n".encode() + signed


def _inclusion(log: Log, what: str, out: Path | None) -> tuple[bytes, str, Path | None]:
    from ..attestations.log.documents import document_at
    from ..attestations.log.entry import entry_of
    from ..attestations.log.listing import find
    from ..errors import UsageError

    if what.isascii() and what.isdigit() and not Path(what).exists():
        proof = log.proof(int(what))
        return proof.to_bytes(), f"entry {what} is in the log", out
    document = document_at(Path(what))
    index = find(log, entry_of(document.data, source=str(document.path)))
    if index is None:
        raise UsageError(f"{what} is not in the log", why="no entry is made of it", remedy="see 'probatum log append'")
    place = out or (document.proof if Path(what).is_dir() else None)
    return log.proof(index).to_bytes(), f"{document.path} is entry {index}", place
