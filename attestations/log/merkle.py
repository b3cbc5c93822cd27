"""The Merkle tree of RFC 6962, section 2.1: hashes, proofs, and their verification (RFC 9162, 2.1.3 and 2.1.4).

Everything here is about numbers and hashes, and reads nothing. A tree of ``size`` leaves is looked at through
``Reader``, which gives the hash of a perfect subtree: level 0 are the leaves' own hashes, level ``k`` covers ``2**k``
leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

Hash = bytes
Reader = Callable[[int, int], Hash]
"""Called with a level and an index at that level, of a perfect subtree that lies wholly inside the tree."""

EMPTY = hashlib.sha256().digest()
HASH_BYTES = 32


def leaf_hash(entry: bytes) -> Hash:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(read: Reader, size: int) -> Hash:
    """The hash of a tree of that many leaves."""
    return span_hash(read, 0, size) if size else EMPTY


def inclusion_proof(read: Reader, index: int, size: int) -> list[Hash]:
    """The hashes that lead from one leaf to the root, nearest first.

    Raises:
        ValueError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} entries has no entry {index}")
    return _path(read, index, 0, size)


def consistency_proof(read: Reader, old: int, new: int) -> list[Hash]:
    """The hashes that show that the tree of ``new`` leaves begins with the tree of ``old`` ones.

    Raises:
        ValueError: the old tree is not smaller, or empty trees are compared.
    """
    if not 0 < old <= new:
        raise ValueError(f"a tree of {new} entries cannot go back to one of {old}")
    return [] if old == new else _subproof(read, old, 0, new, whole=True)


def root_from_inclusion(leaf: Hash, index: int, size: int, proof: Sequence[Hash]) -> Hash | None:
    """The root that an inclusion proof leads to; None when the proof cannot be one for that place."""
    if not 0 <= index < size:
        return None
    node, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0 or len(step) != HASH_BYTES:
            return None
        if node & 1 or node == last:
            found = node_hash(step, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, step)
        node, last = node >> 1, last >> 1
    return found if last == 0 else None


def consistent(old: int, old_root: Hash, new: int, new_root: Hash, proof: Sequence[Hash]) -> bool:
    """True when a proof shows that the new tree begins with the old one."""
    if not 0 < old <= new or any(len(step) != HASH_BYTES for step in proof):
        return False
    if old == new:
        return not proof and old_root == new_root
    steps = list(proof)
    if old & (old - 1) == 0:  # the old tree is one subtree of the new one, and its root need not be sent
        steps.insert(0, old_root)
    if not steps:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, step)
        node, last = node >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def new_nodes(leaf: Hash, index: int, left: Reader) -> Iterator[tuple[int, int, Hash]]:
    """The perfect subtrees that become whole when a leaf is appended: level, index and hash of each.

    Args:
        leaf: hash of the new leaf.
        index: its place.
        left: reads subtrees to the left of it.
    """
    level = 0
    yield level, index, leaf
    while index & 1:
        leaf = node_hash(left(level, index - 1), leaf)
        level, index = level + 1, index >> 1
        yield level, index, leaf


def span_hash(read: Reader, begin: int, end: int) -> Hash:
    """The hash of the leaves from ``begin`` to before ``end``; they begin where a subtree of their number does."""
    size = end - begin
    level = size.bit_length() - 1
    if size == 1 << level:
        return read(level, begin >> level)
    middle = begin + (1 << level)
    return node_hash(read(level, begin >> level), span_hash(read, middle, end))


def split(size: int) -> int:
    """The largest power of two that is smaller."""
    return 1 << (size - 1).bit_length() - 1


def _path(read: Reader, index: int, begin: int, end: int) -> list[Hash]:
    if end - begin == 1:
        return []
    middle = begin + split(end - begin)
    if index < middle:
        return [*_path(read, index, begin, middle), span_hash(read, middle, end)]
    return [*_path(read, index, middle, end), span_hash(read, begin, middle)]


def _subproof(read: Reader, old: int, begin: int, end: int, *, whole: bool) -> list[Hash]:
    """The proof below one subtree; ``whole`` while the old tree's root is what its verifier already has."""
    if begin + old == end:
        return [] if whole else [span_hash(read, begin, end)]
    middle = begin + split(end - begin)
    if begin + old <= middle:
        return [*_subproof(read, old, begin, middle, whole=whole), span_hash(read, middle, end)]
    return [*_subproof(read, old - (middle - begin), middle, end, whole=False), span_hash(read, begin, middle)]
