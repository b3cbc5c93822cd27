"""What flows where: every expression that a package evaluates, with what is known of its value.

Functions are followed into, with what is known of their arguments, so that a field is checked where it is looked up,
however far that is from ``input``. A step counts as wrong only when no call makes it right. Where a function looks up a
field whose name it is given, the caller is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...evaluator.rego.syntax import Module, Node, Rule
from .builtins import result_of
from .composites import composed, comprehension, map_of, object_of, set_of
from .record import Record, Step, number_of
from .references import full_name, rules_by_name
from .scope import Scope, entity_of, every_scope, pairs, parameters_of, query_scope, variables
from .values import Shapes, Value, fixed, join, names_of

_QUERIES = ("ArrayCompr", "SetCompr", "ObjectCompr")
_MOST_CALLS = 2_000
_CONSTANTS = ("String", "RawString", "Number", "Bool", "Null")


@dataclass
class _Frame:
    """One call of a function: its parameters, and the names among their values that were looked up in vain."""

    scope: Scope
    missing: dict[str, Step] = field(default_factory=dict)


class Flow:
    """Follows the values of a policy; see the module.

    Args:
        modules: the policy and everything that it may import.
        schema: of the input.
    """

    def __init__(self, modules: Sequence[Module], schema: Mapping[str, Any]) -> None:
        self.shapes = Shapes(schema)
        self.rules = rules_by_name(modules)
        self.record = Record()
        self.definitions: dict[tuple[str, int], Value] = {}
        self._input: Value = (schema,)
        self._values: dict[str, Value] = {}
        self._calls: dict[str, tuple[Value, dict[str, Step]]] = {}
        self._frames: list[_Frame] = []

    def visit(self, module: Module) -> None:
        """Follow every rule of a module; functions that nothing has called are followed with unknown arguments."""
        functions = [rule for rule in module.rules if parameters_of(rule) is not None]
        for rule in module.rules:
            if parameters_of(rule) is None:
                self._rule(full_name(module, rule))
        for rule in functions:
            name = full_name(module, rule)
            if not any(key.startswith(f"{name}(") for key in self._calls):
                self._call(name, [None] * len(parameters_of(rule) or ()))

    def value(self, node: Node, scope: Scope, module: Module) -> Value:
        """What is known of an expression; its steps are recorded on the way."""
        key = number_of(node)
        if key in scope.known:
            return scope.known[key]
        if key in scope.open:  # it is bound to itself
            return None
        scope.open.add(key)
        found = self._value(node, scope, module)
        scope.open.discard(key)
        scope.known[key] = found
        return found

    def _value(self, node: Node, scope: Scope, module: Module) -> Value:
        if node.kind in _CONSTANTS:
            return fixed(node.fields["value"])
        if node.kind == "Var":
            return self._variable(node, scope, module)
        if node.kind in ("RefDot", "RefBrack"):
            return self._reference(node, scope, module)
        if node.kind == "Call":
            return self._called(node, scope, module)
        if node.kind in _QUERIES:
            return self._comprehension(node, scope, module)
        if node.kind == "Object":
            inside = pairs(node)
            return object_of((self.value(key, scope, module), self.value(item, scope, module)) for key, item in inside)
        return composed(node.kind, [self.value(child, scope, module) for child in node.children()])

    def _variable(self, node: Node, scope: Scope, module: Module) -> Value:
        name = str(node.fields["value"])
        home = scope.home(name)
        if home is not None:
            return self._local(name, home, module)
        entity = entity_of(node, scope, module) or ""
        if entity in self.rules:
            return self._rule(entity)
        parts = entity.split(".")
        if parts[0] != "input":
            return None
        value = self._input
        for part in parts[1:]:  # imported from the input
            value = self.shapes.field(value, part)
        return value

    def _local(self, name: str, home: Scope, module: Module) -> Value:
        if name in home.given:
            return home.given[name]
        if name in home.open or name not in home.bindings:
            return None
        home.open.add(name)
        found = []
        for kind, node, path, where in home.bindings[name]:
            value = self.value(node, where, module)
            value = {"member": self.shapes.members, "key": self.shapes.keys}.get(kind, lambda same: same)(value)
            found.append(self._inside(value, path))
        home.open.discard(name)
        return join(found)

    def _inside(self, value: Value, path: Sequence[str | int]) -> Value:
        for part in path:
            value = self.shapes.lookup(value, fixed(part))
        return value

    def _reference(self, node: Node, scope: Scope, module: Module) -> Value:
        entity = entity_of(node, scope, module)
        if entity in self.rules:
            return self._rule(entity)
        refr = node.child("refr")
        assert refr is not None
        base = self.value(refr, scope, module)
        if node.kind == "RefDot":
            name = str(node.fields["field"][1])
            self._named(node, name, base, module, scope)
            return self.shapes.field(base, name) or (None if base != () else ())
        index = node.child("index")
        if index is None:
            return self.shapes.members(base)
        found = self.value(index, scope, module)
        names = names_of(found)
        for name in names or ():
            self._named(node if index.kind in _CONSTANTS else index, name, base, module, scope, index)
        if names is None:
            self.record.read(module, node, None, base)
        return self.shapes.lookup(base, found) or None

    def _named(
        self, node: Node, name: str, base: Value, module: Module, scope: Scope, index: Node | None = None
    ) -> None:
        """Record the lookup of a field by its name."""
        self.record.read(module, node, name, base)
        step = Step(module, node, name, base, self.shapes.field(base, name) != () or base == ())
        given = self._parameter(index, scope)
        if given is not None:  # a function looks up what it is told: the caller may be wrong, this place is not
            if not step.good:
                self._frames[-1].missing[given] = step
            return
        self.record.step(step)

    def _parameter(self, node: Node | None, scope: Scope) -> str | None:
        """The name of the parameter of the function that is being followed, when a node is one."""
        name = str(node.fields["value"]) if node is not None and node.kind == "Var" else ""
        home = scope.home(name) if name and self._frames else None
        return name if home is not None and home is self._frames[-1].scope and name in home.given else None

    def _comprehension(self, node: Node, scope: Scope, module: Module) -> Value:
        inner = query_scope(node.child("query"), scope, module)
        self._query(node.child("query"), inner, module)
        parts = [self.value(part, inner, module) for name in ("term", "key", "value") for part in node.below(name)]
        return comprehension(node.kind, parts)

    def _query(self, query: Node | None, scope: Scope, module: Module) -> None:
        """Follow every statement of a query; not those that replace the input, for they see another one."""
        for statement in query.below("stmts") if query is not None else ():
            replaced = statement.below("with_mods")
            targets = [item.child("refr") for item in replaced]
            if not any(target is not None and target.path()[0] == "input" for target in targets):
                for literal in statement.below("literal"):
                    self._statement(literal, scope, module)
            for item in replaced:
                for node in item.below("as"):
                    self.value(node, scope, module)

    def _statement(self, literal: Node, scope: Scope, module: Module) -> None:
        if literal.kind == "Every":
            domain = literal.child("domain")
            if domain is not None:
                self.value(domain, scope, module)
            around = every_scope(literal, scope, module)
            self._query(literal.child("query"), query_scope(literal.child("query"), around, module), module)
            return
        for node in literal.children():
            self.value(node, scope, module)

    def _called(self, node: Node, scope: Scope, module: Module) -> Value:
        arguments = node.below("params")
        values = [self.value(argument, scope, module) for argument in arguments]
        function = node.child("fcn")
        name = entity_of(function, scope, module) if function is not None else None
        if name not in self.rules:
            dotted = (function.dotted() if function is not None else "") or ""
            if dotted == "object.get" and len(arguments) == 3 and (names := names_of(values[1])):
                for key in names:
                    self._named(arguments[1], key, values[0], module, scope, arguments[1])
            return result_of(dotted, values, self.shapes)
        result, missing = self._call(name, values)
        for parameter, step in missing.items():
            argument = arguments[_position(self.rules[name][0][1], parameter)]
            self._named(argument, step.name, step.base, module, scope, argument)
        return result

    def _call(self, name: str, values: list[Value]) -> tuple[Value, dict[str, Step]]:
        key = f"{name}({json.dumps(values, sort_keys=True, default=str)}"
        if key not in self._calls and len(self._calls) >= _MOST_CALLS:
            return None, {}
        if key not in self._calls:
            self._calls[key] = None, {}  # a function that calls itself is no Rego
            found: list[Value] = []
            missing: dict[str, Step] = {}
            for module, rule in self.rules[name]:
                frame = _Frame(_parameter_scope(rule, values))
                self._frames.append(frame)
                found += self._results(module, rule, frame.scope)
                self._frames.pop()
                missing |= frame.missing
            self._calls[key] = join(found), missing
        return self._calls[key]

    def _rule(self, name: str) -> Value:
        if name not in self._values:
            self._values[name] = None  # of a rule that depends on itself, which is no Rego
            frames, self._frames = self._frames, []
            for module, rule in self.rules[name]:
                self.definitions[module.path, rule.node.span.start] = join(self._results(module, rule, Scope()))
            self._frames = frames
            self._values[name] = join(
                self.definitions[module.path, rule.node.span.start] for module, rule in self.rules[name]
            )
        return self._values[name]

    def _results(self, module: Module, rule: Rule, scope: Scope) -> Iterator[Value]:
        """What a definition of a rule gives, by its body and by each ``else``."""
        if rule.is_default:
            yield join(self.value(node, scope, module) for node in rule.node.below("value"))
            return
        head = rule.node.child("head")
        assert head is not None
        bodies: list[Node | None] = [*rule.node.below("bodies")]
        for body in bodies or [None]:
            query = body.child("query") if body is not None else None
            inner = query_scope(query, scope, module)
            self._query(query, inner, module)
            otherwise = body is not None and body.fields.get("is_else")
            yield self._head(head, body if otherwise else head, inner, module)

    def _head(self, head: Node, assigned: Node | None, scope: Scope, module: Module) -> Value:
        if head.kind == "Set":
            value = set_of(join(self.value(key, scope, module) for key in head.below("key")))
        else:
            assignment = assigned.child("assign") if assigned is not None else None
            nodes = assignment.below("value") if assignment is not None else []
            value = self.value(nodes[0], scope, module) if nodes else fixed(True)
        reference = head.child("refr")
        by_key = reference is not None and reference.dotted() is None  # it has a variable
        return map_of(value) if by_key else value


def _parameter_scope(rule: Rule, values: Sequence[Value]) -> Scope:
    scope = Scope()
    for pattern, value in zip(parameters_of(rule) or (), values, strict=False):
        for name, path in variables(pattern):
            scope.declared.add(name)
            scope.given[name] = value if not path else None
    return scope


def _position(rule: Rule, parameter: str) -> int:
    patterns = parameters_of(rule) or []
    return next(number for number, node in enumerate(patterns) if parameter in dict(variables(node)))
