"""Signing one revocation, and putting it where it was asked for."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from ...errors import UsageError
from ...files import write_atomic
from ..attestor import Attestor
from .entry import REASONS, Entry
from .statement import revocation_statement, sign_revocation


def issue(entry: Entry, out: Path, *, attestor: Attestor, now: datetime) -> Path:
    """Sign a revocation and write it.

    Args:
        entry: what is revoked, and why.
        out: a file, or a folder (one that exists, or a name without a suffix) in which the file is named after the
            kind and its content; no file there is replaced.
        attestor: who signs.
        now: when.

    Returns:
        The file.

    Raises:
        UsageError: the reason is unknown, a time makes no sense, or the file exists or cannot be written.
        TrustError: it cannot be signed.
    """
    if entry.reason not in REASONS:
        raise UsageError(
            f"unknown reason {entry.reason!r}", why=f"known are {', '.join(REASONS)}", remedy="choose one of them"
        )
    data = sign_revocation(revocation_statement([entry], now=now, issuer=attestor.signers), attestor)
    path = out
    if out.is_dir() or not out.suffix:
        path = out / f"{entry.target.kind}-{hashlib.sha256(data).hexdigest()[:16]}.{attestor.form}.json"
    if path.exists():
        raise UsageError(
            f"{path} exists", why="what was revoked stays revoked", remedy="give another file, or a folder"
        )
    write_atomic(path, data)
    return path
