"""The CycloneDX ML-BOM of the model (https://cyclonedx.org/capabilities/mlbom/)."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from making.pins import sha256
from making.signing import FINISHED

MODEL, DATA = "model:tumour-classifier", "dataset:wdbc"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def ml_bom(pipeline: Path, model: str, trained: Mapping[str, Any]) -> dict[str, Any]:
    """The whole document.

    Args:
        pipeline: folder of the example.
        model: path of the model in it.
        trained: hyperparameters and metrics, as the training script printed them.
    """
    packages = _PINNED.findall((pipeline / "requirements.txt").read_text())
    digest = sha256(pipeline / model)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {
            "timestamp": FINISHED,
            "authors": [{"name": "Tumour classification team"}],
            "component": _model(digest, trained),
        },
        "components": [_dataset(pipeline), *(_package(name, version) for name, version in packages)],
        "dependencies": [
            {"ref": MODEL, "dependsOn": sorted(f"pkg:pypi/{name}@{version}" for name, version in packages)}
        ],
    }


def incomplete(document: dict[str, Any], digest: str) -> dict[str, Any]:
    """The same for another model, without data, metrics and hyperparameters."""
    card = document["metadata"]["component"]["modelCard"]
    del card["modelParameters"]["datasets"], card["quantitativeAnalysis"], card["properties"]
    document["metadata"]["component"]["hashes"] = [{"alg": "SHA-256", "content": digest}]
    document["components"] = [part for part in document["components"] if part["type"] != "data"]
    return document


def text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


def _model(digest: str, trained: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": MODEL,
        "name": "tumour-classifier",
        "version": "1.0.0",
        "authors": [{"name": "Tumour classification team"}],
        "hashes": [{"alg": "SHA-256", "content": digest}],
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "externalReferences": [{"type": "attestation", "url": "attestations/provenance.dsse.json"}],
        "modelCard": {
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": "binary classification",
                "architectureFamily": "linear",
                "modelArchitecture": "logistic regression on standardised features",
                "datasets": [{"ref": DATA}],
                "inputs": [{"format": "30 numbers that describe the cell nuclei of one sample"}],
                "outputs": [{"format": "probability that the tumour is malignant"}],
            },
            "quantitativeAnalysis": {
                "performanceMetrics": [
                    {"type": name, "value": str(value), "slice": "held-out quarter of the data"}
                    for name, value in sorted(trained["metrics"].items())
                ]
            },
            "considerations": {
                "useCases": ["An example for Probatum; not for diagnosis"],
                "technicalLimitations": ["One hospital's samples of the early 1990s"],
                "performanceTradeoffs": ["The threshold of 0.5 weighs false alarms and missed tumours alike"],
            },
            "properties": [
                {"name": f"hyperparameter:{name}", "value": str(value)}
                for name, value in sorted(trained["hyperparameters"].items())
            ],
        },
    }


def _dataset(pipeline: Path) -> dict[str, Any]:
    return {
        "type": "data",
        "bom-ref": DATA,
        "name": "wdbc",
        "version": "1995-11-01",
        "description": "Breast Cancer Wisconsin (Diagnostic)",
        "hashes": [{"alg": "SHA-256", "content": sha256(pipeline / "data/wdbc.csv")}],
        "licenses": [{"license": {"id": "CC-BY-4.0"}}],
        "externalReferences": [{"type": "distribution", "url": "https://doi.org/10.24432/C5DW2B"}],
        "data": [{"type": "dataset", "name": "wdbc", "classification": "public"}],
    }


def _package(name: str, version: str) -> dict[str, Any]:
    purl = f"pkg:pypi/{name}@{version}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
