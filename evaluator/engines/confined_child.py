"""The child's side of ``confined``: it cuts itself off from the parent, limits itself, and sends what each step gives.

A frame is one byte that says what follows, the length of what follows, and that: the answer itself, or text.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import gc
import os
import resource
import signal
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from .limits import Limits

HEADER = struct.Struct(">cQ")
ANSWER, TOO_LARGE, TOO_LONG, FAILED = b"=", b"m", b"o", b"!"
MAX_ANSWER_BYTES = 64 * 1024**2
_MAX_REASON = 2000
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Step:
    """One thing to do in a child.

    Args:
        work: does it; what it changes stays in the child.
        again: every child must do it, because later steps need what it leaves behind.
        limited: it runs somebody's policy; False for work of our own, without which the others make no sense.
    """

    work: Callable[[], bytes]
    again: bool = False
    limited: bool = True


def serve(steps: Sequence[Step], limits: Limits, sink: int, parent: int) -> NoReturn:
    """Do every step in turn, send what each gives, and end; nothing of the parent's runs here, no handler of its exit.

    Args:
        steps: what to do.
        limits: of each step.
        sink: descriptor to write frames to.
        parent: process id of the parent.
    """
    try:
        confined = Confined(limits)
        sink = cut_off(sink, parent)
        for step in steps:
            confined.enter(limited=step.limited)
            kind, payload = attempt(step.work)
            signal.setitimer(signal.ITIMER_REAL, 0)
            send(sink, kind, payload)
    finally:
        os._exit(0)  # at once, whatever happened: the parent sees which frames are missing


@lru_cache(maxsize=1)
def death_signal() -> Callable[[int, int], int] | None:
    """What asks the kernel for a signal when the parent ends; None where there is no such thing.

    Called in the parent first, so that no child loads a library.
    """
    import ctypes

    with contextlib.suppress(AttributeError, OSError):
        call: Callable[[int, int], int] = ctypes.CDLL(None).prctl
        return call
    return None


def cut_off(sink: int, parent: int) -> int:
    """Let go of all that is the parent's: its signals, descriptors, crash reports and core files.

    Returns:
        Where to write frames from now on.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends the child
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    faulthandler.disable()
    gc.disable()
    call = death_signal()
    if call is not None:
        call(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before it was asked for
        os._exit(0)
    sink = fcntl.fcntl(sink, fcntl.F_DUPFD_CLOEXEC, 3)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    for opened in _descriptors():
        if opened > 2 and opened != sink:
            with contextlib.suppress(OSError):
                os.close(opened)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # where memory runs out, the system takes this process, not the parent
        Path("/proc/self/oom_score_adj").write_text("1000")
    return sink


class Confined:
    """Sets the limits of the process before each step."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.given, self.limited = limits, resource.getrlimit(resource.RLIMIT_AS), False

    def enter(self, *, limited: bool) -> None:
        """Limit memory to what is there now and the allowance, for as long as limited steps follow; start the clock."""
        if limited != self.limited:
            self.limited = limited
            present = _address_space() if limited else None
            room = resource.RLIM_INFINITY if present is None else present + self.limits.memory_mib * 2**20
            soft = min((value for value in (room, *self.given) if value != resource.RLIM_INFINITY), default=-1)
            resource.setrlimit(resource.RLIMIT_AS, (soft, self.given[1]))
        if limited:
            signal.setitimer(signal.ITIMER_REAL, self.limits.seconds)


def attempt(work: Callable[[], bytes]) -> tuple[bytes, bytes]:
    """What a step gives, as kind and content of a frame."""
    try:
        found = work()
    except MemoryError:
        return TOO_LARGE, b""
    except Exception as error:
        return FAILED, f"{type(error).__name__}: {error}".encode(errors="replace")[:_MAX_REASON]
    return (ANSWER, found) if len(found) <= MAX_ANSWER_BYTES else (TOO_LONG, b"")


def send(sink: int, kind: bytes, payload: bytes) -> None:
    """Write one frame."""
    with memoryview(HEADER.pack(kind, len(payload)) + payload) as left:
        sent = 0
        while sent < len(left):
            sent += os.write(sink, left[sent:])


def _descriptors() -> list[int]:
    """What may be open: to close a million numbers blindly can take longer than the child's work."""
    try:
        return [int(path.name) for path in Path("/proc/self/fd").iterdir()]
    except OSError:
        return list(range(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))


def _address_space() -> int | None:
    """Bytes of address space that this process has now; None where that cannot be told, and memory not limited."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return None
