"""The child process: whatever the function does, the parent gets one clear error and the next call works.

The isolated child can only import what is installed, so the functions under test are the builtins ``eval`` and
``exec``, given the code that misbehaves.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from probatum.collectors.sandbox import SandboxError, SandboxLimits, Worker

QUICK = SandboxLimits(seconds=20, memory_bytes=1 << 30, output_bytes=1 << 20)
IMPATIENT = SandboxLimits(seconds=1.5, memory_bytes=1 << 30, output_bytes=1 << 20)
GRANDCHILD = """
import subprocess, sys
process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({path!r}, "w").write(str(process.pid))
"""


def evaluate(limits: SandboxLimits = QUICK) -> Worker:
    return Worker("builtins:eval", limits)


def execute(limits: SandboxLimits = QUICK) -> Worker:
    return Worker("builtins:exec", limits)


def failure(worker: Worker, code: str) -> SandboxError:
    with worker, pytest.raises(SandboxError) as caught:
        worker.call(textwrap.dedent(code))
    return caught.value


def gone(pid: int, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


def test_answers_in_order_from_one_child() -> None:
    with evaluate() as worker:
        first, second = worker.call("__import__('os').getpid()"), worker.call("__import__('os').getpid()")
        assert first == second != os.getpid()
        assert [worker.call(f"{number} * 2") for number in range(20)] == [number * 2 for number in range(20)]


def test_exception_is_told_and_the_child_lives_on() -> None:
    with evaluate() as worker:
        pid = worker.call("__import__('os').getpid()")
        with pytest.raises(SandboxError, match="ZeroDivisionError: division by zero") as caught:
            worker.call("1 / 0")
        assert caught.value.kind == "error"
        assert worker.call("__import__('os').getpid()") == pid


def test_reason_of_an_exception_is_bounded() -> None:
    assert len(failure(execute(), "raise ValueError('x' * 1_000_000)").why) < 3000


@pytest.mark.parametrize("code", ["{1, 2}", "float('nan')", "object()", "b'bytes'"])
def test_answer_that_json_cannot_hold_is_an_error(code: str) -> None:
    assert failure(evaluate(), code).kind == "error"


def test_crash_names_the_signal_and_the_last_words() -> None:
    error = failure(execute(), "import ctypes, os; os.write(2, b'last words\\n'); ctypes.string_at(0)")
    assert error.kind == "crash"
    assert error.why == "ended by SIGSEGV; last words"


def test_exit_is_a_crash_even_with_status_zero() -> None:
    error = failure(execute(), "import os; os._exit(0)")
    assert (error.kind, error.why) == ("crash", "exit status 0")
    assert failure(execute(), "raise SystemExit(3)").why == "exit status 3"


def test_function_that_does_not_exist() -> None:
    error = failure(Worker("json:no_such_function", QUICK), "1")
    assert error.kind == "crash"
    assert "no_such_function" in error.why


def test_module_that_does_not_exist() -> None:
    assert "No module named 'no_such_module'" in failure(Worker("no_such_module:f", QUICK), "1").why


def test_hang_is_ended_in_time_and_the_next_call_works() -> None:
    with evaluate(IMPATIENT) as worker:
        pid = worker.call("__import__('os').getpid()")
        started = time.monotonic()
        with pytest.raises(SandboxError, match=r"no answer within 1\.5 s") as caught:
            worker.call("__import__('time').sleep(600)")
        assert caught.value.kind == "timeout"
        assert time.monotonic() - started < 6
        assert gone(pid)
        assert worker.call("6 * 7") == 42


def test_hang_that_ignores_signals_is_ended() -> None:
    code = "import signal, time; [signal.signal(s, signal.SIG_IGN) for s in (1, 2, 13, 15)]; time.sleep(600)"
    assert failure(execute(IMPATIENT), code).kind == "timeout"


def test_large_request_to_a_child_that_does_not_read() -> None:
    """A request of 3 MB does not fit the pipe: the call must not wait for ever to hand it over."""
    worker = Worker("builtins:len", IMPATIENT)
    with worker:
        assert worker.call("x" * 3_000_000) == 3_000_000
        assert worker._process is not None
        os.kill(worker._process.pid, signal.SIGSTOP)
        with pytest.raises(SandboxError) as caught:
            worker.call("x" * 3_000_000)
        assert caught.value.kind == "timeout"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_one_gigabyte_of_output_is_cut_off(stream: str) -> None:
    code = f"import sys\nfor _ in range(1024): sys.{stream}.write('x' * (1 << 20))"
    started = time.monotonic()
    error = failure(execute(), code)
    assert (error.kind, error.why) == ("output", f"printed over {1 << 20} bytes")
    assert time.monotonic() - started < 10


def test_output_of_a_process_that_the_tool_starts_counts() -> None:
    code = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'while True: print(\"y\" * 9999)'])"
    assert failure(execute(), code).kind == "output"


def test_answer_over_the_limit_is_cut_off() -> None:
    assert failure(evaluate(), f"'x' * {2 << 20}").kind == "output"
    with evaluate() as worker:
        assert len(worker.call(f"'x' * {1 << 19}")) == 1 << 19


def test_output_does_not_mix_with_answers() -> None:
    with execute() as worker:
        assert worker.call("import os; print('{\"value\": 1}'); os.write(1, b'{\"value\": 2}\\n')") is None


def test_writing_into_the_answers_is_a_crash() -> None:
    code = """
    import os
    for handle in range(3, 20):
        try: os.write(handle, b"not JSON\\n")
        except OSError: pass
    """
    assert failure(execute(), code).kind == "crash"


def test_question_gets_no_answer_and_no_request() -> None:
    with evaluate() as worker:
        with pytest.raises(SandboxError, match="EOFError"):
            worker.call("input('name? ')")
        assert worker.call("1 + 1") == 2


def test_memory_limit_is_an_error_and_the_next_call_works() -> None:
    with evaluate() as worker:
        with pytest.raises(SandboxError, match="MemoryError"):
            worker.call(f"len(bytearray({4 << 30}))")
        assert worker.call("len(bytearray(1000))") == 1000


def test_a_child_that_crashes_leaves_no_image_of_its_memory() -> None:
    """It may hold what it read of models and datasets, and lies where anybody may read it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        with evaluate() as worker:
            assert worker.call(f"__import__('resource').getrlimit({resource.RLIMIT_CORE})") == [0, 0]
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def test_environment_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    with evaluate() as worker:
        names = worker.call("sorted(__import__('os').environ)")
    assert "PATH" in names
    assert not {"AWS_SECRET_ACCESS_KEY", "PYTHONPATH"} & set(names)


def test_modules_of_the_working_folder_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planted.py").write_text("def f(value): return 'planted'")
    monkeypatch.chdir(tmp_path)
    assert failure(Worker("planted:f", QUICK), "1").kind == "crash"


def test_interpreters_that_a_tool_starts_do_not_import_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("open('planted', 'w')")
    monkeypatch.chdir(tmp_path)
    with execute() as worker:
        worker.call("import subprocess, sys; subprocess.run([sys.executable, '-m', 'pip', '--version'], check=True)")
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize("then", ["import time; time.sleep(600)", "import os; os._exit(7)", "raise ValueError", "pass"])
def test_grandchildren_end_with_the_child(tmp_path: Path, then: str) -> None:
    path = tmp_path / "pid"
    with execute(IMPATIENT) as worker, contextlib.suppress(SandboxError):
        worker.call(GRANDCHILD.format(path=str(path)) + then)
    assert gone(int(path.read_text()))


def test_close_twice_and_before_any_call() -> None:
    worker = evaluate()
    worker.close()
    assert worker.call("1") == 1
    worker.close()
    worker.close()
    assert worker.call("2") == 2
    worker.close()


def test_close_of_a_child_that_does_not_end_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probatum.collectors.sandbox._GRACE_SECONDS", 0.3)
    worker = execute()
    worker.call("import threading, time; threading.Thread(target=time.sleep, args=(600,)).start()")
    pid = worker._process.pid if worker._process else 0
    worker.close()
    assert gone(pid, within=1)


def test_interrupt_ends_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = evaluate()
    pid = worker.call("__import__('os').getpid()")
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        worker.call("__import__('time').sleep(600)")
    assert gone(pid)


def test_two_workers_at_once_do_not_disturb_each_other() -> None:
    def run(number: int) -> list[int]:
        with evaluate(IMPATIENT) as worker:
            values = [worker.call(f"{number} + {step}") for step in range(10)]
            if number % 2:
                with pytest.raises(SandboxError):
                    worker.call("__import__('os').abort()")
            return [*values, worker.call(str(number))]

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, range(4)))
    assert results == [[number + step for step in range(10)] + [number] for number in range(4)]


def test_close_of_one_worker_leaves_the_other() -> None:
    with evaluate() as first, evaluate() as second:
        first.call("1")
        second.call("1")
        first.close()
        assert second.call("2") == 2


def test_child_ends_when_the_parent_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    code = f"import os, time\nopen({str(path)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    parent = f"""
from probatum.collectors.sandbox import SandboxLimits, Worker
Worker("builtins:exec", SandboxLimits()).call({code!r})
"""
    process = subprocess.Popen([sys.executable, "-c", parent])
    deadline = time.monotonic() + 20
    while not (path.exists() and path.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert gone(int(path.read_text()))


def test_no_threads_and_no_files_are_left() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with evaluate() as worker:
            worker.call("1")
    time.sleep(0.1)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    assert threading.active_count() < 10
