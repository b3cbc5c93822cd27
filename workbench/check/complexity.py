"""Complexity: evaluation stays linear in the number of subjects.

A *wide* collection grows with the pipeline: the subjects or observations of the input, and every rule that is filled by
iterating one. Iterating one costs its size; iterating one for each member of another costs the product.
"""

from __future__ import annotations

from collections.abc import Iterator

from .costs import Found, Search
from .pack import Pack
from .problem import Problem, Rule, Severity

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


def find(pack: Pack) -> Iterator[Problem]:
    """Traps in every module."""
    search = Search(pack.everything)
    for module in pack.modules.values():
        for rule in module.rules:
            for found in search.of(module, rule):
                yield from _problem(found, search)


def _problem(found: Found, search: Search) -> Iterator[Problem]:
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
        if search.loops(found.name):
            what = f"{text} iterates over all subjects, for each subject"
            yield NESTED.at(found.module, found.node, what, remedy="compute what is shared in a rule of its own")
        elif found.name.startswith("regex.") or search.matches(found.name):
            remedy = (
                "compare with literals, trim or startswith; or match each distinct value once, in a rule of its own"
            )
            yield REGEX.at(
                found.module, found.node, f"{text} matches a regular expression for each subject", remedy=remedy
            )
