"""The report of ``verify``: every check as a row, so that a reader sees what was compared and not only the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .format import Format
from .plain import plain
from .reading import items
from .table import render_table

_COLUMNS = {"Check": "check", "Holds": "ok", "Compared": "compared"}
_SHORT = 64  # characters, so that key ids and digests are whole; the JSON report has all of everything
_STRUCTURE = 48  # of a structure, so that it takes one line of a terminal
_NOT_ASKED: tuple[object, ...] = (None, False, [])
_ALWAYS = ("network", "replay", "subjects")
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
    rows = [_shown(row) for row in items(report, "rows")]
    settings = report.get("settings") or {}
    unused = [name for name in sorted(settings) if settings[name] in _NOT_ASKED and name not in _ALWAYS]
    notes = [f"{plain(name)}: {_told(settings[name])}" for name in sorted(settings) if name not in unused]
    notes += [f"not asked for: {', '.join(map(plain, unused))}"] if unused else []
    return render_table(
        report, rows, _COLUMNS, format, notes=[*notes, _conclusion(report, rows)], color=color, width=width
    )


def _told(setting: object) -> str:
    """One of the verifier's settings in words: a list without brackets, a digest as such."""
    if isinstance(setting, Mapping) and set(setting) == {"sha256"}:
        return plain(setting["sha256"])
    if isinstance(setting, (list, tuple)):
        return ", ".join(map(plain, setting)) or "none"
    return plain(setting) or "none"


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    expected, found, detail = (plain(row.get(name)) for name in ("expected", "found", "detail"))
    ok: object = "not made" if row.get("ok") in _NOT_MADE else row.get("ok") is True
    if ok is False:
        compared = f"expected {expected or 'nothing'}, found {found or 'nothing'}" + (f": {detail}" if detail else "")
    else:
        compared = detail if ok == "not made" else ": ".join(part for part in (_short(found), detail) if part)
    return {"check": row.get("check"), "ok": ok, "compared": compared}


def _short(text: str) -> str:
    limit = _STRUCTURE if text[:1] in ("[", "{") else _SHORT
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _conclusion(report: Mapping[str, Any], rows: list[dict[str, Any]]) -> str:
    broken = dict.fromkeys(plain(row.get("check")) for row in rows if row["ok"] is False)
    made = sum(row["ok"] is True for row in rows)
    if broken:
        return f"REFUSED: {', '.join(broken)}"
    if not made or report.get("verified") is not True:
        return "REFUSED: not everything that must be checked was checked"
    result = report.get("result")
    told = (
        f"the {plain(report.get('kind') or 'document')} is authentic"
        if result is None
        else f"the verdict is {plain(result)}"
    )
    return f"VERIFIED: {made} of {len(rows)} checks made, each of them holds; {told}"
