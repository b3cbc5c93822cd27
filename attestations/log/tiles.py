"""Where hashes and entries lie in files: the layout of C2SP ``tlog-tiles``.

A hash tile holds up to 256 hashes of one level out of eight (``tile/0/…`` are leaves, ``tile/1/…`` every eighth level
above), an entry bundle up to 256 entries, each behind its length in two bytes. A tile that is not full yet carries its
width in its path, ``tile/0/000.p/17``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ...errors import TrustError
from .merkle import HASH_BYTES, Hash, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT
LEVELS = 8  # that 2**63 entries have
ENTRIES = "entries"
MAX_ENTRY_BYTES = 0xFFFF
MAX_TILE_BYTES = WIDTH * (2 + MAX_ENTRY_BYTES)

_PATH = re.compile(r"tile/(?P<level>[0-7]|entries)/(?P<index>(x\d{3}/)*\d{3})(\.p/(?P<width>[1-9]\d{0,2}))?", re.ASCII)

Files = Callable[[str], bytes]
"""Called with a path below the log's folder; raises ``OSError`` when there is no such file."""


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """The path of a tile.

    Args:
        level: of hash tiles, or ``ENTRIES``.
        index: of the tile at that level.
        width: how many hashes or entries it holds.
    """
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(parts))}{partial}"


def tile_width(size: int, level: int | str, index: int) -> int:
    """How many hashes or entries a tile has in a log of some size; 0 where there is no such tile."""
    shift = 0 if level == ENTRIES else HEIGHT * int(level)
    return max(0, min(WIDTH, (size >> shift) - index * WIDTH))


class TileReader:
    """Reads hashes and entries of a log of one size; keeps what it read of the tree.

    Args:
        files: reads a file of the log.
        size: number of entries; nothing beyond them is read.
    """

    def __init__(self, files: Files, size: int) -> None:
        self._files, self.size = files, size
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._inner: dict[tuple[int, int], Hash] = {}

    def hash(self, level: int, index: int) -> Hash:
        """The hash of a perfect subtree; see ``merkle.Reader``.

        Raises:
            TrustError: a tile is missing or is not of the size that it must have.
        """
        found = self._inner.get((level, index))
        if found is None:
            up, inside = divmod(level, HEIGHT)
            first = index << inside
            tile, start = self._tile(up, first // WIDTH), first % WIDTH
            found = subtree([tile[n * HASH_BYTES : (n + 1) * HASH_BYTES] for n in range(start, start + (1 << inside))])
            self._inner[level, index] = found
        return found

    def tile(self, level: int, index: int) -> list[Hash]:
        """The hashes of one tile, as many as there are at this size.

        Raises:
            TrustError: the tile is missing or is not of the size that it must have.
        """
        data = self._tile(level, index)
        return [data[n : n + HASH_BYTES] for n in range(0, len(data), HASH_BYTES)]

    def entries(self, index: int) -> list[bytes]:
        """The entries of one bundle, as many as there are at this size.

        Raises:
            TrustError: the bundle is missing or damaged.
        """
        width = tile_width(self.size, ENTRIES, index)
        path = tile_path(ENTRIES, index, width)
        found = list(unbundle(self._read(ENTRIES, index, width), path)) if width else []
        if len(found) != width:
            raise damaged(path, f"{len(found)} entries, {width} were expected")
        return found

    def _tile(self, level: int, index: int) -> bytes:
        key = (level, index)
        if key not in self._tiles:
            width = tile_width(self.size, level, index)
            data = self._read(level, index, width) if width else b""
            if len(data) != width * HASH_BYTES:
                path = tile_path(level, index, width)
                raise damaged(path, f"{len(data)} bytes, {width * HASH_BYTES} were expected")
            self._tiles[key] = data
        return self._tiles[key]

    def _read(self, level: int | str, index: int, width: int) -> bytes:
        """A tile of some width, from the full one where that exists already (partial ones may have been cleared)."""
        path = tile_path(level, index, width)
        try:
            return self._files(path)
        except OSError as error:
            if width == WIDTH:
                raise damaged(path, error.strerror or str(error)) from error
        try:
            whole = self._files(tile_path(level, index))
        except OSError as error:
            raise damaged(path, error.strerror or str(error)) from error
        if level == ENTRIES:
            return bundle(list(unbundle(whole, path))[:width])
        return whole[: width * HASH_BYTES]


def bundle(entries: Sequence[bytes]) -> bytes:
    """Entries, each of at most ``MAX_ENTRY_BYTES``, in the form of an entry bundle."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(data: bytes, path: str) -> Iterator[bytes]:
    """The entries of a bundle.

    Raises:
        TrustError: it is cut short.
    """
    place = 0
    while place < len(data):
        length = int.from_bytes(data[place : place + 2], "big")
        place += 2 + length
        if place > len(data):
            raise damaged(path, "it is cut short")
        yield data[place - length : place]


def subtree(hashes: list[Hash]) -> Hash:
    """The hash of a perfect subtree of a power of two of hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[n], hashes[n + 1]) for n in range(0, len(hashes), 2)]
    return hashes[0]


def damaged(path: str, why: str) -> TrustError:
    """What a reader says of a file that is not what it must be."""
    remedy = "'probatum log check' says what can be told; restore the file from a copy"
    return TrustError(f"the log's {path} is missing or damaged", why=why, remedy=remedy)


def tile_of(path: str) -> tuple[int | str, int, int] | None:
    """Level, index and width of the tile at a path below the log's folder; None for another file."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level: int | str = ENTRIES if match["level"] == ENTRIES else int(match["level"])
    index = int(re.sub("[x/]", "", match["index"]))
    width = int(match["width"] or WIDTH)
    return (level, index, width) if width <= WIDTH and tile_path(level, index, width) == path else None
