"""One control tried on evidence, for the person who is writing it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType

from ..errors import UsageError
from .console import heading, lay_out, line
from .format import Format
from .plain import json_text, plain
from .reading import items, label

_MOST_LETTERS, _SHORT = 240, 60
_LONG_ID = re.compile(r"(obs:[0-9a-f]{12})[0-9a-f]+")
_RESERVED = ("accept_partial", "max_age_days", "min_tier")


def render_trial(document: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Write what ``workbench.trial`` found.

    Args:
        document: the trial.
        format: ``text`` or ``json``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns.

    Raises:
        UsageError: another format.
    """
    if format is Format.JSON:
        return json_text(document)
    if format is Format.TEXT:
        return lay_out(_parts(document), color=color, width=width)
    raise UsageError(
        f"this command has no {format} format", why="its result is not an assessment", remedy="use text or json"
    )


def _parts(document: Mapping[str, Any]) -> Iterator[RenderableType]:
    engine = document["engine"]
    pipeline = document["pipeline"].get("name")
    yield line(f"{document['control']}: {document['title']}", style="bold")
    yield line(f"{plain(pipeline)}, as of {document['evaluated_at']}, on {engine['name']} {engine['version']}")
    for name, one in document["parameters"].items():
        if one["origin"] != "default" or name not in _RESERVED:
            yield line(f"{name} = {_shown(one['value'])} ({one['origin']})", hang="parameter", indent=2)
    for name, value in document["values"].items():
        yield line(f"{name} = {_shown(value)}", hang="rule", indent=2)
    if document["error"]:
        yield line(document["error"], hang="error:", style="fail")
    for reason in document["reasons"]:
        yield line(reason["message"], hang=f"{label(reason['code'])}:", style="inconclusive")
    if document["not_stepped"]:
        yield line(f"{document['not_stepped']}: try it on less evidence", hang="its rules are not looked into:")
    for subject in document["subjects"]:
        yield from _subject(subject)
    if document["left_out"]:
        yield line("")
        outcomes = ", ".join(f"{one['subject']} ({label(one['outcome'])})" for one in document["left_out"])
        yield line(f"{outcomes}; --subject looks into one", hang="not looked into:")
    yield from _trace(document.get("trace"))


def _subject(subject: Mapping[str, Any]) -> Iterator[RenderableType]:
    outcome = str(subject["outcome"])
    yield heading(f"{subject['subject']}: {label(outcome)}")
    told: set[str] = set()
    for finding in items(subject, "findings"):
        yield line(f"{finding['message']} {_cited(finding)}", hang="deny", indent=2, style="fail")
        yield from _sources(finding, told)
    for proof in items(subject, "proofs"):
        verdict = "accepted" if proof["accepted"] else f"not accepted: {'; '.join(proof['why'])}"
        style = "pass" if proof["accepted"] else "fail"
        yield line(f"{_cited(proof)} {verdict}", hang="proof", indent=2, style=style)
        yield from _sources(proof, told)
    for reason in items(subject, "reasons"):
        yield line(f"{reason['message']} {_cited(reason)}", hang=f"{label(reason['code'])}:", indent=2)
    if subject["waiver"]:
        yield line(plain(subject["waiver"].get("id")), hang="waiver", indent=2, style="waived")
    for stops in _alike(items(subject, "stopped")):
        yield from _stop(stops)
    for rule, found in subject["rules"].items():
        more = found["count"] - len(found["items"])
        tail = f" and {more} more" if more else ""
        if found["count"]:
            yield line(f"{rule} has {_shown(found['items'])}{tail}", hang="rule", indent=2)


def _cited(item: Mapping[str, Any]) -> str:
    return _shown(item["evidence"]) if item["evidence"] else ""


def _sources(item: Mapping[str, Any], told: set[str]) -> Iterator[RenderableType]:
    """The bodies that gave a finding or a proof; values that were told before are not told again."""
    for source in items(item, "from"):
        yield line(source["at"], indent=6, hang="at")
        for name, value in source["variables"].items():
            text = f"{name} = {_shown(value)}"
            if value != item.get("message"):
                yield line(f"{name} as above" if text in told and len(text) > _SHORT else text, indent=8)
            told.add(text)


def _alike(stops: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Stops of one rule at equal statements on equal values, together."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for stop in stops:
        values = [binding["values"] for binding in stop["bindings"]]
        key = json.dumps([stop["rule"], stop["statement"], stop["error"], values], sort_keys=True)
        found.setdefault(key, []).append(stop)
    yield from found.values()


def _stop(stops: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    first = stops[0]
    at = first["at"] + "".join(f", {stop['at'].rpartition(':')[2]}" for stop in stops[1:])
    lines = ", ".join(str(stop["line"]) for stop in stops)
    yield line(f"{first['rule']} ({at}) stops at line {lines}", hang="-", indent=2)
    yield line(_short(first["statement"]), indent=6, style="bold")
    if first["error"]:
        yield line(first["error"], indent=8, hang="it raises:", style="fail")
    yield from _binding(first)
    if first["element"]:
        element = first["element"]
        several = f" (and for {element['count'] - 1} more)" if element["count"] > 1 else ""
        yield line(f"line {element['line']}: {_short(element['statement'])}{several}", indent=6, hang="fails at")
        for name, value in element["variables"].items():
            yield line(f"{name} = {_shown(value)}", indent=8)
        yield from _values(element)


def _binding(stop: Mapping[str, Any]) -> Iterator[RenderableType]:
    """The values at a stop: of the parts of the statement, else of the variables that it names."""
    for binding in stop["bindings"][:1]:
        yield from _values(binding)
        named = set(re.findall(r"\w+", stop["statement"]))
        for name, value in binding["variables"].items():
            if name in named and (not binding["values"] or isinstance(value, str)):
                yield line(f"{name} = {_shown(value)}", indent=8)
    if stop["count"] > 1:
        yield line(f"and {stop['count'] - 1} more like it; --format json has some of them", indent=8)


def _values(binding: Mapping[str, Any]) -> Iterator[RenderableType]:
    for value in binding["values"]:
        shown = f"= {_shown(value['value'])}" if value["defined"] else "is undefined"
        if value.get("others"):
            shown = shown if value["value"] else "has nothing about this subject"
            shown = f"{shown}, and {value['others']} about others"
        yield line(f"{_short(value['expression'])} {shown}", indent=8)


def _trace(trace: Mapping[str, Any] | None) -> Iterator[RenderableType]:
    if trace is not None:
        yield heading(f"What OPA explains ({trace['mode']})")
        if not trace["lines"]:
            yield line("nothing")
        for text in trace["lines"]:
            yield line(text.lstrip(), indent=len(text) - len(text.lstrip()))
        if trace["left_out"]:
            yield line(f"and {trace['left_out']} more lines: try it on less evidence")


def _short(text: str) -> str:
    return " ".join(text.split()) if len(text) <= _MOST_LETTERS else f"{' '.join(text[:_MOST_LETTERS].split())} …"


def _shown(value: object) -> str:
    """A value on one line, without what nobody reads."""
    cut = value["cut"] if isinstance(value, Mapping) and set(value) == {"cut", "bytes"} else None
    text = _LONG_ID.sub(r"\1", cut or json.dumps(value, ensure_ascii=False, sort_keys=True))
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]} …"
