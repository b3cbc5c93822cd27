"""What a run of mutation gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Survivor:
    """A changed module that no test noticed.

    Args:
        path: of the module.
        line: where the change begins, from 1.
        operator: the kind of change.
        diff: the lines that differ, after ``-`` or ``+``.
        hint: how to make a test notice it.
        reason: why it makes no difference, when a comment in place says so.
    """

    path: str
    line: int
    operator: str
    diff: tuple[str, ...]
    hint: str
    reason: str | None = None

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {**vars(self), "diff": list(self.diff)}


@dataclass(frozen=True)
class Improvement:
    """An outcome that became a pass because evidence was spoilt.

    Args:
        control: the control's id.
        input: where the input is from: a place in a test, or an example.
        change: what was done to it.
        subject: the subject's id.
        before: the outcome with the evidence as it was.
    """

    control: str
    input: str
    change: str
    subject: str
    before: str

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return dict(vars(self))


@dataclass(frozen=True)
class ModuleCounts:
    """What became of the mutants of one module.

    Args:
        mutants: how many there were.
        noticed: a test failed.
        refused: the compiler refused them.
        stopped: they ran into a limit of time or memory, as no test that passes does.
        survived: no test noticed, explained or not.
    """

    mutants: int
    noticed: int
    refused: int
    stopped: int
    survived: int


@dataclass(frozen=True)
class MutationReport:
    """Everything that was tried.

    Args:
        modules: path of each changed module to what became of its mutants.
        tests: how many tests there were to notice them.
        survivors: by path and place.
        inputs: how many inputs were spoilt.
        unread: places in tests whose inputs could not be told.
        spoilt: how often evidence was spoilt.
        improvements: outcomes that got better by it.
    """

    modules: Mapping[str, ModuleCounts]
    tests: int
    survivors: tuple[Survivor, ...]
    inputs: int
    unread: tuple[str, ...]
    spoilt: int
    improvements: tuple[Improvement, ...]

    @property
    def unexplained(self) -> tuple[Survivor, ...]:
        """Survivors that no comment explains."""
        return tuple(item for item in self.survivors if item.reason is None)

    @property
    def ok(self) -> bool:
        """Every survivor is explained, and no outcome got better."""
        return not self.unexplained and not self.improvements

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "ok": self.ok,
            "modules": {path: vars(counts) for path, counts in self.modules.items()},
            "tests": self.tests,
            "survivors": [item.to_document() for item in self.survivors],
            "inputs": self.inputs,
            "unread": list(self.unread),
            "spoilt": self.spoilt,
            "improvements": [item.to_document() for item in self.improvements],
        }
