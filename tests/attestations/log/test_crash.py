"""What a log is after its writer was killed, after the power failed, and after the disk refused.

Killed: at every single call to the operating system, and at random moments while several processes append. The power is
simulated: whatever was not synced is lost or empty, which is the worst that a disk that keeps its word can do.
"""

from __future__ import annotations

import errno
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from log_case import SIGNER, assert_extends, assert_whole, entry, new_log

from probatum.attestations.log import disk, journal, lock, merkle
from probatum.attestations.log.store import Log
from probatum.errors import ProbatumError, TrustError, UsageError

_CALLS = ("open", "write", "pwrite", "fdatasync", "fsync", "ftruncate", "replace", "unlink", "mkdir", "rmdir")
_PLACES = range(400)


class _Stopper:
    """Counts calls that change the disk; at one of them does something instead of, or after, the call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, act: Callable[[], None], *, after: bool) -> None:
        self.calls = 0
        for name in _CALLS:
            monkeypatch.setattr(os, name, self._wrapped(getattr(os, name), at, act, after))

    def _wrapped(self, real: Callable[..., object], at: int, act: Callable[[], None], after: bool) -> object:
        def call(*args: object, **kwargs: object) -> object:
            self.calls += 1
            if self.calls != at:
                return real(*args, **kwargs)
            if after:
                try:
                    return real(*args, **kwargs)
                finally:
                    act()
            act()
            return real(*args, **kwargs)

        return call


def _dies(work: Callable[[], None], at: int, after: bool) -> bool:
    """Run in a child that kills itself at the n-th call; True when it came to its end before."""
    child = os.fork()
    if not child:
        with pytest.MonkeyPatch.context() as patch:
            kill = os.kill
            _Stopper(patch, at, lambda: kill(os.getpid(), signal.SIGKILL), after=after)
            work()
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFEXITED(status)


@pytest.mark.parametrize(
    ("size", "added", "after"),
    [(0, 1, False), (17, 2, False), (17, 2, True), (255, 1, False), (255, 1, True), (250, 10, False)],
)
def test_killed_at_any_call_the_log_goes_on(tmp_path: Path, size: int, added: int, after: bool) -> None:
    """The next append completes what had happened, and removes what had not."""
    new = [b"new %d" % number for number in range(added)]
    for at in _PLACES:
        folder = tmp_path / f"log{at}"
        log = new_log(folder, size)
        shown = log.signed_checkpoint()
        finished = _dies(lambda log=log: log.append(new, SIGNER), at + 1, after)
        seen = log.signed_checkpoint()
        assert log.checkpoint().size in (size, size + added)
        if size:
            assert log.proof(size - 1).verify(entry(size - 1), log.key) == log.checkpoint()
        log.append([b"next"], SIGNER)
        entries = assert_whole(log)
        assert entries[:size] == [entry(number) for number in range(size)]
        assert entries[size:] in ([b"next"], [*new, b"next"])
        assert not finished or entries[size:] == [*new, b"next"]
        assert_extends(log, shown)
        assert_extends(log, seen)
        if size < 256 <= len(entries) - 1:  # a tile was filled: all before it is on the disk
            assert [record.entries for record in journal.read_journal(folder)] == [[b"next"]]
        assert not list(folder.rglob("*.part"))
        if finished:
            break
    else:
        pytest.fail("the append never came to its end")


@pytest.mark.parametrize(("size", "added", "number"), [(17, 2, errno.EIO), (255, 1, errno.ENOSPC)])
def test_a_disk_that_refuses_at_any_call_loses_nothing(tmp_path: Path, size: int, added: int, number: int) -> None:
    """The append is reported as failed; it may be there at the next one, and nothing else changes."""
    new = [b"new %d" % at for at in range(added)]

    def refuse() -> None:
        raise OSError(number, os.strerror(number))

    for at in _PLACES:
        log = new_log(tmp_path / f"log{at}", size)
        shown, failed = log.signed_checkpoint(), False
        with pytest.MonkeyPatch.context() as patch:
            stopper = _Stopper(patch, at + 1, refuse, after=False)
            try:
                log.append(new, SIGNER)
            except (UsageError, TrustError):
                failed = True
        assert_whole(log)
        assert_extends(log, shown)
        log.append([b"next"], SIGNER)
        entries = assert_whole(log)
        assert entries[size:] in ([b"next"], [*new, b"next"])
        assert failed or entries[size:] == [*new, b"next"]
        if stopper.calls < at + 1:
            break
    else:
        pytest.fail("the append never came to its end")


def _writer(folder: Path, number: int, report: int) -> None:
    log = Log.open(folder)
    count = 0
    while True:
        item = b"%d/%d" % (number, count)
        done = log.append([item] * random.choice((1, 1, 1, 1, 40)), SIGNER)
        os.write(report, b"%d %b\n" % (done.first, item))
        count += 1


def _started(folder: Path, number: int, report: int) -> int:
    child = os.fork()
    if not child:
        random.seed(number)
        _writer(folder, number, report)
    return child


def test_writers_killed_at_random_moments_lose_nothing_that_they_reported(tmp_path: Path) -> None:
    """Three writers, killed and replaced 120 times (PROBATUM_LOG_KILLS), often while one holds the lock."""
    log = new_log(tmp_path / "log", 100)
    reading, writing = os.pipe()
    os.set_blocking(reading, True)
    children, checkpoints = {}, []
    kills = int(os.environ.get("PROBATUM_LOG_KILLS", "120"))
    spool = tmp_path / "reported"
    sink = os.fork()
    if not sink:
        os.close(writing)
        with spool.open("wb", buffering=0) as stream:
            while part := os.read(reading, 65536):
                stream.write(part)
        os._exit(0)
    os.close(reading)
    choose = random.Random(4)
    try:
        for number in range(kills):
            while len(children) < 3:
                children[_started(tmp_path / "log", number, writing)] = None
            time.sleep(choose.uniform(0.001, 0.02))
            victim = choose.choice(list(children))
            os.kill(victim, signal.SIGKILL)
            os.waitpid(victim, 0)
            del children[victim]
            if number % 10 == 0:
                checkpoints.append(log.signed_checkpoint())
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.close(writing)
        os.waitpid(sink, 0)
    log.mend()
    entries = assert_whole(log)
    reported = [line.split(b" ") for line in spool.read_bytes().splitlines()]
    assert len(reported) > kills / 10
    assert len({place for place, _ in reported}) == len(reported), "two appends were given one place"
    for place, item in reported:
        assert entries[int(place)] == item
    for signed in checkpoints:
        assert_extends(log, signed)


def _power_fails(folder: Path, synced: dict[str, bytes], how: str) -> None:
    """Everything that was not synced is as it was synced last, gone, or empty; and the machine was started anew."""
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        name = path.relative_to(folder).as_posix()
        if path.read_bytes() == synced.get(name):
            continue
        if how == "empty":
            path.write_bytes(b"")
        elif name in synced:
            path.write_bytes(synced[name])
        else:
            path.unlink()
    (folder / lock.LOCK).write_bytes(b"another start of the machine")


def _noting(real: Callable[[int], None], synced: dict[str, bytes]) -> Callable[[int], None]:
    """Syncs, and notes what of the journal is on the disk from then on."""

    def call(handle: int) -> None:
        real(handle)
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path.name == journal.JOURNAL:
            synced[journal.JOURNAL] = path.read_bytes()

    return call


@pytest.mark.parametrize("how", ["gone", "empty"])
@pytest.mark.parametrize("size", [0, 17, 250, 255, 300])
def test_a_failed_power_loses_no_append_that_was_reported(tmp_path: Path, size: int, how: str) -> None:
    folder = tmp_path / "log"
    log = new_log(folder, size)
    synced = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    real_write = disk.write_file

    with pytest.MonkeyPatch.context() as patch:

        def noted(into: Path, path: str, data: bytes, *, sync: bool) -> None:
            real_write(into, path, data, sync=sync)
            if sync:
                synced[path] = data

        from probatum.attestations.log import store

        patch.setattr(store, "write_file", noted)
        for name in ("fdatasync", "fsync"):
            patch.setattr(os, name, _noting(getattr(os, name), synced))
        seen = [log.append([b"new %d" % number], SIGNER).checkpoint for number in range(20)]
    for name in [name for name in synced if not (folder / name).exists()]:
        del synced[name]  # partial tiles that are full by now
    _power_fails(folder, synced, how)
    log.mend()
    entries = assert_whole(log)
    assert entries == [entry(number) for number in range(size)] + [b"new %d" % number for number in range(20)]
    for signed in seen:
        assert_extends(log, signed)
    log.append([b"next"], SIGNER)
    assert assert_whole(log)[-1] == b"next"


def test_an_append_that_was_cut_off_in_the_journal_never_happened(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 10)
    log.append([b"a"], SIGNER)
    kept = (tmp_path / "log/.journal").read_bytes()
    log.append([b"b"], SIGNER)
    whole = (tmp_path / "log/.journal").read_bytes()
    for end in range(len(kept) + 1, len(whole)):
        (tmp_path / "log/.journal").write_bytes(whole[:end])
        assert [record.entries for record in journal.read_journal(tmp_path / "log")][-1] == [b"a"]
        assert journal.unread_bytes(tmp_path / "log") == end - len(kept)
    for lost in (whole[:-1] + b"\0", whole[: len(kept)] + bytes(len(whole) - len(kept))):
        (tmp_path / "log/.journal").write_bytes(lost)
        assert [record.entries for record in journal.read_journal(tmp_path / "log")][-1] == [b"a"]
        assert journal.newest_checkpoint(tmp_path / "log") == b""


def test_a_log_that_was_rolled_back_without_its_journal_does_not_fork_itself(tmp_path: Path) -> None:
    """Somebody restores an older checkpoint file alone: the next append goes on from what was signed last."""
    log = new_log(tmp_path / "log", 10)
    old = log.signed_checkpoint()
    newest = log.append([b"a"], SIGNER).checkpoint
    (tmp_path / "log/checkpoint").write_bytes(old)
    log.append([b"b"], SIGNER)
    assert assert_whole(log)[10:] == [b"a", b"b"]
    assert_extends(log, newest)


def test_damage_that_no_crash_makes_is_not_mended_over(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 300)
    log.append([b"a"], SIGNER)
    tile = tmp_path / "log/tile/0/001.p/45"
    tile.write_bytes(tile.read_bytes()[:-1] + b"\0")
    with pytest.raises(TrustError, match="do not agree"):
        log.append([b"b"], SIGNER)
    base = tmp_path / "log/tile/0/001.p/44"
    base.write_bytes(base.read_bytes()[:-1] + b"\0")
    (tmp_path / "log/.lock").write_bytes(b"")
    with pytest.raises(TrustError, match="do not have the hashes"):
        log.append([b"b"], SIGNER)
    bundled = tmp_path / "log/tile/entries/001.p/44"
    bundled.write_bytes(bundled.read_bytes()[:-1] + b"!")
    items = (entry(number) for number in range(256, 300))
    hashes = [merkle.leaf_hash(item) for item in items]
    hashes[-1] = merkle.leaf_hash(entry(299)[:-1] + b"!")
    base.write_bytes(b"".join(hashes))
    with pytest.raises(TrustError, match="does not continue its tiles"):
        log.append([b"b"], SIGNER)
    (tmp_path / "log/.journal").unlink()
    with pytest.raises(TrustError, match="does not continue its tiles"):
        log.mend()
    (tmp_path / "log/checkpoint").write_bytes(b"")
    with pytest.raises(ProbatumError, match="no checkpoint that its key signed"):
        log.mend()


def test_a_log_that_was_copied_without_its_journal_goes_on(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 300)
    log.append([b"a"], SIGNER)
    (tmp_path / "log/.journal").unlink()
    (tmp_path / "log/.lock").unlink()
    assert log.mend().size == 301
    log.append([b"b"], SIGNER)
    assert assert_whole(log)[300:] == [b"a", b"b"]
