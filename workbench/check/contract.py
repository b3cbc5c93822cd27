"""The contract of a control: three rules, of which ``proof`` rests on usable evidence, and findings of one form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...evaluator.engines.base import RULES as WANTED
from ...evaluator.rego.syntax import Module, Node
from ...evaluator.rego.syntax import Rule as RegoRule
from .pack import Pack
from .problem import Problem, Rule, Severity
from .references import reached
from .scope import pairs
from .values import Alternative, Value, alternatives, is_list, is_object, is_text

MISSING = {
    name: Rule(
        f"contract/{name}-missing",
        f"A control defines {name}",
        "the control is inconclusive for ever",
        exemptible=False,
    )
    for name in WANTED
}
NO_SET = Rule(
    "contract/not-a-set",
    "applies, deny and proof are sets",
    "the evaluator takes anything else for an error of the policy",
    exemptible=False,
)
SHAPE = Rule(
    "contract/shape",
    "A finding states subject, message and evidence; a proof subject and evidence",
    "the evaluator takes anything else for an error of the policy, and the control is inconclusive",
    exemptible=False,
)
EXTRA = Rule(
    "contract/unknown-field",
    "A finding or proof states nothing that nobody reads",
    "the evaluator drops the field, so what it says is lost",
    Severity.WARNING,
)
UNUSABLE = Rule(
    "contract/proof-without-usable",
    "proof reads input.usable",
    "a proof that rests on anything else may rest on evidence that is stale, partial or of too low a tier",
    exemptible=False,
)
RULES = (*MISSING.values(), NO_SET, SHAPE, EXTRA, UNUSABLE)

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "deny": ("subject", "message", "evidence"),
    "proof": ("subject", "evidence"),
}
_FURTHER = {"deny": ("remediation",), "proof": ()}
_FORMS = {"subject": "a string", "message": "a string", "evidence": "a list of ids"}


def find(pack: Pack) -> Iterator[Problem]:
    """Problems of every control."""
    for path in pack.controls:
        module = pack.modules.get(path)
        if module is not None:
            yield from _control(path, module, pack)


def _control(path: str, module: Module, pack: Pack) -> Iterator[Problem]:
    line = next((number for number, text in enumerate(module.text.split("\n"), 1) if text.startswith("package")), 1)
    for name in WANTED:
        rules = [rule for rule in module.rules if rule.name == name]
        if not rules:
            what = f"{module.package} does not define {name}"
            yield MISSING[name].of_file(module.path, what, line=line, remedy=f"write '{name} contains … if …'")
            continue
        for rule in rules:
            value = pack.flows[path].definitions.get((module.path, rule.node.span.start))
            if value and not any("set" in found for found in value):
                yield NO_SET.at(module, rule.node, f"{name} is no set", remedy=f"write '{name} contains … if …'")
            elif name in _FIELDS:
                yield from _shape(module, name, rule, value)
    proofs = [rule for rule in module.rules if rule.name == "proof"]
    if proofs and not _reads_usable(module, pack):
        remedy = "take what proof cites from input.usable[id].<type>"
        yield UNUSABLE.at(module, proofs[0].node, "proof does not read input.usable", remedy=remedy)


def _shape(module: Module, name: str, rule: RegoRule, value: Value) -> Iterator[Problem]:
    head = rule.node.child("head")
    member = head.child("key") if head is not None and head.kind == "Set" else None
    if member is None:
        return
    inside = [schema for found in value or () if "set" in found for schema in alternatives(found["set"])]
    if member.kind == "Object":
        yield from _written(module, name, member, inside)
    elif inside and not any(map(is_object, inside)):
        yield SHAPE.at(module, member, f"{name} contains what is no object", remedy=_remedy(name))
    else:
        for field in _FIELDS[name]:
            if any(_lacks(found, field) for found in inside) or _misshapen(field, inside):
                what = f"{name} contains an object without a {field} that is {_FORMS[field]}"
                yield SHAPE.at(module, member, what, remedy=_remedy(name))


def _written(module: Module, name: str, member: Node, inside: Sequence[Alternative]) -> Iterator[Problem]:
    """Problems of an object that is written in the head."""
    stated = {str(key.fields["value"]): part for key, part in pairs(member) if key.kind == "String"}
    if len(stated) < len(pairs(member)):  # a key that is computed may be any
        return
    for field in _FIELDS[name]:
        if field not in stated:
            yield SHAPE.at(module, member, f"{name} states no {field}", remedy=_remedy(name))
        elif _misshapen(field, inside):
            what = f"the {field} of {name} is not {_FORMS[field]}"
            yield SHAPE.at(module, stated[field], what, remedy=_remedy(name))
    for field, part in stated.items():
        if field not in (*_FIELDS[name], *_FURTHER[name]):
            yield EXTRA.at(module, part, f"{name} states {field!r}, which nobody reads", remedy="say it in the message")


def _lacks(found: Alternative, field: str) -> bool:
    """True for an object that the policy itself writes, without a field."""
    return bool(found.get("made")) and not found["additionalProperties"] and field not in found["properties"]


def _misshapen(field: str, members: Sequence[Alternative]) -> bool:
    """True when the field is known, in some member, to be neither the string nor the list that it must be."""
    values = [item for found in members for item in alternatives(found.get("properties", {}).get(field, {}))]
    fits = is_list if field == "evidence" else is_text
    return any(not fits(found) for found in values)


def _remedy(name: str) -> str:
    fields = ", ".join(f'"{field}": …' for field in _FIELDS[name])
    return f"write '{name} contains {{{fields}}} if …'"


def _reads_usable(module: Module, pack: Pack) -> bool:
    return any(
        _means_usable(node, owner)
        for owner, rule in reached([f"{module.package}.proof"], pack.everything)
        for node in rule.node.walk()
    )


def _means_usable(node: Node, module: Module) -> bool:
    """``input.usable``, or ``input`` as a whole, which may be looked into elsewhere."""
    if node.kind in ("Call", "AssignExpr", "SomeIn"):
        return any(part.kind == "Var" and part.fields["value"] == "input" for part in node.children())
    path = node.path()
    full = [*module.resolve(path[0]).split("."), *path[1:]] if isinstance(path[0], str) else []
    return full[:2] == ["input", "usable"]
