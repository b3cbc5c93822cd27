"""``probatum timestamp``: have a timestamp authority vouch for when a verdict was signed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import finish, guarded


@guarded
def timestamp(
    package: Annotated[Path, typer.Argument(help="A verdict package (folder or ZIP file).", show_default=False)],
    url: Annotated[str, typer.Argument(metavar="URL", help="Of an RFC 3161 authority.", show_default=False)],
) -> int:
    """Have a timestamp authority vouch that a signed verdict was there; a digest of it is sent.

    `gate --timestamp URL` does it at once; `sign --timestamp URL` for the signature of a second person.

    Example: probatum timestamp verdict https://tsa.example
    """
    from ..attestations.timestamps.add_timestamp import add_timestamp

    path = add_timestamp(package, url)
    return finish("pass", f"{url} vouches in {path} for when the verdict was signed")
