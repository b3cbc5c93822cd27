"""How long the command takes: its help against the bare interpreter, and the gate on the example against its target.

Each figure is the median of several whole processes, so it holds what a user waits for.

Run: python benchmarks/command.py [RUNS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "tumour-classifier"
HELP_SECONDS, GATE_SECONDS = 0.2, 5.0
PROBATUM = [sys.executable, "-m", "probatum"]


def main() -> None:
    """Time the commands and print the ratios."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    bare = median([sys.executable, "-c", "pass"], runs)
    shown = median([*PROBATUM, "--help"], runs)
    print(f"probatum --help: {shown:.3f} s, {shown / bare:.1f} x bare Python, {shown / HELP_SECONDS:.2f} x the target")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CONFIG_HOME"] = folder  # the local key is this benchmark's own
        gated = median([*PROBATUM, "gate", str(EXAMPLE), "--out", f"{folder}/verdict", "-q"], runs)
        checked = median([*PROBATUM, "verify", f"{folder}/verdict", "--subject", str(EXAMPLE), "-q"], runs)
        replayed = median([*PROBATUM, "verify", f"{folder}/verdict", "--replay", "-q"], runs)
    print(f"gate of the example, offline: {gated:.2f} s, {gated / GATE_SECONDS:.2f} x the target")
    print(f"verify of its verdict: {checked:.2f} s, {checked / gated:.2f} x the gate")
    print(f"verify with replay: {replayed:.2f} s, {replayed / gated:.2f} x the gate")


def median(command: Sequence[str], runs: int) -> float:
    """Median wall-clock seconds of whole processes, after one run that is not counted."""
    seconds = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


if __name__ == "__main__":
    main()
