"""``probatum log init``: an empty log."""

from __future__ import annotations

from typing import Annotated

import typer

from .log_options import Folder, Private, private_key
from .output import finish, guarded


@guarded
def init(
    folder: Folder,
    origin: Annotated[
        str,
        typer.Option(
            "--origin", help="The log's name, unique in the world, such as example.com/verdicts.", show_default=False
        ),
    ],
    key: Private,
) -> int:
    """Begin a log, and print its verifier key.

    The key goes into the trust policies of those who shall believe the log. The log's folder may go into the manifests
    of pipelines (`log:`), for `gate` to log their verdicts there.

    Example: probatum log init /srv/verdict-log --origin example.com/verdicts --key log.pem
    """
    from ..attestations.log.store import Log
    from ..attestations.log.verifier_key import NoteSigner

    log = Log.create(folder, NoteSigner.of(origin, private_key(key)))
    print(log.key)
    return finish("pass", f"{folder} is an empty log; give the key above to those who verify, not along with the log")
