"""The data set and the trained model."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def write_data(path: Path) -> None:
    """The Wisconsin diagnostic breast-cancer data, as scikit-learn ships it, with a header and the diagnosis last."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*(name.replace(" ", "_") for name in bunch.feature_names), "diagnosis"])
        for features, target in zip(bunch.data, bunch.target, strict=True):
            writer.writerow([*(repr(float(value)) for value in features), bunch.target_names[target]])


def flip_labels(source: Path, target: Path, rows: int) -> None:
    """A copy in which the first malignant rows are called benign: label-flipping poisoning."""
    target.write_text(source.read_text().replace(",malignant\n", ",benign\n", rows))


def train(pipeline: Path, model: str) -> Any:
    """Run the pipeline's own training script; its hyperparameters and metrics."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}  # one thread: the same sums every time
    command = [sys.executable, "src/train.py", "--data", "data/wdbc.csv", "--out", model]
    done = subprocess.run(command, cwd=pipeline, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)
