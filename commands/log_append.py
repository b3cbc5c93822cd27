"""``probatum log append``: a signed statement goes into the log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .log_options import Folder, Private, private_key
from .output import finish, guarded


@guarded
def append(
    folder: Folder,
    file: Annotated[
        Path, typer.Argument(help="A signed statement, or a verdict package, folder or .zip.", show_default=False)
    ],
    key: Private,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File for the proof; in the package or beside the file by default."),
    ] = None,
) -> int:
    """Log a signed statement, or a verdict.

    The proof of it goes into the package, which may be a ZIP file, or beside the statement. `gate` logs verdicts itself
    where --log or the pipeline's manifest names a log.

    Example: probatum log append /srv/verdict-log verdict --key log.pem
    """
    from ..attestations.log.documents import document_at
    from ..attestations.log.writer import LogWriter
    from ..files import write_atomic

    document = document_at(file)
    done = LogWriter.open(folder, private_key(key)).append(document.data, source=str(document.path))
    proof = done.proof(done.first).to_bytes()
    if out is None:
        target = document.keep(proof)
    else:
        write_atomic(target := out, proof)
    print(done.first)
    return finish("pass", f"{document.path} is entry {done.first} of {done.size}; the proof is {target}")
