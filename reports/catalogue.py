"""The catalogue of controls, and one control explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .format import Format
from .markdown_text import words as markdown_words
from .plain import plain
from .table import render_table

_COLUMNS = {"Control": "id", "Priority": "priority", "Stages": "stages", "Subjects": "subjects", "Title": "title"}


def render_controls(
    controls: Sequence[Mapping[str, Any]], format: Format, *, color: bool = False, width: int = 100
) -> str:
    """Write the list of controls.

    Args:
        controls: metadata of each control: ``id``, ``title``, ``priority``, ``stages``, ``subjects``.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    rows = sorted(controls, key=lambda control: str(control.get("id")))
    count = f"{len(rows)} control{'' if len(rows) == 1 else 's'}"
    return render_table(rows, rows, _COLUMNS, format, notes=[count], color=color, width=width)


def render_control(control: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Explain one control: what it asks, of what, on which evidence, with which parameters, and how to mend it.

    Args:
        control: metadata: ``id``, ``title``, ``description``, ``priority``, ``stages``, ``subjects``, ``evidence``,
            ``parameters`` and ``remediation``.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    title = f"{plain(control.get('id'))}: {plain(control.get('title'))}"
    rows = [{"field": field, "value": value} for field, value in _facts(control) if value]
    if format is Format.MARKDOWN:
        lines = [f"- **{markdown_words(row['field'])}:** {markdown_words(row['value'])}" for row in rows]
        return f"## {markdown_words(title)}\n\n" + "\n".join(lines) + "\n"
    return render_table(control, rows, {"Control": "field", title: "value"}, format, color=color, width=width)


def _facts(control: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Asks", plain(control.get("description"))
    yield "Priority", plain(control.get("priority"))
    yield "Stages", ", ".join(control.get("stages") or [])
    yield "Of every", ", ".join(control.get("subjects") or [])
    yield "Evidence", _evidence(control.get("evidence") or [])
    yield "Remedy", plain(control.get("remediation"))
    for name, schema in sorted((control.get("parameters") or {}).items()):
        yield f"Parameter {name}", _parameter(schema if isinstance(schema, Mapping) else {"default": schema})


def _evidence(types: Sequence[Any]) -> str:
    """``[[a, b], c]`` as ``(a or b) and c``."""
    groups = [one if isinstance(one, str) else f"({' or '.join(one)})" for one in types]
    return " and ".join(groups)


def _parameter(schema: Mapping[str, Any]) -> str:
    default = plain(schema["default"]) or "none" if "default" in schema else "must be given"
    limits = [f"{name} {plain(schema[name])}" for name in ("type", "minimum", "maximum", "enum") if name in schema]
    described = plain(schema.get("description"))
    if schema.get("origin", "default") != "default":
        default = f"{default}, set by the {plain(schema['origin'])}"
    return f"{default}" + (f" ({', '.join(limits)})" if limits else "") + (f": {described}" if described else "")
