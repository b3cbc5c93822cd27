"""What signs a statement: some keys, or an identity that a certificate authority vouches for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .documents import dsse
from .keys.signing_key import SigningKey, distinct


class Attestor(Protocol):
    """Signs in-toto statements."""

    @property
    def form(self) -> str:
        """What it makes: ``dsse`` (an envelope) or ``sigstore`` (a bundle); a file of it is ``NAME.<form>.json``."""

    @property
    def origin(self) -> str:
        """Who signs, for people."""

    @property
    def signers(self) -> tuple[str, ...]:
        """Key ids, or the identity in the certificate."""

    @property
    def local(self) -> bool:
        """Only the user's own local key signs, which nobody else trusts."""

    def attest(self, payload: bytes) -> bytes:
        """Sign a statement.

        Args:
            payload: the statement's exact bytes.

        Returns:
            The signed document.

        Raises:
            TrustError: it cannot be signed.
        """


@dataclass(frozen=True)
class KeyAttestor:
    """Signs with keys: one DSSE envelope with a signature of each.

    Args:
        keys: at least one.

    Raises:
        UsageError: one key is there twice; it would count once.
    """

    keys: Sequence[SigningKey]
    form: str = "dsse"

    def __post_init__(self) -> None:
        distinct(self.keys)

    @property
    def origin(self) -> str:
        """Where the keys came from, and their fingerprints."""
        return " and ".join(f"{key.origin}, fingerprint {key.public.id}" for key in self.keys)

    @property
    def signers(self) -> tuple[str, ...]:
        """The key ids."""
        return tuple(key.public.id for key in self.keys)

    @property
    def local(self) -> bool:
        """Every key is the user's own local key."""
        return all(key.local for key in self.keys)

    def attest(self, payload: bytes) -> bytes:
        """Sign a statement with each key.

        Raises:
            TrustError: a key cannot sign.
        """
        return dsse.sign(payload, self.keys).to_bytes()


def signed_path(out: Path, form: str) -> Path:
    """What a signed file is called: ``NAME.dsse.json`` or ``NAME.sigstore.json`` for ``NAME.json``."""
    return out.with_name(f"{out.name.removesuffix('.json').removesuffix(f'.{form}')}.{form}.json")
