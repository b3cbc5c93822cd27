"""How much time and memory a policy may take, whichever engine evaluates it."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_SECONDS, DEFAULT_MEMORY_MIB = 60.0, 2048


@dataclass(frozen=True)
class Limits:
    """What the evaluation of one control may use; one that needs more ends in an engine error for that control.

    Args:
        seconds: wall-clock seconds that one control may take to decide one input.
        memory_mib: memory in MiB (2**20 bytes) that an evaluation may take on top of what holding its input takes.
    """

    seconds: float = DEFAULT_SECONDS
    memory_mib: int = DEFAULT_MEMORY_MIB
