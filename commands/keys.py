"""``probatum keys``: the keys that sign verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import KeyKind
from .output import finish, guarded
from .passphrase import new_passphrase


@guarded
def keys_new(
    out: Annotated[
        Path,
        typer.Argument(help="File for the private key; the public key goes beside it as .pub.", show_default=False),
    ],
    kind: Annotated[KeyKind, typer.Option("--kind", help="Kind of key.")] = KeyKind.ED25519,
    encrypt: Annotated[
        bool, typer.Option("--encrypt/--no-encrypt", help="Ask for a passphrase, or take PROBATUM_KEY_PASSPHRASE.")
    ] = True,
) -> int:
    """Make a key pair: the private key as encrypted PKCS#8 PEM, mode 0600, the public key beside it.

    Example: probatum keys new release.pem
    """
    from ..attestations.key_files import write_key_pair

    path, public = write_key_pair(out, kind, new_passphrase() if encrypt else None)
    print(public.id)
    return finish("pass", f"wrote {out} and {path}")
