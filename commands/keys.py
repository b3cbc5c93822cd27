"""``probatum keys``: the keys that sign verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import KeyKind
from .output import finish, guarded
from .passphrase import new_passphrase, passphrase

if TYPE_CHECKING:
    from ..attestations.keys.public_key import PublicKey


class KeyForm(StrEnum):
    """How a public key is shown."""

    TEXT = "text"
    JSON = "json"
    PEM = "pem"
    SSH = "ssh"


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
    from ..attestations.keys.files import write_key_pair

    path, public = write_key_pair(out, kind, new_passphrase() if encrypt else None)
    print(public.id)
    return finish("pass", f"wrote {out} and {path}")


@guarded
def keys_show(
    key: Annotated[
        str,
        typer.Argument(
            help="File of a public or a private key, or securesystemslib URI of a key in a token or a service.",
            show_default=False,
        ),
    ],
    form: Annotated[KeyForm, typer.Option("--form", help="What to print; pem and ssh alone for other tools.")] = (
        KeyForm.TEXT
    ),
) -> int:
    """Show the public half of a key: its id, and what a trust policy needs of it.

    Example: probatum keys show release.pem.pub
    """
    from ..attestations.keys.public_half import public_half
    from ..errors import UsageError

    public = public_half(key, partial(passphrase, key))
    if form == KeyForm.SSH and not public.ssh:
        raise UsageError(f"{public.kind} has no form in OpenSSH", why="", remedy="print it as pem")
    if form in (KeyForm.PEM, KeyForm.SSH):
        print((public.pem if form == KeyForm.PEM else public.ssh).rstrip("\n"))
    else:
        document = _document(public)
        print(json.dumps(document, indent=2) if form == KeyForm.JSON else _text(document))
    return finish("pass", f"{key} is {public.id}")


def _document(public: PublicKey) -> dict[str, Any]:
    return {
        "id": public.id,
        "kind": public.kind,
        "bits": public.bits,
        "signs_verdicts": not public.signing_weakness,
        "ssh": public.ssh or None,
        "pem": public.pem,
    }


def _text(document: Mapping[str, Any]) -> str:
    strong = "yes" if document["signs_verdicts"] else "no, it is too weak; what others signed with it is verified"
    lines = [
        f"id              {document['id']}",
        f"kind            {document['kind']}, {document['bits']} bits",
        f"signs verdicts  {strong}",
        f"ssh             {document['ssh'] or 'none: OpenSSH has no form for it'}",
        "",
        "# for trust.yaml",
        "keys:",
        "  NAME:",
        "    pem: |",
        *(f"      {line}" for line in document["pem"].splitlines()),
    ]
    return "\n".join(lines)
