"""How much time and memory a policy may take, whichever engine evaluates it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import UsageError

DEFAULT_SECONDS, DEFAULT_MEMORY_MIB = 60.0, 2048
LESS_TIME = "look for a loop over all subjects inside another, or allow more with --max-seconds"
LESS_MEMORY = "look for a value that grows with every pair of subjects, or allow more with --max-memory"


@dataclass(frozen=True)
class Limits:
    """What the evaluation of one control may use; one that needs more ends in an engine error for that control.

    Args:
        seconds: wall-clock seconds that one control may take to decide one input; on the embedded engine fewer behind
            others that took all of theirs.
        memory_mib: memory in MiB (2**20 bytes) that an evaluation may take on top of what holding its input takes.

    Raises:
        UsageError: a limit is not a positive number.
    """

    seconds: float = DEFAULT_SECONDS
    memory_mib: int = DEFAULT_MEMORY_MIB

    def __post_init__(self) -> None:
        for name, value in (("--max-seconds", self.seconds), ("--max-memory", self.memory_mib)):
            if not (value > 0 and math.isfinite(value)):
                raise UsageError(f"{name} {value} is no limit", remedy="give a number above 0")
