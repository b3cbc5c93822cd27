"""Text for a terminal, laid out by rich into a string.

Only ``rich.text.Text`` objects go in, never markup, so brackets in evidence stay brackets; what they hold went through
``plain`` before, so no escape sequence reaches the terminal but rich's own colours.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .plain import plain

_COLORS = {
    "pass": "green",
    "fail": "bold red",
    "inconclusive": "yellow",
    "waived": "cyan",
    "not_applicable": "dim",
    "not_covered": "dim",
    "critical": "bold",
    "ok": "green",
    "no": "bold red",
}
NARROWEST = 40
"""Columns below which tables are unreadable; a narrower terminal wraps instead."""


def lay_out(parts: Iterable[RenderableType], *, color: bool, width: int) -> str:
    """Render parts one below the other.

    Args:
        parts: what ``line`` and ``table`` return.
        color: use colours, unless the variable ``NO_COLOR`` is set to anything (https://no-color.org).
        width: columns.

    Returns:
        The text with one final newline and no blanks at line ends.
    """
    color = color and not os.environ.get("NO_COLOR")
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=max(width, NARROWEST),
        no_color=not color,
        force_terminal=color,
        color_system="standard" if color else None,
        legacy_windows=False,
        _environ={},  # the caller's COLUMNS, TERM or FORCE_COLOR must not change a report
    )
    for part in parts:
        console.print(part, markup=False, emoji=False, highlight=False, crop=False)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    return "\n".join(lines).rstrip("\n") + "\n"


def words(value: object, style: str = "") -> Text:
    """Untrusted words in a style, which is a name of ``_COLORS`` or rich's own."""
    return Text(plain(value), style=_COLORS.get(style, style), overflow="fold")


@dataclass(frozen=True)
class Paragraph:
    """Text that hangs from a word: the word before its first line, blanks before the others.

    Args:
        text: the text.
        indent: blanks before everything.
        hang: the word; empty for none.
    """

    text: Text
    indent: int = 0
    hang: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Rich's protocol of things that can be printed."""
        first = " " * self.indent + (f"{self.hang} " if self.hang else "")
        width = max(options.max_width - cell_len(first), NARROWEST // 2)
        for number, part in enumerate(self.text.wrap(console, width, overflow="fold") or [Text()]):
            yield Text(first if number == 0 else " " * cell_len(first), style=self.text.style) + part


def line(value: object, *, indent: int = 0, style: str = "", hang: str = "") -> Paragraph:
    """A paragraph of untrusted words; see ``Paragraph``."""
    return Paragraph(words(value, style), indent, plain(hang))


@dataclass(frozen=True)
class Unbroken:
    """One line as it is, however long: a place that programs look for, or an excerpt with a caret below.

    Args:
        text: went through ``plain``, or is as harmless.
        style: a name of ``_COLORS``, or rich's own.
    """

    text: str
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Rich's protocol; a bare ``Text`` would be joined with others, and lose that it is not to be wrapped."""
        yield Text(self.text, style=_COLORS.get(self.style, self.style), no_wrap=True, overflow="ignore")


def heading(value: object) -> RenderableType:
    """The title of a section, with an empty line before it."""
    return Padding(words(value, "bold"), (1, 0, 0, 0))


def table(columns: Sequence[str], rows: Iterable[Sequence[Text]]) -> Table:
    """A table with a head; the last column takes the width that is left."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for name in columns[:-1]:
        made.add_column(words(name), overflow="fold")
    made.add_column(words(columns[-1]), overflow="fold", ratio=1)
    for row in rows:
        made.add_row(*row)
    return made
