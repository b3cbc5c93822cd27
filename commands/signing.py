"""Who signs: the options that every command that signs shares, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from .output import say
from .passphrase import passphrase

if TYPE_CHECKING:
    from ..attestations.attestor import Attestor, KeyAttestor
    from ..attestations.package.write import Detach


class Signing(StrEnum):
    """How to sign."""

    AUTO = "auto"
    KEY = "key"
    KEYLESS = "keyless"
    NONE = "none"


Sign = Annotated[
    Signing,
    typer.Option(
        "--sign",
        help="Who signs: a key; keyless, the identity of this CI job, which a log publishes; auto, keyless where a CI "
        "service offers an identity, else a key.",
    ),
]
Timestamp = Annotated[
    str | None,
    typer.Option(
        "--timestamp",
        metavar="URL",
        help="Let this RFC 3161 authority vouch for when the verdict was signed. Sends a digest there.",
    ),
]
NoSign = Annotated[bool, typer.Option("--no-sign", help="The same as --sign none; the package says so.")]


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What there is to sign with."""

    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Sign with this PEM file or securesystemslib URI; else your local key. Repeatable: everyone signs.",
        ),
    ] = None
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate",
            metavar="FILE",
            help="PEM: the certificate of --key, and those above it. It goes along, for those who trust its authority.",
        ),
    ] = None
    sigstore_config: Annotated[
        str | None,
        typer.Option(
            "--sigstore-config",
            metavar="FILE[#sha256=…]",
            envvar="PROBATUM_SIGSTORE_CONFIG",
            help="ClientTrustConfig of a sigstore instance of your own, for keyless; else the public one.",
        ),
    ] = None

    def attestor(self, sign: Signing) -> Attestor | None:
        """Who signs; None when nobody is to.

        A signature without a key is announced on stderr before it is made, even to those who asked for quiet: what a
        log has published cannot be taken back.

        Args:
            sign: how to sign.

        Raises:
            UsageError: the options contradict each other, or a key cannot be had.
            TrustError: a key cannot be read or used; there is no identity here, or its services cannot be reached.
        """
        if self.certificate is not None and (len(self.keys or ()) != 1 or sign in (Signing.NONE, Signing.KEYLESS)):
            raise _contradiction("--certificate and anything but one --key", "a certificate is of one key")
        if sign == Signing.NONE:
            if self.keys:
                raise _contradiction("--key and no signature", "it is unclear whether to sign")
            return None
        if sign == Signing.KEYLESS and self.keys:
            raise _contradiction("--key and --sign keyless", "it is unclear who is to sign")
        if sign == Signing.AUTO:
            sign = _chosen(self.keys)
        if sign == Signing.KEYLESS:
            return _keyless(self.sigstore_config)
        by_keys = _by_key(self.keys)
        return by_keys if self.certificate is None else _certified(by_keys, self.certificate)

    def somebody(self, sign: Signing) -> Attestor:
        """Who signs what is worth nothing unsigned.

        Args:
            sign: how to sign.

        Raises:
            UsageError: nobody is to sign, or as for `attestor`.
            TrustError: as for `attestor`.
        """
        attestor = self.attestor(sign)
        if attestor is None:
            raise UsageError("this is worth nothing unsigned", why="--sign none was given", remedy="leave it out")
        return attestor


def detached_by(timestamp: str | None, attestor: Attestor | None) -> dict[str, Detach]:
    """What is made of the signed verdict, by the options.

    Raises:
        UsageError: the address is none, or there is no verdict to vouch for.
    """
    from ..attestations.package.names import TIMESTAMP
    from ..attestations.timestamps.timestamp import check_url, request_timestamp

    if timestamp is None:
        return {}
    check_url(timestamp)
    if attestor is None:
        raise _contradiction("--timestamp and no signed verdict", "there is nothing to vouch for")
    return {TIMESTAMP: partial(request_timestamp, timestamp)}


def countersignature_detached(timestamp: str | None) -> dict[str, Detach]:
    """What is made of a countersignature, by the ending of its name.

    Raises:
        UsageError: the address is none.
    """
    from ..attestations.timestamps.timestamp import check_url, request_timestamp
    from ..verification import TIMESTAMP

    if timestamp is None:
        return {}
    check_url(timestamp)
    return {TIMESTAMP: partial(request_timestamp, timestamp)}


def _chosen(keys: list[str] | None) -> Signing:
    """What ``auto`` comes to; it says so. In CI it is never the local key, which means nothing to anybody else."""
    from ..attestations.keyless.token import ambient_service

    if keys:
        say("--sign auto: with --key, because it was given")
        return Signing.KEY
    if (service := ambient_service()) is not None:
        say(f"--sign auto: without a key, because {service} offers an identity")
        return Signing.KEYLESS
    say("--sign auto: with your local key, because no CI service offers an identity here")
    return Signing.KEY


def _contradiction(what: str, why: str) -> UsageError:
    return UsageError(f"{what} contradict each other", why=why, remedy="leave one of the two out")


def _keyless(instance: str | None) -> Attestor:
    from ..attestations.keyless.keyless import keyless_attestor

    attestor = keyless_attestor(instance)
    say(attestor.announcement)
    return attestor


def _certified(by_keys: KeyAttestor, certificate: Path) -> Attestor:
    from ..attestations.certificates.certificate_attestor import certificate_attestor

    (key,) = by_keys.keys
    return certificate_attestor(key, certificate)


def _by_key(keys: list[str] | None) -> KeyAttestor:
    from ..attestations.attestor import KeyAttestor
    from ..attestations.keys.choose import choose_signer

    wanted: list[str | None] = [*keys] if keys else [None]
    return KeyAttestor([choose_signer(key, passphrase=partial(passphrase, key)) for key in wanted])


def say_signed(what: object, attestor: Attestor | None, tell: Callable[[str], None] = say) -> None:
    """One line that says who signed.

    Args:
        what: was signed.
        attestor: who signed it.
        tell: takes the line; stderr by default.
    """
    if attestor is None:
        tell(f"{what} is NOT signed, as --no-sign asked")
        return
    tell(f"{what} is signed by {attestor.origin}")
    if attestor.local:
        tell("this is your own local key: nobody else trusts it; sign with --key for others")
