"""The bodies of a package's rules, statement by statement, with what each binds, needs and refers to.

A body is cut where Rego lets it be cut: Open Policy Agent orders the statements of a body itself, so that one may use
a variable that a later one binds; such a beginning of a body is not safe to evaluate and is not offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..evaluator.rego.syntax import Module, Node, Rule, Span, parse

_SCOPES = ("SetCompr", "ArrayCompr", "ObjectCompr", "Every", "query")
_REFERENCES = ("RefDot", "RefBrack", "Call")
_FIELDS = {"Call": "params", "AssignExpr": "rhs", "SomeIn": "collection", "Every": "domain"}
"""Where the parts of these have values of their own, whatever else they have."""
_WILDCARD = "_"
_WHOLE = frozenset(f"input.{name}" for name in ("observations", "subjects", "usable", "observed", "out", "in"))
"""Too large to be shown."""


@dataclass(frozen=True)
class Expression:
    """A part of a statement that has a value of its own.

    Args:
        text: its source.
        needs: local variables that it uses.
    """

    text: str
    needs: frozenset[str]


@dataclass(frozen=True)
class Every:
    """What an ``every`` statement asks of each element.

    Args:
        names: the variables of the key (where there is one) and of the element.
        domain: the collection.
        inner: what is asked, statement by statement.
    """

    names: tuple[str, ...]
    domain: Expression
    inner: tuple[Statement, ...]


@dataclass(frozen=True)
class Statement:
    """One statement of a body.

    Args:
        text: its source.
        line: of its beginning, from 1.
        binds: local variables that it gives a value, in order.
        needs: local variables of the body that it uses.
        values: parts of it whose values tell why it does not hold, the larger ones first.
        rules: rules of the package that it refers to.
        every: what an ``every`` asks.
    """

    text: str
    line: int
    binds: tuple[str, ...]
    needs: frozenset[str]
    values: tuple[Expression, ...]
    rules: tuple[str, ...]
    every: Every | None = None


@dataclass(frozen=True)
class Body:
    """One body of a rule.

    Args:
        rule: the rule's name.
        path: of the module.
        line: where the rule, or its ``else``, begins.
        head: source of the value that the body gives; None where it just holds.
        statements: in order; none for a rule without a body.
    """

    rule: str
    path: str
    line: int
    head: str | None
    statements: tuple[Statement, ...]

    @property
    def place(self) -> str:
        """``path:line``."""
        return f"{self.path}:{self.line}"

    @cached_property
    def cuts(self) -> tuple[int, ...]:
        """How many statements make a beginning that can be evaluated by itself: 0, …, all."""
        all_bound = {name for statement in self.statements for name in statement.binds}
        found, bound, needed = [0], set[str](), set[str]()
        for number, statement in enumerate(self.statements, start=1):
            bound |= set(statement.binds)
            needed |= statement.needs & all_bound
            if needed <= bound or number == len(self.statements):
                found.append(number)
        return tuple(found)

    def bound(self, cut: int) -> tuple[str, ...]:
        """The variables that the first statements bind, in order."""
        return tuple(dict.fromkeys(name for statement in self.statements[:cut] for name in statement.binds))


def read_bodies(modules: Mapping[str, str]) -> tuple[Body, ...]:
    """The bodies of all rules of one package but its functions.

    Args:
        modules: path to text of every module of the package.

    Raises:
        PolicyError: one is not valid Rego.
    """
    parsed = [parse(path, text) for path, text in sorted(modules.items())]
    rules = frozenset(rule.name.split(".")[0] for module in parsed for rule in module.rules)
    return tuple(body for module in parsed for body in _Reader(module, rules).bodies())


def read_query(module: Module) -> Body:
    """The body of the only rule of a module that was made for one query."""
    (body,) = _Reader(module, frozenset()).bodies()
    return body


class _Reader:
    """Reads one module; a class only to keep the names that are not local variables at hand."""

    def __init__(self, module: Module, rules: frozenset[str]) -> None:
        self.module, self.rules = module, rules
        self.known = rules | {item.name for item in module.imports} | {"input", "data", _WILDCARD}

    def bodies(self) -> Iterator[Body]:
        for rule in self.module.rules:
            head = rule.node.child("head")
            if head is not None and head.kind != "Func":
                yield from self._of(rule, head)

    def _of(self, rule: Rule, head: Node) -> Iterator[Body]:
        value = head.child("key") if head.kind == "Set" else _assigned(head)
        bodies = rule.node.below("bodies")
        for node in bodies:
            query = node.child("query")
            own = _assigned(node) or value
            yield self._body(rule.name, node if len(bodies) > 1 else rule.node, own, query)
        if not bodies:
            yield self._body(rule.name, rule.node, value, None)

    def _body(self, rule: str, node: Node, value: Node | None, query: Node | None) -> Body:
        stmts = () if query is None else self.statements(query)
        head = None if value is None else self.module.source(value.span)
        return Body(rule, self.module.path, self.module.place(node.span)[0], head, stmts)

    def statements(self, query: Node) -> tuple[Statement, ...]:
        """The statements of a query."""
        return tuple(self._statement(node) for node in query.children() if node.kind == "stmts")

    def _statement(self, node: Node) -> Statement:
        literal = next(node.children())
        replaced = self.module.source(
            Span(literal.span.end, node.span.end)
        )  # with … as …, which holds for the parts too
        values = (Expression(value.text + replaced, value.needs) for value in self._values(literal))
        return Statement(
            text=self.module.source(node.span),
            line=self.module.place(node.span)[0],
            binds=tuple(dict.fromkeys(self._binds(literal))),
            needs=frozenset(self._locals(node)),
            values=tuple(dict.fromkeys(values)),
            rules=tuple(dict.fromkeys(name for name in _names(node) if name in self.rules)),
            every=self._every(literal),
        )

    def _binds(self, literal: Node) -> Iterator[str]:
        if literal.kind == "SomeIn":
            for field in ("key", "value"):
                yield from self._pattern(literal.below(field))
            yield from self._indices(literal.below("collection"))
        elif literal.kind == "Expr":
            inside = next(literal.children())
            if inside.kind == "AssignExpr":
                yield from self._pattern([*inside.below("lhs"), *inside.below("rhs")])
            elif inside.kind == "Call" and self.module.source(inside.span).startswith("walk("):
                yield from self._pattern(inside.below("params")[1:])
            yield from self._indices([inside])

    def _pattern(self, nodes: Iterable[Node]) -> Iterator[str]:
        """Variables that a pattern binds: the pattern itself, or inside arrays and objects."""
        for node in nodes:
            if node.kind == "Var" and node.fields["value"] not in self.known:
                yield str(node.fields["value"])
            elif node.kind in ("Array", "Object"):
                yield from self._pattern(node.children())

    def _indices(self, nodes: Iterable[Node]) -> Iterator[str]:
        """Variables in brackets, over which a reference iterates where nothing else binds them."""
        for node in nodes:
            if node.kind == "RefBrack":
                yield from self._pattern(node.below("index"))
            if node.kind not in _SCOPES:
                yield from self._indices(node.children())

    def _locals(self, node: Node) -> Iterator[str]:
        return (name for name in _names(node) if name not in self.known)

    def _values(self, node: Node) -> Iterator[Expression]:
        valued = node.kind in _REFERENCES or (node.kind == "Var" and node.fields["value"] in self.rules)
        if valued and self.module.source(node.span) not in _WHOLE:
            yield self._expression(node)
        for part in self._inside(node):
            yield from self._values(part)

    def _inside(self, node: Node) -> Iterable[Node]:
        """The parts in which values are looked for; of a reference, what it iterates over."""
        if node.kind in _FIELDS:
            return node.below(_FIELDS[node.kind])
        if node.kind == "RefDot" or (node.kind == "RefBrack" and any(self._indices([node]))):
            return node.below("refr")
        return () if node.kind in (*_SCOPES, "RefBrack") else node.children()

    def _expression(self, node: Node) -> Expression:
        return Expression(self.module.source(node.span), frozenset(self._locals(node)))

    def _every(self, literal: Node) -> Every | None:
        domain, query = literal.child("domain"), literal.child("query")
        if literal.kind != "Every" or domain is None or query is None:
            return None
        places = [literal.fields[field] for field in ("key", "value") if literal.fields.get(field)]
        names = tuple(self.module.source(Span(place["start"], place["end"])) for place in places)
        return Every(names, self._expression(domain), self.statements(query))


def _assigned(node: Node) -> Node | None:
    assign = node.child("assign")
    return None if assign is None else assign.child("value")


def _names(node: Node) -> Iterator[str]:
    """Every variable below a part, but names of functions that are called."""
    if node.kind == "Var":
        yield str(node.fields["value"])
    for part in node.below("params") if node.kind == "Call" else node.children():
        yield from _names(part)
