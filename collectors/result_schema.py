"""The JSON Schemas of observation results: one file per type, beside the collector that makes it."""

from __future__ import annotations

import importlib.resources
import json
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from ..errors import EvidenceError


class _Maker(Protocol):
    name: str


def check_result(collector: _Maker, type: str, result: Mapping[str, Any]) -> None:
    """Check a result against the schema of its type.

    Args:
        collector: the collector that made it; the schema lies beside its module.
        type: the observation type.
        result: what is to be written into the graph.

    Raises:
        EvidenceError: the result does not follow the schema.
    """
    errors = sorted(_validator(_package(collector), type).iter_errors(result), key=lambda error: error.json_path)
    if errors:
        raise EvidenceError(
            f"collector {collector.name} made a malformed {type} observation",
            why=f"{errors[0].json_path}: {errors[0].message}",
            remedy="this is a defect of the collector; report it with the input that caused it",
        )


def result_schema(collector: _Maker, type: str) -> dict[str, Any]:
    """The JSON Schema of an observation type's result."""
    text = importlib.resources.files(_package(collector)).joinpath(f"{type}.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def result_schemas() -> dict[str, dict[str, Any]]:
    """Every observation type that an installed collector makes, and the JSON Schema of its result.

    Raises:
        UsageError: a collector of another package cannot be loaded.
    """
    from .registry import collectors

    return {type: result_schema(collector, type) for collector in collectors().values() for type in collector.types}


def _package(collector: _Maker) -> str:
    module = sys.modules[collector.__class__.__module__]
    return module.__package__ or module.__name__


@cache
def _validator(package: str, type: str) -> Any:
    from jsonschema import Draft202012Validator

    text = importlib.resources.files(package).joinpath(f"{type}.schema.json").read_text("utf-8")
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
