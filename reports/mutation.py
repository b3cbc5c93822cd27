"""What the tests of policies did not notice, and which outcomes got better by damage to the evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType

from ..errors import UsageError
from .console import lay_out, line, table, words
from .format import Format
from .plain import json_text

_COLUMNS = ("Module", "Mutants", "Noticed", "Refused", "Stopped", "Survived", "Explained")
_LONGEST_DIFF = 12


def render_mutation(
    document: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100, show: bool = False
) -> str:
    """Write the report of a run of mutation.

    Args:
        document: the report as ``workbench.mutation`` makes it.
        format: ``text`` or ``json``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns.
        show: ``text`` only: show the survivors that are explained, too.

    Raises:
        UsageError: another format.
    """
    if format is Format.JSON:
        return json_text(document)
    if format is Format.TEXT:
        return lay_out(_parts(document, show), color=color, width=width)
    raise UsageError(f"mutation has no {format} format", remedy="use --format text or json")


def summary(document: Mapping[str, Any]) -> str:
    """What came of it, in one line."""
    explained = sum(item["reason"] is not None for item in document["survivors"])
    mutants = sum(counts["mutants"] for counts in document["modules"].values())
    survivors = _number(len(document["survivors"]) - explained, "survivor")
    better = _number(len(document["improvements"]), "outcome")
    return (
        f"{_number(mutants, 'mutant')}, {_number(document['tests'], 'test')}: {survivors} not explained, {explained} "
        f"explained; evidence spoilt {_number(document['spoilt'], 'time')}: {better} improved"
    )


def _parts(document: Mapping[str, Any], show: bool) -> Iterator[RenderableType]:
    for item in document["survivors"]:
        if show or item["reason"] is None:
            yield from _survivor(item)
    for item in document["improvements"]:
        yield from _improvement(item)
    for place in document["unread"]:
        yield line(f"{place}: the input that this test uses cannot be told", hang="NOT SPOILT", style="inconclusive")
    explained = Counter(item["path"] for item in document["survivors"] if item["reason"] is not None)
    yield table(_COLUMNS, [_row(path, counts, explained[path]) for path, counts in document["modules"].items()])
    yield line("")
    yield line(summary(document))


def _survivor(item: Mapping[str, Any]) -> Iterator[RenderableType]:
    explained = item["reason"] is not None
    state = "EXPLAINED" if explained else "SURVIVED"
    yield line(f"{item['path']}:{item['line']} ({item['operator']})", hang=state, style="" if explained else "fail")
    diff = item["diff"]
    for text in diff[:_LONGEST_DIFF]:
        yield line(text[1:], indent=4, hang=text[:1])
    if len(diff) > _LONGEST_DIFF:
        yield line(f"… {len(diff) - _LONGEST_DIFF} more lines", indent=4)
    yield line(item["reason"] if explained else item["hint"], indent=4, hang="because" if explained else "hint:")


def _improvement(item: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield line(f"{item['control']} of {item['subject']}: {item['before']} becomes pass", hang="IMPROVED", style="fail")
    yield line(item["change"], indent=4, hang="when")
    yield line(item["input"], indent=4, hang="in the input of")
    yield line("a proof must hold only while this is there, and is of the right type", indent=4, hang="hint:")


def _row(path: str, counts: Mapping[str, int], explained: int) -> tuple[Any, ...]:
    style = "fail" if counts["survived"] > explained else ""
    numbers = [counts[name] for name in ("mutants", "noticed", "refused", "stopped", "survived")]
    return words(path, style), *(words(number, style) for number in (*numbers, explained))


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
