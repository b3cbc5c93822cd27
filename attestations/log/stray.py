"""Files of a log besides the tiles of its newest size: narrower tiles of earlier sizes, and what does not belong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...errors import TrustError
from .damage import Damage
from .disk import read_file
from .journal import JOURNAL
from .lock import LOCK
from .merkle import HASH_BYTES
from .tiles import ENTRIES, MAX_TILE_BYTES, WIDTH, tile_of, tile_path, tile_width, unbundle

_KNOWN = {"checkpoint", "log.vkey", JOURNAL, LOCK}


@dataclass(frozen=True)
class Strays:
    """The further files of a log.

    Args:
        folder: of the log.
        narrower: level and index of a tile to the widths in which it is there besides its present one.
        others: paths of what is no file of a log, and why.
    """

    folder: Path
    narrower: dict[tuple[int | str, int], list[int]]
    others: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, folder: Path, size: int) -> Strays:
        """Look at every name below a log's folder.

        Args:
            folder: of the log.
            size: number of its entries.
        """
        narrower: dict[tuple[int | str, int], list[int]] = {}
        others = []
        for path in _names(folder):
            tile = tile_of(path)
            if (folder / path).is_symlink():
                others.append((path, "it is a link"))
            elif tile is None:
                if path not in _KNOWN:
                    others.append((path, "it is no file of a log"))
            elif tile[2] > tile_width(size, tile[0], tile[1]):
                others.append((path, "it lies beyond the checkpoint"))
            elif tile[2] != tile_width(size, tile[0], tile[1]):
                narrower.setdefault(tile[:2], []).append(tile[2])
        return cls(folder, narrower, tuple(others))

    def compared(self, level: int | str, index: int, made: Callable[[int], bytes]) -> Iterator[Damage]:
        """The narrower forms of a tile, held against what its entries make.

        Args:
            level: of the tile.
            index: of the tile.
            made: gives the content of a tile of some width.
        """
        span = WIDTH ** (0 if isinstance(level, str) else level)
        for width in sorted(self.narrower.get((level, index), ())):
            path = tile_path(level, index, width)
            expected = made(width)
            try:
                found = read_file(self.folder, path, MAX_TILE_BYTES)
                what = "this tile of an earlier size holds something else than the log does now"
            except (OSError, TrustError) as error:
                found, what = b"", str(error)
            if found != expected:
                first = (index * WIDTH + _first_difference(level, expected, found, path)) * span
                yield Damage(path, first, (index * WIDTH + width) * span - 1, what)

    def unknown(self) -> Iterator[Damage]:
        """What does not belong into a log."""
        for path, why in self.others:
            yield Damage(path, None, None, why)


def _first_difference(level: int | str, expected: bytes, found: bytes, path: str) -> int:
    """The first entry or hash of a tile that is not the expected one."""
    if level != ENTRIES:
        pairs = enumerate(zip(expected, found, strict=False))
        return min(next((at for at, (a, b) in pairs if a != b), len(found)), len(expected) - 1) // HASH_BYTES
    there: list[bytes] = []
    with suppress(TrustError):
        there.extend(unbundle(found, path))
    wanted = list(unbundle(expected, path))
    return next(
        (at for at, (one, other) in enumerate(zip(wanted, there, strict=False)) if one != other),
        min(len(there), len(wanted) - 1),
    )


def _names(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if Path(place, name).is_symlink()]
        for name in sorted([*names, *links]):
            yield Path(place, name).relative_to(folder).as_posix()
