"""The JSON form of what a trial found: where findings and proofs come from, and where bodies stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..evaluator.graph import Graph
from .stops import Binding, Element, Stop, Value
from .trial_values import about, fit, shared


def finding_document(finding: Mapping[str, Any], stops: Iterable[Stop]) -> dict[str, Any]:
    """A finding, with the bodies of ``deny`` that gave it and the values of their variables."""
    key = (finding["message"], list(finding["evidence"]))
    return {**finding, "from": _sources("deny", stops, lambda head: (head.get("message"), _ids(head)) == key)}


def proof_document(cited: Sequence[str], why_not: Sequence[str], stops: Iterable[Stop]) -> dict[str, Any]:
    """A proof, whether it is accepted by itself, and the bodies of ``proof`` that gave it."""
    found = _sources("proof", stops, lambda head: _ids(head) == list(cited))
    return {"evidence": list(cited), "accepted": not why_not, "why": list(why_not), "from": found}


def stop_document(stop: Stop, graph: Graph) -> dict[str, Any]:
    """A body that does not hold: what does, what does not, and the values at that place.

    Of the value of a rule that is about subjects only what is about the stop's own is kept; ``others`` counts the rest.
    """
    failing = stop.failing
    return {
        "rule": stop.body.rule,
        "at": stop.body.place,
        "holds": [statement.text for statement in stop.body.statements[: stop.cut]],
        "line": failing[0].line if failing else stop.body.line,
        "statement": "\n".join(statement.text for statement in failing),
        "error": stop.error,
        "count": stop.count,
        "bindings": [_binding(binding, stop.subject, graph) for binding in stop.bindings],
        "element": None if stop.element is None else _element(stop.element, stop.subject, graph),
    }


def _sources(rule: str, stops: Iterable[Stop], fits: Any) -> list[dict[str, Any]]:
    found = []
    for stop in (stop for stop in stops if stop.body.rule == rule and stop.fired):
        mine = [binding for binding in stop.bindings if isinstance(binding.head, Mapping) and fits(binding.head)]
        if mine:
            found.append({"at": stop.body.place, "variables": {k: fit(v) for k, v in mine[0].variables.items()}})
    return found


def _ids(head: Mapping[str, Any]) -> list[str]:
    cited = head.get("evidence")
    return sorted({one for one in cited if isinstance(one, str)}) if isinstance(cited, list) else []


def _binding(binding: Binding, subject: str, graph: Graph) -> dict[str, Any]:
    return {
        "variables": {name: fit(value) for name, value in binding.variables.items()},
        "values": [_value(value, subject, graph) for value in binding.values],
    }


def _value(value: Value, subject: str, graph: Graph) -> dict[str, Any]:
    found = {"expression": value.text, "defined": value.defined, "value": fit(value.value)}
    if not value.text.isidentifier() or not isinstance(value.value, list) or shared(value.value, graph):
        return found
    mine = about(value.value, subject, graph)
    return {**found, "value": mine["items"], "others": len(value.value) - mine["count"]}


def _element(element: Element, subject: str, graph: Graph) -> dict[str, Any]:
    return {
        "line": element.statement.line,
        "statement": element.statement.text,
        "count": element.count,
        **_binding(element.binding, subject, graph),
    }
