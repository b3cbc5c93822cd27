"""Progress of long work, on stderr, for people only: nothing is shown where stderr is not a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .plain import plain

Report = Callable[[str, int, int], None]


@contextmanager
def progress(*, quiet: bool, color: bool) -> Iterator[Report]:
    """Show what is being done until the block ends.

    Args:
        quiet: show nothing.
        color: colours are wanted.

    Yields:
        What to call with the item at hand, how many are done, and how many there are.
    """
    from rich.console import Console  # 0.1 s, not wanted by --help
    from rich.text import Text

    console = Console(stderr=True, no_color=not color)
    if quiet or not console.is_terminal:
        yield lambda _item, _done, _total: None
        return
    with console.status("") as status:
        yield lambda item, done, total: status.update(Text(f"{plain(item)} ({done}/{total})"))
