"""Computing a whole log anew from its entries, and naming every place where its files say something else."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from ...errors import TrustError
from .checkpoint import Checkpoint
from .damage import Damage
from .disk import read_file
from .frontier import Frontier
from .merkle import EMPTY, Hash, leaf_hash
from .store import Log
from .stray import Strays
from .tiles import (
    ENTRIES,
    LEVELS,
    MAX_TILE_BYTES,
    WIDTH,
    TileReader,
    bundle,
    subtree,
    tile_path,
    tile_width,
    unbundle,
)


@dataclass(frozen=True)
class Recomputed:
    """A log as its entries make it, and as its tiles do.

    Args:
        checkpoint: what the log says of itself.
        damage: every place where files disagree.
        root: of the entries; those that cannot be read are taken from the tiles.
        tile_root: of the hashes in the tiles of the lowest level; tiles that cannot be read are made of the entries.
        roots: both at each earlier size that was asked for.
    """

    checkpoint: Checkpoint
    damage: tuple[Damage, ...]
    root: Hash
    tile_root: Hash
    roots: dict[int, tuple[Hash, Hash]]

    def root_at(self, size: int) -> Hash:
        """The root at an earlier size, of whichever of the two trees the checkpoint was made for."""
        return self.roots[size][self.root != self.checkpoint.root and self.tile_root == self.checkpoint.root]


def recompute(log: Log, checkpoint: Checkpoint, sizes: Collection[int] = ()) -> Recomputed:
    """Read every entry and every tile of a log once.

    Args:
        log: to be read.
        checkpoint: of the log; nothing beyond it is read.
        sizes: of earlier trees whose root is wanted.
    """
    found = _Pass(log, checkpoint, sorted(set(sizes)))
    damage = tuple(found.run())
    return Recomputed(checkpoint, damage, found.entries.root, found.tiles.root, found.roots)


class _Pass:
    """One reading of a log, a tile of 256 entries at a time."""

    def __init__(self, log: Log, checkpoint: Checkpoint, sizes: list[int]) -> None:
        self._log, self._checkpoint = log, checkpoint
        self._reader = TileReader(self._read, checkpoint.size)
        self._strays = Strays.of(log.folder, checkpoint.size)
        self._sizes = [size for size in sizes if size <= checkpoint.size]
        self._above: list[list[Hash]] = [[] for _ in range(LEVELS + 1)]
        self._done = [0] * (LEVELS + 1)
        self.entries, self.tiles = Frontier(), Frontier()
        self.roots: dict[int, tuple[Hash, Hash]] = {0: (EMPTY, EMPTY)}

    def run(self) -> Iterator[Damage]:
        """Every damage, in the order of the entries."""
        size = self._checkpoint.size
        for index in range((size + WIDTH - 1) // WIDTH):
            yield from self._tile(index, tile_width(size, 0, index))
        for level in range(1, LEVELS):
            if self._above[level]:
                yield from self._compared(level, self._done[level], self._above[level])
        yield from self._strays.unknown()

    def _tile(self, index: int, width: int) -> Iterator[Damage]:
        path, first = tile_path(ENTRIES, index, width), index * WIDTH
        items, broken = self._items(path, index, width)
        leaves = [leaf_hash(item) for item in items]
        if broken:
            yield Damage(path, first + len(items), first + width - 1, broken)
        else:
            yield from self._strays.compared(ENTRIES, index, lambda count: bundle(items[:count]))
        hashes, missing = self._hashes(0, index)
        if missing:
            yield Damage(tile_path(0, index, width), first, first + width - 1, missing)
        yield from self._differing(first, width, leaves, hashes)
        yield from self._strays.compared(0, index, lambda count: b"".join(leaves[:count]))
        made = [*leaves, *hashes[len(leaves) :]]
        self._grow(first, made, hashes or made)
        if len(made) == WIDTH:
            yield from self._whole(1, subtree(made))

    def _items(self, path: str, index: int, width: int) -> tuple[list[bytes], str]:
        """The entries of a bundle up to the first that cannot be read, and why."""
        items: list[bytes] = []
        try:
            data = self._bundle(index, width)
            items.extend(unbundle(data, path))
        except TrustError as error:
            return items[:width], str(error)
        more = f"it has {len(items)} entries, {width} were expected" if len(items) != width else ""
        return items[:width], more

    def _bundle(self, index: int, width: int) -> bytes:
        try:
            return self._read(tile_path(ENTRIES, index, width))
        except OSError:
            return bundle(self._reader.entries(index))

    def _hashes(self, level: int, index: int) -> tuple[list[Hash], str]:
        try:
            return self._reader.tile(level, index), ""
        except TrustError as error:
            return [], str(error)

    def _differing(self, first: int, width: int, leaves: list[Hash], hashes: list[Hash]) -> Iterator[Damage]:
        if not hashes:
            return
        for number, (made, stated) in enumerate(zip_longest(leaves, hashes), start=first):
            if made is not None and made != stated:
                path = f"{tile_path(ENTRIES, first // WIDTH, width)} and {tile_path(0, first // WIDTH, width)}"
                yield Damage(path, number, number, "the entry does not have the hash that the tile says")

    def _whole(self, level: int, found: Hash) -> Iterator[Damage]:
        """A tile of the level below is whole."""
        self._above[level].append(found)
        if len(self._above[level]) == WIDTH:
            hashes, self._above[level] = self._above[level], []
            yield from self._compared(level, self._done[level], hashes)
            self._done[level] += 1
            yield from self._whole(level + 1, subtree(hashes))

    def _compared(self, level: int, index: int, made: list[Hash]) -> Iterator[Damage]:
        """A tile above the lowest level, held against what the entries make."""
        stated, missing = self._hashes(level, index)
        path, span = tile_path(level, index, len(made)), WIDTH**level
        for at, (one, other) in enumerate(zip_longest(made, stated), start=index * WIDTH):
            if one != other:
                what = missing or "its hash is not that of these entries"
                yield Damage(path, at * span, (at + 1) * span - 1, what)
                if missing:
                    break
        yield from self._strays.compared(level, index, lambda count: b"".join(made[:count]))

    def _grow(self, first: int, leaves: list[Hash], hashes: list[Hash]) -> None:
        while self._sizes and self._sizes[0] <= first + WIDTH:
            count = (size := self._sizes.pop(0)) - first
            self.roots[size] = (self.entries.root_with(leaves[:count]), self.tiles.root_with(hashes[:count]))
        self.entries.add_all(leaves)
        self.tiles.add_all(hashes)

    def _read(self, path: str) -> bytes:
        return read_file(self._log.folder, path, MAX_TILE_BYTES)
