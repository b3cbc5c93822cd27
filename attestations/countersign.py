"""Adding a signature to what others have signed: a second person looks at the same bytes, and agrees.

A verdict names every other file of its package by digest, the assessment's envelope too, so that only its own envelope
can gain a signature; nothing else in the package changes.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..errors import TrustError, UsageError
from ..files import read_limited, write_atomic
from .documents import dsse
from .documents.dsse import MAX_SIGNATURES, Envelope
from .keys.signing_key import SigningKey, distinct
from .package.files import LIMITS
from .package.names import DETACHED, VERDICT, find_signed, signed_name


def verdict_to_countersign(package: Path) -> Path:
    """The file of a verdict package that can gain a signature.

    Raises:
        UsageError: there is no such package.
        TrustError: it has no verdict that keys signed, or something was made from the verdict as it is.
    """
    try:
        names = {entry.name for entry in package.iterdir()}
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"cannot read {package}", why=why, remedy="give a verdict package") from error
    name = find_signed(VERDICT, names)
    if name != signed_name(VERDICT, "dsse"):
        why = (
            "an identity signed it, and a bundle holds one signature"
            if name
            else f"there is no {signed_name(VERDICT, 'dsse')}"
        )
        raise TrustError(f"{package} cannot be countersigned", why=why, remedy="sign it with keys from the start")
    for made in DETACHED:
        if made in names:
            raise TrustError(
                f"{package} cannot be countersigned any more",
                why=f"{made} is about the verdict with the signatures that it has now",
                remedy=f"remove {made}, countersign, and have it made again",
            )
    return package / name


def countersign(path: Path, verified: bytes, keys: Sequence[SigningKey], *, beside: Path | None = None) -> Envelope:
    """Add signatures to an envelope, over the very same payload.

    Others may do the same at once: one waits for the other, and both signatures stay.

    Args:
        path: the envelope's file.
        verified: the bytes that were verified and shown; the file must still hold them.
        keys: who signs.
        beside: folder of the same file system for the unfinished file, where the envelope's own holds nothing else.

    Returns:
        The envelope as it lies in the file now.

    Raises:
        UsageError: the file cannot be read or written, or a key signs twice.
        TrustError: the file is another than was verified, or not in Probatum's form; a key cannot sign.
    """
    with _alone(path.parent):
        if read_limited(path, LIMITS.max_bytes) != verified:
            why = "it was changed since it was verified"
            raise TrustError(f"{path} is not signed", why=why, remedy="look at it again")
        whole = add_signatures(dsse.parse(verified, source=str(path), canonical=True, limits=LIMITS), keys)
        write_atomic(path, whole.to_bytes(), beside=beside)
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


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder against other countersigners; the system lets go of it when this process ends."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"cannot open {folder}", why=why, remedy="check the path") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
