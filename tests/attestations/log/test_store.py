"""Appending to a log on disk: the layout, many writers, and what may not be appended."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from log_case import ORIGIN, SIGNER, all_entries, assert_extends, assert_whole, entry, new_log, witness
from signing_case import ec_key, ed_key

from probatum.attestations.log import lock
from probatum.attestations.log.checkpoint import verified
from probatum.attestations.log.store import Log
from probatum.attestations.log.tiles import tile_of, tile_path
from probatum.attestations.log.verifier_key import NoteSigner
from probatum.errors import TrustError, UsageError


def test_a_new_log_is_empty_and_says_so(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log")
    assert log.checkpoint().size == 0
    assert Log.open(tmp_path / "log").key == SIGNER.key
    with pytest.raises(UsageError, match="not an empty folder"):
        Log.create(tmp_path / "log", SIGNER)


@pytest.mark.parametrize("steps", [[1] * 5, [255, 1, 1], [256], [257], [200, 100, 300], [65535, 2]])
def test_a_log_of_any_size_is_whole_after_every_append(tmp_path: Path, steps: list[int]) -> None:
    log, expected = new_log(tmp_path / "log"), []
    seen = [log.signed_checkpoint()]
    for step in steps:
        new = [entry(len(expected) + number) for number in range(step)]
        done = log.append(new, SIGNER)
        assert done.first == len(expected)
        expected += new
        for number in {done.first, done.size - 1}:
            proof = done.proof(number)
            assert proof.verify(expected[number], log.key) == log.checkpoint()
            assert proof == log.proof(number)
        seen.append(done.checkpoint)
    assert (assert_whole(log) if len(expected) < 2000 else all_entries(log)) == expected
    for signed in seen:
        assert_extends(log, signed)


def test_the_layout_is_that_of_the_specification(tmp_path: Path) -> None:
    """C2SP tlog-tiles: a tree of 70,000 has 273 full tiles and one of 112, above them a full one and one of 17."""
    new_log(tmp_path / "log", 70_000)
    found = {path.relative_to(tmp_path / "log").as_posix() for path in (tmp_path / "log").rglob("*") if path.is_file()}
    hashes = {path for path in found if path.startswith("tile/") and not path.startswith("tile/entries/")}
    assert hashes == {
        *(f"tile/0/{number:03d}" for number in range(273)),
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    }
    assert {"checkpoint", "tile/entries/272", "tile/entries/273.p/112"} <= found
    assert (tmp_path / "log/tile/0/000").stat().st_size == 8192


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 1234067, 256, "tile/0/x001/x234/067"),
        (1, 0, 17, "tile/1/000.p/17"),
        ("entries", 1000, 256, "tile/entries/x001/000"),
    ],
)
def test_paths_are_read_as_they_are_written(level: int | str, index: int, width: int, path: str) -> None:
    assert tile_path(level, index, width) == path
    assert tile_of(path) == (level, index, width)


@pytest.mark.parametrize(
    "path", ["tile/0/1", "tile/8/000", "tile/0/x000/001", "tile/0/000.p/256", "tile/0/000.p/0", "tile/0/000.p/01", "x"]
)
def test_other_paths_are_no_tiles(path: str) -> None:
    assert tile_of(path) is None


def test_partial_tiles_stay_until_they_are_full(tmp_path: Path) -> None:
    """A client that read an older checkpoint still finds its tiles."""
    log = new_log(tmp_path / "log", 250)
    for number in range(250, 255):
        log.append([entry(number)], SIGNER)
    widths = {int(path.name) for path in (tmp_path / "log/tile/0/000.p").iterdir()}
    assert widths == {250, 251, 252, 253, 254, 255}
    log.append([entry(255)], SIGNER)
    assert not (tmp_path / "log/tile/0/000.p").exists()
    assert (tmp_path / "log/tile/0/000").is_file()


def test_a_full_tile_stands_in_for_a_partial_one(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 300)
    assert log.reader(17).entries(0) == [entry(number) for number in range(17)]
    assert len(log.reader(17).tile(0, 0)) == 17


def test_what_cannot_be_logged_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 3)
    before = log.signed_checkpoint()
    with pytest.raises(UsageError, match="cannot be logged"):
        log.append([b"x" * 65_536], SIGNER)
    with pytest.raises(UsageError, match="cannot be logged"):
        log.append([], SIGNER)
    with pytest.raises(TrustError, match="not the log's key"):
        log.append([b"x"], NoteSigner.of(ORIGIN, ed_key()))
    with pytest.raises(UsageError, match="no entry 3"):
        log.proof(3)
    with pytest.raises(UsageError, match="no entry -1"):
        log.proof(-1)
    assert log.signed_checkpoint() == before
    log.append([b"x" * 65_535, b""], SIGNER)
    assert all_entries(log)[3:] == [b"x" * 65_535, b""]


def test_only_ed25519_and_plain_names_are_for_logs() -> None:
    with pytest.raises(UsageError, match="ed25519"):
        NoteSigner.of(ORIGIN, ec_key())
    for name in ("", "a b", "a+b", "a\u2028b", "x" * 256):
        with pytest.raises(UsageError, match="name of a log"):
            NoteSigner.of(name, ed_key())


def test_a_log_is_opened_only_as_itself(tmp_path: Path) -> None:
    new_log(tmp_path / "log")
    with pytest.raises(TrustError, match="another one"):
        Log.open(tmp_path / "log", witness().key)
    with pytest.raises(UsageError, match="no log"):
        Log.open(tmp_path / "none")
    (tmp_path / "log/checkpoint").unlink()
    with pytest.raises(TrustError, match="no checkpoint"):
        Log.open(tmp_path / "log").checkpoint()


def test_a_checkpoint_of_the_present_state_can_take_the_place_of_the_newest(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 2)
    again = log.checkpoint().signed(SIGNER)
    log.publish(again)
    old = log.signed_checkpoint()
    log.append([b"x"], SIGNER)
    with pytest.raises(TrustError, match="not the log's newest"):
        log.publish(old)


def _append(folder: Path, writer: int, count: int, numbers: multiprocessing.Queue[tuple[int, bytes, bytes]]) -> None:
    log = Log.open(folder)
    for number in range(count):
        item = b"writer %d, entry %d" % (writer, number)
        done = log.append([item], SIGNER)
        numbers.put((done.first, item, done.checkpoint))


def test_several_processes_append_at_once(tmp_path: Path) -> None:
    """Every append has its own place, and every checkpoint that was given out is a beginning of the log."""
    log = new_log(tmp_path / "log", 200)
    context = multiprocessing.get_context("fork")
    numbers: multiprocessing.Queue[tuple[int, bytes, bytes]] = context.Queue()
    writers = [context.Process(target=_append, args=(tmp_path / "log", n, 25, numbers)) for n in range(4)]
    for one in writers:
        one.start()
    reported = [numbers.get(timeout=60) for _ in range(100)]
    for one in writers:
        one.join()
        assert one.exitcode == 0
    entries = assert_whole(log)
    assert len(entries) == 300
    assert {place for place, _, _ in reported} == set(range(200, 300))
    for place, item, signed in reported:
        assert entries[place] == item
        assert_extends(log, signed)
        assert verified(signed, log.key).size == place + 1


def test_a_writer_that_does_not_end_is_not_waited_for_forever(tmp_path: Path) -> None:
    new_log(tmp_path / "log")
    with lock.turn(tmp_path / "log"), pytest.raises(UsageError, match="busy"), lock.turn(tmp_path / "log", wait=0.01):
        pytest.fail("two writers")


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for one: `flock` that always succeeds, or that is not there."""
    log = new_log(tmp_path / "log")
    monkeypatch.setattr(lock.fcntl, "flock", lambda *_: None)
    with pytest.raises(UsageError, match="keeps no locks"):
        log.append([b"x"], SIGNER)

    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with pytest.raises(UsageError, match="keeps no locks"):
        log.append([b"x"], SIGNER)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log")
    (tmp_path / "log/.lock").unlink()
    (tmp_path / "log/.lock").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        log.append([b"x"], SIGNER)
