"""The JSON Schemas of what Probatum signs, checked when it is written and when it is read."""

from __future__ import annotations

import importlib.resources
import json
from functools import cache
from typing import Any

from ..errors import EvidenceError
from .assessment_shape import without_plain_outcomes
from .revocation.plain_entry import without_plain_entries

NAMES = ("assessment", "vsa", "trust", "revocation")

_REDUCED = {"assessment": without_plain_outcomes, "revocation": without_plain_entries}


def schema(name: str) -> dict[str, Any]:
    """One of the schemas called ``NAMES``."""
    text = importlib.resources.files(__package__).joinpath(f"{name}.schema.json").read_text("utf-8")
    value: dict[str, Any] = json.loads(text)
    return value


def check(name: str, value: Any, *, source: str) -> None:
    """Check a value against a schema.

    Raises:
        EvidenceError: it does not follow the schema; the first difference is named.
    """
    reduced = _REDUCED[name](value) if name in _REDUCED else value
    errors = sorted(_validator(name).iter_errors(reduced), key=lambda error: str(error.json_path))
    if errors:
        raise EvidenceError(
            f"{source} does not follow the schema {name}",
            why=f"{errors[0].json_path}: {errors[0].message[:300]}",
            remedy="it was not made by a version of Probatum that this one understands",
        )


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema(name))
