"""Finds in a parsed module what the embedded engine takes otherwise, without saying so, than Open Policy Agent.

One function per construct, each a generator of the places where it is used. What cannot be seen in the source (a
pattern that comes from evidence, a number that the evidence holds) is not found: docs/author/engines.md lists it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from ..rego.syntax import Module, Node
from .definedness import Known, Scope, called, heads, parts
from .replaced import shared

_PATTERN_AT = {
    "regex.match": 0,
    "regex.is_valid": 0,
    "regex.split": 0,
    "regex.find_n": 0,
    "regex.find_all_string_submatch_n": 0,
    "regex.replace": 1,
}
_OTHER_REGEX = re.compile(
    r"\\[dDwWsSbB]"  # letters and digits of every script
    r"|\[[^]]*(?:&&|--|~~|\[(?!:))"  # sets of characters as operands
    r"|\(\?[a-zA-Z-]*[xRu]"  # flags that only one has
    r"|\\[<>uU]|\\[pP]\{[^}]*="
    r"|[*+}][*+]"  # a repetition repeated
)
_REPEAT, _MOST_REPEATS = re.compile(r"\{(\d+)(?:,(\d*))?\}"), 1000
_OTHER_VERB = re.compile(r"%(?![svdq%])")
_OTHER_GLOB = re.compile(r"\*\*|[?\[]")
_PLAIN_DELIMITERS: tuple[list[str], ...] = ([], ["."], ["/"])
_BIGGEST, _SMALLEST, _DIGITS = 2**64 - 1, -(2**63), 15


@dataclass(frozen=True)
class Source:
    """A module to look at.

    Args:
        module: parsed.
        known: what has a value, in its package and the others.
        modules: it and all others.
    """

    module: Module
    known: Known
    modules: tuple[Module, ...]

    @cached_property
    def calls(self) -> list[tuple[str, Node]]:
        """Every call of something that has a name, with that name as it was imported."""
        found = ((called(node), node) for node in self.nodes if node.kind == "Call")
        return [(self.module.resolve(name), node) for name, node in found if name is not None]

    @cached_property
    def scoped(self) -> list[tuple[Node, Scope]]:
        """Every part of the module, with its scope."""
        return list(parts(self.module, self.known))

    @cached_property
    def nodes(self) -> list[Node]:
        """Every part of the module."""
        return [node for node, _ in self.scoped]

    @cached_property
    def texts(self) -> dict[str, str]:
        """Names that stand for a constant text, as rule or variable."""
        found = {}
        for node in self.nodes:
            name, value = _assigned(node)
            text = None if value is None else _literal(value)
            if name is not None and text is not None:
                found[name] = text
        return found

    def text(self, node: Node | None) -> str | None:
        """The text that an argument is, when the source tells."""
        if node is None:
            return None
        return self.texts.get(node.dotted() or "") if node.kind == "Var" else _literal(node)

    def argument(self, call: Node, number: int) -> Node | None:
        """One argument of a call."""
        arguments = call.below("params")
        return arguments[number] if number < len(arguments) else None


def builtin(source: Source, name: str) -> Iterator[Node]:
    """Where a builtin function is called, replaced, or put in another's place."""
    for found, node in source.calls:
        if found == name:
            yield node
    for node in source.nodes:
        if node.kind == "with_mods":
            yield from (part for part in node.children() if part.dotted() == name)


def walk_value(source: Source) -> Iterator[Node]:
    """``walk(x)`` whose pairs are taken from its value instead of through a second argument."""
    for name, node in source.calls:
        if name == "walk" and len(node.below("params")) == 1:
            yield node


def object_pattern(source: Source) -> Iterator[Node]:
    """An object that takes another one apart."""
    for node in source.nodes:
        for pattern in _patterns(node):
            for part in _shapes(pattern):
                if part.kind == "Object" and (node.kind != "AssignExpr" or _has_variable(part)):
                    yield part


def negated_undefined(source: Source) -> Iterator[Node]:
    """A negation of something that looks up what may be missing."""
    for node, scope in source.scoped:
        if node.kind == "NotExpr" and any(_any(scope.negated(part)) for part in node.children()):
            yield node


def membership_value(source: Source) -> Iterator[Node]:
    """``x in missing`` whose value is used."""
    conditions = {
        id(part.fields) for node in source.nodes if node.kind in ("Expr", "NotExpr") for part in node.children()
    }
    for node, scope in source.scoped:
        if node.kind == "Membership" and id(node.fields) not in conditions and _any(scope.undefined(node)):
            yield node


def undefined_head(source: Source) -> Iterator[Node]:
    """The head of a rule that may have no value for one of several bindings of its body."""
    for value, scope in heads(source.module, source.known):
        if any(map(scope.varies, scope.undefined(value))):
            yield value


def replaced_by_rule(source: Source) -> Iterator[Node]:
    """A condition that rests on a rule which the value of its ``with`` rests on too."""
    yield from shared(source.module, source.modules)


def regular_expression(source: Source) -> Iterator[Node]:
    """A regular expression that the two engines read differently."""
    for name, node in source.calls:
        pattern = source.text(source.argument(node, _PATTERN_AT[name])) if name in _PATTERN_AT else None
        if pattern is not None and _reads_otherwise(pattern):
            yield node


def split_at_nothing(source: Source) -> Iterator[Node]:
    """A split at a regular expression that can match nothing."""
    for name, node in source.calls:
        pattern = source.text(source.argument(node, 0)) if name == "regex.split" else None
        if pattern is not None and _matches_nothing(pattern):
            yield node


def verb(source: Source) -> Iterator[Node]:
    """A format with anything but the plain verbs."""
    for name, node in source.calls:
        text = source.text(source.argument(node, 0)) if name == "sprintf" else None
        if text is not None and _OTHER_VERB.search(text.replace("%%", "")):
            yield node


def glob(source: Source) -> Iterator[Node]:
    """A glob, or delimiters, that the two engines read differently."""
    for name, node in source.calls:
        if name == "glob.match":
            pattern, delimiters = source.text(source.argument(node, 0)), source.argument(node, 1)
            if not _plain_delimiters(delimiters) or (pattern is not None and _OTHER_GLOB.search(pattern)):
                yield node


def number(source: Source) -> Iterator[Node]:
    """A number that the embedded engine cannot hold exactly."""
    for node in source.nodes:
        if node.kind == "Number" and not _exact(Decimal(source.module.source(node.span))):
            yield node


CONSTRUCTS: dict[str, Callable[[Source], Iterator[Node]]] = {
    "walk_value": walk_value,
    "object_pattern": object_pattern,
    "negated_undefined": negated_undefined,
    "membership_value": membership_value,
    "undefined_head": undefined_head,
    "replaced_by_rule": replaced_by_rule,
    "regular_expression": regular_expression,
    "split_at_nothing": split_at_nothing,
    "verb": verb,
    "glob": glob,
    "number": number,
}


def _any(found: Iterator[Node]) -> bool:
    return next(found, None) is not None


def _assigned(node: Node) -> tuple[str | None, Node | None]:
    """The name and the value of ``name := value``, a rule or a statement."""
    if node.kind == "AssignExpr":
        name, value = node.child("lhs"), node.child("rhs")
    elif node.kind == "Compr":
        name, assign = node.child("refr"), node.child("assign")
        value = None if assign is None else assign.child("value")
    else:
        return None, None
    return (None if name is None else name.dotted()), value


def _literal(node: Node) -> str | None:
    return str(node.fields["value"]) if node.kind in ("String", "RawString") else None


def _patterns(node: Node) -> list[Node]:
    """The parts of a statement or a function's head that take a value apart."""
    if node.kind == "SomeIn":
        return [*node.below("key"), *node.below("value")]
    if node.kind == "Func":
        return node.below("args")
    if node.kind == "AssignExpr":
        return [*node.below("lhs"), *(node.below("rhs") if node.fields["op"] == "Eq" else [])]
    return []


def _shapes(pattern: Node) -> Iterator[Node]:
    """A pattern and those inside it."""
    yield pattern
    if pattern.kind in ("Array", "Object"):
        for child in pattern.children():
            yield from _shapes(child)


def _has_variable(node: Node) -> bool:
    return any(part.kind == "Var" for part in node.walk())


def _reads_otherwise(pattern: str) -> bool:
    plain = pattern.replace("\\\\", "")
    repeats = (int(count) for pair in _REPEAT.findall(plain) for count in pair if count)
    return bool(_OTHER_REGEX.search(plain)) or max(repeats, default=0) > _MOST_REPEATS or not _is_known(pattern)


def _is_known(pattern: str) -> bool:
    """Whether the embedded engine can read a regular expression: what it cannot read is undefined in places."""
    from .regorus_modules import new_engine

    engine = new_engine()
    engine.set_input(pattern)
    return bool(engine.eval_query("regex.is_valid(input)")["result"][0]["expressions"][0]["value"])


def _matches_nothing(pattern: str) -> bool:
    """Whether a pattern matches the empty text somewhere, as far as Python reads it like the engines."""
    try:
        return any(found.group() == "" for found in re.finditer(pattern, "aA0 .\n"))
    except (re.error, OverflowError):
        return False


def _plain_delimiters(node: Node | None) -> bool:
    if node is None or node.kind != "Array":
        return False
    return [_literal(part) for part in node.children()] in _PLAIN_DELIMITERS


def _exact(value: Decimal) -> bool:
    if value == value.to_integral_value():
        return _SMALLEST <= value <= _BIGGEST
    return len(value.as_tuple().digits) <= _DIGITS
