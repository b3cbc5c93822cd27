"""Showing that a log grew from an earlier checkpoint to a later one, in the form that witnesses take."""

from __future__ import annotations

import base64

from ...errors import UsageError
from .checkpoint import verified
from .merkle import consistency_proof
from .store import Log


def grown_from(log: Log, old: int, signed: bytes) -> bytes:
    """The body of an ``add-checkpoint`` request (C2SP ``tlog-witness``): an older size, the proof, a checkpoint.

    Args:
        log: whose tiles the proof is made from.
        old: an older size, down to 0, which needs no proof.
        signed: the checkpoint that grew from it, whose signature was verified.

    Raises:
        UsageError: the older size is the larger one.
        TrustError: the log is damaged, or has fewer entries than the checkpoint.
    """
    size = verified(signed, log.key).size
    if old > size:
        why = f"it has {size} there"
        raise UsageError(f"the log has no {old} entries", why=why, remedy="'log check' compares the two")
    steps = consistency_proof(log.reader(size).hash, old, size) if old else []
    lines = "".join(f"{base64.b64encode(step).decode()}\n" for step in steps)
    return f"old {old}\n{lines}\n".encode() + signed
