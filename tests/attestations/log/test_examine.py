"""Computing a log anew: whatever was changed in it is found, and the entry is named."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from log_case import SIGNER, entry, new_log, root_of, witness

from probatum.attestations.log import merkle, note
from probatum.attestations.log.checkpoint import Checkpoint
from probatum.attestations.log.disk import write_file
from probatum.attestations.log.examine import Examination
from probatum.attestations.log.frontier import Frontier
from probatum.attestations.log.growth import Growth
from probatum.attestations.log.history import Seen, Span, proof_spans, rewritten
from probatum.attestations.log.store import Log
from probatum.attestations.log.tiles import ENTRIES, tile_of
from probatum.attestations.verify.report import Row
from probatum.errors import ProbatumError, TrustError

SIZE = 260


def small_log(folder: Path) -> Log:
    """A log with a full tile, a partial one, narrower forms of it, and a journal."""
    log = new_log(folder, SIZE - 3)
    for number in range(SIZE - 3, SIZE):
        log.append([entry(number)], SIGNER)
    return log


def forged(folder: Path, items: list[bytes]) -> Log:
    """A log that its operator wrote anew, with the right key and other entries."""
    shutil.rmtree(folder, ignore_errors=True)
    log = Log.create(folder, SIGNER)
    log.append(items, SIGNER)
    return log


def bad(log: Log, *seen: Seen, against: tuple[Log, ...] = ()) -> list[Row]:
    return [row for row in Examination(log, True, seen, against).rows() if row.ok is False]


def seen(log: Log, size: int, source: str = "kept") -> Seen:
    return Seen(source, Checkpoint(log.key.name, size, merkle.root(log.reader(log.checkpoint().size).hash, size)))


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600, 65_537])
def test_a_whole_log_holds(tmp_path: Path, size: int) -> None:
    log = new_log(tmp_path / "log", size)
    kept = [seen(log, old) for old in {0, 1, 255, 256, 257, 512, size} if old <= size]
    rows = list(Examination(log, True, kept, (log,)).rows())
    assert [row for row in rows if row.ok is not True] == []
    assert len(rows) == 5 + len(kept)


def test_frontier_gives_the_root_of_every_size() -> None:
    tree, leaves = Frontier(), [merkle.leaf_hash(entry(number)) for number in range(300)]
    for size in range(300):
        expected = root_of([entry(number) for number in range(size)])
        assert tree.root == expected
        assert Frontier().root_with(leaves[:size]) == expected
        tree.add(0, leaves[size])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return small_log(tmp_path_factory.mktemp("whole") / "log")


def concerned(path: str, place: int, log: Log) -> range:
    """Entries that a byte of a file belongs to."""
    tile = tile_of(path)
    assert tile is not None
    level, index, width = tile
    if level == ENTRIES:
        end = 0
        for number in range(index * 256, index * 256 + width):
            end += 2 + len(entry(number))
            if place < end:
                return range(number, index * 256 + width)  # a length may take the next ones along
    span = 256 ** int(level)
    first = (index * 256 + place // 32) * span
    return range(first, min(first + span, SIZE))


@settings(
    max_examples=int(os.environ.get("PROBATUM_LOG_FLIPS", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_any_changed_byte_is_found_and_its_entry_named(whole: Log, tmp_path: Path, data: st.DataObject) -> None:
    """Every file but the lock, which says nothing about the log."""
    files = sorted(path for path in whole.folder.rglob("*") if path.is_file() and path.name != ".lock")
    path = data.draw(st.sampled_from(files))
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != content[place]))
    name = path.relative_to(whole.folder).as_posix()
    try:
        path.write_bytes(content[:place] + bytes([byte]) + content[place + 1 :])
        if name == "log.vkey":
            with pytest.raises(ProbatumError):
                Log.open(whole.folder, whole.key)
            return
        rows = bad(whole)
        assert rows, f"{name} at {place}"
        if name.startswith("tile/"):
            numbers = concerned(name, place, whole)
            words = " ".join(f"{row.found} {row.detail}" for row in rows)
            assert any(f"entry {number}" in words or f"entries {number} to" in words for number in numbers), words
    finally:
        path.write_bytes(content)


def test_every_missing_file_is_found(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log")
    needed = {
        "tile/0/000",
        "tile/0/001.p/4",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/4",
        "checkpoint",
    }
    for name in needed:
        content = (log.folder / name).read_bytes()
        (log.folder / name).unlink()
        assert bad(log), name
        (log.folder / name).write_bytes(content)
    assert not bad(log)


def test_what_does_not_belong_is_named(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log")
    (log.folder / "notes.txt").write_text("x")
    (log.folder / "tile/0/002").write_bytes(bytes(8192))
    (log.folder / "tile/9").symlink_to("/")
    assert {row.check for row in bad(log)} == {"notes.txt", "tile/0/002", "tile/9"}


def test_a_rewritten_entry_and_a_rewritten_tile_are_told_apart(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log")
    bundle = log.folder / "tile/entries/000"
    content = bundle.read_bytes()
    bundle.write_bytes(content.replace(entry(77), b"ENTRY 77 of the test"))
    rows = bad(log)
    assert "entry 77:" in rows[0].detail
    assert "the entries named above were rewritten" in rows[-1].detail
    bundle.write_bytes(content)
    tile = log.folder / "tile/0/000"
    tile.write_bytes(tile.read_bytes()[:-32] + bytes(32))
    rows = bad(log)
    assert "entry 255" in rows[0].detail
    assert not any(row.check == "root" for row in rows), (
        "the checkpoint is of the entries: the tile is what was changed"
    )


def test_entry_and_tile_rewritten_together_are_found_by_the_root(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log")
    other = forged(tmp_path / "other", [entry(number) if number != 77 else b"x" for number in range(SIZE)])
    for path in (tmp_path / "other/tile").rglob("*"):
        if path.is_file():
            write_file(log.folder, path.relative_to(other.folder).as_posix(), path.read_bytes(), sync=False)
    assert any("neither" in row.detail for row in bad(log))
    assert any(
        row.detail.startswith("they part at entry 77; 1 of")
        for row in bad(other, against=(small_log(tmp_path / "good"),))
    )


def test_a_truncated_log_says_what_is_gone(tmp_path: Path) -> None:
    kept = seen(small_log(tmp_path / "log"), SIZE)
    rows = bad(forged(tmp_path / "log", [entry(number) for number in range(200)]), kept)
    assert [row.detail for row in rows] == ["entries 200 to 259 are gone: the log was truncated or rolled back"]


def test_checkpoints_narrow_down_what_was_rewritten(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log")
    kept = [seen(log, size) for size in (50, 100, 150, 260)]
    again = forged(tmp_path / "log", [entry(number) if number != 120 else b"x" for number in range(SIZE)])
    rows = bad(again, *kept)
    assert "one or more of the entries 100 to 149 was rewritten" in rows[0].detail
    assert "one or more of the entries 100 to 259" in rows[1].detail
    alone = bad(
        again,
        seen(small_log(tmp_path / "log2"), 121),
        seen(log, 1),
        Seen("older", Checkpoint(log.key.name, 120, root_of([entry(n) for n in range(120)]))),
    )
    assert "entry 120 was rewritten" in alone[0].detail


def test_a_proof_says_exactly_which_parts_were_rewritten(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log")
    proof = log.proof(77)
    kept = Seen("package", log.checkpoint(), proof, merkle.leaf_hash(entry(77)))
    for changed, expected in (
        (77, "entry 77"),
        (76, "entry 76"),
        (78, "entries 78 to 79"),
        (258, "entries 256 to 259"),
    ):
        again = forged(tmp_path / "again", [entry(n) if n != changed else b"x" for n in range(SIZE)])
        assert f"rewritten: {expected}; the other entries" in bad(again, kept)[0].detail
    short = forged(tmp_path / "again", [entry(n) for n in range(100)])
    with pytest.raises(TrustError, match="are not in the log"):
        rewritten(kept, short.reader(100))


def test_the_spans_of_a_proof_are_those_of_its_hashes(tmp_path: Path) -> None:
    for size in (1, 2, 3, 7, 8, 100, 260):
        items = [entry(number) for number in range(size)]
        for index in {0, size // 2, size - 1}:
            growth = Growth(Log(tmp_path, SIGNER.key).reader(0), items)
            hashes = merkle.inclusion_proof(growth.hash, index, size)
            spans = proof_spans(index, size)
            assert [root_of(items[span.first : span.end]) for span in spans] == hashes
            covered = sorted(n for span in [*spans, Span(index, index + 1)] for n in range(span.first, span.end))
            assert covered == list(range(size))


def test_two_checkpoints_of_one_size_are_a_fork(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log")
    fork = forged(tmp_path / "fork", [entry(number) if number < 200 else b"fork" for number in range(SIZE)])
    rows = bad(log, Seen("theirs", fork.checkpoint()))
    assert rows[-1].check == "fork"
    assert "showed two histories" in rows[-1].detail
    assert "they part at entry 200; 60 of 260 entries differ" in bad(log, against=(fork,))[0].detail


def test_a_copy_that_is_damaged_is_said(tmp_path: Path) -> None:
    log, copy = small_log(tmp_path / "log"), small_log(tmp_path / "copy")
    (copy.folder / "tile/0/000").unlink()
    assert "missing or damaged" in bad(log, against=(copy,))[0].detail


def test_the_journal_is_held_against_the_log(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log")
    path = log.folder / ".journal"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert "entry 259 on" in bad(log)[0].detail
    path.write_bytes(content[:20])
    assert "its first append" in bad(log)[0].detail
    other = forged(tmp_path / "other", [entry(number) for number in range(257)])
    for item in (b"x", b"y", b"z", b"beyond"):
        other.append([item], SIGNER)
    path.write_bytes((other.folder / ".journal").read_bytes())
    assert [row.found for row in bad(log)] == [f"entry {number}" for number in range(257, 261)]
    path.unlink()
    path.mkdir()
    assert bad(log)[0].check == "journal"


def test_what_was_not_looked_at_is_said(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log")
    signed = log.signed_checkpoint()
    log.publish(signed + note.cosignature(signed, witness(), 1))
    (log.folder / ".lock").unlink()
    rows = {row.check: row for row in Examination(log, False).rows()}
    assert all(row.ok is not False for row in rows.values())
    assert rows["key"].ok is None
    assert rows["cosignatures"].detail.startswith("1 signatures")
    assert "cut off" in rows["last append"].detail


def test_much_damage_is_not_listed_at_length(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 300)
    tile = log.folder / "tile/0/000"
    tile.write_bytes(bytes(8192))
    rows = bad(log)
    assert len(rows) == 21
    assert rows[-1].found == "236 more"


def test_a_checkpoint_that_is_not_the_logs_ends_the_examination(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log")
    (log.folder / "checkpoint").write_bytes(Checkpoint("other", 0, merkle.EMPTY).signed(SIGNER))
    assert [row.check for row in bad(log)] == ["checkpoint"]


def test_a_bundle_with_entries_too_few_or_too_many_is_found(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log")
    path = log.folder / "tile/entries/001.p/4"
    content = path.read_bytes()
    path.write_bytes(content + b"\0\1x")
    assert "it has 5 entries, 4 were expected" in bad(log)[0].detail
    path.write_bytes(content[: 2 + len(entry(256))])
    assert "it has 1 entries, 4 were expected" in bad(log)[0].detail
    assert "entries 257 to 259" in bad(log)[0].detail
