"""Evidence graphs and verdict packages, found below folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import UsageError
from .recorded import is_package

MOST_SOURCES = 100_000
_SUFFIX = ".json"


def find_evidence(places: Sequence[Path]) -> list[Path]:
    """Every graph (``*.json``) and every verdict package at or below some places, sorted, each once.

    What is no graph is found too, and so is a link to a folder, which is not searched: whoever reads it says so.

    Args:
        places: files and folders.

    Raises:
        UsageError: a place is not there or holds nothing, or there are too many.
    """
    found: dict[Path, None] = {}
    for place in places:
        inside = 0
        for inside, path in enumerate(_below(place), start=1):
            found[path] = None
            if inside > MOST_SOURCES:
                raise UsageError(f"over {MOST_SOURCES} pieces of evidence", remedy="compare them folder by folder")
        if not inside:
            raise UsageError(
                f"there is no evidence in {place}",
                why="neither a *.json file nor a verdict package",
                remedy="give a folder of evidence graphs, or of what `probatum gate --out` wrote",
            )
    return sorted(found)


def _below(place: Path) -> Iterator[Path]:
    if place.is_file() or is_package(place):
        yield place
        return
    if not place.is_dir():
        raise UsageError(f"there is nothing at {place}", remedy="check the path")
    for root, folders, names in os.walk(place, onerror=_refuse):
        whole = [name for name in sorted(folders) if Path(root, name).is_symlink() or is_package(Path(root, name))]
        folders[:] = sorted(set(folders).difference(whole))
        yield from (Path(root, name) for name in whole)
        yield from (Path(root, name) for name in sorted(names) if name.endswith(_SUFFIX))


def _refuse(error: OSError) -> None:
    raise UsageError(f"cannot read {error.filename}", why=error.strerror or str(error), remedy="check the path")
