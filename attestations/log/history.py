"""What a log said before, held against what it says now: which entries stayed, which were rewritten, which are gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import TrustError
from . import merkle
from .checkpoint import Checkpoint
from .proof import LogProof
from .store import Log
from .tiles import WIDTH, TileReader


@dataclass(frozen=True)
class Seen:
    """A checkpoint that somebody kept, its signature verified.

    Args:
        source: where it comes from.
        checkpoint: what it says.
        proof: the proof that it came with; None where it came alone.
        leaf: hash of the entry that was logged, where the document is there to make it of.
    """

    source: str
    checkpoint: Checkpoint
    proof: LogProof | None = None
    leaf: merkle.Hash | None = None


@dataclass(frozen=True)
class Span:
    """Entries from ``first`` to before ``end``."""

    first: int
    end: int

    def __str__(self) -> str:
        """In words."""
        return f"entry {self.first}" if self.end - self.first == 1 else f"entries {self.first} to {self.end - 1}"


def proof_spans(index: int, size: int) -> list[Span]:
    """Which entries each hash of an inclusion proof stands for, in the order of the hashes."""
    begin, end, spans = 0, size, []
    while end - begin > 1:
        middle = begin + merkle.split(end - begin)
        if index < middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(begin, middle))
            begin = middle
    return spans[::-1]


def rewritten(seen: Seen, reader: TileReader) -> list[Span]:
    """The parts of an older tree that differ from the log's present one, as small as its proof can tell them apart.

    The proof must hold: its hashes are then those of the older tree.

    Args:
        seen: a checkpoint with a proof, and the hash of the entry that it proves.
        reader: of the log as it is now, with at least as many entries.

    Raises:
        TrustError: the log is damaged.
    """
    if seen.proof is None or seen.leaf is None:
        return [Span(0, seen.checkpoint.size)]
    index = seen.proof.index
    known = dict(zip(proof_spans(index, seen.checkpoint.size), seen.proof.hashes, strict=True))
    known[Span(index, index + 1)] = seen.leaf
    return [span for span in sorted(known, key=lambda one: one.first) if _now(reader, span) != known[span]]


def first_difference(log: Log, other: Log) -> tuple[int | None, int, int]:
    """Compare the hashes of two copies of a log, tile by tile.

    Returns:
        Index of the first entry that differs, or None; how many differ; and how many were compared.

    Raises:
        TrustError: one of the two is damaged.
    """
    size = min(log.checkpoint().size, other.checkpoint().size)
    one, two = log.reader(log.checkpoint().size), other.reader(other.checkpoint().size)
    differing = list(_differences(one, two, size))
    return (differing[0] if differing else None), len(differing), size


def _differences(one: TileReader, two: TileReader, size: int) -> Iterator[int]:
    for index in range((size + WIDTH - 1) // WIDTH):
        first = index * WIDTH
        pairs = zip(one.tile(0, index)[: size - first], two.tile(0, index)[: size - first], strict=True)
        yield from (first + at for at, (a, b) in enumerate(pairs) if a != b)


def split_view(seen: Sequence[Seen]) -> tuple[Seen, Seen] | None:
    """Two checkpoints of one size and different roots, which an honest log never signs; None where there are none."""
    by_size: dict[int, Seen] = {}
    for one in seen:
        other = by_size.setdefault(one.checkpoint.size, one)
        if other.checkpoint.root != one.checkpoint.root:
            return other, one
    return None


def _now(reader: TileReader, span: Span) -> merkle.Hash:
    if span.end > reader.size:
        raise TrustError(f"{span} are not in the log", why=f"it has {reader.size}", remedy="restore it from a copy")
    return merkle.span_hash(reader.hash, span.first, span.end)
