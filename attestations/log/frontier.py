"""The hash of a tree that grows by whole subtrees, without keeping more than one hash of each size."""

from __future__ import annotations

from collections.abc import Sequence

from .merkle import EMPTY, Hash, node_hash
from .tiles import HEIGHT, WIDTH, subtree


class Frontier:
    """The perfect subtrees that a growing tree consists of, the largest first."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, Hash]] = []

    def add(self, level: int, found: Hash) -> None:
        """Add a perfect subtree on the right; the tree before it must be a multiple of its size."""
        while self._parts and self._parts[-1][0] == level:
            found = node_hash(self._parts.pop()[1], found)
            level += 1
        self._parts.append((level, found))

    def root_with(self, leaves: Sequence[Hash]) -> Hash:
        """The hash of the tree, had it these leaves on its right."""
        tree = Frontier()
        tree._parts = list(self._parts)
        tree.add_all(leaves)
        return tree.root

    def add_all(self, leaves: Sequence[Hash]) -> None:
        """Add leaves on the right; as one subtree where they are a whole tile."""
        if len(leaves) == WIDTH:
            self.add(HEIGHT, subtree(list(leaves)))
            return
        for leaf in leaves:
            self.add(0, leaf)

    @property
    def root(self) -> Hash:
        """The hash of the tree."""
        if not self._parts:
            return EMPTY
        found = self._parts[-1][1]
        for _, left in reversed(self._parts[:-1]):
            found = node_hash(left, found)
        return found
