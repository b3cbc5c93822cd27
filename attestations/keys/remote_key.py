"""A key that never leaves its token, service or vault, by a URI of securesystemslib.

Schemes: ``hsm:[ID][?label=TOKEN]`` (PKCS#11, its library in the variable PYKCS11LIB), ``awskms:KEY``, ``hv:KEY``,
``gcpkms:projects/…/cryptoKeyVersions/N``, ``azurekms://VAULT.vault.azure.net/keys/KEY``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from cryptography.hazmat.primitives.asymmetric import ed25519
from securesystemslib.exceptions import UnsupportedLibraryError
from securesystemslib.signer import AWSSigner, AzureSigner, GCPSigner, HSMSigner, Signer, SSlibKey, VaultSigner

from ...errors import TrustError, UsageError
from ...files import read_limited
from .public_key import PublicKey
from .signing_key import MAX_KEY_BYTES, RSA_SCHEME, Passphrase, SigningKey, refuse_weak_signer

EXTRAS = {"awskms": "awskms", "gcpkms": "gcpkms", "azurekms": "azurekms", "hsm": "hsm", "hv": "vault"}
"""Scheme to the extra that installs its client."""
_CURVES = ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
_SCHEMES = ("ed25519", *_CURVES, RSA_SCHEME, "rsassa-pss-sha256")
_Secret = Callable[[str], str]


def remote_key(scheme: str, uri: str, passphrase: Passphrase, public_key: Path | None) -> SigningKey:
    """The signer behind a URI.

    Args:
        scheme: of the URI, one of ``EXTRAS``.
        uri: with the scheme.
        passphrase: the PIN of a token; asked at most once.
        public_key: PEM of the public half; the service is asked for it otherwise.

    Raises:
        UsageError: the client's library is not installed.
        TrustError: the key cannot be read or used, is too weak, or signs in a way that nobody would verify.
    """

    @cache
    def secret(_: str) -> str:
        return (passphrase() or b"").decode()

    try:
        exact, known = (uri, _given(public_key)) if public_key is not None else _imported(scheme, uri, secret)
        public = _public(known, uri)
        refuse_weak_signer(public, uri)
        renamed = SSlibKey(public.id, known.keytype, _scheme(scheme, known, uri), known.keyval)
        return SigningKey(Signer.from_priv_key_uri(exact, renamed, secret), public, uri)
    except UnsupportedLibraryError as error:
        remedy = f"pip install 'probatum[{EXTRAS[scheme]}]'"
        raise UsageError(f"cannot use {scheme}: keys", why=str(error), remedy=remedy) from error
    except (TrustError, UsageError):
        raise
    except Exception as error:  # each service's client has its own errors
        why = str(error) or type(error).__name__
        remedy = "check the URI and your access"
        if "PYKCS11LIB" in why:
            remedy = "set PYKCS11LIB to the path of the token's PKCS#11 library"
        raise TrustError(f"cannot use the key {uri}", why=why, remedy=remedy) from error


def _public(key: SSlibKey, uri: str) -> PublicKey:
    text: str = key.keyval["public"]
    if key.keytype == "ed25519":
        return PublicKey.of(ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)), source=uri)
    return PublicKey.from_pem(text.encode(), source=uri)


def _scheme(service: str, key: SSlibKey, uri: str) -> str:
    """How the service is to sign: where it leaves a choice for RSA, as stock SLSA verification wants it."""
    if service == "awskms" and key.keytype == "rsa":
        return RSA_SCHEME
    if key.scheme not in _SCHEMES:
        why = f"its service signs with {key.scheme}, which is verified nowhere"
        raise TrustError(f"cannot use the key {uri}", why=why, remedy=f"make a key for one of {', '.join(_SCHEMES)}")
    return str(key.scheme)


def _given(path: Path) -> SSlibKey:
    return SSlibKey.from_crypto(PublicKey.from_pem(read_limited(path, MAX_KEY_BYTES), source=str(path)).key)


def _imported(scheme: str, uri: str, secret: _Secret) -> tuple[str, SSlibKey]:
    """The URI with everything that it left open, and the public key, as the service tells."""
    parts = urlsplit(uri)
    name = parts.path.lstrip("/")
    if scheme == "hsm":
        if name and not name.isdecimal():
            raise UsageError(f"{uri} names no key", why="expected hsm:NUMBER?label=TOKEN", remedy="give the key's id")
        label = dict(parse_qsl(parts.query)).get("label")
        return HSMSigner.import_(int(name) if name else None, label, secret)
    if scheme == "awskms":
        return AWSSigner.import_(name)
    if scheme == "gcpkms":
        return GCPSigner.import_(name)
    if scheme == "hv":
        name, _, version = name.partition("/")
        return _same_version(uri, version, VaultSigner.import_(name))
    vault = parts.netloc.removesuffix(".vault.azure.net")
    name, _, version = name.removeprefix("keys/").partition("/")
    return _same_version(uri, version, AzureSigner.import_(vault, name))


def _same_version(uri: str, version: str, found: tuple[str, SSlibKey]) -> tuple[str, SSlibKey]:
    """The service tells the public half of a key's newest version only; an older one is not taken for it."""
    newest = found[0].rpartition("/")[2]
    if version and version != newest:
        why = f"it is not the newest version, {newest}, and the service tells no other's public half"
        raise TrustError(f"cannot use the key {uri}", why=why, remedy="leave the version out")
    return found
