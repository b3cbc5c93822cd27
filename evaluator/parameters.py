"""Parameters of controls: the reserved ones, the declared ones, and where each effective value comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import PolicyError
from .graph import Tier

RESERVED: Mapping[str, Mapping[str, Any]] = {
    "max_age_days": {
        "type": ["number", "null"],
        "minimum": 0,
        "default": 30,
        "unit": "days",
        "description": "age in days up to which evidence counts; null for no limit",
    },
    "min_tier": {
        "enum": [str(tier) for tier in Tier],
        "default": "observed",
        "description": "weakest tier of evidence that counts",
    },
    "accept_partial": {
        "type": "boolean",
        "default": False,
        "description": "whether evidence counts that did not see everything; a bypass",
    },
}


@dataclass(frozen=True)
class Parameter:
    """One effective parameter.

    Args:
        value: what the policy gets.
        origin: ``default`` (the control's metadata), path of a file of parameters, ``checklist`` or ``manifest``.
    """

    value: Any
    origin: str


def declared(metadata: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The schemas of all parameters of a control: reserved ones, with the defaults it changes, and its own."""
    schemas = {name: dict(schema) for name, schema in RESERVED.items()}
    for name, schema in metadata.items():
        schemas[name] = {**schemas.get(name, {}), **schema}
    return schemas


def effective(
    control: str, schemas: Mapping[str, Mapping[str, Any]], layers: Iterable[tuple[str, Mapping[str, Any]]]
) -> dict[str, Parameter]:
    """The parameters of one control: its defaults, under the values of each layer.

    Args:
        control: the control's id, for errors.
        schemas: what ``declared`` gives.
        layers: origin, and the values that it sets; later ones count.

    Raises:
        PolicyError: a value is of no declared parameter, or breaks its schema.
    """
    values = {name: Parameter(schema["default"], "default") for name, schema in schemas.items()}
    for origin, overrides in layers:
        for name, value in overrides.items():
            _check(control, schemas, name, value, origin)
            values[name] = Parameter(value, origin)
    return values


def _check(control: str, schemas: Mapping[str, Mapping[str, Any]], name: str, value: Any, origin: str) -> None:
    from .suggest import did_you_mean

    if name not in schemas:
        raise PolicyError(
            f"{control} has no parameter {name!r}",
            why=f"the {origin} sets it",
            remedy=did_you_mean(name, schemas),
        )
    if problem := value_problem(schemas[name], value):
        raise PolicyError(
            f"the parameter {name!r} of {control} is wrong",
            why=f"the {origin} sets it: {problem}",
            remedy=f"'probatum explain {control}' shows what it may be",
        )


def value_problem(schema: Mapping[str, Any], value: Any) -> str | None:
    """What is wrong with a value by its schema, or None."""
    from jsonschema import Draft202012Validator

    from .schema_check import first_problem

    return first_problem(Draft202012Validator(dict(schema)), value)


def schema_problem(schema: Mapping[str, Any]) -> str | None:
    """What is wrong with a parameter's schema or with its default, or None.

    It says what the parameter means, which values it can have, and in which unit where they are numbers; otherwise
    whoever sets it guesses.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        return error.message
    if not schema.get("description"):
        return "it has no description"
    if "type" not in schema and "enum" not in schema:
        return "it has neither type nor enum"
    if {"number", "integer"} & set(_types(schema)) and not schema.get("unit"):
        return "it is a number without a unit"
    return value_problem(schema, schema["default"])


def _types(schema: Mapping[str, Any]) -> list[str]:
    named = schema.get("type", [])
    return [named] if isinstance(named, str) else list(named)
