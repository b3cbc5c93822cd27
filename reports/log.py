"""What the commands about transparency logs show: checks as rows, and entries as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .format import Format
from .plain import plain
from .table import render_table

_CHECKS = {"Check": "check", "Holds": "ok", "Compared": "compared"}
_ENTRIES = {"Index": "index", "Time": "time", "Resource": "resource", "Result": "result", "Document": "document"}


def render_log_check(document: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Write the checks of a log.

    Args:
        document: ``rows`` of ``check``, ``ok``, ``expected``, ``found`` and ``detail``.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    rows = [_checked(row) for row in document["rows"]]
    return render_table(document, rows, _CHECKS, format, color=color, width=width)


def render_log(document: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Write a log's state and some of its entries.

    Args:
        document: ``origin``, ``key``, ``size``, ``root`` and ``entries`` of ``index`` and what each holds.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    rows: Sequence[Mapping[str, Any]] = [
        {**entry, "document": plain(entry.get("document", ""))[:16]} for entry in document["entries"]
    ]
    notes = [f"{name}: {plain(document[name])}" for name in ("origin", "key", "size", "root")]
    return render_table(document, rows, _ENTRIES, format, notes=notes, color=color, width=width)


def _checked(row: Mapping[str, Any]) -> dict[str, Any]:
    ok: object = row["ok"] if isinstance(row["ok"], bool) else "not made"
    found, expected, detail = (plain(row[name]) for name in ("found", "expected", "detail"))
    text = f"expected {expected or 'nothing'}, found {found or 'nothing'}: {detail}" if ok is False else detail or found
    return {"check": row["check"], "ok": ok, "compared": text}
