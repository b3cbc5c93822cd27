"""How long the collector ``model_scan`` takes, with both scanners, against the modelscan command on the same folder.

The folder holds pickles with NumPy arrays, each different. Collector and command alternate, so that a busy machine
slows both; the medians are compared. The collector's child processes start anew in every round, and its memory of
contents it has seen is emptied. Exit status 1 when the limit is missed.

Example:
    python benchmarks/model_scan.py --files 200
"""

from __future__ import annotations

import argparse
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from probatum.collectors.base import Context
from probatum.collectors.formats.examination import Examiner
from probatum.collectors.model_scan import ModelScan
from probatum.content import read_content
from probatum.evaluator.graph import Status, Subject

LIMIT = 3.0  # at most this multiple of the command's time


def main() -> int:
    """Run both and print their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=200, help="number of pickles")
    parser.add_argument("--items", type=int, default=10_000, help="floats in each array")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of each measurement")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "model"
        make(folder, options.files, options.items)
        times = [(collector(folder), command(folder)) for _ in range(options.rounds)]
    ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{options.files} pickles: model_scan {ours:.2f} s, modelscan command {theirs:.2f} s")
    print(f"ratio {ours / theirs:.2f}, limit {LIMIT}")
    return 0 if ours <= LIMIT * theirs else 1


def make(folder: Path, files: int, items: int) -> None:
    """Write the pickles: a dictionary of two arrays and some settings each, in every protocol."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    for index in range(files):
        model = {
            "weights": generator.random(items),
            "bias": generator.random(16),
            "layers": list(range(50)),
            "name": str(index),
        }
        (folder / f"{index:04}.pkl").write_bytes(pickle.dumps(model, index % 6))


def collector(folder: Path) -> float:
    """Seconds that the collector takes; it must find every file clean."""
    content = read_content(folder)
    subject = Subject("model", "m", {"sha256": content.sha256}, folder.name)
    context = Context(folder.parent, {"name": "p"}, {subject.id: subject}, contents={subject.id: content})
    Examiner.forget()
    began = time.perf_counter()
    (observation,) = ModelScan().collect(context)
    seconds = time.perf_counter() - began
    if observation.status is not Status.COMPLETE or observation.result["issue_count"]:
        sys.exit(f"the scan is not clean: {observation.coverage}")
    return seconds


def command(folder: Path) -> float:
    """Seconds that the modelscan command takes on the folder."""
    program = Path(sys.executable).with_name("modelscan")
    began = time.perf_counter()
    done = subprocess.run([program, "scan", "-p", folder], capture_output=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        sys.exit(f"modelscan ended with status {done.returncode}: {done.stderr.decode()[-500:]}")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
