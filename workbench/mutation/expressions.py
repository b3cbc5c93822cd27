"""Changes of expressions: comparisons, arithmetic, constants, and which evidence is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...evaluator.rego.syntax import Module, Node, Span
from .change import Replacements

_COMPARISONS = {
    "Eq": ("==", ("!=",)),
    "Ne": ("!=", ("==",)),
    "Lt": ("<", ("<=", ">=")),
    "Le": ("<=", ("<", ">")),
    "Gt": (">", (">=", "<=")),
    "Ge": (">=", (">", "<")),
}
_ARITHMETIC = {
    "Add": ("+", ("-",)),
    "Sub": ("-", ("+",)),
    "Mul": ("*", ("/",)),
    "Div": ("/", ("*",)),
    "Mod": ("%", ("*",)),
    "Union": ("|", ("&",)),
    "Intersection": ("&", ("|",)),
}
_OTHER_EVIDENCE = {"usable": "observed", "observed": "usable"}
_BETWEEN = re.compile(rb"(?:#[^\n]*\n|[\s()])*")
"""What can stand between an operand and its operator: white space, parentheses, comments."""


def comparisons(module: Module) -> Replacements:
    """Every comparison turned round, and moved by its limit."""
    return _operators(module, "BoolExpr", _COMPARISONS)


def arithmetic(module: Module) -> Replacements:
    """Every arithmetic and set operator replaced by its opposite."""
    yield from _operators(module, "ArithExpr", _ARITHMETIC)
    yield from _operators(module, "BinExpr", _ARITHMETIC)


def constants(module: Module) -> Replacements:
    """Numbers one up and one down, strings longer, truth values flipped, null made false."""
    for node in module.walk():
        value = node.fields.get("value")
        if node.kind == "Number" and isinstance(value, int | float):
            yield from ((node.span, str(value + step)) for step in (1, -1))
        elif node.kind in ("String", "RawString"):
            source = module.source(node.span)
            yield node.span, f"{source[:-1]}x{source[-1]}"
        elif node.kind == "Bool":
            yield node.span, "false" if value else "true"
        elif node.kind == "Null":
            yield node.span, "false"


def evidence(module: Module) -> Replacements:
    """``input.usable`` where all that was observed is asked for, and the other way round."""
    for node in module.walk():
        path = node.path()
        if node.kind == "RefDot" and len(path) == 2 and path[0] == "input" and path[1] in _OTHER_EVIDENCE:
            name = str(path[1])
            yield Span(node.span.end - len(name), node.span.end), _OTHER_EVIDENCE[name]


def _operators(module: Module, kind: str, table: Mapping[str, tuple[str, tuple[str, ...]]]) -> Replacements:
    for node in module.walk():
        operator = str(node.fields.get("op"))
        if node.kind == kind and operator in table:
            written, others = table[operator]
            place = _between(module, node, written)
            yield from ((place, other) for other in others)


def _between(module: Module, node: Node, operator: str) -> Span:
    """Where the operator of two operands is written."""
    left, right = node.child("lhs"), node.child("rhs")
    start = 0 if left is None else left.span.end
    end = len(module.data) if right is None else right.span.start
    skipped = _BETWEEN.match(module.data, start, end)
    start = start if skipped is None else skipped.end()
    return Span(start, start + len(operator))
