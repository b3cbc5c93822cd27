"""Classify rows with the trained weights; loading them cannot run code.

    python src/predict.py --model models/tumour-classifier.safetensors < rows.csv
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file


def malignant(tensors, rows):
    """Probability that each row is malignant."""
    scaled = (rows - tensors["mean"]) / tensors["scale"]
    return 1 / (1 + np.exp(-(scaled @ tensors["coefficients"] + tensors["intercept"])))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    arguments = parser.parse_args()
    rows = np.array([[float(value) for value in row] for row in csv.reader(sys.stdin)], dtype=np.float32)
    for probability in malignant(load_file(arguments.model), rows):
        print(f"{probability:.4f}")


if __name__ == "__main__":
    main()
