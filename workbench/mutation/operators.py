"""The kinds of change that are made: one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...evaluator.rego.syntax import Module
from . import expressions, rules, statements
from .change import Change, Replacements


@dataclass(frozen=True)
class Operator:
    """A kind of change.

    Args:
        name: as explanations name it.
        find: where a module can be changed like this, and how.
        hint: how to make a test notice it.
    """

    name: str
    find: Callable[[Module], Replacements]
    hint: str


OPERATORS = (
    Operator(
        "rule",
        rules.rules,
        "no test needs this rule: add a case that only it decides, or remove it",
    ),
    Operator("else", rules.branches, "no test reaches this branch: add a case that falls through to it, or remove it"),
    Operator(
        "drop",
        statements.conditions,
        "no test has a case that only this condition refuses: add one, or remove it if another says the same",
    ),
    Operator("not", statements.negations, "add one case in which this condition holds and one in which it does not"),
    Operator(
        "quantifier", statements.quantifiers, "add a case with several members of which only some meet the condition"
    ),
    Operator("compare", expressions.comparisons, "add a case exactly at the limit, and one on either side of it"),
    Operator("arithmetic", expressions.arithmetic, "add a case whose exact result is compared"),
    Operator("usable", expressions.evidence, "add a case whose evidence was observed and is not usable"),
    Operator("constant", expressions.constants, "compare what comes of this constant exactly, or at its limit"),
)
HINTS = {operator.name: operator.hint for operator in OPERATORS}


def changes(module: Module) -> tuple[Change, ...]:
    """Every change of a module, in the order of its text; those that give the same text only once."""
    found = [
        Change(module, operator.name, span, text) for operator in OPERATORS for span, text in operator.find(module)
    ]
    unique: dict[str, Change] = {}
    for change in found:
        unique.setdefault(change.mutant, change)
    return tuple(sorted(unique.values(), key=lambda change: (change.span.start, change.span.end)))
