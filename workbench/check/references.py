"""Which rules of which modules a rule rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...evaluator.rego.syntax import Module, Node, Rule


def rules_by_name(modules: Iterable[Module]) -> dict[str, list[tuple[Module, Rule]]]:
    """Full name of every rule, ``package.rule``, to its definitions."""
    found: dict[str, list[tuple[Module, Rule]]] = {}
    for module in modules:
        for rule in module.rules:
            found.setdefault(full_name(module, rule), []).append((module, rule))
    return found


def full_name(module: Module, rule: Rule) -> str:
    """The full name of a rule, ``package.rule``; of one with a variable in its head, ``rule[x]``, what is before it."""
    return f"{module.package}.{short_name(rule)}"


def short_name(rule: Rule) -> str:
    """The name of a rule as references begin with it."""
    parts = rule.name.split(".")
    return ".".join(parts[: parts.index("_")] if "_" in parts else parts)


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


def recursive(modules: Iterable[Module]) -> set[str]:
    """Full names of the rules that rest on themselves, directly or through others."""
    known = rules_by_name(modules)
    needs = {
        name: {other for module, rule in definitions for node in rule.node.walk() for other in _named(node, module)}
        & known.keys()
        for name, definitions in known.items()
    }
    for name, definitions in known.items():  # a rule's head names it
        if not any(_rests_on_itself(module, rule, name) for module, rule in definitions):
            needs[name].discard(name)
    return set(_without_ends(_turned(_without_ends(needs))))


def _without_ends(needs: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """What is left when, again and again, whatever needs nothing is taken away."""
    left = {name: set(others) for name, others in needs.items()}
    needed_by = _turned(needs)
    ends = [name for name, others in left.items() if not others]
    while ends:
        end = ends.pop()
        del left[end]
        for name in needed_by[end]:
            left[name].discard(end)
            if not left[name]:
                ends.append(name)
    return left


def _turned(needs: Mapping[str, set[str]]) -> dict[str, set[str]]:
    turned: dict[str, set[str]] = {name: set() for name in needs}
    for name, others in needs.items():
        for other in others:
            turned[other].add(name)
    return turned


def _rests_on_itself(module: Module, rule: Rule, name: str) -> bool:
    head = rule.node.child("head")
    own = [id(node.fields) for part in head.below("refr") for node in part.walk()] if head is not None else []
    inside = (node for node in rule.node.walk() if id(node.fields) not in own)
    return not rule.is_default and any(name in _named(node, module) for node in inside)


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
