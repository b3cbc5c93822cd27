"""The verdicts of a folder: who signed which, about what, and how it came out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .format import Format
from .plain import plain
from .reading import items
from .table import render_table

_COLUMNS = {
    "Verdict": "package",
    "Pipeline": "pipeline",
    "Checklist": "checklist",
    "Gate": "stage",
    "Result": "result",
    "Time": "evaluated_at",
    "Signed by": "signers",
}


def render_verdicts(document: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Write the list, one row for each verdict; whom its evidence rests on, and damage, in lines below.

    Args:
        document: ``verdicts``.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    listed = items(document, "verdicts")
    rows = [{field: _shown(item.get(field)) for field in _COLUMNS.values()} for item in listed]
    notes = [note for item in listed for note in _notes(item)]
    conclusion = f"{len(listed)} verdicts; signatures were not checked: probatum verify does"
    return render_table(document, rows, _COLUMNS, format, notes=[*notes, conclusion], color=color, width=width)


def _shown(value: Any) -> str:
    return ", ".join(map(plain, value)) or "nobody" if isinstance(value, list) else plain(value)


def _notes(item: Mapping[str, Any]) -> list[str]:
    name, rests_on = plain(item.get("package")), item.get("rests_on")
    notes = [f"{name}: {plain(item['problem'])}"] if item.get("problem") else []
    return [*notes, f"{name}: its evidence rests on the signatures of {_shown(rests_on)}"] if rests_on else notes
