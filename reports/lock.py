"""What a lock file of policies says, and what changed in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .format import Format
from .table import render_table

_COLUMNS = {"Pack": "name", "Version": "version", "Source": "source", "Policies": "sha256", "Signed by": "signed"}


def render_lock(locked: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Write the packs of a lock file.

    Args:
        locked: what ``policy_sources.lock_policies`` gives.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    rows = [
        {
            **pack,
            "sha256": pack["digest"]["sha256"],
            "signed": ", ".join(pack["signers"]) or "nobody",
        }
        for pack in locked["packs"]
    ]
    notes = [f"{pack['change']}: {pack['source']}" for pack in locked["packs"] if pack["change"] != "unchanged"]
    notes += [f"no longer there: {source}" for source in locked["gone"]]
    return render_table(locked, rows, _COLUMNS, format, notes=notes, color=color, width=width)
