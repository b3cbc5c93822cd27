"""The report of ``verify``: every check as a row, so that a reader sees what was compared and not only the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .format import Format
from .plain import plain
from .reading import items
from .table import render_table

_COLUMNS = {"Check": "check", "Holds": "ok", "Expected": "expected", "Found": "found", "Detail": "detail"}
_NOT_MADE = (None, "skipped")


def render_verification(report: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Write a verification report.

    Args:
        report: ``verified``, ``result``, ``settings``, and ``rows`` of ``check``, ``ok``, ``expected``, ``found`` and
            ``detail``; ``ok`` is true only if the check holds, ``"skipped"`` if it was not made.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    rows = [{**row, "ok": _holds(row.get("ok"))} for row in items(report, "rows")]
    settings = report.get("settings") or {}
    notes = [f"{plain(name)}: {plain(settings[name])}" for name in sorted(settings)]
    return render_table(
        report, rows, _COLUMNS, format, notes=[*notes, _conclusion(report, rows)], color=color, width=width
    )


def _holds(value: object) -> object:
    return "not made" if value in _NOT_MADE else value is True


def _conclusion(report: Mapping[str, Any], rows: list[dict[str, Any]]) -> str:
    broken = [plain(row.get("check")) for row in rows if row["ok"] is False]
    made = sum(row["ok"] is True for row in rows)
    if broken:
        return f"REFUSED: {', '.join(broken)}"
    if not made or report.get("verified") is not True:
        return "REFUSED: not everything that must be checked was checked"
    return (
        f"VERIFIED: {made} of {len(rows)} checks made, each of them holds; the verdict is {plain(report.get('result'))}"
    )
