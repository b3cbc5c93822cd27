"""What a query came to, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import UsageError
from .format import Format
from .plain import json_text, plain
from .table import render_table

_VALUE = "value"


def render_query(document: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Write the answer of ``workbench.query``.

    Args:
        document: its JSON form.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    if format is Format.JSON:
        return json_text(document)
    if format not in (Format.TEXT, Format.MARKDOWN):
        raise UsageError(f"this command has no {format} format", remedy="use --format text, json or markdown")
    rows = list(_rows(document["result"]))
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if not columns:
        return "undefined\n" if not document["result"] else "true\n"
    cells = [{name: _cell(row.get(name)) for name in columns} for row in rows]
    return render_table(document, cells, {name: name for name in columns}, format, color=color, width=width)


def _rows(result: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """One row for each answer; a lone array has a row for each item, a lone object for each field."""
    if len(result) == 1 and not result[0]["bindings"] and _VALUE in result[0]:
        value = result[0][_VALUE]
        if isinstance(value, list) and value:
            yield from ({_VALUE: item} for item in value)
            return
        if isinstance(value, Mapping) and value:
            yield from ({"key": key, _VALUE: item} for key, item in value.items())
            return
    for one in result:
        yield {**one["bindings"], **({_VALUE: one[_VALUE]} if _VALUE in one else {})}


def _cell(value: object) -> str:
    return "null" if value is None else plain(value)
