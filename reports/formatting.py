"""What formatting changed, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Protocol

from rich.console import RenderableType

from .console import lay_out, line

_MOST_LINES = 40
_STYLES = {"+": "pass", "-": "fail"}


class Change(Protocol):
    """A module before and after."""

    @property
    def path(self) -> str:
        """Below the folder of policies."""

    @property
    def before(self) -> bytes:
        """As it was."""

    @property
    def after(self) -> bytes:
        """As it is, or would be."""


def render_formatting(changed: Sequence[Change], *, check: bool, color: bool = False, width: int = 100) -> str:
    """Name the modules that changed; with ``check`` also the lines that would.

    Args:
        changed: the modules.
        check: nothing was written.
        color: use colours.
        width: columns.
    """
    return lay_out(_parts(changed, check), color=color, width=width) if changed else ""


def _parts(changed: Sequence[Change], check: bool) -> Iterator[RenderableType]:
    for module in changed:
        yield line(f"{module.path} {'would change' if check else 'changed'}")
        yield from _difference(module) if check else ()


def _difference(module: Change) -> Iterator[RenderableType]:
    before, after = (data.decode(errors="replace").splitlines() for data in (module.before, module.after))
    lines = [one for one in difflib.ndiff(before, after) if one[0] in _STYLES]
    for one in lines[:_MOST_LINES]:
        yield line(one[2:], indent=2, hang=one[0], style=_STYLES[one[0]])
    if len(lines) > _MOST_LINES:
        yield line(f"and {len(lines) - _MOST_LINES} lines more", indent=2)
