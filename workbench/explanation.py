"""One control explained: what it asks and why, how it is decided, on whose evidence, and how to meet it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..evaluator.catalogue import explain_control
from ..evaluator.checklist import load_checklist
from ..evaluator.engines.base import Engine
from ..evaluator.metadata import Control
from ..evaluator.policies import PolicySet
from ..evaluator.rego.syntax import Module, Node, parse
from .decision import decide
from .examples import Examples, read_examples


def explanation(
    control: str,
    policies: PolicySet,
    checklist: str,
    parameters: Mapping[str, Mapping[str, Any]],
    *,
    suppliers: Mapping[str, str],
    folders: Sequence[Path],
    engine: Engine,
) -> dict[str, Any]:
    """Everything about one control.

    Args:
        control: its id, in any case.
        policies: the policy set.
        checklist: name or path; its parameters count when it lists the control.
        parameters: control id to values that the pipeline's manifest sets.
        suppliers: observation type to who makes it.
        folders: policy folders in which its examples are looked for; the last that has some wins.
        engine: what judges the examples.

    Raises:
        UsageError: there is no such control.
        PolicyError: the checklist, a parameter or the control's Rego is wrong.
        EvidenceError: an example is malformed.
    """
    found = explain_control(control, policies, checklist, parameters)
    known = policies.controls[found["id"]]
    module = parse(known.path, policies.modules[known.path])
    return {
        **found,
        "fails": list(_failures(module)),
        "suppliers": {name: suppliers.get(name) for name in sorted(known.types)},
        "mappings": mappings(known.id, policies),
        "references": list(known.references),
        "examples": _examples(known, policies, _lying(known, folders), engine),
    }


def mappings(control: str, policies: PolicySet) -> list[dict[str, str]]:
    """The rows of the set's checklists that a control decides: ``checklist``, ``row`` and ``title``."""
    return [
        {"checklist": name, "row": row.row, "title": row.title}
        for name in policies.checklists
        for row in load_checklist(name, policies).rows
        if control in row.controls
    ]


def _failures(module: Module) -> Iterator[dict[str, str]]:
    """The message of every ``deny`` rule, as it stands in the Rego, and where."""
    for rule in module.rules:
        if rule.name == "deny" and not rule.is_default:
            for message in _messages(rule.node):
                yield {"message": message, "at": module.where(rule.node.span)}


def _messages(rule: Node) -> Iterator[str]:
    head = rule.child("head")
    key = None if head is None else head.child("key")
    if key is None or key.kind != "Object":
        return
    for _, name, value in key.fields["fields"]:
        if "String" in name and name["String"]["value"] == "message":
            stated = value.get("String", {}).get("value")
            bound = value.get("Var", {}).get("value")
            yield from [stated] if stated else _bound(rule, bound)


def _bound(rule: Node, name: str | None) -> Iterator[str]:
    """What a variable is set to: a string, or the format of a ``sprintf``."""
    for node in rule.walk():
        target, value = node.child("lhs"), node.child("rhs")
        if node.kind != "AssignExpr" or target is None or value is None or target.dotted() != name:
            continue
        texts = (str(part.fields["value"]) for part in value.walk() if part.kind in ("String", "RawString"))
        yield from [text for text in texts if text][:1]


def _lying(control: Control, folders: Sequence[Path]) -> Examples:
    below = Path(control.path).parent
    found = Examples()
    for folder in folders:
        read = read_examples(folder / below)
        found = read if read.good or read.bad else found
    return found


def _examples(control: Control, policies: PolicySet, examples: Examples, engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, graph in (("good", examples.good), ("bad", examples.bad)):
        if graph is None:
            continue
        decided = decide(graph, control.id, policies=policies, engine=engine, parameters=examples.parameters)
        found[name] = {
            "outcome": str(decided.outcome()),
            "messages": sorted({finding["message"] for finding in decided.findings}),
            "parameters": dict(examples.parameters),
            "observations": [
                {"type": item.type, "subject": item.subject, "status": str(item.status), "result": dict(item.result)}
                for item in graph.observations.values()
            ],
        }
    return found
