"""The options that the commands about transparency logs share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .passphrase import log_passphrase

if TYPE_CHECKING:
    from ..attestations.keys.signing_key import SigningKey
    from ..attestations.log.remote_witness import RemoteWitness
    from ..attestations.log.verifier_key import VerifierKey

Folder = Annotated[Path, typer.Argument(help="The log's folder.", show_default=False)]
Private = Annotated[
    str, typer.Option("--key", help="The log's private key: ed25519, a PEM file or securesystemslib URI.")
]
LogKey = Annotated[
    str | None,
    typer.Option(
        "--verifier-key",
        metavar="VKEY",
        help="The log's verifier key, NAME+HASH+BASE64, or a file with it; not from the log itself.",
    ),
]


def entries(count: int) -> str:
    """So many entries, in words."""
    return "1 entry" if count == 1 else f"{count} entries"


def private_key(key: str, ask: Callable[[str], bytes | None] = log_passphrase) -> SigningKey:
    """A private key by path or URI.

    Args:
        key: the path or URI.
        ask: for its passphrase; as of the log's own key where nothing else is said.

    Raises:
        UsageError: it cannot be had.
        TrustError: it cannot be read or used.
    """
    from ..attestations.keys.choose import choose_signer

    return choose_signer(key, passphrase=partial(ask, key))


def verifier_key(text: str | None) -> VerifierKey | None:
    """A verifier key, given as it is or in a file.

    Raises:
        UsageError: the file cannot be read, or is another kind of key.
        TrustError: it is no verifier key.
    """
    from ..attestations.log.verifier_key import VerifierKey
    from ..errors import UsageError
    from ..files import read_limited

    if text is None:
        return None
    path = Path(text)
    if "+" not in text or path.is_file():
        text = read_limited(path, 64 * 1024).decode("utf-8", "replace")
    if "-----BEGIN" in text:
        raise UsageError(
            f"{path} is no verifier key",
            why="a key in PEM does not say which log it is of",
            remedy="ask the log's operator for the line that 'log init' printed",
        )
    return VerifierKey.parse(text.removesuffix("\n"))


def remote_witness(text: str) -> RemoteWitness:
    """A witness that is asked over the network, by its address and its verifier key.

    Args:
        text: ``URL#VKEY``, the key as it is or in a file.

    Raises:
        UsageError: one of the two is missing or is none.
        TrustError: it is no verifier key.
    """
    from ..attestations.log.remote_witness import RemoteWitness
    from ..errors import UsageError

    url, _, rest = text.partition("#")
    key = verifier_key(rest) if rest else None
    if key is None:
        why = "without its verifier key its word would be anybody's"
        raise UsageError(f"{text!r} is no witness", why=why, remedy="write it as URL#NAME+HASH+BASE64, or URL#FILE")
    return RemoteWitness.of(url, key)
