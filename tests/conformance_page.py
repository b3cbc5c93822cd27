"""The measured part of docs/author/engines.md, rendered from the list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "author" / "engines.md"
_BEGIN, _END = (
    "<!-- Measured by tests/conformance.py --write; do not edit below. -->\n",
    "<!-- End of what is measured. -->\n",
)


def replaced(page: str, document: Mapping[str, Any]) -> str:
    """A page with its measured part written anew.

    Args:
        page: the whole text.
        document: the list of dangers with what a run found.
    """
    before, after = page.index(_BEGIN) + len(_BEGIN), page.index(_END)
    return page[:before] + "\n" + measured_part(document) + "\n" + page[after:]


def measured_part(document: Mapping[str, Any]) -> str:
    """The tables, as Markdown."""
    parts = [_totals(document), _lacking(document), _dangers(document), _corners(document), _outcomes(document)]
    return "\n".join(parts)


def _totals(document: Mapping[str, Any]) -> str:
    engine, cases, ours = document["engine"], document["cases"], document["ours"]
    return (
        f"## What was run\n\nOpen Policy Agent {document['opa']}, its {_sum(cases)} cases of Rego v1; the "
        f"embedded engine of `{engine['distribution']}` {engine['version']}.\n\n"
        "| cases | all | same | refused loudly | silently different |\n| --- | ---: | ---: | ---: | ---: |\n"
        f"| OPA's own | {_sum(cases)} | {cases['same']} | {cases['refused']} | {cases['different']} |\n"
        f"| ours, for what OPA's do not try | {_sum(ours)} | {ours['same']} | {ours['refused']} | "
        f"{ours['different']} |\n\n"
        f"{cases['crashed']} of OPA's cases crashed the engine or kept it from answering.\n"
    )


def _lacking(document: Mapping[str, Any]) -> str:
    names = ", ".join(f"`{name}`" for name in document["lacking"])
    count = len(document["lacking"])
    return (
        f"## What it lacks\n\nOf the {count + len(document['builtins'])} builtin functions of Rego v1, {count} "
        f"are unknown to it. A policy that calls one is refused:\n\n{names}.\n"
    )


def _dangers(document: Mapping[str, Any]) -> str:
    lines = [
        "## What it does otherwise: refused\n",
        "| what | what differs on the embedded engine | instead | shown by |",
    ]
    lines.append("| --- | --- | --- | --- |")
    lines += [
        f"| {_cell(item['name'])} | {_cell(item['reason'])} | {_cell(item['remedy'] or '`--engine opa`')} | "
        f"{_cell(item['cases'][0])} |"
        for item in document["dangers"]
    ]
    return "\n".join(lines) + "\n"


def _corners(document: Mapping[str, Any]) -> str:
    lines = [
        "## What differs in a corner: not refused\n",
        "Nothing refuses these: they depend on values that the source",
    ]
    lines += ["does not show, or are too rare to forbid what they belong to.\n", "| what | the corner | shown by |"]
    lines.append("| --- | --- | --- |")
    lines += [
        f"| {_cell(item['name'])} | {_cell(item['reason'])} | {_cell(item['cases'][0])} |"
        for item in document["corners"]
    ]
    return "\n".join(lines) + "\n"


def _outcomes(document: Mapping[str, Any]) -> str:
    found: Mapping[str, Mapping[str, int]] = document["outcomes"]
    alike = [name for name, counts in found.items() if counts["same"] == _sum(counts)]
    lines = ["## OPA's cases, per builtin function and part of the language\n"]
    lines += ["| what | cases | same | refused loudly | silently different |", "| --- | ---: | ---: | ---: | ---: |"]
    lines += [
        f"| `{name}` | {_sum(counts)} | {counts['same']} | {counts['refused']} | {counts['different']} |"
        for name, counts in found.items()
        if name not in alike
    ]
    total = sum(_sum(found[name]) for name in alike)
    lines.append(f"\nAll {total} cases of these are the same: {', '.join(f'`{name}`' for name in alike)}.")
    return "\n".join(lines) + "\n"


def _sum(counts: Mapping[str, int]) -> int:
    return counts["same"] + counts["refused"] + counts["different"]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
