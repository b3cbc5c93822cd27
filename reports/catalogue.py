"""The catalogue of controls, and one control explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .control_page import render_page, template
from .format import Format
from .plain import plain
from .table import render_table

_EXCERPT = 240
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
        control: what ``workbench.explanation.explanation`` gives.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    if format is Format.MARKDOWN:
        return render_page(control)
    title = f"{plain(control['id'])}: {plain(control['title'])}"
    rows = [{"field": field, "value": value} for field, value in _facts(control) if value]
    return render_table(control, rows, {"Control": "field", title: "value"}, format, color=color, width=width)


def _facts(control: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Asks", plain(control["description"])
    yield "Priority", plain(control["priority"])
    yield "Stages", ", ".join(control["stages"])
    yield "Of every", ", ".join(control["subjects"])
    yield "Evidence", _evidence(control["evidence"])
    for name, supplier in control["suppliers"].items():
        yield f"{plain(name)} is from", plain(supplier) or "no installed collector; an evidence graph made elsewhere"
    for message in dict.fromkeys(template(item["message"]) for item in control["fails"]):
        yield "Fails when", plain(message)
    yield "Passes when", "a proof cites usable evidence; without one it is inconclusive, which blocks"
    for name, schema in sorted(control["parameters"].items()):
        yield f"Parameter {plain(name)}", _parameter(schema)
    for row in control["mappings"]:
        yield "Decides", f"{plain(row['checklist'])} {plain(row['row'])}: {plain(row['title'])}"
    yield "References", ", ".join(map(plain, control["references"]))
    yield "Remedy", plain(control["remediation"])
    for name, example in control["examples"].items():
        yield f"A {name} graph", _example(example)


def _example(example: Mapping[str, Any]) -> str:
    shown = [
        f"{item['type']} of {item['subject']}: {_short(plain(item['result']))}" for item in example["observations"]
    ]
    verdict = "; ".join([example["outcome"], *example["messages"]])
    return plain(f"{verdict}. {' '.join(shown)}")


def _short(text: str) -> str:
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"


def _evidence(types: Sequence[Sequence[str]]) -> str:
    """``[[a, b], c]`` as ``(a or b) and c``."""
    groups = [one[0] if len(one) == 1 else f"({' or '.join(one)})" for one in types]
    return " and ".join(groups)


def _parameter(schema: Mapping[str, Any]) -> str:
    default = plain(schema["default"]) or "none" if "default" in schema else "must be given"
    limits = [
        f"{name} {plain(schema[name])}" for name in ("type", "unit", "minimum", "maximum", "enum") if name in schema
    ]
    described = plain(schema.get("description"))
    if schema.get("origin", "default") != "default":
        default = f"{default}, set by the {plain(schema['origin'])}"
    return f"{default}" + (f" ({', '.join(limits)})" if limits else "") + (f": {described}" if described else "")
