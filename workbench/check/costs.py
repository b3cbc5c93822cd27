"""What costs in a rule: iterations over wide collections, calls, operations on wide sets, with what lies around them.

A *wide* collection grows with the pipeline: the subjects or observations of the input, and every rule that is filled by
iterating one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ...evaluator.rego.syntax import Module, Node
from ...evaluator.rego.syntax import Rule as RegoRule
from .references import rules_by_name
from .scope import Scope, entity_of, every_scope, parameters_of, query_scope

_WIDE = {f"input.{name}" for name in ("subjects", "observations", "observed", "usable", "out", "in")}
_QUERIES = ("ArrayCompr", "SetCompr", "ObjectCompr")
_OPERATIONS = ("BinExpr", "ArithExpr")


@dataclass(frozen=True)
class Found:
    """Something that costs, where it is, and how many wide iterations lie around it or are it."""

    kind: str
    module: Module
    node: Node
    depth: int
    name: str = ""


class Search:
    """Which rules are wide, and which functions iterate wide collections or match regular expressions.

    Args:
        modules: everything that a rule may rest on.
    """

    def __init__(self, modules: Iterable[Module]) -> None:
        self.rules = rules_by_name(modules)
        self._found: dict[tuple[str, int], list[Found]] = {}
        self._told: dict[tuple[str, str], bool] = {}

    def wide(self, name: str) -> bool:
        """Whether a rule, by its full name, is filled by iterating a wide collection."""
        return self._once("wide", name, self._is_wide_rule)

    def loops(self, name: str) -> bool:
        """Whether a function iterates a wide collection, itself or through others."""
        return self._once("loops", name, self._is_looping)

    def matches(self, name: str) -> bool:
        """Whether a function matches regular expressions, itself or through others."""
        return self._once("matches", name, self._is_matching)

    def _once(self, what: str, name: str, holds: Callable[[Module, RegoRule], bool]) -> bool:
        if (what, name) not in self._told:
            self._told[what, name] = False  # for a rule that depends on itself, which is no Rego
            self._told[what, name] = any(holds(*definition) for definition in self.rules.get(name, ()))
        return self._told[what, name]

    def of(self, module: Module, rule: RegoRule) -> list[Found]:
        """Everything in a rule that costs."""
        key = (module.path, rule.node.span.start)
        if key not in self._found:
            self._found[key] = self._costs(module, rule)
        return self._found[key]

    def _costs(self, module: Module, rule: RegoRule) -> list[Found]:
        scope = Scope()
        for pattern in parameters_of(rule) or ():
            scope.declared.update(str(node.fields["value"]) for node in pattern.walk() if node.kind == "Var")
        found: list[Found] = []
        for body in rule.node.below("bodies"):
            query = body.child("query")
            inner = query_scope(query, scope, module)
            depth = self._query(query, inner, module, 0, found)
            for part in body.below("assign"):
                self._expression(part, inner, module, depth, found)
            if not body.fields.get("is_else"):
                for part in rule.node.below("head"):
                    self._expression(part, inner, module, depth, found)
        if not rule.node.below("bodies"):
            self._expression(rule.node, query_scope(None, scope, module), module, 0, found)
        return found

    def _is_wide_rule(self, module: Module, rule: RegoRule) -> bool:
        head = rule.node.child("head")
        if head is None or parameters_of(rule) is not None:
            return False
        loops = any(found.kind == "loop" for found in self.of(module, rule))
        reference = head.child("refr")
        if loops and (head.kind == "Set" or (reference is not None and reference.dotted() is None)):
            return True
        assigned = head.child("assign")
        return assigned is not None and any(self._is_wide_value(node, module, rule) for node in assigned.below("value"))

    def _is_wide_value(self, node: Node, module: Module, rule: RegoRule) -> bool:
        if node.kind in _QUERIES:
            return any(found.kind == "loop" for found in self.of(module, rule))
        return self._is_wide(node, Scope(), module)

    def _is_looping(self, module: Module, rule: RegoRule) -> bool:
        called = parameters_of(rule) is not None and self.of(module, rule)
        return any(found.kind == "loop" or (found.kind == "call" and self.loops(found.name)) for found in called or ())

    def _is_matching(self, module: Module, rule: RegoRule) -> bool:
        called = [found.name for found in self.of(module, rule) if found.kind == "call"]
        return parameters_of(rule) is not None and any(_is_regex(name) or self.matches(name) for name in called)

    def _is_wide(self, node: Node, scope: Scope, module: Module) -> bool:
        if node.kind in _OPERATIONS:
            return any(self._is_wide(child, scope, module) for child in node.children())
        if node.kind == "RefBrack":
            base = node.child("refr")
            return base is not None and entity_of(base, scope, module) == "input.ids"
        if node.kind == "Var" and (home := scope.home(str(node.fields["value"]))) is not None:
            bindings = home.bindings.get(str(node.fields["value"]), ())
            return any(
                kind == "is" and not path and self._is_wide(item, where, module) for kind, item, path, where in bindings
            )
        entity = entity_of(node, scope, module) or ""
        return entity in _WIDE or entity.startswith("input.ids.") or self.wide(entity)

    def _query(self, query: Node | None, scope: Scope, module: Module, depth: int, found: list[Found]) -> int:
        """Search a query; how many wide iterations lie around what comes of it."""
        literals = (
            [literal for statement in query.below("stmts") for literal in statement.below("literal")] if query else []
        )
        asked: set[str] = set()
        for literal in literals:
            for node in _loops(literal):
                if self._is_wide(node, scope, module):
                    depth += 1
                    found.append(Found("loop", module, node, depth))
            for node in _open_lookups(literal, scope, asked):
                base = node.child("refr")
                if base is not None and self._is_wide(base, scope, module):
                    depth += 1
                    found.append(Found("loop", module, node, depth))
        for literal in literals:
            if literal.kind == "Every":
                self._every(literal, scope, module, depth, found)
            else:
                for part in literal.children():
                    self._expression(part, scope, module, depth, found)
        return depth

    def _every(self, node: Node, scope: Scope, module: Module, depth: int, found: list[Found]) -> None:
        domain = node.child("domain")
        if domain is not None:
            self._expression(domain, scope, module, depth, found)
            if self._is_wide(domain, scope, module):
                depth += 1
                found.append(Found("loop", module, domain, depth))
        around = every_scope(node, scope, module)
        self._query(node.child("query"), query_scope(node.child("query"), around, module), module, depth, found)

    def _expression(self, node: Node, scope: Scope, module: Module, depth: int, found: list[Found]) -> None:
        if node.kind in _QUERIES:
            inner = query_scope(node.child("query"), scope, module)
            deeper = self._query(node.child("query"), inner, module, depth, found)
            for part in node.children():
                if part.kind != "query":
                    self._expression(part, inner, module, deeper, found)
            return
        if node.kind in _OPERATIONS and self._is_wide(node, scope, module):
            found.append(Found("set", module, node, depth))
        if node.kind == "Call":
            found.extend(self._call(node, scope, module, depth))
        for child in node.children():
            self._expression(child, scope, module, depth, found)

    def _call(self, node: Node, scope: Scope, module: Module, depth: int) -> Iterator[Found]:
        function = node.child("fcn")
        dotted = (function.dotted() if function is not None else None) or ""
        entity = entity_of(function, scope, module) if function is not None else None
        if entity in self.rules:
            if entity.startswith(f"{module.package}.") or self.loops(entity):
                yield Found("call", module, node, depth, entity)
        elif dotted == "walk":
            argument = next(iter(node.below("params")), None)
            target = entity_of(argument, scope, module) if argument is not None else None
            if target is not None and (target == "input" or target in _WIDE or self.wide(target)):
                yield Found("walk", module, node, depth)
        elif dotted:
            yield Found("call", module, node, depth, dotted)


def _is_regex(name: str) -> bool:
    return name.startswith("regex.")


def _loops(literal: Node) -> Iterator[Node]:
    """Collections that a statement iterates over with ``some``."""
    if literal.kind == "SomeIn":
        yield from literal.below("collection")


def _open_lookups(node: Node, scope: Scope, asked: set[str]) -> Iterator[Node]:
    """Lookups by a variable that nothing binds, hence iterations; each variable counts once."""
    if node.kind in (*_QUERIES, "query"):
        return
    index = node.child("index") if node.kind == "RefBrack" else None
    if index is not None and index.kind == "Var":
        name = str(index.fields["value"])
        home = scope.home(name)
        free = name == "_" or (home is scope and name not in scope.bindings and name not in asked)
        if free or (name != "_" and home is None and name not in asked):
            asked.add(name)
            yield node
    for child in node.children():
        yield from _open_lookups(child, scope, asked)
