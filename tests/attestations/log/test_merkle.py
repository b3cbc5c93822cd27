"""The Merkle tree against the definition of RFC 6962, and its proofs against everything that is not one."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probatum.attestations.log import merkle

SIZES = [*range(1, 35), 63, 64, 65, 127, 128, 129]


def entries(count: int) -> list[bytes]:
    return [f"entry {number}".encode() for number in range(count)]


def by_definition(items: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word."""
    if not items:
        return hashlib.sha256().digest()
    if len(items) == 1:
        return hashlib.sha256(b"\x00" + items[0]).digest()
    split = 1
    while split * 2 < len(items):
        split *= 2
    return hashlib.sha256(b"\x01" + by_definition(items[:split]) + by_definition(items[split:])).digest()


def reader(items: list[bytes]) -> merkle.Reader:
    def read(level: int, index: int) -> bytes:
        chosen = items[index << level : (index + 1) << level]
        assert len(chosen) == 1 << level, "only whole subtrees are read"
        return by_definition(chosen)

    return read


@pytest.mark.parametrize("size", [0, *SIZES])
def test_the_root_is_the_one_of_the_definition(size: int) -> None:
    items = entries(size)
    assert merkle.root(reader(items), size) == by_definition(items)


def test_known_roots_of_the_test_vectors_of_certificate_transparency() -> None:
    items = [bytes.fromhex(text) for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )]  # fmt: skip
    assert merkle.root(reader(items[:1]), 1).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root(reader(items), 8).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@pytest.mark.parametrize("size", SIZES)
def test_every_entry_is_proven_and_no_other_place_is(size: int) -> None:
    items = entries(size)
    read, root = reader(items), by_definition(items)
    for index, item in enumerate(items):
        proof = merkle.inclusion_proof(read, index, size)
        leaf = merkle.leaf_hash(item)
        assert merkle.root_from_inclusion(leaf, index, size, proof) == root
        assert merkle.root_from_inclusion(merkle.leaf_hash(b"other"), index, size, proof) != root
        if size > 1:
            assert merkle.root_from_inclusion(leaf, (index + 1) % size, size, proof) != root
            assert merkle.root_from_inclusion(leaf, index, size, proof[:-1]) is None
        assert merkle.root_from_inclusion(leaf, index, size, [*proof, proof[-1] if proof else root]) is None
        assert merkle.root_from_inclusion(leaf, size, size, proof) is None


@pytest.mark.parametrize("size", SIZES)
def test_every_earlier_tree_is_proven_to_be_a_beginning(size: int) -> None:
    items = entries(size)
    read, root = reader(items), by_definition(items)
    for old in range(1, size + 1):
        before, proof = by_definition(items[:old]), merkle.consistency_proof(read, old, size)
        assert merkle.consistent(old, before, size, root, proof)
        if old < size:
            forked = by_definition([*items[: old - 1], b"rewritten"])
            assert not merkle.consistent(old, forked, size, root, proof)
            assert not merkle.consistent(old, before, size, forked, proof)
            assert not merkle.consistent(old, before, size, root, proof[:-1])
            assert not merkle.consistent(old, before, size, root, [*proof, before])
            assert not merkle.consistent(size, root, old, before, proof)


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 200), st.data())
def test_a_proof_with_one_bit_flipped_proves_nothing(size: int, data: st.DataObject) -> None:
    items = entries(size)
    read, root = reader(items), by_definition(items)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(read, index, size)
    place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(proof[place])
    flipped[bit // 8] ^= 1 << bit % 8
    bad = [*proof[:place], bytes(flipped), *proof[place + 1 :]]
    assert merkle.root_from_inclusion(merkle.leaf_hash(items[index]), index, size, bad) != root
    assert merkle.root_from_inclusion(merkle.leaf_hash(items[index]), index, size, [*proof[:-1], b"short"]) is None


def test_appending_gives_the_subtrees_that_became_whole() -> None:
    stored: dict[tuple[int, int], bytes] = {}
    items = entries(130)
    for index, item in enumerate(items):
        for level, place, found in merkle.new_nodes(merkle.leaf_hash(item), index, lambda *key: stored[key]):
            stored[level, place] = found
        assert merkle.root(lambda *key: stored[key], index + 1) == by_definition(items[: index + 1])


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 3)])
def test_what_cannot_be_proven_is_refused(old: int, new: int) -> None:
    read = reader(entries(3))
    with pytest.raises(ValueError, match="go back"):
        merkle.consistency_proof(read, old, new)
    assert not merkle.consistent(old, merkle.EMPTY, new, merkle.EMPTY, [])
    with pytest.raises(ValueError, match="no entry"):
        merkle.inclusion_proof(read, 3, 3)
