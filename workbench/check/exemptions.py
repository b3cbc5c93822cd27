"""Comments by which an author exempts one place from one rule: ``# probatum:ignore rule-name: reason``.

A comment on a line of its own is about the next line that is neither blank nor a comment; a comment behind code is
about its own line. An exemption that exempts nothing is a problem itself, so that none outlives its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...evaluator.rego.syntax import Module
from ...evaluator.suggest import did_you_mean
from .problem import Problem, Rule

_MARK = re.compile(rb"#\s*probatum:ignore\b[ \t]*([^\s:]*)[ \t]*(:?)[ \t]*([^\n]*)")

MALFORMED = Rule(
    "exemption/malformed",
    "An exemption names one rule that may be exempted, and states a reason",
    "it exempts nothing",
    exemptible=False,
)
UNUSED = Rule(
    "exemption/unused",
    "An exemption exempts something",
    "nothing breaks that rule there, so that it would hide what somebody breaks later",
    exemptible=False,
)
RULES = (MALFORMED, UNUSED)


@dataclass(frozen=True)
class Exemption:
    """One comment.

    Args:
        module: where it is.
        rule: name of the rule.
        reason: why the place is exempt.
        line: that it is about.
        at: offset of the comment.
    """

    module: Module
    rule: str
    reason: str
    line: int
    at: int


@dataclass(frozen=True)
class Sifted:
    """Problems that stand, and those that are exempt, each with the reason."""

    standing: tuple[Problem, ...]
    exempt: tuple[tuple[Problem, str], ...]


def sift(problems: Sequence[Problem], modules: Iterable[Module], rules: Mapping[str, Rule]) -> Sifted:
    """Hold problems against the exemptions in the modules.

    Args:
        problems: everything that was found.
        modules: whose comments count.
        rules: every rule by name.
    """
    found = [exemption for module in modules for exemption in exemptions(module)]
    sound = {(item.module.path, item.line, item.rule): item for item in found if not _flaw(item, rules)}
    exempt = [
        (problem, sound[key].reason)
        for problem in problems
        if (key := (problem.path, problem.line, problem.rule.name)) in sound
    ]
    used = {(problem.path, problem.line, problem.rule.name) for problem, _ in exempt}
    standing = [problem for problem in problems if (problem.path, problem.line, problem.rule.name) not in used]
    for item in found:
        if flaw := _flaw(item, rules):
            remedy = "write '# probatum:ignore rule-name: reason'"
            standing.append(_at(MALFORMED, item, flaw, did_you_mean(item.rule, rules) if not item.rule else remedy))
        elif (item.module.path, item.line, item.rule) not in used:
            standing.append(_at(UNUSED, item, f"nothing breaks {item.rule} in line {item.line}", "remove the comment"))
    return Sifted(tuple(standing), tuple(exempt))


def exemptions(module: Module) -> list[Exemption]:
    """Every comment of a module that is meant as an exemption."""
    texts = [node.span for node in module.walk() if node.kind in ("String", "RawString")]
    lines = module.data.split(b"\n")
    found = []
    for match in _MARK.finditer(module.data):
        if any(span.start <= match.start() < span.end for span in texts):
            continue
        line = module.data.count(b"\n", 0, match.start())
        if not lines[line][: lines[line].find(match.group())].strip():
            line = _next_code(lines, line)
        rule, colon, reason = match.group(1).decode(), match.group(2), match.group(3).decode().strip()
        found.append(Exemption(module, rule, reason if colon else "", line + 1, match.start()))
    return found


def _next_code(lines: list[bytes], line: int) -> int:
    following = range(line + 1, len(lines))
    return next((number for number in following if lines[number].strip() and lines[number].lstrip()[:1] != b"#"), line)


def _flaw(item: Exemption, rules: Mapping[str, Rule]) -> str:
    if item.rule not in rules:
        return f"there is no rule {item.rule!r}"
    if not rules[item.rule].exemptible:
        return f"{item.rule} allows no exemption"
    return "" if item.reason else f"the exemption from {item.rule} states no reason"


def _at(rule: Rule, item: Exemption, what: str, remedy: str) -> Problem:
    from ...evaluator.rego.syntax import Span

    return rule.at(item.module, Span(item.at, item.at), what, remedy=remedy)
