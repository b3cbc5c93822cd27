"""What a test of a policy is, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["passed", "failed", "error", "skipped"]
"""``error``: nobody can say whether it holds, for it ran too long or cannot be run as written; it blocks as well."""


@dataclass(frozen=True)
class PolicyTest:
    """One test, found in the text of a module.

    Args:
        path: of its module, below the folder of policies.
        line: of its rule, from 1.
        package: dotted package of the module.
        rule: its name, dotted where its head is a longer reference.
        todo: its name says ``todo_test_``: it is not run.
        problem: why it cannot be run as it is written.
        opa_only: why the embedded engine cannot run it.
    """

    path: str
    line: int
    package: str
    rule: str
    todo: bool = False
    problem: str = ""
    opa_only: str = ""

    @property
    def name(self) -> str:
        """Dotted package and rule."""
        return f"{self.package}.{self.rule}"


@dataclass(frozen=True)
class Statement:
    """The first statement of a test that does not hold.

    Args:
        line: where it begins.
        source: its text.
        values: expressions of it and what they are, as Rego text; several where the statements before it leave several.
    """

    line: int
    source: str
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Result:
    """What one engine made of one test.

    Args:
        path: of the file that holds it.
        line: where it begins; 0 for a whole file.
        name: dotted package and rule, or control and file of an example.
        engine: that ran it.
        state: what came of it.
        message: why it did not pass.
        statement: what of it does not hold, where that could be found out.
        printed: what ``print`` wrote, line by line.
        seconds: how long it took.
    """

    path: str
    line: int
    name: str
    engine: str
    state: State
    message: str = ""
    statement: Statement | None = None
    printed: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """It passed, or is one that is not meant to run yet."""
        return self.state in ("passed", "skipped")


def result_of(test: PolicyTest, engine: str, state: State, message: str = "", **fields: Any) -> Result:
    """The result of a test, with whatever else is known of it."""
    return Result(test.path, test.line, test.name, engine, state, message, **fields)


@dataclass(frozen=True)
class Measured:
    """Lines of one module.

    Args:
        covered: lines with code that a test evaluated.
        uncovered: lines with code that none did.
    """

    covered: frozenset[int]
    uncovered: frozenset[int]

    @property
    def percent(self) -> float:
        """Share of the lines with code that a test evaluated; 100 where there is no such line."""
        lines = len(self.covered) + len(self.uncovered)
        return 100.0 * len(self.covered) / lines if lines else 100.0


Lines = Mapping[str, Measured]
"""Path of a module to its lines."""


@dataclass(frozen=True)
class EngineRun:
    """What one engine made of all tests.

    Args:
        results: one per test, in the order of the tests.
        lines: what was covered; empty unless that was asked for.
    """

    results: tuple[Result, ...]
    lines: Lines = field(default_factory=dict)
