"""Many small pieces of work on policies, in several child processes, each piece under limits of time and memory.

Time is the processor's, so that a busy machine makes no difference: what ends a mutant must not depend on the weather.
"""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ...errors import EngineError
from ...evaluator.engines.confined import Excess, run_steps
from ...evaluator.engines.confined_child import Step
from ...evaluator.engines.limits import Limits

_PATIENCE = 30
"""How much longer than its processor time a task may take by the clock."""

Task = Callable[[], Any]
"""A piece of work; its result is a JSON value."""


def work_off(tasks: Sequence[Task], jobs: int, limits: Limits) -> list[Any]:
    """Do every task in a child process.

    Args:
        tasks: what to do; neighbours should need the same, for a child keeps what it made.
        jobs: how many children at a time.
        limits: of each task; seconds are of processor time.

    Returns:
        In the order of the tasks, what each gave, or an ``Excess`` when a limit ended it.

    Raises:
        EngineError: no process can be made, or a task fails by a fault of ours.
    """
    shares = [range(first, len(tasks), jobs) for first in range(min(jobs, len(tasks)))]
    answers: dict[int, Any] = {}
    with ThreadPoolExecutor(max(1, len(shares))) as pool:
        for found in pool.map(lambda share: _share(tasks, share, limits), shares):
            answers.update(found)
    return [answers[number] for number in range(len(tasks))]


def _share(tasks: Sequence[Task], numbers: Sequence[int], limits: Limits) -> dict[int, Any]:
    steps = [Step(_encoded(tasks[number], limits.seconds)) for number in numbers]
    patient = Limits(limits.seconds * _PATIENCE, limits.memory_mib)
    with contextlib.closing(run_steps(steps, patient)) as answers:
        return {numbers[place]: _decoded(answer) for place, answer in answers}


def _encoded(task: Task, seconds: float) -> Callable[[], bytes]:
    """A task that tells its own failure from a limit that ended it, so that the one never looks like the other."""

    def work() -> bytes:
        signal.setitimer(signal.ITIMER_PROF, seconds)  # ends this process: nobody handles its signal
        try:
            return json.dumps({"value": task()}).encode()
        except MemoryError:
            raise
        except Exception as error:
            return json.dumps({"failed": f"{type(error).__name__}: {error}"}).encode()

    return work


def _decoded(answer: bytes | Excess) -> Any:
    if isinstance(answer, Excess):
        return answer
    found = json.loads(answer)
    if "failed" in found:
        raise EngineError("a mutant cannot be tried", why=found["failed"])
    return found["value"]
