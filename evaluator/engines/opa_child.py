"""What runs in the child process before it becomes the OPA server: ``python opa_child.py PARENT MEMORY COMMAND...``.

The kernel is asked to kill the server when the thread that started it is gone, however it went: no ``finally`` runs
after ``kill -9`` (prctl(2), PR_SET_PDEATHSIG). Of the environment the server gets nothing, for a policy
can ask for it; what it gets sets the garbage collector of the Go runtime. At its usual pace that takes a third of the
time of small evaluations, which leave little garbage; memory is saved where it becomes scarce.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, memory: str, command: list[str]) -> None:
    """Bind our life to the parent's and become the command.

    Args:
        parent: process id; when it is not our parent any more, it ended before we could ask.
        memory: MiB above which garbage is collected at once.
        command: path of an executable and its arguments.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == parent:
        os.execve(command[0], command, {"GOGC": "400", "GOMEMLIMIT": f"{memory}MiB"})  # noqa: S606  that is the point


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
