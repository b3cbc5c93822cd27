"""Adding a signature to what others have signed: a second person looks at the same bytes, and agrees.

An attestation in a file gains a signature in its envelope. A verdict stays as it is, because a log's proof or a
timestamp may have been made from it: who signs it, too, does so in a file beside it, over the same payload.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import TrustError, UsageError
from ..files import read_limited, write_atomic
from .attestor import Attestor
from .documents import dsse
from .documents.dsse import MAX_SIGNATURES, Envelope
from .keys.signing_key import SigningKey, distinct
from .package.files import LIMITS
from .package.names import countersignature_path
from .package.put import alone


def countersignature(payload: bytes, attestor: Attestor) -> tuple[str, bytes]:
    """Sign a verdict that others have signed.

    Args:
        payload: the verdict's, which was verified and shown.
        attestor: who signs.

    Returns:
        The file that this makes: its path in the package, and its bytes.

    Raises:
        TrustError: it cannot be signed.
    """
    data = attestor.attest(payload)
    return countersignature_path(hashlib.sha256(data).hexdigest(), attestor.form), data


def countersign(path: Path, verified: bytes, keys: Sequence[SigningKey]) -> Envelope:
    """Add signatures to an envelope, over the very same payload.

    Others may do the same at once: one waits for the other, and both signatures stay.

    Args:
        path: the envelope's file.
        verified: the bytes that were verified and shown; the file must still hold them.
        keys: who signs.

    Returns:
        The envelope as it lies in the file now.

    Raises:
        UsageError: the file cannot be read or written, or a key signs twice.
        TrustError: the file is another than was verified, or not in Probatum's form; a key cannot sign.
    """
    with alone(path.parent):
        if read_limited(path, LIMITS.max_bytes) != verified:
            why = "it was changed since it was verified"
            raise TrustError(f"{path} is not signed", why=why, remedy="look at it again")
        whole = add_signatures(dsse.parse(verified, source=str(path), canonical=True, limits=LIMITS), keys)
        write_atomic(path, whole.to_bytes())
    return whole


def add_signatures(envelope: Envelope, keys: Sequence[SigningKey]) -> Envelope:
    """The envelope with further signatures.

    Raises:
        UsageError: a key has signed it already; under whatever key id, it would count once.
        TrustError: it would hold too many signatures; a key cannot sign.
    """
    for key in distinct(keys):
        if envelope.signers([key.public]):
            why = f"{key.public.id} has signed it, and one key counts once"
            raise UsageError(f"{key.origin} has signed already", why=why, remedy="have somebody else sign it")
    if len(envelope.signatures) + len(keys) > MAX_SIGNATURES:
        raise TrustError("there are too many signatures", why=f"at most {MAX_SIGNATURES}", remedy="sign fewer times")
    added = dsse.sign(envelope.payload, keys, payload_type=envelope.payload_type)
    return replace(envelope, signatures=tuple(sorted((*envelope.signatures, *added.signatures))))
