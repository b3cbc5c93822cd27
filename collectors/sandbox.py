"""A child process that does dangerous work under limits (DESIGN promise 6).

The parent starts ``python -I -m probatum.collectors.sandbox MODULE:FUNCTION`` and speaks JSON lines with it: one
request, one answer. The child limits its own memory and core size before it imports the function, and sends whatever
the tool prints to stderr, so that it can neither corrupt the answers nor fill the parent's memory.

A worker that crashes, hangs, prints or allocates too much is killed with its process group; that call raises
`SandboxError`, and the next call starts a fresh child.

Example:
    >>> with Worker("probatum.collectors.model_scan:scan_file", SandboxLimits()) as worker:
    ...     answer = worker.call({"path": "model.pkl"})
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ..errors import ProbatumError

_PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "XDG_CACHE_HOME",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
_COVERAGE = "COVERAGE_PROCESS_"  # lets the test suite measure the child; harmless elsewhere
_GRACE_SECONDS = 5.0
_MAX_REASON = 2000


@dataclass(frozen=True)
class SandboxLimits:
    """What a child may use.

    Args:
        seconds: wall-clock time for one call.
        memory_bytes: address space of the child.
        output_bytes: what it may print in all, and how long one answer may be.
    """

    seconds: float = 120.0
    memory_bytes: int = 4 * 1024**3
    output_bytes: int = 64 * 1024**2


DEFAULT_LIMITS = SandboxLimits()


class SandboxError(ProbatumError):
    """The child did not answer.

    Attributes:
        kind: ``crash``, ``timeout``, ``output`` or ``error`` (the function raised; ``why`` says what).
    """

    def __init__(self, kind: str, target: str, why: str) -> None:
        super().__init__(f"{target.partition(':')[0].rpartition('.')[2]} did not finish", why=why)
        self.kind = kind


class Worker:
    """One child process, restarted after a failure.

    Not for use by two threads at once; two workers are independent of one another.

    Args:
        target: ``package.module:function``; the function takes and returns one JSON value.
        limits: for each call, and for the child's life.
    """

    def __init__(self, target: str, limits: SandboxLimits) -> None:
        self._target = target
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[bytes | None] = queue.Queue()
        self._tail = _Tail(limits.output_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def call(self, argument: Any) -> Any:
        """Run the function on one argument.

        Raises:
            SandboxError: the function raised, or the child crashed, hung, or went over a limit.
        """
        request = json.dumps(argument).encode() + b"\n"
        process = self._started()
        # a thread writes, since a child that hangs does not read, and a large request would then block for ever
        threading.Thread(target=_send, args=(process, request), daemon=True).start()
        try:
            line = self._answers.get(timeout=self._limits.seconds)
        except queue.Empty:
            self._end(process)
            raise SandboxError("timeout", self._target, f"no answer within {self._limits.seconds:g} s") from None
        except BaseException:  # an interrupt: the child works on, and nobody will read its answer
            self._end(process)
            raise
        return self._value(line, process)

    def close(self) -> None:
        """End the child and everything it started."""
        process = self._process
        if process is None:
            return
        try:  # it is idle and ends by itself when its requests end; what it left running is killed
            if process.stdin is not None:
                process.stdin.close()
            process.wait(timeout=_GRACE_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            pass
        self._end(process)

    def _value(self, line: bytes | None, process: subprocess.Popen[bytes]) -> Any:
        if line is None:
            raise self._died(process)
        try:
            answer = json.loads(line)
            if "error" not in answer:
                return answer["value"]
        except (ValueError, TypeError, KeyError):
            self._end(process)
            raise SandboxError("crash", self._target, "it answered something else than JSON") from None
        raise SandboxError("error", self._target, answer["error"])

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        _kill(process)
        process.wait()
        self._tail.finish()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        keep = {key: value for key, value in os.environ.items() if key in _PASSED_ON or key.startswith(_COVERAGE)}
        keep["PYTHONSAFEPATH"] = "1"  # pip-api starts "python -m pip": not the pip.py of the folder under assessment
        self._answers = queue.Queue()
        self._tail = _Tail(self._limits.output_bytes)
        process = subprocess.Popen(
            [sys.executable, "-I", "-m", __name__, self._target, str(self._limits.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=keep,
            start_new_session=True,
        )
        self._process = process
        threading.Thread(target=self._read_answers, args=(process, self._answers), daemon=True).start()
        self._tail.start(process)
        return process

    def _read_answers(self, process: subprocess.Popen[bytes], answers: queue.Queue[bytes | None]) -> None:
        assert process.stdout is not None
        try:
            while line := process.stdout.readline(self._limits.output_bytes):
                if not line.endswith(b"\n"):
                    self._tail.overflow |= len(line) == self._limits.output_bytes
                    _kill(process)
                    break
                answers.put(line)
        except (ValueError, OSError):  # the pipe was closed by close()
            pass
        answers.put(None)

    def _died(self, process: subprocess.Popen[bytes]) -> SandboxError:
        try:
            code = process.wait(timeout=_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        tail = self._tail
        self._end(process)
        if tail.overflow:
            return SandboxError("output", self._target, f"printed over {self._limits.output_bytes} bytes")
        cause = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return SandboxError("crash", self._target, f"{cause}; {tail.last_line()}".rstrip("; "))


class _Tail:
    """Reads a child's stderr, keeps its end, and kills the child when it prints too much."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._last = b""
        self._thread: threading.Thread | None = None
        self.overflow = False

    def start(self, process: subprocess.Popen[bytes]) -> None:
        self._thread = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the last words; not for long, since a process that escaped the group may hold the pipe open."""
        if self._thread is not None:
            self._thread.join(timeout=1)

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        stream: IO[bytes] | None = process.stderr
        assert stream is not None
        total = 0
        try:
            while block := os.read(stream.fileno(), 1 << 16):
                total += len(block)
                self._last = (self._last + block)[-4096:]
                if total > self._limit and not self.overflow:
                    self.overflow = True
                    _kill(process)
        except (ValueError, OSError):  # the pipe was closed by close()
            pass

    def last_line(self) -> str:
        lines = self._last.decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:500] if lines else ""


def _send(process: subprocess.Popen[bytes], request: bytes) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(request)
        process.stdin.flush()
    except (ValueError, OSError):  # the child ended, or was ended: the reader of its answers notices
        pass


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _limit_self(memory_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # not on this platform: time and output are still limited by the parent
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _end_with(parent: int) -> None:
    """End this process group when the parent is gone; a child that hangs would outlive it otherwise."""
    while os.getppid() == parent:
        time.sleep(1)
    os.killpg(0, signal.SIGKILL)


def _answer(function: Callable[[Any], Any], line: bytes) -> bytes:
    try:
        text = json.dumps({"value": function(json.loads(line))}, allow_nan=False)
    except Exception as error:
        text = json.dumps({"error": f"{type(error).__name__}: {error}"[:_MAX_REASON]})
    return text.encode() + b"\n"


def main() -> None:
    """Answer requests until stdin ends: the child's side."""
    target, memory = sys.argv[1], int(sys.argv[2])
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _limit_self(memory)
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)  # a tool that asks a question gets no answer, and no request
    os.dup2(2, 1)  # whatever the tool prints goes to stderr
    module, _, name = target.partition(":")
    function = getattr(importlib.import_module(module), name)
    for line in requests:
        answers.write(_answer(function, line))
        answers.flush()


if __name__ == "__main__":
    main()
