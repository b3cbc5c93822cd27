"""Untrusted words as Markdown text that stays text on GitHub.

A finding quotes names that whoever is under assessment can choose; they must not become HTML, links, images, headings,
more table cells, or a notification to somebody (``@name``, ``#1`` and bare URLs are linked by GitHub after Markdown is
done, so only breaking the word helps).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .plain import plain

_BREAK = "<!-- -->"
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~])")
_LINKED = re.compile(r"(@)(?=\S)|(\\#|GH-)(?=\d)|(:)(?=//)|(www)(?=\.)|(mailto|xmpp)(?=:)", re.IGNORECASE)
_LEADING = re.compile(r"^(?:([-+=])|(\d+)([.)]))")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def words(value: object) -> str:
    """A line of Markdown that shows a value and does nothing else."""
    text = re.sub("[&<>]", lambda found: _ENTITIES[found.group()], _SPECIAL.sub(r"\\\1", plain(value)))
    text = _LINKED.sub(lambda found: found.group() + _BREAK, text)
    return _LEADING.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", text)


def code(value: object) -> str:
    """A value in the type of code; as HTML, for a code span can neither hold nor escape every character."""
    text = re.sub("[&<>]", lambda found: _ENTITIES[found.group()], _SPECIAL.sub(r"\\\1", plain(value)))
    return f"<code>{text}</code>"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A GitHub table; cells are Markdown made by ``words`` or ``code``."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
