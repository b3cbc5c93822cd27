"""An assessment as GitHub-flavoured Markdown, for pull-request comments and verdict packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .markdown_text import code, table, words
from .reading import (
    Cause,
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
"""Subjects of one control that are shown in full: a comment on GitHub holds 65,536 characters."""

_MARKS = {"pass": "✅", "fail": "❌", "inconclusive": "❔", "waived": "➖", "not_applicable": "⬜", "not_covered": "⬜"}


def render(assessment: Mapping[str, Any]) -> str:
    """Write an assessment as Markdown."""
    blocks = [
        f"## Probatum: {words(conclusion(assessment))}",
        words(title(assessment)),
        _summary(assessment),
        *_problems(assessment),
        *_rows(assessment),
        *_waivers(assessment),
        *_origins(assessment),
        *_revocations(assessment),
        *_list("Bypasses", items(assessment, "bypasses")),
        *_list("Of the run as a whole", items(assessment, "reasons")),
        f"Controls: {words(counted(assessment))}.",
        *_digests(assessment),
        *_packs(items(assessment, "packs")),
    ]
    return "\n\n".join(blocks) + "\n"


def _outcome(value: object) -> str:
    return f"{_MARKS.get(str(value), '❔')} {words(label(value))}"


def _summary(assessment: Mapping[str, Any]) -> str:
    return table(
        ("Control", "Priority", "Outcome", "Title"),
        (
            (
                words(item.get("id")),
                words(item.get("priority")),
                _outcome(item.get("outcome")),
                words(item.get("title")),
            )
            for item in controls(assessment)
        ),
    )


def _problems(assessment: Mapping[str, Any]) -> Iterator[str]:
    for control in worst_first(assessment):
        shown = [entry for entry in entries(control) if entry.causes or entry.waiver]
        if not shown:
            continue
        yield f"### {_outcome(control.get('outcome'))}: {words(control.get('id'))} {words(control.get('title'))}"
        lines = [line for entry in shown[:MOST_SUBJECTS] for line in _entry(entry)]
        if len(shown) > MOST_SUBJECTS:
            lines.append(f"- and {len(shown) - MOST_SUBJECTS} more subjects, listed in the JSON report")
        yield "\n".join(lines)
        remedies = {cause.remedy: None for entry in shown[:MOST_SUBJECTS] for cause in entry.causes if cause.remedy}
        if remedies:
            yield "**Remedy:** " + "; ".join(words(remedy) for remedy in remedies)


def _entry(entry: Entry) -> Iterator[str]:
    yield f"- {code(entry.subject)}: {words(label(entry.outcome))}"
    for cause in entry.causes:
        yield f"  - {_cause(cause)}"
    if entry.waiver is not None:
        yield f"  - {words(waived_by(entry.waiver))}"


def _cause(cause: Cause) -> str:
    prefix = "" if cause.code in {"finding", "error"} else f"{words(label(cause.code))}: "
    cited = ", ".join(code(one[:16]) for one in cause.evidence)
    return f"{prefix}{words(cause.message)}" + (f" ({cited})" if cited else "")


def _rows(assessment: Mapping[str, Any]) -> Iterator[str]:
    rows = items(assessment, "rows")
    if not rows:
        return
    checklist = assessment.get("checklist") or {}
    yield f"### {words(checklist.get('title') or checklist.get('id') or 'Checklist')}"
    yield table(
        ("Row", "Outcome", "Controls", "Requirement"),
        (
            (
                words(row.get("row")),
                _outcome(row_outcome(row)),
                words(", ".join(str(one) for one in row.get("controls") or [])),
                words(row.get("title")),
            )
            for row in rows
        ),
    )


def _waivers(assessment: Mapping[str, Any]) -> Iterator[str]:
    found = items(assessment, "waivers")
    if found:
        yield "### Waivers"
        yield "\n".join(
            f"- {words(item.get('state'))}: {words(item.get('control'))}, {words(waived_by(item))}" for item in found
        )


def _origins(assessment: Mapping[str, Any]) -> Iterator[str]:
    found = items(assessment, "origins")
    if found:
        yield "### Evidence of other machines"
        yield "\n".join(f"- {words(said_by(item))}" for item in found)


def _revocations(assessment: Mapping[str, Any]) -> Iterator[str]:
    found = list(revoked_lines(assessment))
    if found:
        yield "### Revocations"
        yield "\n".join(f"- {words(told)}" for told in found)


def _list(heading: str, found: list[Mapping[str, Any]]) -> Iterator[str]:
    if found:
        yield f"### {heading}"
        yield "\n".join(f"- {words(item.get('code'))}: {words(item.get('message'))}" for item in found)


def _digests(assessment: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (words(name), code(f"{algorithm}:{value}"))
        for name, digest in sorted((assessment.get("digests") or {}).items())
        for algorithm, value in sorted((digest or {}).items())
    ]
    if rows:
        yield "### Evaluated"
        yield table(("What", "Digest"), rows)


def _packs(packs: list[Mapping[str, Any]]) -> Iterator[str]:
    """Where the policies came from; nothing where only the built-in ones decided."""
    if all(pack.get("built_in") is True for pack in packs):
        return
    yield "### Policies"
    yield table(
        ("Pack", "Version", "Source", "Locked", "Signed by", "Replaces"),
        (
            (
                words(pack.get("name")),
                words(pack.get("version")),
                words(pack.get("source")),
                "yes" if pack.get("locked") is True else "no",
                words(_listed(pack.get("signers"))),
                words(_listed(pack.get("replaces"))),
            )
            for pack in packs
        ),
    )


def _listed(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else ""
