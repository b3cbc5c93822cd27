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

import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any

from ..errors import ProbatumError

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "XDG_CACHE_HOME")
_COVERAGE = "COVERAGE_PROCESS_"  # lets the test suite measure the child; harmless elsewhere


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

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def call(self, argument: Any) -> Any:
        """Run the function on one argument.

        Raises:
            SandboxError: the function raised, or the child crashed, hung, or went over a limit.
        """
        process = self._started()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(argument).encode() + b"\n")
            process.stdin.flush()
            line = self._answers.get(timeout=self._limits.seconds)
        except BrokenPipeError:
            line = None
        except queue.Empty:
            self.close()
            raise SandboxError("timeout", self._target, f"no answer within {self._limits.seconds:g} s") from None
        except KeyboardInterrupt:
            self.close()
            raise
        if line is None:
            raise self._died(process)
        answer = json.loads(line)
        if "error" in answer:
            raise SandboxError("error", self._target, answer["error"])
        return answer["value"]

    def close(self) -> None:
        """End the child and everything it started."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass
        self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        keep = {key: value for key, value in os.environ.items() if key in _PASSED_ON or key.startswith(_COVERAGE)}
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
        threading.Thread(target=self._tail.read, args=(process,), daemon=True).start()
        return process

    def _read_answers(self, process: subprocess.Popen[bytes], answers: queue.Queue[bytes | None]) -> None:
        assert process.stdout is not None
        try:
            while line := process.stdout.readline(self._limits.output_bytes):
                if not line.endswith(b"\n"):
                    self._tail.overflow = True
                    _kill(process)
                    break
                answers.put(line)
        except ValueError:  # the pipe was closed by close()
            pass
        answers.put(None)

    def _died(self, process: subprocess.Popen[bytes]) -> SandboxError:
        try:
            code = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        tail = self._tail
        self.close()
        if tail.overflow:
            return SandboxError("output", self._target, f"printed over {self._limits.output_bytes} bytes")
        cause = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return SandboxError("crash", self._target, f"{cause}; {tail.last_line()}".rstrip("; "))


class _Tail:
    """Reads a child's stderr, keeps its end, and kills the child when it prints too much."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._last = b""
        self.overflow = False

    def read(self, process: subprocess.Popen[bytes]) -> None:
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


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _limit_self(memory_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # not on this platform: time and output are still limited by the parent
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def main() -> None:
    """Answer requests until stdin ends: the child's side."""
    target, memory = sys.argv[1], int(sys.argv[2])
    _limit_self(memory)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the tool prints goes to stderr
    module, _, name = target.partition(":")
    function = getattr(importlib.import_module(module), name)
    for line in sys.stdin.buffer:
        try:
            answer = {"value": function(json.loads(line))}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
