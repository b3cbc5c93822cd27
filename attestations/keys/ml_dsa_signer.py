"""Signing with ML-DSA-65 (FIPS 204), pure and with an empty context.

securesystemslib signs with ML-DSA, too, but not the message: a prefix of its own and the message's SHA-512 (TUF's
TAP 21). DSSE says that the signature is over the encoding itself, so the signer here is our own. It is apart from what
verifies, because securesystemslib imports the clients of every cloud that are installed.
"""

from __future__ import annotations

from typing import Any

from securesystemslib.signer import Key, SecretsHandler, Signature, Signer


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
