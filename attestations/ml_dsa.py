"""ML-DSA-65 signatures (FIPS 204), pure and with an empty context, where the installed `cryptography` has them.

securesystemslib signs with ML-DSA, too, but not the message: a prefix of its own and the message's SHA-512 (TUF's
TAP 21). DSSE says that the signature is over the encoding itself, so the signer here is our own.
"""

from __future__ import annotations

from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from securesystemslib.signer import Key, SecretsHandler, Signature, Signer

from ..errors import UsageError

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


class MlDsaSigner(Signer):
    """Signs with an ML-DSA-65 key that is held in memory.

    Args:
        private: of the `cryptography` library.
        public: its public half, as securesystemslib describes keys.
    """

    def __init__(self, private: Any, public: Key) -> None:
        self._private = private
        self._public = public

    @property
    def public_key(self) -> Key:
        """The public half."""
        return self._public

    @classmethod
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> Signer:
        """Keys in files are read by `keys.key_from_file`; there is no URI for them."""
        raise NotImplementedError(priv_key_uri)

    def sign(self, payload: bytes) -> Signature:
        """Sign the bytes themselves."""
        return Signature(self._public.keyid, self._private.sign(payload).hex())
