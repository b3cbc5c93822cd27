"""Text for a terminal, laid out by rich into a string.

Only ``rich.text.Text`` objects go in, never markup, so brackets in evidence stay brackets; what they hold went through
``plain`` before, so no escape sequence reaches the terminal but rich's own colours.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console, RenderableType
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
        console.print(part, markup=False, emoji=False, highlight=False)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    return "\n".join(lines).rstrip("\n") + "\n"


def words(value: object, style: str = "") -> Text:
    """Untrusted words in a style, which is a name of ``_COLORS`` or rich's own."""
    return Text(plain(value), style=_COLORS.get(style, style), overflow="fold")


def line(value: object, *, indent: int = 0, style: str = "", hang: str = "") -> RenderableType:
    """A paragraph, indented, with ``hang`` in front of its first line and blanks in front of the others."""
    text = words(value, style)
    if not hang:
        return Padding(text, (0, 0, 0, indent))
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(words(hang, style), text)
    return Padding(grid, (0, 0, 0, indent))


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
