"""``probatum log witness``: remember a log, and vouch that it only grows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .log_options import Folder, LogKey, entries, private_key, verifier_key
from .options import Now, moment
from .output import finish, guarded
from .passphrase import passphrase


@guarded
def witness(
    folder: Folder,
    state: Annotated[Path, typer.Option("--state", help="File with what this witness has seen.", show_default=False)],
    name: Annotated[
        str | None, typer.Option("--name", help="The witness's name, such as witness.example.com; needs --key.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="The witness's private key, ed25519; without it only --state is kept.")
    ] = None,
    log_key: LogKey = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File for the cosigned checkpoint, instead of the log's own.")
    ] = None,
    now: Now = None,
) -> int:
    """Be a witness: remember a log that only grows.

    One that was rolled back or forked since it was last seen is refused; else its checkpoint is cosigned, if there is a
    key to do it with. To ask other witnesses, see `log export --witness`.

    Example: probatum log witness /srv/verdict-log --state seen.json --name witness.example.com --key witness.pem
    """
    from ..attestations.log.store import Log
    from ..attestations.log.verifier_key import COSIGNATURE, NoteSigner
    from ..attestations.log.witness import observe
    from ..errors import UsageError
    from ..files import write_atomic

    if (name is None) != (key is None):
        raise UsageError("--name and --key go together", why="one of them is missing", remedy="give both, or neither")
    signer = None if name is None or key is None else NoteSigner.of(name, private_key(key, passphrase), COSIGNATURE)
    log = Log.open(folder)
    given = verifier_key(log_key)
    found = observe(log, state, key=given, signer=signer, time=int(moment(now)[0].timestamp()))
    if out is not None:
        write_atomic(out, found.cosigned)
    elif signer is not None:
        log.publish(found.cosigned)
    if signer is not None:
        print(signer.key)
    before = "seen for the first time" if found.before is None else f"grew from {entries(found.before.size)}"
    return finish(
        "pass", f"{log.key.name}, {entries(found.now.size)}, {before}{'' if signer is None else '; cosigned'}"
    )
