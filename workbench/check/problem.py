"""What a check finds, and what a check is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from ...evaluator.rego.syntax import Module, Node, Span

if TYPE_CHECKING:
    from .pack import Pack


class Severity(StrEnum):
    """How bad a problem is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Rule:
    """One thing that is checked.

    Args:
        name: permanent, ``group/name``.
        title: what must be the case, in one line.
        why: what happens otherwise.
        severity: of its problems.
        exemptible: whether a comment in the policy may exempt a place from it; not so for what makes a control wrong.
    """

    name: str
    title: str
    why: str
    severity: Severity = Severity.ERROR
    exemptible: bool = True

    def at(self, module: Module, place: Span | Node, what: str, *, why: str = "", remedy: str = "") -> Problem:
        """A problem at a place of a module; ``why`` is the rule's own unless another is given."""
        line, column = module.place(place.span if isinstance(place, Node) else place)
        return Problem(self, module.path, line, column, what, why or self.why, remedy)

    def of_file(
        self, path: str, what: str, *, line: int = 1, column: int = 1, why: str = "", remedy: str = ""
    ) -> Problem:
        """A problem of a file as a whole, or at a line that is known otherwise."""
        return Problem(self, path, line, column, what, why or self.why, remedy)


@dataclass(frozen=True)
class Problem:
    """One place that breaks a rule.

    Args:
        rule: which one.
        path: of the file, in the pack.
        line: from 1.
        column: from 1, in characters.
        what: what is wrong there, in one line.
        why: what comes of it.
        remedy: what to do.
    """

    rule: Rule
    path: str
    line: int
    column: int
    what: str
    why: str
    remedy: str

    def document(self) -> dict[str, Any]:
        """The problem as JSON values."""
        return {
            "rule": self.rule.name,
            "severity": str(self.rule.severity),
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "what": self.what,
            "why": self.why,
            "remedy": self.remedy,
        }


class Check(Protocol):
    """A module of this package that looks for one kind of problem."""

    @property
    def RULES(self) -> tuple[Rule, ...]:  # noqa: N802 - modules fulfil this protocol
        """What it checks."""

    def find(self, pack: Pack) -> Iterator[Problem]:
        """Every problem in the pack's own files, in any order."""
