"""Reading the checkpoints that others kept: a checkpoint, an export of several, a proof, a verdict package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ...errors import TrustError, UsageError
from ...files import read_limited
from ..package.files import LIMITS
from ..package.names import LOG_PROOF, VERDICT, find_signed
from ..package.put import as_folder, is_package
from .checkpoint import Checkpoint, verified
from .entry import entry_of
from .history import Seen
from .merkle import consistency_proof, consistent, leaf_hash
from .proof import HEADER, LogProof
from .store import Log
from .verifier_key import VerifierKey

MAX_BYTES = 512 * 1024 * 1024
_BETWEEN_NOTES = re.compile(rb"\n\n(?!\xe2\x80\x94 )")


def read_kept(path: Path, key: VerifierKey) -> list[Seen]:
    """The checkpoints at a path, every signature verified.

    Args:
        path: a file with a checkpoint, with several of them, or with a proof; or a verdict package.
        key: of the log.

    Raises:
        UsageError: it cannot be read.
        TrustError: it is none of these, or is not signed with the key.
    """
    if is_package(path):
        return [_of_package(path, key)]
    data = read_limited(path, MAX_BYTES)
    if data.startswith(HEADER.encode()):
        proof = LogProof.parse(data)
        return [Seen(str(path), verified(proof.checkpoint, key))]
    return [Seen(f"{path}, checkpoint {at}", verified(note, key)) for at, note in enumerate(notes(data), start=1)]


def checkpoint_in(path: Path, key: VerifierKey) -> bytes:
    """The signed checkpoint in a file or a package, the last where there are several; its signature is verified.

    Raises:
        UsageError: it cannot be read.
        TrustError: there is none, or it is not signed with the key.
    """
    if is_package(path):
        with as_folder(path) as folder:
            found = LogProof.parse(read_limited(folder / LOG_PROOF, LIMITS.max_bytes)).checkpoint
    else:
        data = read_limited(path, MAX_BYTES)
        found = LogProof.parse(data).checkpoint if data.startswith(HEADER.encode()) else list(notes(data))[-1]
    verified(found, key)
    return found


def notes(data: bytes) -> Iterator[bytes]:
    """The notes of an export, which an empty line separates."""
    for part in _BETWEEN_NOTES.split(data):
        yield part if part.endswith(b"\n") else part + b"\n"


def beginning(log: Log, old: Checkpoint, new: Checkpoint) -> bool:
    """Whether an earlier checkpoint is a beginning of a log's newest one, shown by a proof that is verified.

    Raises:
        TrustError: the log is damaged.
    """
    if not old.size or old.size > new.size:
        return not old.size
    proof = consistency_proof(log.reader(new.size).hash, old.size, new.size)
    return consistent(old.size, old.root, new.size, new.root, proof)


def _of_package(path: Path, key: VerifierKey) -> Seen:
    with as_folder(path) as folder:
        proof = LogProof.parse(read_limited(folder / LOG_PROOF, LIMITS.max_bytes))
        entry = entry_of(read_verdict(folder, path)[1], source=str(path))
    return Seen(str(path), proof.verify(entry, key), proof, leaf_hash(entry))


def read_verdict(folder: Path, shown: Path) -> tuple[str, bytes]:
    """Name and bytes of the signed verdict in a package.

    Args:
        folder: with its files.
        shown: what the user calls it.

    Raises:
        UsageError: there is none.
        TrustError: there are two.
    """
    name = find_signed(VERDICT, [path.name for path in folder.iterdir()])
    if name is None:
        why = "no signed verdict is in it"
        raise UsageError(f"{shown} is no verdict package", why=why, remedy="give what gate --out wrote")
    return name, read_limited(folder / name, LIMITS.max_bytes)


def not_a_beginning(old: Checkpoint, new: Checkpoint, source: str) -> TrustError:
    """What a witness or an export says of a log that went back, or that shows another history."""
    if old.size > new.size:
        return TrustError(
            f"the log {new.origin} was rolled back",
            why=f"{source} has seen {old.size} entries, the log now says {new.size}",
            remedy="do not use it; ask its operator, and keep both checkpoints as evidence",
        )
    return TrustError(
        f"the log {new.origin} was rewritten or forked",
        why=f"its {new.size} entries do not begin with the {old.size} that {source} has seen",
        remedy="'probatum log check --checkpoint' says where; keep both checkpoints as evidence",
    )
