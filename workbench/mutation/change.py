"""One change of one module: the text of a span replaced."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from ...evaluator.rego.syntax import Module, Span

Replacements = Iterator[tuple[Span, str]]
"""Where a module can be changed, and what to write there."""


@dataclass(frozen=True)
class Change:
    """One change of a module.

    Args:
        module: what is changed.
        operator: the kind of change, as explanations name it.
        span: what is replaced.
        text: what is put there instead.
    """

    module: Module
    operator: str
    span: Span
    text: str

    @property
    def line(self) -> int:
        """The line of the module, from 1, in which the replaced text begins."""
        return self.module.place(self.span)[0]

    @property
    def mutant(self) -> str:
        """The whole module, changed."""
        data = self.module.data
        return (data[: self.span.start] + self.text.encode() + data[self.span.end :]).decode()

    def diff(self) -> tuple[str, ...]:
        """The lines that differ, ``-`` before the old and ``+`` before the new ones."""
        old = self._lines(self.module.data[self.span.start : self.span.end])
        new = self._lines(self.text.encode())
        differing = list(difflib.unified_diff(old, new, lineterm="", n=0))[2:]
        return tuple(line for line in differing if not line.startswith("@@") and line[1:].strip())

    def _lines(self, inside: bytes) -> list[str]:
        """Every line that a text touches that stands in the place of the span."""
        data = self.module.data
        begin = data.rfind(b"\n", 0, self.span.start) + 1
        end = data.find(b"\n", self.span.end)
        after = data[self.span.end : end if end >= 0 else len(data)]
        return (data[begin : self.span.start] + inside + after).decode().split("\n")
