"""One walk through a file and everything it contains: what was found, what was not examined, and how far to go."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ...errors import EvidenceError
from .source import Source

_MOST_REMARKS = 200
_LONGEST = 300


class Judge(Protocol):
    """Decides about imports."""

    def severity(self, module: str, name: str) -> str | None:
        """None for an import on the allow-list, else how bad it is."""

    def harmless_name(self, name: str) -> bool:
        """Whether some allowed import has this name, whatever its module."""

    def guarded(self, module: str, name: str) -> bool:
        """Whether an import is allowed only where its argument can be examined too."""


class OverLimitError(EvidenceError):
    """Going on would take more time, space or members than allowed."""


@dataclass(frozen=True)
class Limits:
    """How far a walk goes.

    Args:
        depth: containers within containers.
        entries: members of all archives of one file.
        expanded_bytes: what all compressed members of one file may expand to.
        ratio: how many times its size a compressed member may grow, once it is over 64 MiB.
        seconds: time for one file.
    """

    depth: int = 8
    entries: int = 100_000
    expanded_bytes: int = 2 << 30
    ratio: int = 200
    seconds: float = 100.0


@dataclass(frozen=True)
class Issue:
    """Something that is dangerous.

    Args:
        member: path inside the file, ``""`` for the file itself.
        severity: ``critical``, ``high``, ``medium`` or ``low``.
        message: what it is.
        imported: dotted name, when it is about an import.
    """

    member: str
    severity: str
    message: str
    imported: str | None = None


@dataclass(frozen=True)
class Gap:
    """Something that nobody examined."""

    member: str
    reason: str


@dataclass(frozen=True)
class Shape:
    """What a content is.

    Args:
        format: its name.
        executable: ``no``, ``possible`` or ``yes``: loading it runs code that it carries.
        pickled: it holds a pickle stream.
        wrapped_arrays: its pickle holds joblib's inline arrays.
    """

    format: str
    executable: str
    pickled: bool = False
    wrapped_arrays: bool = False


@dataclass
class Findings:
    """What a walk gathers, in the order it was met, each remark once."""

    issues: dict[Issue, None] = field(default_factory=dict)
    gaps: dict[Gap, None] = field(default_factory=dict)
    problems: dict[str, None] = field(default_factory=dict)
    imports: dict[tuple[str, str], None] = field(default_factory=dict)
    pickles: int = 0


class Budget:
    """What is left of the limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self._entries = 0
        self._expanded = 0

    def check_time(self) -> None:
        """Raises: OverLimitError: the time is up."""
        if time.monotonic() > self._deadline:
            raise OverLimitError(f"not examined whole within {self.limits.seconds:g} s")

    def entries(self, count: int) -> None:
        """Account for archive members. Raises: OverLimitError: there are too many."""
        self._entries += count
        if self._entries > self.limits.entries:
            raise OverLimitError(f"more than {self.limits.entries} archive members")

    def expanded(self, count: int) -> None:
        """Account for decompressed bytes. Raises: OverLimitError: there are too many."""
        self._expanded += count
        if self._expanded > self.limits.expanded_bytes:
            raise OverLimitError(f"expands to more than {self.limits.expanded_bytes} bytes")
        self.check_time()


@dataclass(frozen=True)
class Visit:
    """One content within the walk.

    Args:
        member: its path inside the file, ``""`` for the file itself.
        depth: how many containers it lies in.
        findings: shared by the whole walk.
        budget: shared by the whole walk.
        judge: decides about imports.
        examine: identifies and examines a content, for containers.
    """

    member: str
    depth: int
    findings: Findings
    budget: Budget
    judge: Judge
    examine: Callable[[Source, Visit], Shape]

    def gap(self, reason: str) -> None:
        """Something here was not examined."""
        if len(self.findings.gaps) < _MOST_REMARKS:
            self.findings.gaps[Gap(printable(self.member), printable(reason))] = None

    def issue(self, severity: str, message: str, imported: str | None = None) -> None:
        """Something here is dangerous."""
        issue = Issue(printable(self.member), severity, printable(message), imported and printable(imported))
        if len(self.findings.issues) < _MOST_REMARKS:
            self.findings.issues[issue] = None

    def problem(self, text: str) -> None:
        """The format's own rules are broken here; what is malformed was not examined either."""
        text = printable(f"{self.member}: {text}" if self.member else text)
        if len(self.findings.problems) < _MOST_REMARKS:
            self.findings.problems[text] = None
        self.gap(text)

    def inner(self, name: str) -> Visit:
        """The same place, named more precisely, at the same depth."""
        return Visit(self._join(name), self.depth, self.findings, self.budget, self.judge, self.examine)

    def enter(self, source: Source, name: str) -> Shape:
        """Examine a member of this container.

        Returns:
            What it is; ``unknown`` when it lies too deep.
        """
        visit = Visit(self._join(name), self.depth + 1, self.findings, self.budget, self.judge, self.examine)
        if visit.depth > self.budget.limits.depth:
            visit.gap(f"nested deeper than {self.budget.limits.depth} containers")
            return Shape("unknown", "possible")
        self.budget.check_time()
        return self.examine(source, visit)

    def _join(self, name: str) -> str:
        return f"{self.member}!{name}" if self.member else name


def worst(*levels: str) -> str:
    """The gravest of several ``executable`` values, ``no`` for none."""
    order = ("no", "possible", "yes")
    return max(levels, key=order.index, default="no")


def printable(text: str) -> str:
    """Text that fits into canonical JSON and a report: no lone surrogates, no control characters, not too long."""
    clean = text.encode("utf-8", "backslashreplace").decode()
    clean = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in clean)
    return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}…"
