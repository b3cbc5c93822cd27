"""Which key signs: a file, a key in a KMS, HSM or vault by securesystemslib URI, or the user's local key."""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import UsageError
from .local_key import local_key
from .remote_key import EXTRAS, remote_key
from .signing_key import Passphrase, SigningKey, key_from_file, no_passphrase

_URI = re.compile(r"^([a-z][a-z0-9+.-]+):(.*)$", re.DOTALL)


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
    if scheme not in EXTRAS:
        known = ", ".join(f"{name}:" for name in ("file2", *sorted(EXTRAS)))
        raise UsageError(f"unknown kind of key {scheme}:", why=f"known are {known}", remedy="give a path or such a URI")
    return remote_key(scheme, key, passphrase, public_key)
