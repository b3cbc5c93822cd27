"""Work on policies in forked children, so that one that loops, allocates or crashes ends itself and nothing else.

The embedded engine is native code in our process: it cannot be interrupted, and it ends the process when memory or its
stack runs out. A forked child has everything that the parent has, so that nothing is handed over on the way in, and
it does one step after the other; one that breaks a limit costs the child, and a new one goes on behind it.

Forking beside other threads: a child has only the thread that forked, and runs the engine, ``os.write`` and nothing
that waits for another thread; should it ever hang, its clock ends it as it ends a policy that loops.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import warnings
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from ...errors import EngineError
from .confined_child import ANSWER, HEADER, MAX_ANSWER_BYTES, TOO_LARGE, TOO_LONG, Step, death_signal, serve
from .limits import LESS_MEMORY, LESS_TIME, Limits

_GRACE_SECONDS = 5.0
_OWN_WORK_SECONDS = 600.0
_LEAST_SECONDS = 1.0
_CHUNK = 1 << 20
_MAX_WAIT_MS = 2**31 - 1
_HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


@dataclass(frozen=True)
class Excess:
    """Why a step gave no answer, in words for the policy's author.

    Args:
        why: what happened.
        hint: what to do about it.
        memory: it ran out of memory, which what ran before it in the same child may have taken.
        time: it ran out of time.
    """

    why: str
    hint: str = ""
    memory: bool = False
    time: bool = False

    def __str__(self) -> str:
        return f"{self.why}: {self.hint}" if self.hint else self.why


def run_steps(steps: Sequence[Step], limits: Limits, *, hurry: bool = False) -> Generator[tuple[int, bytes | Excess]]:
    """Do every step in a child, in order, each within the limits.

    What the caller changes between two answers is seen by the children forked later. Close the iterator (best with
    ``contextlib.closing``) to end the child early.

    Args:
        steps: what to do.
        limits: of each limited step.
        hurry: each step that runs out of time halves the time of those behind it, down to a second, so that many that
            loop do not take many times the limit.

    Yields:
        The number of a step, and its answer or why there is none; each number once.

    Raises:
        EngineError: a step that is our own work failed, or no process can be made.
    """
    answered: set[int] = set()
    failed: set[int] = set()
    suspect: int | None = None
    patience = limits
    while len(answered) < len(steps):
        plan = [n for n, step in enumerate(steps) if n not in failed and (step.again or n not in answered)]
        if suspect is not None:  # alone with what it needs, so that nobody else can have taken its memory
            plan.sort(key=lambda n: (not steps[n].again, n != suspect))
        with _child([steps[n] for n in plan], patience) as child:
            before = 0
            for number in plan:
                answer = child.answer(steps[number])
                if isinstance(answer, Excess):
                    if not steps[number].limited:
                        raise EngineError("the embedded engine cannot work", why=answer.why)
                    if answer.memory and before:
                        suspect = number
                        break
                    failed.add(number)
                    patience = _halved(patience) if answer.time and hurry else patience
                before += steps[number].limited and not steps[number].again
                if number not in answered:
                    answered.add(number)
                    yield number, answer
                if child.ended:
                    break


def _halved(limits: Limits) -> Limits:
    return replace(limits, seconds=min(limits.seconds, max(limits.seconds / 2, _LEAST_SECONDS)))


@contextlib.contextmanager
def _child(steps: Sequence[Step], limits: Limits) -> Iterator[_Child]:
    death_signal()
    parent, pid = os.getpid(), 0
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)  # until the child does not heed them
    source, sink = os.pipe()
    try:
        try:
            pid = _fork()
            if not pid:
                serve(steps, limits, sink, parent)
        finally:
            os.close(sink)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        child = _Child(pid, source, limits)
        try:
            yield child
        finally:
            child.end()
            pid = 0
    finally:
        os.close(source)
        if pid:
            _reap(pid)


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads: see the head of this file
        try:
            return os.fork()
        except OSError as error:
            raise EngineError("no process can be made for the embedded engine", why=str(error)) from error


class _Child:
    """A child as the parent sees it."""

    def __init__(self, pid: int, source: int, limits: Limits) -> None:
        self._pid, self._source, self._limits = pid, source, limits
        self._poll = select.poll()
        self._poll.register(source, select.POLLIN)
        self.ended = False

    def answer(self, step: Step) -> bytes | Excess:
        """Wait for the answer of the next step."""
        try:
            header = self._read(HEADER.size, self._limits.seconds if step.limited else _OWN_WORK_SECONDS)
            kind, length = HEADER.unpack(header)
            if length > MAX_ANSWER_BYTES:  # no answer of ours
                self.end()
                return self._cause(0)
            payload = self._read(length, 0)
        except TimeoutError:
            self.end()
            return self._slow()
        except EOFError:
            return self._cause(self.end())
        return payload if kind == ANSWER else self._said(kind, payload)

    def end(self) -> int:
        """End the child, if it has not ended; the signal that ended it, or 0."""
        if self.ended:
            return 0
        self.ended = True
        return _reap(self._pid)

    def _read(self, size: int, seconds: float) -> bytes:
        found = bytearray()
        while len(found) < size:
            if not self._poll.poll(min((seconds + _GRACE_SECONDS) * 1000, _MAX_WAIT_MS)):
                raise TimeoutError
            block = os.read(self._source, min(size - len(found), _CHUNK))
            if not block:
                raise EOFError
            found += block
        return bytes(found)

    def _said(self, kind: bytes, payload: bytes) -> Excess:
        if kind == TOO_LARGE:
            return self._large()
        if kind == TOO_LONG:
            return Excess(f"its result is longer than {MAX_ANSWER_BYTES // 2**20} MiB", "return less in each finding")
        return Excess(f"the embedded engine failed: {payload.decode(errors='replace')}")

    def _slow(self) -> Excess:
        why = f"it takes longer than {self._limits.seconds:g} s"
        return Excess(why, LESS_TIME, time=True)

    def _large(self) -> Excess:
        why = f"it takes more than {self._limits.memory_mib} MiB of memory"
        return Excess(why, LESS_MEMORY, memory=True)

    def _cause(self, number: int) -> Excess:
        if number == signal.SIGALRM:
            return self._slow()
        if number in (signal.SIGABRT, signal.SIGKILL):  # out of memory: the engine's own end, or the system's doing
            return self._large()
        if number in (signal.SIGSEGV, signal.SIGBUS):
            return Excess("it nests too deeply for the embedded engine", "flatten it, or use --engine opa")
        return Excess(f"the embedded engine ended without an answer ({number})")


def _reap(pid: int) -> int:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)  # does not change how a process ended that is ending already
    try:
        _, status = os.waitpid(pid, 0)
    except ChildProcessError:  # somebody else waited for it
        return 0
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
