"""Train a tumour classifier: logistic regression on the Wisconsin diagnostic data, kept as safetensors.

    python src/train.py --data data/wdbc.csv --out models/tumour-classifier.safetensors

Prints its hyperparameters and its metrics on the held-out quarter of the data as JSON.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, recall_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

HYPERPARAMETERS = {"penalty": "l2", "C": 1.0, "solver": "lbfgs", "max_iter": 1000, "test_size": 0.25, "seed": 20261102}


def read(path):
    """Feature names, features, and 1 for each malignant row."""
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    features = np.array([[float(value) for value in row[:-1]] for row in rows])
    return header[:-1], features, np.array([row[-1] == "malignant" for row in rows], dtype=int)


def train(features, labels):
    """The scaler, the fitted model, and its metrics on data it has not seen."""
    chosen = HYPERPARAMETERS
    seen, unseen, seen_labels, unseen_labels = train_test_split(
        features, labels, test_size=chosen["test_size"], random_state=chosen["seed"], stratify=labels
    )
    scaler = StandardScaler().fit(seen)
    model = LogisticRegression(C=chosen["C"], solver=chosen["solver"], max_iter=chosen["max_iter"])
    model.fit(scaler.transform(seen), seen_labels)
    scores = model.predict_proba(scaler.transform(unseen))[:, 1]
    return scaler, model, {
        "accuracy": round(float(accuracy_score(unseen_labels, scores > 0.5)), 4),
        "recall": round(float(recall_score(unseen_labels, scores > 0.5)), 4),
        "roc_auc": round(float(roc_auc_score(unseen_labels, scores)), 4),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    names, features, labels = read(arguments.data)
    scaler, model, metrics = train(features, labels)
    tensors = {
        "mean": scaler.mean_,
        "scale": scaler.scale_,
        "coefficients": model.coef_[0],
        "intercept": model.intercept_,
    }
    about = json.dumps({"features": names, "positive_class": "malignant", "threshold": 0.5})
    # one entry: safetensors writes several in an order of its own, and the file would differ each time
    save_file({name: value.astype(np.float32) for name, value in tensors.items()}, arguments.out, {"about": about})
    print(json.dumps({"hyperparameters": HYPERPARAMETERS, "metrics": metrics}, sort_keys=True))


if __name__ == "__main__":
    main()
