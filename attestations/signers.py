"""Which key signs: a file, a key in a KMS, HSM or vault by securesystemslib URI, or the user's local key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519
from securesystemslib.exceptions import UnsupportedLibraryError
from securesystemslib.signer import (
    SIGNER_FOR_URI_SCHEME,
    AWSSigner,
    AzureSigner,
    GCPSigner,
    HSMSigner,
    Signer,
    SSlibKey,
    VaultSigner,
)

from ..errors import TrustError, UsageError
from ..files import read_limited
from .keys import MAX_KEY_BYTES, Passphrase, SigningKey, key_from_file, no_passphrase
from .local_key import local_key
from .public_key import PublicKey

_URI = re.compile(r"^([a-z][a-z0-9+.-]+):(.+)$", re.DOTALL)
_EXTRAS = {"awskms": "awskms", "gcpkms": "gcpkms", "azurekms": "azurekms", "hsm": "hsm", "hv": "vault"}


def choose_signer(
    key: str | None = None,
    *,
    passphrase: Passphrase = no_passphrase,
    public_key: Path | None = None,
) -> SigningKey:
    """The signer that the user asked for.

    Args:
        key: a path, a securesystemslib URI (``file2:``, ``awskms:``, ``gcpkms:``, ``azurekms:``, ``hsm:``, ``hv:``), or
            None for the local key.
        passphrase: of an encrypted file, or PIN of a token; asked only when it is needed.
        public_key: PEM of the public half, for a key behind a URI whose service is not to be asked for it.

    Raises:
        UsageError: unknown scheme, or a library that the scheme needs is not installed.
        TrustError: the key cannot be read or used.
    """
    if key is None:
        return local_key()
    match = _URI.match(key)
    if match is None:
        return key_from_file(Path(key), passphrase)
    scheme, rest = match.groups()
    if scheme in ("file", "file2"):
        return key_from_file(Path(rest.removeprefix("//")), passphrase)
    if scheme not in SIGNER_FOR_URI_SCHEME or scheme not in _EXTRAS:
        known = ", ".join(f"{name}:" for name in ("file2", *sorted(_EXTRAS)))
        raise UsageError(f"unknown kind of key {scheme}:", why=f"known are {known}", remedy="give a path or such a URI")
    return _remote(scheme, key, passphrase, public_key)


def _remote(scheme: str, uri: str, passphrase: Passphrase, public_key: Path | None) -> SigningKey:
    def secret(_: str) -> str:
        return (passphrase() or b"").decode()

    try:
        known = _given(public_key) if public_key is not None else _imported(scheme, uri, secret)
        public = _public(known, uri)
        renamed = SSlibKey(public.id, known.keytype, known.scheme, known.keyval)
        return SigningKey(Signer.from_priv_key_uri(uri, renamed, secret), public, uri)
    except UnsupportedLibraryError as error:
        raise UsageError(
            f"cannot use {scheme}: keys",
            why=str(error),
            remedy=f"pip install 'securesystemslib[{_EXTRAS[scheme]}]'",
        ) from error
    except (TrustError, UsageError):
        raise
    except Exception as error:  # each service's client has its own errors
        raise TrustError(f"cannot use the key {uri}", why=str(error), remedy="check the URI and your access") from error


def _public(key: SSlibKey, uri: str) -> PublicKey:
    text: str = key.keyval["public"]
    if key.keytype == "ed25519":
        return PublicKey.of(ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)), source=uri)
    return PublicKey.from_pem(text.encode(), source=uri)


def _given(path: Path) -> SSlibKey:
    return SSlibKey.from_crypto(PublicKey.from_pem(read_limited(path, MAX_KEY_BYTES), source=str(path)).key)


def _imported(scheme: str, uri: str, secret: Any) -> SSlibKey:
    name = uri.partition(":")[2].lstrip("/")
    if scheme == "awskms":
        return AWSSigner.import_(name)[1]
    if scheme == "gcpkms":
        return GCPSigner.import_(name)[1]
    if scheme == "hv":
        return VaultSigner.import_(name)[1]
    if scheme == "hsm":
        return HSMSigner.import_(secrets_handler=secret)[1]
    vault, _, rest = name.partition(".vault.azure.net/keys/")
    return AzureSigner.import_(vault, rest.partition("/")[0])[1]
