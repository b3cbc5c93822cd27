"""The options that the commands about transparency logs share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import say
from .passphrase import log_passphrase

if TYPE_CHECKING:
    from ..attestations.attestor import Attestor
    from ..attestations.keys.signing_key import SigningKey
    from ..attestations.log.verifier_key import VerifierKey
    from ..attestations.package.write import Detach

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
Log = Annotated[
    Path | None,
    typer.Option("--log", envvar="PROBATUM_LOG", help="Log the signed verdict in this folder; its proof goes along."),
]
WriterKey = Annotated[
    str | None,
    typer.Option(
        "--log-key", metavar="KEY", envvar="PROBATUM_LOG_KEY", help="The private key of --log: PEM file or URI."
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


def logged_by(folder: Path | None, key: str | None, attestor: Attestor | None) -> dict[str, Detach]:
    """What logs a verdict once it is signed, opened before any work is done; empty where no log is named.

    Args:
        folder: the value of ``--log``.
        key: the value of ``--log-key``.
        attestor: who signs the verdict; nothing is logged where nobody does.

    Raises:
        UsageError: there is no such log, no key, the key is another's, or it signs the verdict as well.
        TrustError: the key cannot be read or used.
    """
    from ..attestations.log.writer import LogWriter
    from ..attestations.package.names import LOG_PROOF
    from ..errors import UsageError

    if folder is None and key is not None:
        raise UsageError("a key, and no log", why="--log-key is the key of --log", remedy="give --log, or neither")
    if folder is None:
        return {}
    if attestor is None:
        say(f"no verdict is signed, hence nothing goes into the log {folder}")
        return {}
    if key is None:
        why = f"{folder} is to be written to, and its checkpoints are signed"
        raise UsageError("no key for the log", why=why, remedy="give --log-key, as it was given to 'log init'")
    writer = LogWriter.open(folder, private_key(key))
    writer.refuse_signers(*attestor.signers)
    return {LOG_PROOF: writer.detach}
