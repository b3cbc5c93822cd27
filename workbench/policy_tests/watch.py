"""Run again whenever a file changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

_INTERVAL_SECONDS = 0.5


def watch(folder: Path, run: Callable[[], None], *, wait: Callable[[float], None] = time.sleep) -> None:
    """Run once, and again after every change below a folder, until somebody interrupts.

    Args:
        folder: where files are looked at.
        run: what to do.
        wait: called between two looks; whatever it raises ends the watch, as ``KeyboardInterrupt`` does in silence.
    """
    try:
        while True:
            seen = snapshot(folder)
            run()
            while snapshot(folder) == seen:
                wait(_INTERVAL_SECONDS)
    except KeyboardInterrupt:
        return


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Path to size and time of change (ns) of every file of policies; one that vanishes meanwhile is left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        try:
            if path.suffix in (".rego", ".yaml", ".json") and path.is_file():
                stat = path.stat()
                found[str(path)] = (stat.st_size, stat.st_mtime_ns)
        except OSError:
            continue
    return found
