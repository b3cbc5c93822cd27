"""What can run on this machine, and what would make the rest run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .format import Format
from .table import render_table

_COLUMNS = {"Part": "name", "Ready": "ready", "What it found": "reason", "What would help": "remedy"}


def render_doctor(rows: Sequence[Mapping[str, Any]], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Write the result of ``doctor``.

    Args:
        rows: ``name``, ``ready``, ``reason`` and ``remedy`` of each collector, engine or other part.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    missing = [str(row.get("name")) for row in rows if row.get("ready") is not True]
    conclusion = f"cannot run here: {', '.join(missing)}" if missing else f"all {len(rows)} parts can run here"
    shown = [{**row, "ready": row.get("ready") is True} for row in rows]
    return render_table(list(rows), shown, _COLUMNS, format, notes=[conclusion], color=color, width=width)
