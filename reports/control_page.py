"""One control as a Markdown page: what ``policy docs`` writes, and the reference of this project consists of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .markdown_text import code, table, words
from .plain import plain

_LINES = 40
_USABLE = (
    "It passes for a subject only with a proof that cites usable evidence: complete, not older than `max_age_days`, of "
    "at least `min_tier`, and about the content that the subject has now. Without one it is inconclusive, which blocks."
)


def render_page(control: Mapping[str, Any]) -> str:
    """The page of one control.

    Args:
        control: what ``workbench.explanation.explanation`` gives.
    """
    lines = [f"# {words(control['id'])}: {words(control['title'])}", "", words(control["description"]), ""]
    lines += [
        f"- Priority: {words(control['priority'])}",
        f"- Stages: {words(', '.join(control['stages']))}",
        f"- Applies to every: {words(', '.join(control['subjects']))}",
        "",
    ]
    for title, body in _sections(control):
        lines += [f"## {title}", "", *body, ""]
    return "\n".join(lines).rstrip() + "\n"


def render_index(controls: Sequence[Mapping[str, Any]]) -> str:
    """The page that leads to the pages of several controls."""
    rows = [
        [f"[{words(one['id'])}]({one['id']}.md)", words(one["priority"]), words(one["title"])]
        for one in sorted(controls, key=lambda one: str(one["id"]))
    ]
    return f"# Controls\n\n{table(['control', 'priority', 'title'], rows)}\n"


def template(message: str) -> str:
    """A message as it stands in the Rego, for people: what is filled in becomes an ellipsis."""
    return message.replace("%s", "…").replace("%v", "…").replace("%d", "…")


def _sections(control: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    yield "How it is decided", list(_decided(control))
    yield "Evidence", [_evidence(control)]
    yield "Parameters", [_parameters(control["parameters"])]
    yield "How to meet it", [words(control["remediation"])]
    if control["mappings"]:
        rows = [[words(row["checklist"]), words(row["row"]), words(row["title"])] for row in control["mappings"]]
        yield "Rows of checklists", [table(["checklist", "row", "words"], rows)]
    if control["references"]:
        yield "References", [f"- {words(reference)}" for reference in control["references"]]
    for name, title in (("good", "A graph that passes"), ("bad", "A graph that does not")):
        if name in control["examples"]:
            yield title, list(_example(control["examples"][name]))


def _decided(control: Mapping[str, Any]) -> Iterator[str]:
    messages = dict.fromkeys(template(item["message"]) for item in control["fails"])
    if messages:
        yield "It fails for a subject with each of these findings, also when the evidence is stale or partial:"
        yield ""
        yield from (f"- {words(message)}" for message in messages)
        yield ""
    yield _USABLE


def _evidence(control: Mapping[str, Any]) -> str:
    rows = [
        [" or ".join(code(name) for name in group), "; ".join(words(_supplier(control, name)) for name in group)]
        for group in control["evidence"]
    ]
    return table(["observation type (each row is needed)", "supplied by"], rows)


def _supplier(control: Mapping[str, Any], name: str) -> str:
    return control["suppliers"].get(name) or "no installed collector; an evidence graph made elsewhere"


def _parameters(parameters: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [code(name), code(json.dumps(schema.get("default"))), words(schema.get("origin", "default")), _meaning(schema)]
        for name, schema in sorted(parameters.items())
    ]
    return table(["parameter", "value", "set by", "meaning"], rows)


def _meaning(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "one of " + ", ".join(map(str, schema["enum"])) if "enum" in schema else "")
    limits = [" or ".join(kind) if isinstance(kind, list) else str(kind)]
    limits += [f"{name} {schema[name]}" for name in ("unit", "minimum", "maximum", "pattern") if name in schema]
    return words(f"{plain(schema.get('description'))} ({', '.join(filter(None, limits))})")


def _example(example: Mapping[str, Any]) -> Iterator[str]:
    if example["parameters"]:
        yield f"With the parameters {code(json.dumps(example['parameters']))}:"
        yield ""
    yield from (f"- {words(message)}" for message in example["messages"])
    if example["messages"]:
        yield ""
    for number, item in enumerate(example["observations"]):
        if number:
            yield ""
        yield f"{code(item['type'])} of {code(item['subject'])}, {words(item['status'])}:"
        yield ""
        yield "```json"
        lines = json.dumps(item["result"], indent=2, sort_keys=True).splitlines()  # ASCII: invisible marks are escapes
        yield from lines[:_LINES]
        if len(lines) > _LINES:
            yield f"… {len(lines) - _LINES} more lines"
        yield "```"
