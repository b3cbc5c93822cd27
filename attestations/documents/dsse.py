"""DSSE envelopes: signed over exact bytes, read strictly (https://github.com/secure-systems-lab/dsse, v1.0).

What is refused, and why it is dangerous:

- duplicate JSON keys, also by case: Go readers would see another payload than we do;
- base64 that is not the one encoding of its bytes: many envelopes for one signature;
- a payload type other than the one expected: a signature made for another purpose;
- two signatures of one public key against a threshold of two, under whatever key ids: ids are only hints.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ... import strict_json
from ...errors import TrustError
from ...strict_json import DEFAULT_LIMITS, Limits
from ..keys.counted import signers_of
from ..keys.public_key import PublicKey

if TYPE_CHECKING:
    from ..keys.signing_key import SigningKey

IN_TOTO = "application/vnd.in-toto+json"
MAX_SIGNATURES = 64
_REMEDY = "regenerate the envelope with the tool that made it; do not edit it by hand"


@dataclass(frozen=True)
class Envelope:
    """A DSSE envelope whose signatures nobody has checked yet.

    Args:
        payload: the signed bytes.
        payload_type: how to read them.
        signatures: key id (a hint, maybe empty) and signature of each signer.
    """

    payload: bytes
    payload_type: str
    signatures: tuple[tuple[str, bytes], ...]

    @property
    def signed_bytes(self) -> bytes:
        """What the signatures cover: the pre-authentication encoding."""
        return pae(self.payload_type, self.payload)

    def to_bytes(self) -> bytes:
        """The one canonical form of this envelope."""
        return strict_json.canonical(
            {
                "payload": base64.b64encode(self.payload).decode(),
                "payloadType": self.payload_type,
                "signatures": [{"keyid": i, "sig": base64.b64encode(s).decode()} for i, s in self.signatures],
            }
        )

    def signers(self, keys: Iterable[PublicKey]) -> tuple[PublicKey, ...]:
        """The distinct public keys, out of those given, that signed this envelope.

        Key ids decide nothing: they only say which key is tried first. A signature counts for one key, however often
        it is there.
        """
        signed = self.signed_bytes
        return signers_of(self.signatures, keys, lambda key, value: key.verifies(value, signed))


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding; lengths are of the UTF-8 bytes."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, signers: Sequence[SigningKey], *, payload_type: str = IN_TOTO) -> Envelope:
    """Sign bytes with one or more keys; the order of the signatures is that of the key ids, whoever signed first.

    Raises:
        TrustError: a key cannot sign, or what it signed does not verify with its public half.
    """
    data = pae(payload_type, payload)
    return Envelope(payload, payload_type, tuple(sorted((key.public.id, _signature(key, data)) for key in signers)))


def parse(data: bytes, *, source: str, canonical: bool = False, limits: Limits = DEFAULT_LIMITS) -> Envelope:
    """Read an envelope's outer JSON; its payload stays bytes.

    Args:
        data: the envelope.
        source: what to call it in errors.
        canonical: it must be in the one form that Probatum writes, byte for byte.
        limits: size and depth allowed.

    Raises:
        EvidenceError: it is not strict JSON.
        TrustError: it is not a DSSE envelope, or not in canonical form.
    """
    envelope = from_document(strict_json.loads(data, source=source, limits=limits, fold_case=True), source=source)
    if canonical and envelope.to_bytes() != data:
        raise TrustError(
            f"{source} is not in canonical form", why="its bytes differ from what Probatum writes", remedy=_REMEDY
        )
    return envelope


def from_document(document: Any, *, source: str) -> Envelope:
    """The envelope in a parsed JSON value; unknown fields are ignored, as the specification asks.

    Raises:
        TrustError: it is not a DSSE envelope.
    """
    if not isinstance(document, Mapping):
        raise _malformed(source, "expected a JSON object")
    payload_type = document.get("payloadType")
    if not isinstance(payload_type, str) or not payload_type.isascii() or not payload_type:
        raise _malformed(source, "payloadType is missing or not ASCII text")
    signatures = document.get("signatures")
    if not isinstance(signatures, list) or not 0 < len(signatures) <= MAX_SIGNATURES:
        raise _malformed(source, f"expected 1 to {MAX_SIGNATURES} signatures")
    return Envelope(
        decode_base64(document.get("payload"), f"{source}: payload"),
        payload_type,
        tuple(_one_signature(item, f"{source}: signatures[{at}]") for at, item in enumerate(signatures)),
    )


def decode_base64(text: Any, source: str) -> bytes:
    """Decode standard or URL-safe base64 that is the one encoding of its bytes.

    Raises:
        TrustError: it is not.
    """
    if isinstance(text, str) and text.isascii():
        raw = text.encode()
        for encode, altchars in ((base64.b64encode, b"+/"), (base64.urlsafe_b64encode, b"-_")):
            try:
                value = base64.b64decode(raw, altchars, validate=True)
            except (binascii.Error, ValueError):
                continue
            if encode(value) == raw:
                return value
    raise _malformed(source, "not canonical base64")


def _one_signature(item: Any, source: str) -> tuple[str, bytes]:
    if not isinstance(item, Mapping) or not isinstance(item.get("keyid", ""), str):
        raise _malformed(source, "expected an object with sig and, perhaps, keyid")
    value = decode_base64(item.get("sig"), f"{source}.sig")
    if not value:
        raise _malformed(source, "the signature is empty")
    return item.get("keyid", ""), value


def _signature(key: SigningKey, data: bytes) -> bytes:
    try:
        value = bytes.fromhex(key.signer.sign(data).signature)
    except Exception as error:  # each service's client has its own errors
        why = str(error) or type(error).__name__
        raise TrustError(f"{key.origin} cannot sign", why=why, remedy="check your access to the key") from error
    if not key.public.verifies(value, data):
        raise TrustError(
            f"{key.origin} made a signature that its public key does not verify",
            why="the public key given does not belong to the private key",
            remedy="give the public half of that key",
        )
    return key.public.canonical(value)


def _malformed(source: str, why: str) -> TrustError:
    return TrustError(f"{source} is not a DSSE envelope", why=why, remedy=_REMEDY)
