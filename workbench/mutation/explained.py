"""Survivors that are explained in place, by a comment on the line or above it.

``# probatum:survives compare: a count is never negative`` says that changes of that kind in the line make no
difference, and why. Several kinds are joined by commas. A comment that does not say why, or that explains nothing, is
an error: it would hide the next survivor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import PolicyError
from ...evaluator.rego.syntax import Module
from .operators import HINTS

_MARK = "probatum:survives"
_COMMENT = re.compile(r"^(?P<before>.*?)#\s*probatum:survives\b(?P<after>.*)$")
_SAID = re.compile(r"\s+(?P<operators>[\w,\s]+?):\s+(?P<reason>\S.*)")


@dataclass(frozen=True)
class Explanation:
    """Why some changes of one line make no difference.

    Args:
        path: of the module.
        at: the line of the comment, from 1.
        line: the line that it is about.
        operators: the kinds of change.
        reason: why they make no difference.
    """

    path: str
    at: int
    line: int
    operators: tuple[str, ...]
    reason: str


def explanations(module: Module) -> tuple[Explanation, ...]:
    """The explanations of a module.

    Raises:
        PolicyError: one names no kind of change, or an unknown one, or gives no reason.
    """
    lines = module.text.split("\n")
    found = []
    for number, line in enumerate(lines, start=1):
        comment = _COMMENT.match(line)
        if comment is not None:
            about = number if comment["before"].strip() else _code_below(lines, number)
            found.append(_read(module.path, number, about, comment["after"]))
    return tuple(found)


def check_used(explained: Iterable[Explanation], survivors: Iterable[tuple[str, int, str]]) -> None:
    """Refuse explanations of what does not survive.

    Args:
        explained: the explanations.
        survivors: path, line and operator of each change that nobody noticed.

    Raises:
        PolicyError: at least one explains nothing.
    """
    known = set(survivors)
    stale = [
        f"{item.path}:{item.at} ({operator})"
        for item in explained
        for operator in item.operators
        if (item.path, item.line, operator) not in known
    ]
    if stale:
        raise PolicyError(
            f"explanations of survivors that explain nothing: {len(stale)}",
            why=f"no such change survives at {', '.join(stale)}",
            remedy="remove the comment: a test notices the change now, or the line has moved",
        )


def _code_below(lines: list[str], number: int) -> int:
    """The first line behind a comment that is not a comment itself."""
    return next((n for n in range(number + 1, len(lines) + 1) if not lines[n - 1].lstrip().startswith("#")), number)


def _read(path: str, at: int, line: int, said: str) -> Explanation:
    parts = _SAID.fullmatch(said.rstrip())
    operators = tuple(name.strip() for name in parts["operators"].split(",")) if parts else ()
    unknown = [name for name in operators if name not in HINTS]
    if parts is None or unknown:
        why = f"there is no kind of change {unknown[0]!r}" if unknown else "it names no kind of change, or no reason"
        raise PolicyError(
            f"{path}:{at}: this explanation of a survivor cannot be read",
            why=why,
            remedy=f"write `# {_MARK} OPERATOR: reason`; the operators are {', '.join(sorted(HINTS))}",
        )
    return Explanation(path, at, line, operators, parts["reason"])
