"""Complexity: evaluation stays linear in the number of subjects.

A *wide* collection grows with the pipeline: the subjects or observations of the input, and every rule that is filled by
iterating one. Iterating one costs its size; iterating one for each member of another costs the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...evaluator.rego.syntax import Module, Node
from ...evaluator.rego.syntax import Rule as RegoRule
from .pack import Pack
from .problem import Problem, Rule, Severity
from .references import rules_by_name
from .scope import Scope, entity_of, every_scope, parameters_of, query_scope

NESTED = Rule(
    "complexity/nested-subjects",
    "No iteration over all subjects lies inside another",
    "a pipeline of 1,000 subjects costs a million steps, and the time limit ends the control",
)
REGEX = Rule(
    "complexity/regex-in-iteration",
    "No regular expression is matched for each subject",
    "the embedded engine compiles it anew each time, 22 µs",
    Severity.WARNING,
)
WALK = Rule(
    "complexity/walk-input",
    "walk is not used on the input",
    "it visits every value of the whole graph",
)
RULES = (NESTED, REGEX, WALK)

_WIDE = {f"input.{name}" for name in ("subjects", "observations", "observed", "usable", "out", "in")}
_QUERIES = ("ArrayCompr", "SetCompr", "ObjectCompr")
_OPERATIONS = ("BinExpr", "ArithExpr")


def find(pack: Pack) -> Iterator[Problem]:
    """Traps in every module."""
    search = _Search(pack)
    for module in pack.modules.values():
        for rule in module.rules:
            for found in search.of(module, rule):
                yield from _problem(found, search)


@dataclass(frozen=True)
class _Found:
    """Something that costs, where it is, and how many wide iterations lie around it or are it."""

    kind: str
    module: Module
    node: Node
    depth: int
    name: str = ""


def _problem(found: _Found, search: _Search) -> Iterator[Problem]:
    source = found.module.source(found.node.span)
    text = source if len(source) <= 60 else f"{source[:57]}..."
    if found.kind == "walk":
        yield WALK.at(found.module, found.node, f"{text} visits all of it", remedy="look up what is needed by its key")
    elif found.kind == "loop" and found.depth > 1:
        what = f"iterating over {text} lies inside another iteration over all subjects"
        remedy = "compute what is shared in a rule of its own, or look it up by its key"
        yield NESTED.at(found.module, found.node, what, remedy=remedy)
    elif found.kind == "set" and found.depth:
        remedy = "compute it once, in a rule of its own"
        yield NESTED.at(found.module, found.node, f"{text} is computed for each subject", remedy=remedy)
    elif found.kind == "call" and found.depth:
        if found.name in search.looping:
            what = f"{text} iterates over all subjects, for each subject"
            yield NESTED.at(found.module, found.node, what, remedy="compute what is shared in a rule of its own")
        elif found.name.startswith("regex.") or found.name in search.matching:
            remedy = (
                "compare with literals, trim or startswith; or match each distinct value once, in a rule of its own"
            )
            yield REGEX.at(
                found.module, found.node, f"{text} matches a regular expression for each subject", remedy=remedy
            )


class _Search:
    """Which rules are wide, and which functions iterate wide collections or match regular expressions."""

    def __init__(self, pack: Pack) -> None:
        self.rules = rules_by_name(pack.everything)
        self.wide: set[str] = set()
        self.looping: set[str] = set()
        self.matching: set[str] = set()
        while self._widen():
            pass
        while self._spread():
            pass

    def of(self, module: Module, rule: RegoRule) -> list[_Found]:
        """Everything in a rule that costs."""
        scope = Scope()
        for pattern in parameters_of(rule) or ():
            scope.declared.update(str(node.fields["value"]) for node in pattern.walk() if node.kind == "Var")
        found: list[_Found] = []
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

    def _widen(self) -> bool:
        """Find rules that are wide by what is known so far."""
        before = len(self.wide)
        for name, definitions in self.rules.items():
            if any(self._is_wide_rule(module, rule) for module, rule in definitions):
                self.wide.add(name)
        return len(self.wide) > before

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

    def _spread(self) -> bool:
        """Find functions that cost by what is known so far."""
        before = len(self.looping) + len(self.matching)
        for name, definitions in self.rules.items():
            for module, rule in definitions:
                if parameters_of(rule) is None:
                    continue
                for found in self.of(module, rule):
                    if found.kind == "loop" or found.name in self.looping:
                        self.looping.add(name)
                    same = found.name.startswith("regex.") or found.name in self.matching
                    if same and not found.name.startswith("data."):
                        self.matching.add(name)
        return len(self.looping) + len(self.matching) > before

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
        return entity in _WIDE or entity in self.wide or entity.startswith("input.ids.")

    def _query(self, query: Node | None, scope: Scope, module: Module, depth: int, found: list[_Found]) -> int:
        """Search a query; how many wide iterations lie around what comes of it."""
        literals = (
            [literal for statement in query.below("stmts") for literal in statement.below("literal")] if query else []
        )
        asked: set[str] = set()
        for literal in literals:
            for node in _loops(literal):
                if self._is_wide(node, scope, module):
                    depth += 1
                    found.append(_Found("loop", module, node, depth))
            for node in _open_lookups(literal, scope, asked):
                base = node.child("refr")
                if base is not None and self._is_wide(base, scope, module):
                    depth += 1
                    found.append(_Found("loop", module, node, depth))
        for literal in literals:
            if literal.kind == "Every":
                self._every(literal, scope, module, depth, found)
            else:
                for part in literal.children():
                    self._expression(part, scope, module, depth, found)
        return depth

    def _every(self, node: Node, scope: Scope, module: Module, depth: int, found: list[_Found]) -> None:
        domain = node.child("domain")
        if domain is not None:
            self._expression(domain, scope, module, depth, found)
            if self._is_wide(domain, scope, module):
                depth += 1
                found.append(_Found("loop", module, domain, depth))
        around = every_scope(node, scope, module)
        self._query(node.child("query"), query_scope(node.child("query"), around, module), module, depth, found)

    def _expression(self, node: Node, scope: Scope, module: Module, depth: int, found: list[_Found]) -> None:
        if node.kind in _QUERIES:
            inner = query_scope(node.child("query"), scope, module)
            deeper = self._query(node.child("query"), inner, module, depth, found)
            for part in node.children():
                if part.kind != "query":
                    self._expression(part, inner, module, deeper, found)
            return
        if node.kind in _OPERATIONS and self._is_wide(node, scope, module):
            found.append(_Found("set", module, node, depth))
        if node.kind == "Call":
            found.extend(self._call(node, scope, module, depth))
        for child in node.children():
            self._expression(child, scope, module, depth, found)

    def _call(self, node: Node, scope: Scope, module: Module, depth: int) -> Iterator[_Found]:
        function = node.child("fcn")
        dotted = (function.dotted() if function is not None else None) or ""
        entity = entity_of(function, scope, module) if function is not None else None
        if entity in self.rules:
            if entity.startswith(f"{module.package}.") or entity in self.looping:
                yield _Found("call", module, node, depth, entity)
        elif dotted == "walk":
            argument = next(iter(node.below("params")), None)
            target = entity_of(argument, scope, module) if argument is not None else None
            if target is not None and (target == "input" or target in self.wide or target in _WIDE):
                yield _Found("walk", module, node, depth)
        elif dotted:
            yield _Found("call", module, node, depth, dotted)


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
