"""How far a body of a rule gets for a subject, and on which values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .bodies import Body, Every, Expression, Statement

SAMPLES = 3
"""Bindings that are kept of each stop; there can be as many as there is evidence."""


@dataclass(frozen=True)
class Value:
    """The value of a part of a statement.

    Args:
        text: the part's source.
        defined: it has a value.
        value: the value.
    """

    text: str
    defined: bool
    value: Any = None


@dataclass(frozen=True)
class Binding:
    """One way in which the statements of a body hold.

    Args:
        variables: name to value.
        values: of the parts of the statement that does not hold then.
        head: what the body gives, when all of it holds.
    """

    variables: Mapping[str, Any]
    values: tuple[Value, ...] = ()
    head: Any = None


@dataclass(frozen=True)
class Element:
    """What an ``every`` met first that does not hold.

    Args:
        statement: of the inner ones, the first that fails for some element.
        binding: such an element, under the name that the statement gives it.
        count: how many elements fail there.
    """

    statement: Statement
    binding: Binding
    count: int


@dataclass(frozen=True)
class Stop:
    """How far one body gets for one subject.

    Args:
        body: the body.
        subject: the subject's id.
        cut: how many statements hold.
        bindings: at most ``SAMPLES`` of the ways in which they do.
        count: how many ways there are.
        error: what the engine said of the next statement, when it raised.
        element: when the next statement is an ``every``: where that fails.
    """

    body: Body
    subject: str
    cut: int
    bindings: tuple[Binding, ...] = ()
    count: int = 0
    error: str | None = None
    element: Element | None = None

    @property
    def fired(self) -> bool:
        """The whole body holds."""
        return self.cut == len(self.body.statements)

    @property
    def failing(self) -> tuple[Statement, ...]:
        """What does not hold: one statement, or several of which none can be tried without the others."""
        later = [cut for cut in self.body.cuts if cut > self.cut]
        return self.body.statements[self.cut : later[0]] if later else ()

    @property
    def every(self) -> Every | None:
        """What an ``every`` asks, when that is what does not hold."""
        failing = self.failing
        return failing[0].every if len(failing) == 1 else None

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The largest parts of what does not hold that can be evaluated with what is bound."""
        bound = set(self.body.bound(self.cut))
        kept: list[Expression] = []
        for value in (value for statement in self.failing for value in statement.values):
            if value.needs <= bound and not any(larger.text.startswith(value.text) for larger in kept):
                kept.append(value)
        return tuple(kept)
