"""What a change of policies does to past evidence, for the person who is about to roll it out."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from rich.console import RenderableType

from ..errors import UsageError
from .console import heading, lay_out, line, table, words
from .format import Format
from .markdown_text import table as markdown_table
from .markdown_text import words as markdown_words
from .plain import json_text, plain
from .reading import label

_GROUPS = ("newly failing", "newly passing", "other")
_COLUMNS = ("Control", "Outcome", "Pipeline", "Subjects", "Evidence", "Because")
_LISTED = 3
MOST_ROWS = 200
"""Rows of a group that are shown; JSON has every outcome."""


def render_difference(document: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Write what ``workbench.difference`` found.

    Args:
        document: the difference.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns.

    Raises:
        UsageError: another format.
    """
    if format is Format.JSON:
        return json_text(document)
    if format is Format.TEXT:
        return lay_out(_parts(document), color=color, width=width)
    if format is Format.MARKDOWN:
        return "\n\n".join(_sections(document)) + "\n"
    raise UsageError(f"this command has no {format} format", remedy="use --format text, json or markdown")


def summary(document: Mapping[str, Any]) -> str:
    """The numbers of the groups on one line."""
    counts = Counter(change["group"] for change in document["changes"])
    numbers = ", ".join(f"{counts[group]} {group}" for group in _GROUPS)
    evidence = f"{document['compared']} outcomes of {len(document['evidence'])} pieces of evidence"
    problems = f"; {len(document['problems'])} could not be compared" if document["problems"] else ""
    return f"{numbers}, of {evidence}{problems}"


def _parts(document: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield line(_title(document), style="bold")
    for text in _facts(document):
        yield line(text, indent=2)
    for group, changes in _groups(document):
        yield heading(f"{group.capitalize()} ({len(changes)})")
        rows = _rows(changes)
        cells = ([words(cell, cell) for cell in row] for row in rows[:MOST_ROWS])
        yield table(_COLUMNS, cells)
        if len(rows) > MOST_ROWS:
            yield line(f"and {len(rows) - MOST_ROWS} more rows; --format json lists every outcome", indent=2)
    flips = _flips(document)
    if flips:
        yield heading("Verdicts")
    for text in flips:
        yield line(text, indent=2)
    if document["problems"]:
        yield heading(f"Not compared ({len(document['problems'])})")
    for problem in document["problems"]:
        yield line(_problem(problem), indent=2, style="fail")
    yield line("")
    yield line(summary(document), style="bold")


def _sections(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {markdown_words(_title(document))}"
    facts = [*_facts(document), *_flips(document), *(f"not compared: {_problem(one)}" for one in document["problems"])]
    if facts:
        yield "\n".join(f"- {markdown_words(text)}" for text in facts)
    for group, changes in _groups(document):
        yield f"### {group.capitalize()} ({len(changes)})"
        rows = _rows(changes)
        cells = [[markdown_words(cell) for cell in row] for row in rows[:MOST_ROWS]]
        yield markdown_table(list(_COLUMNS), cells)
        if len(rows) > MOST_ROWS:
            yield f"and {len(rows) - MOST_ROWS} more rows"
    yield markdown_words(summary(document))


def _title(document: Mapping[str, Any]) -> str:
    sides = (f"{plain(document[side]['source'])} ({document[side]['digest'][:12]})" for side in ("old", "new"))
    return " → ".join(sides)


def _facts(document: Mapping[str, Any]) -> Iterator[str]:
    """What changed besides outcomes."""
    if document["old"]["digest"] == document["new"]["digest"]:
        yield "the two are equal"
    for name in ("added", "removed"):
        if document[name]:
            yield f"{name}: {', '.join(document[name])}"
    for one in document["parameters"]:
        before, after = (_value(one[side]) for side in ("before", "after"))
        yield f"{one['control']}: the default of {one['parameter']} was {before} and is {after}"
    for one in document["reasons"]:
        yield f"{one['control']}: {label(one['code'])} {one['before']} → {one['after']} times"
    for control, count in document["reworded"].items():
        yield f"{control}: {count} outcomes are the same on other grounds"


def _value(value: Sequence[Any]) -> str:
    return (plain(value[0]) or '""') if value and value[0] is not None else "null" if value else "not there"


def _groups(document: Mapping[str, Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for group, changes in itertools.groupby(document["changes"], key=lambda change: change["group"]):
        yield str(group), list(changes)


def _rows(changes: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """One row for a control, a flip and a pipeline: its subjects, where it was seen, and the first grounds."""
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for change in changes:
        flip = f"{_outcome(change['before'])} → {_outcome(change['after'])}"
        found.setdefault((change["control"], flip, plain(change["pipeline"])), []).append(change)
    return [[*key, *(_listed(one) for one in _sides(several))] for key, several in found.items()]


def _sides(changes: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    yield [change["subject"] or "every subject" for change in changes]
    yield [PurePath(change["source"]).name for change in changes]
    yield [text for change in changes for text in change["because"]]


def _listed(texts: Iterable[str]) -> str:
    """The first texts, each once, and the number of the others."""
    once = list(dict.fromkeys(texts))
    more = f" and {len(once) - _LISTED} more" if len(once) > _LISTED else ""
    return "; ".join(once[:_LISTED]) + more


def _flips(document: Mapping[str, Any]) -> list[str]:
    """Whole results that would be others."""
    found = [one for one in document["evidence"] if one["results"][0] != one["results"][1]]
    return [
        f"{plain(one['pipeline'])}, {one['evaluated_at']}: {' → '.join(one['results'])} ({plain(one['source'])})"
        for one in found[:MOST_ROWS]
    ]


def _problem(problem: Mapping[str, Any]) -> str:
    return f"{problem['source']}: {problem['what']}" + (f": {problem['why']}" if problem["why"] else "")


def _outcome(outcome: str | None) -> str:
    return "not decided" if outcome is None else label(outcome)
