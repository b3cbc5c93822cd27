"""Who signs: the options that every command that signs shares, and what they come to."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from .output import say
from .passphrase import passphrase

if TYPE_CHECKING:
    from ..attestations.attestor import Attestor


class Signing(StrEnum):
    """How to sign."""

    KEY = "key"
    NONE = "none"


Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        metavar="KEY",
        help="Sign with this PEM file or securesystemslib URI; else your local key. Repeatable: everyone signs.",
    ),
]
Sign = Annotated[Signing, typer.Option("--sign", help="Who signs.")]
NoSign = Annotated[bool, typer.Option("--no-sign", help="The same as --sign none; the package says so.")]


def attestor_of(keys: list[str] | None, sign: Signing = Signing.KEY, *, no_sign: bool = False) -> Attestor | None:
    """Who signs, by the options; None when nobody is to.

    Raises:
        UsageError: the options contradict each other, or a key cannot be had.
        TrustError: a key cannot be read or used.
    """
    from ..attestations.attestor import KeyAttestor
    from ..attestations.signers import choose_signer

    if no_sign or sign == Signing.NONE:
        if keys:
            raise UsageError(
                "--key and no signature contradict each other",
                why="it is unclear whether to sign",
                remedy="leave one of the two out",
            )
        return None
    return KeyAttestor([choose_signer(key, passphrase=passphrase) for key in keys or [None]])


def say_signed(what: object, attestor: Attestor | None) -> None:
    """One line on stderr that says who signed."""
    if attestor is None:
        say(f"{what} is NOT signed, as --no-sign asked")
        return
    say(f"{what} is signed by {attestor.origin}")
    if attestor.local:
        say("this is your own local key: nobody else trusts it; sign with --key for others")
