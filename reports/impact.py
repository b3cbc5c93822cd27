"""Which verdicts rested on something, and which of them still hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .format import Format
from .plain import plain
from .reading import items
from .table import render_table

_COLUMNS = {"Verdict": "package", "Pipeline": "pipeline", "Result": "result", "State": "state", "Why": "why"}
_UNTOUCHED = "does not rest on it"
_SHOWN = 5


def render_impact(document: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Write the answers of an impact analysis; verdicts that do not rest on what was asked about are only counted.

    Args:
        document: ``asked``, ``counts`` by state, and ``verdicts``.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    touched = [item for item in items(document, "verdicts") if item.get("state") != _UNTOUCHED]
    rows = [_row(item) for item in touched]
    counts = document.get("counts") or {}
    told = ", ".join(f"{plain(state)}: {counts[state]}" for state in counts if counts[state]) or "there is no verdict"
    notes = [line for item in touched for line in _details(item)]
    notes.append("signatures were not checked: probatum verify does")
    return render_table(
        document, rows, _COLUMNS, format, notes=[*notes, f"{plain(document.get('asked'))}; {told}"], color=color,
        width=width,
    )  # fmt: skip


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    verdict = item.get("verdict") or {}
    return {
        "package": plain(item.get("package")),
        "pipeline": plain(verdict.get("pipeline")),
        "result": plain(verdict.get("result")),
        "state": plain(item.get("state")),
        "why": plain(item.get("why")),
    }


def _details(item: Mapping[str, Any]) -> list[str]:
    name = plain(item.get("package"))
    advisories = (item.get("found") or {}).get("advisories")
    lines = _listed(name, "rests on it", item.get("how")) + _listed(name, "without it", item.get("changed"))
    lines += _listed(name, "not told", (item.get("found") or {}).get("not_told"))
    if advisories is not None:
        audited = advisories or (item.get("found") or {}).get("dependency_sets")
        told = f"its audit knew {plain(', '.join(advisories)) or 'no advisory'}" if audited else "no audit was about it"
        lines.append(f"{name}: {told}")
    return lines


def _listed(name: str, what: str, found: Sequence[Any] | None) -> list[str]:
    shown = [plain(one) for one in (found or ())[:_SHOWN]]
    rest = len(found or ()) - len(shown)
    return [f"{name}: {what}: {'; '.join(shown)}{f'; and {rest} more' if rest > 0 else ''}"] if shown else []
