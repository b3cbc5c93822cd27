"""A small table in any of the formats that a table has: text, Markdown, or the rows themselves as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UsageError
from .format import Format
from .markdown_text import table as markdown_table
from .markdown_text import words as markdown_words
from .plain import json_text

Columns = Mapping[str, str]
"""Heading of each column to the field of a row that it shows."""


def render_table(
    document: Any,
    rows: Sequence[Mapping[str, Any]],
    columns: Columns,
    format: Format,
    *,
    notes: Sequence[str] = (),
    color: bool = False,
    width: int = 100,
) -> str:
    """Write rows as a table.

    Args:
        document: what the JSON format writes.
        rows: what the table shows; a boolean is shown as ``ok`` or ``NO``.
        columns: headings and fields, in order.
        format: ``text``, ``json`` or ``markdown``.
        notes: lines below the table, the last of them the conclusion.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    cells = [[_cell(row.get(field)) for field in columns.values()] for row in rows]
    if format is Format.JSON:
        return json_text(document)
    if format is Format.TEXT:
        return _text(list(columns), cells, notes, color, width)
    if format is Format.MARKDOWN:
        body = markdown_table(list(columns), [[markdown_words(cell) for cell in row] for row in cells])
        return "\n\n".join([body, *(markdown_words(note) for note in notes)]) + "\n"
    raise UsageError(
        f"this command has no {format} format",
        why="its result is not an assessment",
        remedy="use --format text, json or markdown",
    )


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "ok" if value else "NO"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    return value


def _text(columns: list[str], cells: list[list[object]], notes: Sequence[str], color: bool, width: int) -> str:
    from .console import lay_out, line, table, words

    body = [table(columns, [[words(cell, str(cell).lower()) for cell in row] for row in cells])] if cells else []
    below = [*([line("")] if body else []), *(line(note) for note in notes)] if notes else []
    return lay_out([*body, *below], color=color, width=width)
