"""The inputs that the tests of a control use: every ``with input as …`` of its tests, as a rule that collects it.

What stands before such a place in its rule and binds variables is put before it in the collecting rule too, so that a
test which goes through a table of cases gives the input of each case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...evaluator.rego.syntax import Module, Node, Span

_RULE, _VALUE = "probatum_input", "probatum_value"


@dataclass(frozen=True)
class Collecting:
    """A rule that gives the set of inputs which one place of a test module uses.

    Args:
        name: of the rule.
        text: of the rule.
        where: ``path:line`` of the place.
    """

    name: str
    text: str
    where: str


def collecting_rules(module: Module) -> tuple[Collecting, ...]:
    """A rule for every place of a test module that replaces ``input``, equal ones once, in the order of the text."""
    found: dict[str, Collecting] = {}
    for rule in module.rules:
        for place, bound in _places(module, rule.node, ()):
            body = "\n".join((*bound, f"{_VALUE} := {module.source(place)}"))
            name = f"{_RULE}_{len(found)}"
            where = f"{module.path}:{module.place(place)[0]}"
            found.setdefault(body, Collecting(name, f"{name} contains {_VALUE} if {{\n{body}\n}}\n", where))
    return tuple(found.values())


def _places(module: Module, node: Node, bound: tuple[str, ...]) -> Iterator[tuple[Span, tuple[str, ...]]]:
    """What replaces ``input`` below a part, and the statements that bind what it may need."""
    if node.kind == "Every":
        query = node.child("query")
        head = Span(node.span.start, node.span.end if query is None else query.span.start)
        bound = (*bound, module.source(head).strip().replace("every", "some", 1))
    if node.kind != "query":
        for child in node.children():
            yield from _places(module, child, bound)
        return
    for statement in node.below("stmts"):
        for replaced in statement.below("with_mods"):
            target, value = replaced.child("refr"), replaced.child("as")
            if target is not None and value is not None and target.dotted() == "input":
                yield value.span, bound
        yield from _places(module, statement, bound)
        if _binds(statement):
            bound = (*bound, module.source(statement.span))


def _binds(statement: Node) -> bool:
    literal = statement.child("literal")
    inside = None if literal is None else literal.child("expr")
    if literal is None or literal.kind == "NotExpr":
        return False
    return literal.kind in ("SomeIn", "SomeVars") or (inside is not None and inside.kind == "AssignExpr")
