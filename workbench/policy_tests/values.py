"""Why a test fails: the first statement of it that does not hold, and what the expressions in it are.

Rules with the beginnings of the test's body are put below its module and evaluated there, so that everything in them
means what it means in the test: the longest beginning that holds ends before the statement that does not. Works with
any engine that can say what the rules of a changed module are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ...errors import ProbatumError
from ...evaluator.rego.syntax import Module, Node, parse
from .model import PolicyTest, Statement

Look = Callable[[str, str, tuple[str, ...]], Mapping[str, Sequence[Any]] | None]
"""Path and new text of a module, and dotted rules, to the values of each rule, at most one; None if it cannot say."""

_HOLDS, _VALUE = "probatum_holds", "probatum_value"
_MAX_EXPRESSIONS, _MAX_VALUES, _MAX_TEXT = 8, 5, 2_000
_COMPOSED = ("Array", "Set", "Object")
_REFERENCES = ("Var", "RefDot", "RefBrack")
_CLOSED = ("ArrayCompr", "SetCompr", "ObjectCompr", "Every")
"""Parts with variables of their own, which mean nothing outside."""


def failing_statement(test: PolicyTest, text: str, look: Look) -> Statement | None:
    """The first statement of a test that does not hold.

    Args:
        test: one that failed.
        text: of its module.
        look: says what rules of a changed module are.

    Returns:
        None when it has no body, all of its body holds, or nobody can say.
    """
    module = parse(test.path, text)
    found = _statements(module, test)
    if not found:
        return None
    sources = [module.source(statement.span) for statement in found]
    bodies = {f"{_HOLDS}_{number}": sources[:number] for number in range(1, len(sources) + 1)}
    rules = [f"{name} if {_block(body)}" for name, body in bodies.items()]
    holding = _looked(module, rules, list(bodies), look)
    if holding is None:
        return None
    number = next((number for number, name in enumerate(bodies) if not holding[name]), None)
    if number is None:
        return None
    line, _ = module.place(found[number].span)
    values = _values(module, sources[:number], found[number], look)
    return Statement(line, sources[number], tuple(values))


def _statements(module: Module, test: PolicyTest) -> list[Node]:
    """The statements of the first body of a test."""
    rules = (rule.node for rule in module.rules if rule.name == test.rule and not rule.is_default)
    bodies = (body for node in rules for body in node.below("bodies"))
    query = next((query for body in bodies for query in body.below("query")), None)
    return [] if query is None else query.below("stmts")


def _values(module: Module, before: list[str], statement: Node, look: Look) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every expression of a statement that can be evaluated after those before it."""
    expressions = dict(reversed(list(_expressions(module, statement))))
    modifiers = " ".join(module.source(node.span) for node in statement.below("with_mods"))
    names = {f"{_VALUE}_{number}": label for number, label in enumerate(list(reversed(expressions))[:_MAX_EXPRESSIONS])}
    rules = {name: _value_rule(name, before, expressions[label], modifiers) for name, label in names.items()}
    together = _looked(module, list(rules.values()), list(rules), look)
    for name, label in names.items():
        # one that has a meaning only inside its statement makes the engine refuse them all: then each on its own
        found = together if together is not None else _looked(module, [rules[name]], [name], look)
        if found is not None:
            texts = found[name][0] if found[name] else []
            yield label, tuple(_short(text) for text in map(_shown, texts[:_MAX_VALUES]))


def _value_rule(name: str, before: list[str], source: str, modifiers: str) -> str:
    """A rule with the values of an expression as type and text, which tells sets from arrays."""
    found = f"{name}_found := {source} {modifiers}"
    shown = f"{name}_text := [type_name({name}_found), sprintf(`%v`, [[{name}_found]])]"
    return f"{name} contains {name}_text if {_block([*before, found, shown])}"


def _shown(found: Sequence[str]) -> str:
    kind, text = found
    return "set()" if kind == "set" and text == "[{}]" else text[1:-1]  # the embedded engine shows both empty alike


def _looked(module: Module, rules: list[str], names: list[str], look: Look) -> Mapping[str, Sequence[Any]] | None:
    text = "\n\n".join([module.text, *rules, ""])
    dotted = {name: f"{module.package}.{name}" for name in names}
    try:
        found = look(module.path, text, tuple(f"data.{name}" for name in dotted.values()))
    except ProbatumError:
        return None
    return None if found is None else {name: found[f"data.{dotted[name]}"] for name in names}


def _expressions(module: Module, statement: Node) -> Iterator[tuple[str, str]]:
    """What is worth showing of a statement, outer parts first: what to call it, and its source."""
    for part in statement.children():
        if part.kind == "Every":
            yield from _of_every(module, part)
            continue
        nodes = [list(part.children())[-1]] if part.kind == "SomeIn" else list(part.children())
        for node in nodes if part.kind in ("Expr", "NotExpr", "SomeIn") else ():
            yield from ((module.source(found.span),) * 2 for found in _of_expression(node))


def _of_every(module: Module, every: Node) -> Iterator[tuple[str, str]]:
    """The members for which it does not hold, and what they are members of."""
    *_, domain, query = every.children()
    head = module.source(every.span).partition(" in ")[0].removeprefix("every").strip()
    body = "; ".join(module.source(node.span) for node in query.below("stmts"))
    members = module.source(domain.span)
    failing = f"{head.split(',')[-1].strip()} | some {head} in {members}; count([1 | {body}]) == 0"
    yield "the members for which it does not hold", f"[{failing}]"
    yield from ((module.source(found.span),) * 2 for found in _parts(domain))


def _of_expression(node: Node) -> Iterator[Node]:
    """The operands of a comparison, then what is in them; of anything else itself, then what is in it."""
    if node.kind == "AssignExpr" and node.fields.get("op") == "ColEq":
        yield from _parts(list(node.children())[-1])
    elif node.kind in ("BoolExpr", "Membership", "AssignExpr", "BinExpr"):
        operands = list(node.children())
        yield from (operand for operand in operands if _varies(operand))
        for operand in operands:
            yield from _inside(operand)
    else:
        yield from _parts(node)


def _parts(node: Node) -> Iterator[Node]:
    """A part whose value its source does not tell, and those in it."""
    if _varies(node) and node.kind not in _COMPOSED:
        yield node
    yield from _inside(node)


def _inside(node: Node) -> Iterator[Node]:
    if node.kind in _CLOSED or node.kind in _REFERENCES:
        return
    children = list(node.children())
    for child in children[1:] if node.kind == "Call" else children:
        yield from _parts(child)


def _varies(node: Node) -> bool:
    """True unless it is made of literals only, or all of ``input`` or ``data``, which would be too much."""
    if node.kind in _REFERENCES:
        return node.dotted() not in ("input", "data")
    return node.kind == "Call" or any(_varies(child) for child in node.children())


def _block(statements: list[str]) -> str:
    return "{\n" + "".join(f"\t{one}\n" for one in statements) + "}"


def _short(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
