"""Changes of statements: a condition left out, negated, or asked of some instead of all."""

from __future__ import annotations

from ...evaluator.rego.syntax import Module, Node, Span
from .change import Replacements

_TRUE = "true"


def conditions(module: Module) -> Replacements:
    """Every statement of a body left out."""
    for query in module.walk():
        if query.kind == "query":
            for statement in query.below("stmts"):
                if module.source(statement.span) != _TRUE:
                    yield statement.span, _TRUE


def negations(module: Module) -> Replacements:
    """Every ``not`` taken away, and one put before every condition that has none."""
    for statement in module.walk():
        if statement.kind != "stmts":
            continue
        literal = statement.child("literal")
        inside = None if literal is None else literal.child("expr")
        if literal is None or inside is None:
            continue
        if literal.kind == "NotExpr":
            yield Span(literal.span.start, inside.span.start), ""
        elif inside.kind != "AssignExpr":
            yield Span(statement.span.start, statement.span.start), "not "


def quantifiers(module: Module) -> Replacements:
    """Every ``every`` made an existence, and every ``some`` made an ``every`` over the rest of its body."""
    for query in module.walk():
        if query.kind != "query":
            continue
        statements = query.below("stmts")
        for number, statement in enumerate(statements):
            literal = statement.child("literal")
            if literal is not None and literal.kind == "Every":
                yield literal.span, _existence(module, literal)
            elif literal is not None and literal.kind == "SomeIn" and statements[number + 1 :]:
                rest = Span(literal.span.end, statements[-1].span.end)
                begin = module.source(literal.span).removeprefix("some")
                yield Span(literal.span.start, rest.end), f"every{begin} {{{_lines(module.source(rest))}\n}}"


def _existence(module: Module, every: Node) -> str:
    """An expression, for an ``every`` can stand where only one statement may."""
    query = every.child("query")
    inside = "" if query is None else module.source(query.span)
    head = module.source(Span(every.span.start, every.span.end - len(inside.encode()))).strip()
    return f"count([1 | {head.replace('every', 'some', 1)};{inside.strip()[1:-1]}]) > 0"


def _lines(text: str) -> str:
    """The rest of a body, which may begin with the separator of the statement before it."""
    return text.lstrip().removeprefix(";") if text.lstrip().startswith(";") else text
