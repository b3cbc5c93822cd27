"""Which parts of an expression may be undefined, as far as the source tells.

The embedded engine and Open Policy Agent agree on what an undefined part makes of an expression, with two exceptions
that were measured. OPA looks up the operands of a negated expression outside of the negation, so that an undefined one
leaves the rule undefined; the embedded engine looks them up inside, so that the negation holds. And ``x in missing`` is
undefined in OPA, false in the embedded engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ..rego.syntax import Module, Node, Rule

_CONSTANT = frozenset({"String", "RawString", "Number", "Bool", "Null"})
_CLOSED = frozenset({"ArrayCompr", "SetCompr", "ObjectCompr"})
_REFERENCE = frozenset({"RefDot", "RefBrack"})
_LITERAL = frozenset({"Array", "Set", "Object", "assign"})
_INPUT = frozenset(
    {"pipeline", "now_ns", "stage", "parameters", "subjects", "ids", "observations", "observed", "usable", "out", "in"}
)
_EQUAL = "Eq"


@dataclass(frozen=True)
class Known:
    """What is known of a set of modules.

    Args:
        rules: full names, without ``data.``, of rules and functions to whether they have a value whatever the input is.
        fields: full names of sets to the keys that each of their members has.
        settings: full names of rules that are a control's parameters, which the evaluator always gives.
        builtins: names of builtin functions, which give a value or raise.
    """

    rules: Mapping[str, bool]
    fields: Mapping[str, frozenset[str]]
    settings: frozenset[str]
    builtins: frozenset[str]

    @classmethod
    def of(cls, modules: Iterable[Module], builtins: frozenset[str]) -> Known:
        """What a set of modules defines."""
        rules: dict[str, list[Rule]] = {}
        for module in modules:
            for rule in module.rules:
                rules.setdefault(f"{module.package}.{rule.name}", []).append(rule)
        members = {name: [_member_keys(rule) for rule in found] for name, found in rules.items()}
        return cls(
            {name: any(map(_always, found)) for name, found in rules.items()},
            {name: frozenset.intersection(*keys) for name, keys in members.items()},
            frozenset(name for name, found in rules.items() if all(map(_is_parameters, found))),
            builtins,
        )


@dataclass(frozen=True)
class Scope:
    """Where an expression stands.

    Args:
        module: the module.
        known: of it and the others.
        bound: references that another condition of the same body asks for too, as text: where they are undefined the
            body is, in both engines.
        members: variables to the keys that their values have, for each is a member of a set of such objects.
    """

    module: Module
    known: Known
    bound: frozenset[str]
    members: Mapping[str, frozenset[str]]

    def negated(self, node: Node) -> Iterator[Node]:
        """The parts of what is negated whose lack the two engines take differently."""
        if node.kind in _REFERENCE:
            yield from self._indexes(node)
        elif node.kind in ("BoolExpr", "AssignExpr") and node.fields["op"] == _EQUAL:
            for side in node.children():
                yield from self._compared(side)
        elif node.kind == "Call":
            yield from self._operands(node)
        elif node.kind != "Var":
            yield from self.undefined(node)

    def undefined(self, node: Node) -> Iterator[Node]:
        """The outermost parts of an expression that may be undefined."""
        if node.kind in _CONSTANT | _CLOSED:
            return
        if node.kind in _REFERENCE or node.kind == "Var":
            if not self._has_value(node):
                yield node
        elif node.kind == "Call":
            yield from self._call(node)
        else:
            for child in node.children():
                yield from self.undefined(child)

    def varies(self, node: Node) -> bool:
        """Whether an expression depends on a variable of its rule, so that it may be undefined for one value alone."""
        if node.kind == "Call":
            return any(map(self.varies, node.below("params")))
        if node.kind == "Var":
            name = node.dotted() or ""
            known = name in ("input", "data") or self.module.resolve(name) != name
            return not known and self._full(name) not in self.known.rules
        return any(map(self.varies, node.children()))

    def _call(self, node: Node) -> Iterator[Node]:
        name = called(node) or ""
        if name not in self.known.builtins and not self.known.rules.get(self._full(name), False):
            yield node
        else:
            yield from self._operands(node)

    def _operands(self, call: Node) -> Iterator[Node]:
        for operand in call.below("params"):
            yield from self.undefined(operand)

    def _compared(self, side: Node) -> Iterator[Node]:
        """A reference or a name beside ``==`` may be undefined: the two engines agree on it."""
        if side.kind in _REFERENCE:
            yield from self._indexes(side)
        elif side.kind != "Var":
            yield from self.undefined(side)

    def _indexes(self, node: Node) -> Iterator[Node]:
        for step in node.path()[1:]:
            if isinstance(step, Node):
                yield from self.undefined(step)

    def _has_value(self, node: Node) -> bool:
        if node.kind in _REFERENCE and self.module.source(node.span) in self.bound:
            return True
        path = node.path()
        first, *rest = path
        if not isinstance(first, str) or not all(isinstance(step, str) for step in rest):
            return False
        if first == "input":
            return _always_in_input(rest)
        if first in self.members and len(rest) == 1:
            return rest[0] in self.members[first]
        if self._full(first) in self.known.settings:
            return True
        # a name that is no rule is a variable, hence bound
        return self.known.rules.get(self._full(".".join(map(str, path))), not rest)

    def _full(self, name: str) -> str:
        """The full name of a rule, without ``data.``: as it was imported, else of the module's own package."""
        resolved = self.module.resolve(name)
        return resolved.removeprefix("data.") if resolved.startswith("data.") else f"{self.module.package}.{resolved}"


def called(node: Node) -> str | None:
    """The dotted name of what a ``Call`` calls."""
    function = node.child("fcn")
    return None if function is None else function.dotted()


def parts(module: Module, known: Known) -> Iterator[tuple[Node, Scope]]:
    """Every part of a module with its scope, outer ones first."""
    for rule in module.rules:
        scope = Scope(module, known, frozenset(), {})
        yield from _visit(rule.node, replace(scope, members=_members(rule.node, scope)))


def heads(module: Module, known: Known) -> Iterator[tuple[Node, Scope]]:
    """What rules put into sets, objects and values, where their bodies may hold for several bindings.

    The embedded engine gives up all that a rule gives when the head has no value for one of them; OPA leaves out that
    one. Of a function both take any that has a value.
    """
    for rule in module.rules:
        head, bodies = rule.node.child("head"), rule.node.below("bodies")
        query = bodies[0].child("query") if bodies else None
        if head is not None and query is not None and head.kind != "Func" and _iterates(query):
            bound = frozenset(module.source(found.span) for found in _asked(query))
            scope = Scope(module, known, bound, {})
            scope = replace(scope, members=_members(rule.node, scope))
            yield from ((value, scope) for value in _given(head))


def _iterates(query: Node) -> bool:
    return any(node.kind in ("SomeIn", "SomeVars", "RefBrack") for node in query.walk())


def _given(head: Node) -> Iterator[Node]:
    """The expressions in a head: what is in the brackets of its name, its key, its value."""
    refr, assign = head.child("refr"), head.child("assign")
    yield from (step for step in (() if refr is None else refr.path()) if isinstance(step, Node) and step is not refr)
    yield from head.below("key")
    yield from () if assign is None else assign.below("value")


def _visit(node: Node, scope: Scope) -> Iterator[tuple[Node, Scope]]:
    if node.kind == "query":
        asked = (scope.module.source(found.span) for found in _asked(node))
        scope = replace(scope, bound=scope.bound | frozenset(asked))
    yield node, scope
    for child in node.children():
        yield from _visit(child, scope)


def _asked(query: Node) -> Iterator[Node]:
    """References that the conditions of a body, other than negated ones, look up."""
    for statement in query.children():
        for literal in statement.children():
            if literal.kind in ("Expr", "SomeIn"):
                for part in _conditions(literal):
                    yield from _open_references(part)


def _conditions(literal: Node) -> Iterator[Node]:
    """The parts of a condition; both engines take ``x in missing`` for false when it is the whole condition."""
    for part in literal.children():
        yield from part.children() if part.kind == "Membership" else (part,)


def _open_references(node: Node) -> Iterator[Node]:
    """References whose lack makes an expression undefined; the value of ``x in missing`` is not among them."""
    if node.kind in _REFERENCE:
        yield node
    if node.kind not in _CLOSED | {"Membership"}:
        for child in node.children():
            yield from _open_references(child)


def _members(rule: Node, scope: Scope) -> dict[str, frozenset[str]]:
    """Variables of a rule that are members of sets whose members have known keys."""
    found: dict[str, frozenset[str]] = {}
    for node in rule.walk():
        if node.kind == "SomeIn":
            name, collection = node.child("value"), node.child("collection")
            if name is not None and collection is not None and name.kind == "Var":
                keys = scope.known.fields.get(scope._full(collection.dotted() or ""), frozenset())  # noqa: SLF001
                text = name.dotted() or ""
                found[text] = keys & found.get(text, keys)
    return {name: keys for name, keys in found.items() if keys}


def _always_in_input(steps: list[str | Node]) -> bool:
    return not steps or steps[0] == "parameters" or (len(steps) == 1 and steps[0] in _INPUT)


def _always(rule: Rule) -> bool:
    """Whether this definition gives the rule a value whatever the input is."""
    head = rule.node.child("head")
    if rule.is_default or head is None or head.kind == "Set":
        return True
    if head.kind == "Compr":
        refr = head.child("refr")
        if refr is not None and not all(isinstance(step, str) for step in refr.path()):
            return True  # an object with an entry for each value of a variable, which may be empty
    bodies = rule.node.below("bodies")
    value = (bodies[-1] if bodies else head).child("assign")
    last = bodies[-1].child("query") if bodies else None
    return (last is None or not last.below("stmts")) and (value is None or _constant(value))


def _constant(node: Node) -> bool:
    if node.kind in _CONSTANT | _CLOSED:
        return True
    return node.kind in _LITERAL and all(map(_constant, node.children()))


def _member_keys(rule: Rule) -> frozenset[str]:
    """The keys of the object that a definition puts into a set; none for any other definition."""
    head = rule.node.child("head")
    member = head.child("key") if head is not None and head.kind == "Set" else None
    if member is None or member.kind != "Object":
        return frozenset()
    keys = list(member.children())[::2]
    return frozenset(str(key.fields["value"]) for key in keys if key.kind == "String")


def _is_parameters(rule: Rule) -> bool:
    """Whether a rule is ``name := input.parameters…``."""
    head = rule.node.child("head")
    assign = head.child("assign") if head is not None and head.kind == "Compr" else None
    value = None if assign is None else assign.child("value")
    return value is not None and not rule.node.below("bodies") and value.path()[:2] == ("input", "parameters")
