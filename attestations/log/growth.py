"""What changes in the files of a log when entries are appended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from . import merkle
from .tiles import ENTRIES, HEIGHT, LEVELS, MAX_ENTRY_BYTES, WIDTH, TileReader, bundle, damaged, tile_path, tile_width


class Growth:
    """A log with new entries, before any of them is written.

    Args:
        before: the log as it was.
        entries: at least one.

    Raises:
        ValueError: there is no entry, or one is too long.
        TrustError: the log is damaged.
    """

    def __init__(self, before: TileReader, entries: Sequence[bytes]) -> None:
        if not entries:
            raise ValueError("there is no entry")
        if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
            raise ValueError(f"an entry is longer than {MAX_ENTRY_BYTES} bytes")
        self._before, self._entries = before, entries
        edge = before.size // WIDTH
        self._kept = before.entries(edge)  # they are written again, so they must be those that were appended
        if [merkle.leaf_hash(entry) for entry in self._kept] != before.tile(0, edge):
            why = "its entries do not have the hashes that the tile says"
            raise damaged(tile_path(ENTRIES, edge, len(self._kept)), why)
        self.size = before.size + len(entries)
        self._fresh: dict[tuple[int, int], merkle.Hash] = {}
        for number, entry in enumerate(entries, start=before.size):
            for level, index, found in merkle.new_nodes(merkle.leaf_hash(entry), number, self.hash):
                self._fresh[level, index] = found

    @cached_property
    def root(self) -> merkle.Hash:
        """The hash of the tree with the new entries."""
        return merkle.root(self.hash, self.size)

    @property
    def fills_a_tile(self) -> bool:
        """A tile that was not full is so now."""
        return self.size // WIDTH > self._before.size // WIDTH

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Path and content of every file to be written, entries first."""
        yield from self._bundles()
        for level in range(LEVELS):
            known, now = self._before.size >> HEIGHT * level, self.size >> HEIGHT * level
            for index in range(known // WIDTH, (now + WIDTH - 1) // WIDTH) if now > known else ():
                width, known_here = tile_width(self.size, level, index), self._before.tile(level, index)
                first = index * WIDTH + len(known_here)
                fresh = [self.hash(HEIGHT * level, n) for n in range(first, index * WIDTH + width)]
                yield tile_path(level, index, width), b"".join([*known_here, *fresh])

    def outgrown(self) -> Iterator[str]:
        """Folders of partial tiles that are full now, and are no longer needed."""
        for level in (ENTRIES, *range(LEVELS)):
            index = (self._before.size >> (0 if level == ENTRIES else HEIGHT * int(level))) // WIDTH
            part = tile_width(self._before.size, level, index)
            if part and tile_width(self.size, level, index) == WIDTH:
                yield f"{tile_path(level, index)}.p"

    def hash(self, level: int, index: int) -> merkle.Hash:
        """The hash of a perfect subtree of the new log; see ``merkle.Reader``."""
        found = self._fresh.get((level, index))
        return self._before.hash(level, index) if found is None else found

    def _bundles(self) -> Iterator[tuple[str, bytes]]:
        first, last = self._before.size // WIDTH, (self.size - 1) // WIDTH
        whole = [*self._kept, *self._entries]
        for index in range(first, last + 1):
            part = whole[(index - first) * WIDTH : (index - first + 1) * WIDTH]
            yield tile_path(ENTRIES, index, len(part)), bundle(part)
