"""An assessment for people at a terminal: a table of all controls, then what is wrong, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType

from .console import heading, lay_out, line, table, words
from .reading import (
    Entry,
    conclusion,
    controls,
    counted,
    entries,
    items,
    label,
    row_outcome,
    said_by,
    title,
    waived_by,
    worst_first,
)
from .revocations import revoked_lines

MOST_SUBJECTS = 25
"""Subjects of one control that are shown in full; the rest is counted, and is in the JSON format."""

_MARKS = {"fail": "x", "inconclusive": "?", "waived": "~"}


def render(assessment: Mapping[str, Any], *, color: bool = False, width: int = 100) -> str:
    """Write an assessment as text.

    Args:
        assessment: the assessment document.
        color: use colours.
        width: columns.
    """
    return lay_out(_parts(assessment), color=color, width=width)


def _parts(assessment: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield line(title(assessment), style="bold")
    yield line("")
    yield _summary(assessment)
    for control in worst_first(assessment):
        yield from _details(control)
    yield from _rows(assessment)
    yield from _waivers(assessment)
    yield from _origins(assessment)
    yield from _revocations(assessment)
    for name, key, style in (("Bypasses", "bypasses", "yellow"), ("Of the run as a whole", "reasons", "inconclusive")):
        found = items(assessment, key)
        if found:
            yield heading(name)
        for item in found:
            yield line(item.get("message"), hang=f"{item.get('code') or '-'}:", indent=2, style=style)
    yield line("")
    yield line(counted(assessment), hang="Controls:")
    yield line(conclusion(assessment), style=str(assessment.get("result")))


def _summary(assessment: Mapping[str, Any]) -> RenderableType:
    return table(
        ("Control", "Priority", "Outcome", "Title"),
        (
            (
                words(control.get("id")),
                words(control.get("priority"), str(control.get("priority"))),
                words(label(control.get("outcome")), str(control.get("outcome"))),
                words(control.get("title")),
            )
            for control in controls(assessment)
        ),
    )


def _details(control: Mapping[str, Any]) -> Iterator[RenderableType]:
    shown = [entry for entry in entries(control) if entry.outcome in _MARKS or entry.causes or entry.waiver]
    if not shown:
        return
    outcome = str(control.get("outcome"))
    yield heading(f"{label(outcome).upper()} {control.get('id')}: {control.get('title')} ({control.get('priority')})")
    if control.get("error") and control.get("subjects"):
        yield line(control.get("error"), hang="error:", indent=2, style="fail")
    for entry in shown[:MOST_SUBJECTS]:
        yield from _entry(entry)
    if len(shown) > MOST_SUBJECTS:
        yield line(f"and {len(shown) - MOST_SUBJECTS} more subjects; --format json lists all of them", indent=2)
    remedies = {cause.remedy: None for entry in shown[:MOST_SUBJECTS] for cause in entry.causes if cause.remedy}
    for remedy in remedies:
        yield line(remedy, hang="remedy:", indent=2, style="bold")


def _entry(entry: Entry) -> Iterator[RenderableType]:
    yield line(f"{entry.subject}  {label(entry.outcome)}", indent=2, style=entry.outcome)
    for cause in entry.causes:
        message = cause.message if cause.code in {"finding", "error"} else f"{label(cause.code)}: {cause.message}"
        cited = f" [{', '.join(identity[:16] for identity in cause.evidence)}]" if cause.evidence else ""
        yield line(message + cited, hang=_MARKS.get(entry.outcome, "-"), indent=4)
    if entry.waiver is not None:
        yield line(waived_by(entry.waiver), hang="~", indent=4, style="waived")


def _rows(assessment: Mapping[str, Any]) -> Iterator[RenderableType]:
    rows = items(assessment, "rows")
    if not rows:
        return
    checklist = assessment.get("checklist") or {}
    yield heading(checklist.get("title") or checklist.get("id") or "Checklist")
    yield table(
        ("Row", "Outcome", "Controls", "Requirement"),
        (
            (
                words(row.get("row")),
                words(label(row_outcome(row)), row_outcome(row)),
                words(", ".join(str(one) for one in row.get("controls") or [])),
                words(row.get("title")),
            )
            for row in rows
        ),
    )


def _waivers(assessment: Mapping[str, Any]) -> Iterator[RenderableType]:
    found = items(assessment, "waivers")
    if found:
        yield heading("Waivers")
    for waiver in found:
        state = str(waiver.get("state") or "unknown")
        style = "waived" if state == "applied" else "inconclusive"
        yield line(f"{waiver.get('control')}: {waived_by(waiver)}", hang=f"{state}:", indent=2, style=style)


def _origins(assessment: Mapping[str, Any]) -> Iterator[RenderableType]:
    found = items(assessment, "origins")
    if found:
        yield heading("Evidence of other machines")
    for origin in found:
        style = "" if origin.get("verified") is True else "yellow"
        yield line(said_by(origin), hang="-", indent=2, style=style)


def _revocations(assessment: Mapping[str, Any]) -> Iterator[RenderableType]:
    for at, told in enumerate(revoked_lines(assessment)):
        if at == 0:
            yield heading("Revocations")
        yield line(told, hang="-", indent=2, style="yellow" if at else "")
