"""Keys of logs and witnesses (C2SP ``signed-note``): a name, and an ed25519 key that is used for one purpose."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ...errors import TrustError, UsageError
from ..keys.public_key import PublicKey

if TYPE_CHECKING:
    from ..keys.signing_key import SigningKey

ED25519, COSIGNATURE = 1, 4
NAME = re.compile(r"[^\s+]{1,255}")
_KEY_BYTES, _HASH_BYTES = 32, 4


@dataclass(frozen=True)
class VerifierKey:
    """A key that notes are verified with, in the form ``NAME+HASH+BASE64``.

    Args:
        name: of the log or witness: a URL without scheme, as a rule.
        kind: ``ED25519`` for a log, ``COSIGNATURE`` for a witness.
        public: the key's 32 bytes.
    """

    name: str
    kind: int
    public: bytes

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a verifier key, which has one spelling.

        Raises:
            TrustError: it is none, of a kind other than ed25519, or its hash is not that of its key.
        """
        name, _, rest = text.partition("+")
        encoded = rest.partition("+")[2]
        try:
            data = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise _no_key(text, str(error)) from error
        if not NAME.fullmatch(name) or len(data) != 1 + _KEY_BYTES or data[0] not in (ED25519, COSIGNATURE):
            raise _no_key(text, "expected NAME+HASH+BASE64 of an ed25519 key")
        found = cls(name, data[0], data[1:])
        if str(found) != text:
            raise _no_key(text, f"this key is written {found}")
        return found

    @classmethod
    def of(cls, name: str, key: PublicKey, kind: int = ED25519) -> VerifierKey:
        """The verifier key of a public key.

        Raises:
            UsageError: the name or the kind of key cannot be used.
        """
        if not NAME.fullmatch(name):
            why = f"{name!r} is empty, too long, or has a space or a plus sign"
            raise UsageError("this cannot be the name of a log or witness", why=why, remedy="example.com/log will do")
        if not isinstance(key.key, Ed25519PublicKey):
            raise UsageError(
                "logs and witnesses sign with ed25519",
                why="signed notes know no other kind that tools agree on",
                remedy="make one: probatum keys new log.pem --kind ed25519",
            )
        return cls(name, kind, key.key.public_bytes_raw())

    @property
    def hash(self) -> bytes:
        """The four bytes by which signatures name the key."""
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:_HASH_BYTES]

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether a signature is this key's over the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def is_key(self, key: PublicKey) -> bool:
        """Whether this is the same key material, whatever it is called and used for."""
        return isinstance(key.key, Ed25519PublicKey) and key.key.public_bytes_raw() == self.public

    @property
    def id(self) -> str:
        """The id of the key material, as that of every other key; see `public_key.PublicKey.id`.

        Raises:
            TrustError: it is none that anything can be signed with.
        """
        return PublicKey.of(Ed25519PublicKey.from_public_bytes(self.public), source=self.name).id

    def __str__(self) -> str:
        """The form that ``parse`` reads."""
        return f"{self.name}+{self.hash.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"


@dataclass(frozen=True)
class NoteSigner:
    """Signs notes under a name.

    Args:
        key: verifies what it signs.
        private: signs.
    """

    key: VerifierKey
    private: SigningKey

    @classmethod
    def of(cls, name: str, private: SigningKey, kind: int = ED25519) -> NoteSigner:
        """A signer of a name and a private key.

        Raises:
            UsageError: the name or the kind of key cannot be used.
        """
        return cls(VerifierKey.of(name, private.public, kind), private)

    def sign(self, message: bytes) -> bytes:
        """The signature of a message.

        Raises:
            TrustError: the key cannot sign.
        """
        try:
            signature = bytes.fromhex(self.private.signer.sign(message).signature)
        except Exception as error:  # each service's client has its own errors
            raise TrustError(f"{self.private.origin} cannot sign", why=str(error), remedy="check the key") from error
        if not self.key.verifies(signature, message):
            why = "the public key given does not belong to the private key"
            raise TrustError(f"{self.private.origin} made a signature that does not hold", why=why)
        return signature


def _no_key(text: str, why: str) -> TrustError:
    return TrustError(f"{text[:80]!r} is no verifier key", why=why, remedy="copy it whole from 'probatum log show'")
