"""ML-DSA-65 keys (FIPS 204), where the installed `cryptography` has them."""

from __future__ import annotations

from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm

from ...errors import UsageError

KIND = "ml-dsa-65"
_NEEDS = "pip install 'cryptography>=48'"


def library() -> Any:
    """The module of `cryptography`; None when the installed version has none."""
    try:
        from cryptography.hazmat.primitives.asymmetric import mldsa
    except ImportError:
        return None
    return mldsa


def is_public(key: Any) -> bool:
    """Whether a key of the `cryptography` library is a public key for ML-DSA-65."""
    found = library()
    return found is not None and isinstance(key, found.MLDSA65PublicKey)


def is_private(key: Any) -> bool:
    """Whether a key of the `cryptography` library is a private key for ML-DSA-65."""
    found = library()
    return found is not None and isinstance(key, found.MLDSA65PrivateKey)


def new_private_key() -> Any:
    """Make a key.

    Raises:
        UsageError: the installed library has no ML-DSA.
    """
    found = library()
    if found is None:
        raise UsageError("cannot make an ML-DSA key", why="this version of `cryptography` has none", remedy=_NEEDS)
    try:
        return found.MLDSA65PrivateKey.generate()
    except UnsupportedAlgorithm as error:
        why = "the OpenSSL that `cryptography` was built with has none"
        raise UsageError("cannot make an ML-DSA key", why=why, remedy=_NEEDS) from error
