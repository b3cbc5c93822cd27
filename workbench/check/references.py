"""Which rules of which modules a rule rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...evaluator.rego.syntax import Module, Node, Rule


def rules_by_name(modules: Iterable[Module]) -> dict[str, list[tuple[Module, Rule]]]:
    """Full name of every rule, ``package.rule``, to its definitions."""
    found: dict[str, list[tuple[Module, Rule]]] = {}
    for module in modules:
        for rule in module.rules:
            found.setdefault(f"{module.package}.{rule.name}", []).append((module, rule))
    return found


def reached(names: Sequence[str], modules: Iterable[Module]) -> list[tuple[Module, Rule]]:
    """The definitions of some rules, and of every rule that they rest on.

    A local variable that is called like a rule counts as one: too much is followed rather than too little.
    """
    known = rules_by_name(modules)
    waiting, seen = list(names), set(names)
    found: list[tuple[Module, Rule]] = []
    while waiting:
        for module, rule in known.get(waiting.pop(), ()):
            found.append((module, rule))
            for node in rule.node.walk():
                fresh = [name for name in _named(node, module) if name in known and name not in seen]
                seen.update(fresh)
                waiting += fresh
    return found


def _named(node: Node, module: Module) -> Iterator[str]:
    """Full names that a reference may mean: each of its beginnings, for a rule may be looked into."""
    if node.kind not in ("Var", "RefDot", "RefBrack"):
        return
    steps = node.path()
    first = steps[0]
    if not isinstance(first, str):
        return
    resolved = module.resolve(first)
    parts = resolved.removeprefix("data.").split(".") if resolved != first else [*module.package.split("."), first]
    if first == "data":
        parts = []
    for step in (*steps[1:], None):
        if parts:
            yield ".".join(parts)
        if not isinstance(step, str):
            return
        parts.append(step)
