"""JSON Schemas of the evaluator's documents, and one way of saying what breaks them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema ``schemas/<name>.schema.json`` of this package."""
    data = resources.files(__package__).joinpath("schemas", f"{name}.schema.json").read_bytes()
    document: dict[str, Any] = json.loads(data)
    return document


@cache
def validator(name: str, definition: str | None = None) -> Validator:
    """A JSON Schema 2020-12 validator of a schema, or of one of its ``$defs``."""
    from jsonschema import Draft202012Validator

    root = schema(name)
    if definition is None:
        return Draft202012Validator(root)
    return Draft202012Validator({"$defs": root["$defs"], "$ref": f"#/$defs/{definition}"})


def first_problem(check: Validator, value: Any) -> str | None:
    """What is wrong with a value, as ``field: what was expected``, or None."""
    from jsonschema.exceptions import best_match

    error = best_match(check.iter_errors(value))
    if error is None:
        return None
    message = error.message if len(error.message) <= 200 else f"{error.message[:197]}..."
    place = pointer(error.absolute_path)
    return f"{place}: {message}" if place else message


def pointer(path: Iterable[str | int]) -> str:
    """A field's place in words of JSON: ``observations.obs:1f.result[3]``; empty for the whole."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
