"""Which variables a query binds, and to what: a tree of scopes, one for each body, comprehension and ``every``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ...evaluator.rego.syntax import Module, Node, Rule, Span
from .values import Value


class Binding(NamedTuple):
    """What a variable is bound to.

    Args:
        kind: ``is`` the value of a node, a ``member`` of it or a ``key`` of it.
        node: the expression.
        path: steps into a pattern, from the outside: ``[a, {"b": x}]`` binds ``x`` by ``(1, "b")``.
        scope: where the expression is to be read.
    """

    kind: str
    node: Node
    path: tuple[str | int, ...]
    scope: Scope


@dataclass(eq=False)
class Scope:
    """The variables of one query.

    Args:
        parent: the scope around it.
        bindings: variable to what binds it.
        declared: variables that are local here, bound or not.
        given: the values of a function's parameters.
        known: what was found out about expressions in this scope, by their number in the module.
        open: expressions and variables that are being looked at.
    """

    parent: Scope | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)
    given: dict[str, Value] = field(default_factory=dict)
    known: dict[object, Value] = field(default_factory=dict)
    open: set[object] = field(default_factory=set)

    def home(self, name: str) -> Scope | None:
        """The nearest scope in which a variable is local; None when it is none of these."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.declared:
                return scope
            scope = scope.parent
        return None

    def bind(self, kind: str, pattern: Node | None, node: Node, where: Scope | None = None) -> None:
        """Bind the variables of a pattern."""
        for name, path in variables(pattern) if pattern is not None else ():
            self.declared.add(name)
            self.bindings.setdefault(name, []).append(Binding(kind, node, path, where or self))


def variables(pattern: Node) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Variables of a pattern, each with the steps to it."""
    if pattern.kind == "Var" and pattern.fields["value"] != "_":
        yield str(pattern.fields["value"]), ()
    elif pattern.kind == "Array":
        for number, item in enumerate(pattern.below("items")):
            yield from ((name, (number, *path)) for name, path in variables(item))
    elif pattern.kind == "Object":
        for key, value in pairs(pattern):
            if key.kind == "String":
                yield from ((name, (str(key.fields["value"]), *path)) for name, path in variables(value))


def pairs(node: Node) -> list[tuple[Node, Node]]:
    """Keys and values of an object that is written out."""
    inside = node.below("fields")
    return list(zip(inside[::2], inside[1::2], strict=True))


def global_names(module: Module) -> frozenset[str]:
    """Names that mean documents, imports and rules of a module where nothing local has them."""
    rules = (rule.name.partition(".")[0] for rule in module.rules)
    return frozenset(("input", "data", *rules, *(item.name for item in module.imports if item.path != "rego.v1")))


def query_scope(query: Node | None, parent: Scope | None, module: Module) -> Scope:
    """The scope of a query of a module; ``query`` is None for an empty body."""
    scope = Scope(parent)
    statements = query.below("stmts") if query is not None else []
    literals = [literal for statement in statements for literal in statement.below("literal")]
    for literal in literals:
        _bind(literal, scope, module)
    for literal in literals:  # what is declared is bound elsewhere; what is left is bound by unification
        _unify(literal, scope, module)
    return scope


def every_scope(node: Node, parent: Scope, module: Module) -> Scope:
    """The scope of ``every``: its key and value, around its body."""
    scope = Scope(parent)
    domain = node.child("domain")
    for kind, name in (("key", "key"), ("member", "value")):
        for variable in texts(module, node.fields.get(name)):
            if variable != "_" and domain is not None:
                scope.declared.add(variable)
                scope.bindings.setdefault(variable, []).append(Binding(kind, domain, (), parent))
    return scope


def entity_of(node: Node, scope: Scope, module: Module) -> str | None:
    """The full name of what a reference means, ``input.…`` or without ``data.``; None for a local variable."""
    dotted = node.dotted()
    if dotted is None or scope.home(dotted.partition(".")[0]):
        return None
    resolved = module.resolve(dotted)
    if resolved.startswith("data."):
        return resolved.removeprefix("data.")
    return resolved if resolved.partition(".")[0] == "input" else f"{module.package}.{resolved}"


def parameters_of(rule: Rule) -> list[Node] | None:
    """The parameters of a function; None for a rule that is none."""
    head = rule.node.child("head")
    if rule.is_default:
        return rule.node.below("args") if rule.node.fields.get("args") else None
    return head.below("args") if head is not None and head.kind == "Func" else None


def texts(module: Module, spans: object) -> list[str]:
    """The texts of names that the parser gives as places only: those of ``every`` and of ``some`` without ``in``."""
    found = spans if isinstance(spans, list) else [spans]
    return [module.source(Span(item["start"], item["end"])) for item in found if isinstance(item, dict)]


def _bind(literal: Node, scope: Scope, module: Module) -> None:
    if literal.kind == "SomeVars":
        scope.declared.update(texts(module, literal.fields["vars"]))
    elif literal.kind == "SomeIn":
        collection = literal.child("collection")
        assert collection is not None
        scope.bind("member", literal.child("value"), collection)
        scope.bind("key", literal.child("key"), collection)
    elif (assignment := _assignment(literal)) is not None and assignment.fields["op"] == "ColEq":
        left, right = assignment.below("lhs"), assignment.below("rhs")
        scope.bind("is", left[0], right[0])


def _unify(literal: Node, scope: Scope, module: Module) -> None:
    assignment = _assignment(literal)
    if assignment is None or assignment.fields["op"] != "Eq":
        return
    known = global_names(module)
    (left,), (right,) = assignment.below("lhs"), assignment.below("rhs")
    for pattern, other in ((left, right), (right, left)):
        names = [name for name, _ in variables(pattern)]
        if names and not any(name in known or scope.home(name) for name in names):
            scope.bind("is", pattern, other)


def _assignment(literal: Node) -> Node | None:
    """``x := y`` or ``x = y``, when a statement is one."""
    inside = literal.child("expr") if literal.kind == "Expr" else None
    return inside if inside is not None and inside.kind == "AssignExpr" else None
