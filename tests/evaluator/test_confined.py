"""Steps in forked children: whatever one does, it harms itself alone, and nothing of it is left behind."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from children_case import children as living

from probatum.errors import EngineError, UsageError
from probatum.evaluator.engines import confined
from probatum.evaluator.engines.confined import Excess, run_steps
from probatum.evaluator.engines.confined_child import HEADER, MAX_ANSWER_BYTES, Step
from probatum.evaluator.engines.limits import Limits

ROOMY = Limits(seconds=60, memory_mib=256)
SHORT = Limits(seconds=0.5, memory_mib=256)


def says(text: str) -> Step:
    """A step that answers."""
    return Step(text.encode)


def run(*works: Callable[[], bytes], limits: Limits = ROOMY) -> list[bytes | Excess]:
    """The answers of some works, each between two steps that must answer whatever happens."""
    steps = [says("first"), *(Step(work) for work in works), says("last")]
    found = dict(run_steps(steps, limits))
    assert sorted(found) == list(range(len(steps)))
    assert (found[0], found[len(steps) - 1]) == (b"first", b"last")
    return [found[number + 1] for number in range(len(works))]


def why(work: Callable[[], bytes], limits: Limits = ROOMY) -> str:
    """Why a work gave no answer."""
    (found,) = run(work, limits=limits)
    assert isinstance(found, Excess)
    return str(found)


def loops() -> bytes:
    while True:
        pass


def ends(number: int) -> Callable[[], bytes]:
    """Work that a signal ends."""

    def work() -> bytes:
        os.kill(os.getpid(), number)
        time.sleep(60)
        return b""

    return work


def raises(error: BaseException) -> Callable[[], bytes]:
    """Work that raises."""

    def work() -> bytes:
        raise error

    return work


def descriptors() -> list[int]:
    """What is open."""
    return sorted(int(path.name) for path in Path("/proc/self/fd").iterdir())


def spoil(frame: bytes) -> None:
    """Write where answers go."""
    for number in descriptors():
        if number > 2:
            with contextlib.suppress(OSError):
                os.write(number, frame)


@pytest.fixture(autouse=True)
def nothing_left():
    """No child and no descriptor more than before."""
    children_before, open_before = living(), descriptors()
    yield
    assert living() <= children_before
    assert descriptors() == open_before


def test_steps_answer_in_order_and_change_nothing_here() -> None:
    seen: list[int] = []

    def work() -> bytes:
        seen.append(1)
        return str(len(seen)).encode()

    assert list(run_steps([Step(work)] * 3, ROOMY)) == [(0, b"1"), (1, b"2"), (2, b"3")]
    assert seen == []
    assert list(run_steps([], ROOMY)) == []


@pytest.mark.parametrize("size", [0, 1, 65_536, 5_000_000, MAX_ANSWER_BYTES])
def test_answers_of_every_length_arrive(size: int) -> None:
    (found,) = run(lambda: b"\xff" * size)
    assert isinstance(found, bytes)
    assert found == b"\xff" * size


def test_a_longer_answer_is_refused() -> None:
    assert "longer than 64 MiB" in why(lambda: bytes(MAX_ANSWER_BYTES + 1))


def test_a_loop_ends_at_its_time() -> None:
    start = time.monotonic()
    assert why(loops, SHORT).startswith("it takes longer than 0.5 s: ")
    assert 0.5 <= time.monotonic() - start < 30


def test_each_step_has_its_own_time() -> None:
    def slow() -> bytes:
        time.sleep(0.4)
        return b"done"

    assert run(*[slow] * 4, limits=Limits(seconds=1.2)) == [b"done"] * 4


def test_many_that_loop_take_little_more_than_one() -> None:
    def nap() -> bytes:
        time.sleep(0.7)
        return b"rested"

    steps = [Step(loops), Step(nap), Step(loops), Step(loops), Step(nap)]
    found = dict(run_steps(steps, Limits(seconds=3), hurry=True))
    assert [str(found[number]).partition(" s:")[0] for number in (0, 2, 3)] == [
        f"it takes longer than {seconds}" for seconds in ("3", "1.5", "1")
    ]
    assert (found[1], found[4]) == (b"rested", b"rested")
    short = dict(run_steps([Step(loops)] * 3, SHORT, hurry=True))
    assert {str(answer).partition(" s:")[0] for answer in short.values()} == {"it takes longer than 0.5"}


def test_time_that_the_parent_takes_is_nobodys() -> None:
    big = bytes(3_000_000)
    with contextlib.closing(run_steps([Step(lambda: big)] * 2, SHORT)) as found:
        assert next(found) == (0, big)
        time.sleep(1)
        assert list(found) == [(1, big)]


def test_a_child_that_stands_still_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own clock cannot end a process that was stopped, so the parent has one too."""
    monkeypatch.setattr(confined, "_GRACE_SECONDS", 0.2)
    assert "longer than 0.5 s" in why(ends(signal.SIGSTOP), SHORT)


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: bytes(2**30), "more than 256 MiB"),
        (os.abort, "more than 256 MiB"),
        (ends(signal.SIGKILL), "more than 256 MiB"),
        (raises(MemoryError()), "--max-memory"),
        (ends(signal.SIGSEGV), "nests too deeply"),
        (ends(signal.SIGBUS), "--engine opa"),
        (ends(signal.SIGTERM), "without an answer (15)"),
        (lambda: os._exit(3), "without an answer (0)"),
        (raises(SystemExit(0)), "without an answer (0)"),
        (raises(KeyboardInterrupt()), "without an answer (0)"),
        (raises(ValueError("odd\udcff" + "x" * 9999)), "failed: ValueError: odd?xxx"),
    ],
)
def test_whatever_ends_a_child_is_told(work: Callable[[], bytes], words: str) -> None:
    text = why(work)
    assert words in text
    assert len(text) < 2200


@pytest.mark.parametrize("frame", [HEADER.pack(b"=", 2**62), HEADER.pack(b"=", 100) + b"short", b"="])
def test_half_an_answer_is_none(frame: bytes) -> None:
    def work() -> bytes:
        spoil(frame)
        os._exit(0)

    assert "without an answer" in why(work)


def test_memory_that_earlier_steps_took_is_not_held_against_a_later_one() -> None:
    kept = []

    def takes(mib: int) -> Callable[[], bytes]:
        def work() -> bytes:
            kept.append(bytearray(mib * 2**20))
            return b"ok"

        return work

    found = run(takes(150), takes(150), takes(300), takes(10))
    assert isinstance(found[2], Excess)
    assert found[2].memory
    assert [found[0], found[1], found[3]] == [b"ok"] * 3


def test_what_later_steps_need_is_done_in_every_child() -> None:
    state: list[str] = []
    pids: list[bytes] = []

    def prepare() -> bytes:
        state.append("ready")
        return b""

    def work() -> bytes:
        return f"{os.getpid()} {state}".encode()

    steps = [Step(prepare, again=True), Step(work), Step(os.abort), Step(work)]
    for number, answer in run_steps(steps, ROOMY):
        if number in (1, 3):
            assert isinstance(answer, bytes)
            pids.append(answer.split()[0])
            assert answer.endswith(b" ['ready']")
    assert len(set(pids)) == 2


def test_what_kills_a_child_on_the_way_is_left_out_and_what_the_caller_learns_reaches_the_next() -> None:
    learnt: list[str] = []
    steps = [Step(os.abort, again=True), Step(lambda: str(learnt).encode())]
    found = []
    for number, answer in run_steps(steps, ROOMY):
        learnt.append("spoilt")
        found.append((number, isinstance(answer, Excess) or answer))
    assert found == [(0, True), (1, b"['spoilt']")]


def test_a_failure_of_our_own_work_is_no_policys() -> None:
    steps = [Step(raises(TypeError("odd input")), again=True, limited=False), says("x")]
    with pytest.raises(EngineError, match="odd input"):
        list(run_steps(steps, ROOMY))


def test_our_own_work_is_not_limited() -> None:
    def roomy() -> bytes:
        time.sleep(0.7)
        return str(len(bytes(512 * 2**20))).encode()

    steps = [Step(lambda: b"x"), Step(roomy, limited=False), Step(lambda: bytes(512 * 2**20)), says("y")]
    found = dict(run_steps(steps, SHORT))
    assert (found[0], found[1], found[3]) == (b"x", b"536870912", b"y")
    assert isinstance(found[2], Excess)


def test_where_no_process_can_be_made_the_engine_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError("too many")

    monkeypatch.setattr(os, "fork", refuse)
    with pytest.raises(EngineError, match="too many"):
        list(run_steps([says("x")], ROOMY))


def test_children_that_nobody_can_wait_for_end_all_the_same() -> None:
    old = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert "without an answer" in why(os.abort)
    finally:
        signal.signal(signal.SIGCHLD, old)


def test_stopping_early_and_raising_in_between_leave_nothing() -> None:
    for _ in range(3):
        with contextlib.closing(run_steps([says("x"), Step(loops)], ROOMY)) as found:
            assert next(found) == (0, b"x")
    with pytest.raises(KeyboardInterrupt), contextlib.closing(run_steps([says("x"), Step(loops)], ROOMY)) as found:
        raise KeyboardInterrupt(next(found))


def test_an_interrupt_while_waiting_ends_the_child() -> None:
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        list(run_steps([Step(loops)], ROOMY))
    timer.join()


def test_nothing_is_written_where_the_parent_writes(capfd: pytest.CaptureFixture[str]) -> None:
    def noisy() -> bytes:
        return b"%d %d %s" % (os.write(1, b"out"), os.write(2, b"err"), os.read(0, 9))

    faulthandler.enable()
    found = run(noisy, os.abort, ends(signal.SIGSEGV))
    assert found[0] == b"3 3 "
    assert capfd.readouterr() == ("", "")


def test_other_threads_and_open_files_stay_the_parents(tmp_path: Path) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    with (tmp_path / "open").open("w") as file:
        inside = file.fileno()

        def work() -> bytes:
            with contextlib.suppress(OSError):
                os.write(inside, b"child")
            return str([threading.active_count(), descriptors()[:3]]).encode()

        (found,) = run(work)
    stop.set()
    thread.join()
    assert found == b"[1, [0, 1, 2]]"
    assert (tmp_path / "open").read_text() == ""


HEAD = """
import os, sys, time
from probatum.evaluator.engines.confined import run_steps
from probatum.evaluator.engines.confined_child import Step
from probatum.evaluator.engines.limits import Limits

def loops():
    while True:
        pass
"""


def python(script: str, **how: Any) -> subprocess.Popen[str]:
    """A parent of its own."""
    text = textwrap.dedent(script)
    return subprocess.Popen([sys.executable, "-W", "error::DeprecationWarning", "-c", HEAD + text], text=True, **how)


def children(pid: int) -> list[int]:
    """The children of a process."""
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except FileNotFoundError:
        return []


def soon(condition: Callable[[], Any]) -> Any:
    """Wait until something is so."""
    for _ in range(400):
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    return pytest.fail("it never came to be")


def gone(pid: int) -> bool:
    """The process has ended (a zombie has; whoever adopted it waits for it when it likes)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


LOOP = "list(run_steps([Step(loops)], Limits(seconds=600)))"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_with_its_parent(number: int) -> None:
    with python(LOOP) as parent:
        (child,) = soon(lambda: children(parent.pid))
        time.sleep(0.3)
        parent.send_signal(number)
        assert parent.wait(20) == -number
        assert soon(lambda: gone(child))


def test_ctrl_c_reaches_both_and_shows_one_traceback() -> None:
    with python(LOOP, start_new_session=True, stderr=subprocess.PIPE) as parent:
        (child,) = soon(lambda: children(parent.pid))
        time.sleep(0.3)
        os.killpg(parent.pid, signal.SIGINT)
        _, errors = parent.communicate(timeout=20)
    assert soon(lambda: gone(child))
    assert errors.count("Traceback") == 1
    assert errors.strip().endswith("KeyboardInterrupt")


def test_what_the_parent_does_at_its_end_is_done_once(tmp_path: Path) -> None:
    script = """
    import atexit, threading
    threading.Thread(target=time.sleep, args=(1,)).start()
    atexit.register(lambda: os.write(1, b"exit "))
    sys.stdout.write("buffered ")
    steps = [Step(lambda: b"x"), Step(os.abort), Step(lambda: b"y")]
    assert [number for number, _ in run_steps(steps, Limits())] == [0, 1, 2]
    """
    with python(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as parent:
        out, errors = parent.communicate(timeout=60)
    assert (parent.returncode, errors) == (0, "")
    assert sorted(out.split()) == ["buffered", "exit"]
    assert list(tmp_path.iterdir()) == []


def test_it_works_where_nothing_is_open(tmp_path: Path) -> None:
    script = f"""
    for number in range(3):
        os.close(number)
    found = list(run_steps([Step(lambda: b"x"), Step(os.abort)], Limits()))
    open({str(tmp_path / "found")!r}, "w").write(str([number for number, _ in found]))
    """
    with python(script) as parent:
        parent.wait(60)
    assert (tmp_path / "found").read_text() == "[0, 1]"


def test_the_childs_side_as_a_process_of_its_own() -> None:
    """What a fork runs, in a process whose end is an ordinary one, so that its lines are counted."""
    script = """
    from probatum.evaluator.engines import confined_child
    os._exit = sys.exit
    source, sink = os.pipe()
    source = os.dup2(source, 900)
    mine = os.fdopen(os.dup(source), "rb")
    confined_child._descriptors = lambda: [sink, 800]
    steps = [Step(lambda: b"x", limited=False), Step(lambda: bytes(2**30)), Step(lambda: 1 / 0), Step(lambda: b"y")]
    try:
        confined_child.serve(steps, Limits(5, 300), sink, os.getppid())
    finally:
        kinds = []
        for _ in steps:
            kind, length = confined_child.HEADER.unpack(mine.read(confined_child.HEADER.size))
            kinds.append((kind, mine.read(length)))
        assert kinds[0] == (b"=", b"x"), kinds
        assert [kind for kind, _ in kinds] == [b"=", b"m", b"!", b"="], kinds
    """
    with python(script) as process:
        assert process.wait(60) == 0
    elsewhere = """
    from probatum.evaluator.engines import confined_child
    class Path:
        def __init__(self, path): self.path = path
        def read_text(self): raise FileNotFoundError(self.path)
        iterdir = read_text
    confined_child.Path = Path  # a system without /proc, which cannot be had here
    assert confined_child._address_space() is None
    assert confined_child._descriptors()[:4] == [0, 1, 2, 3]
    confined_child.Confined(Limits()).enter(limited=True)
    """
    with python(elsewhere) as process:
        assert process.wait(60) == 0
    orphan = """
    from probatum.evaluator.engines import confined_child
    os._exit = lambda code: sys.exit(7)
    confined_child.cut_off(1, 1)
    """
    with python(orphan) as process:
        assert process.wait(60) == 7


@pytest.mark.parametrize("given", [{"seconds": 0}, {"seconds": -1}, {"seconds": float("nan")}, {"memory_mib": 0}])
def test_a_limit_is_a_positive_number(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="is no limit"):
        Limits(**given)
