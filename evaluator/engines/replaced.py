"""Which rules a statement and the value of its ``with`` both rest on.

The embedded engine evaluates the value in the scope of the replacement, and then takes the rules that it needed for
undefined there: measured, docs/author/engines.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..rego.syntax import Module, Node


def shared(module: Module, modules: Sequence[Module]) -> Iterator[Node]:
    """The statements of a module that rest on a rule which the value of their ``with`` rests on too.

    Args:
        module: where to look.
        modules: all modules, for what a rule rests on in another.
    """
    statements = [node for node in module.walk() if node.kind == "stmts" and node.below("with_mods")]
    if not statements:
        return
    graph = _graph(modules)
    for node in statements:
        values = [value for item in node.below("with_mods") for value in item.below("as")]
        asked = [child for child in node.children() if child.kind != "with_mods"]
        if _reached(_named(values, module, graph), graph) & _reached(_named(asked, module, graph), graph):
            yield node


def _graph(modules: Sequence[Module]) -> dict[str, set[str]]:
    """The full name of each rule, without ``data.``, to those of the rules that it refers to."""
    graph: dict[str, set[str]] = {f"{module.package}.{rule.name}": set() for module in modules for rule in module.rules}
    for module in modules:
        for rule in module.rules:
            graph[f"{module.package}.{rule.name}"] |= _named([rule.node], module, graph)
    return graph


def _named(nodes: Iterable[Node], module: Module, graph: Mapping[str, object]) -> set[str]:
    """Rules that expressions refer to."""
    found = set()
    for node in nodes:
        for part in node.walk():
            if part.kind in ("Var", "RefDot", "RefBrack"):
                steps = list(part.path())
                named = [str(step) for step in steps[: next(_ends(steps), len(steps))]]
                name = module.resolve(".".join(named))
                full = name.removeprefix("data.") if name.startswith("data.") else f"{module.package}.{name}"
                found.add(full)
    return found & graph.keys()


def _ends(steps: Sequence[object]) -> Iterator[int]:
    return (number for number, step in enumerate(steps) if not isinstance(step, str))


def _reached(names: set[str], graph: Mapping[str, set[str]]) -> set[str]:
    """Rules, and those that they rest on."""
    reached: set[str] = set()
    while names:
        reached |= names
        names = {name for found in names for name in graph[found]} - reached
    return reached
