"""The public half of a key, wherever the key is."""

from __future__ import annotations

import re
from pathlib import Path

from ...files import read_limited
from .choose import choose_signer
from .public_key import PublicKey
from .signing_key import MAX_KEY_BYTES, Passphrase, key_from_file, no_passphrase

_PRIVATE = re.compile(rb"^-----BEGIN [A-Z ]*PRIVATE KEY-----", re.MULTILINE)
_URI = re.compile(r"[a-z][a-z0-9+.-]+:")


def public_half(key: str, passphrase: Passphrase = no_passphrase) -> PublicKey:
    """The public half of a key in a file, a token or a service.

    Args:
        key: path of a public key (PEM or one line in OpenSSH's form) or of a private one, or a securesystemslib URI.
        passphrase: of an encrypted private key, or PIN of a token; asked only when it is needed.

    Raises:
        UsageError: it cannot be read, or the library that a URI needs is not installed.
        TrustError: it is no key, too weak, or cannot be used.
    """
    path = Path(key)
    if _URI.match(key) and not path.exists():
        return choose_signer(key, passphrase=passphrase).public
    data = read_limited(path, MAX_KEY_BYTES)
    if _PRIVATE.search(data):
        return key_from_file(path, passphrase).public
    return PublicKey.from_pem(data, source=key)
