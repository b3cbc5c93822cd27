"""The JSON Schema of what a policy sees as ``input``, for editors, for ``opa check --schema`` and for our own check.

It is made from the evidence graph's schema, the collectors' schemas of results and the controls' parameters. Open
Policy Agent reads less than JSON Schema says (``v1/ast/compile.go``), which shapes it:

- An object with ``properties`` is closed to OPA's type checker, whatever ``additionalProperties`` says. What may have
  further fields is therefore ``anyOf`` of what is known and of anything.
- ``additionalProperties`` is not looked at. A map is given a property as well that stands for every key, such as
  ``kind:name``; the checker takes its type for that of a lookup by a variable. Among observations one property stands
  for all of a type, so that a field is refused that no type of result has.
- Of several types in ``type`` it takes one. They become ``anyOf``, and anything once ``null`` is among them.

Two keywords of our own say what OPA cannot be told. ``x-observation``, at the ids of observations, names their type;
``x-evidence``, at an object of such ids by type, is ``observed`` or ``usable``; ``x-parameters`` names the control.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from .. import strict_json
from ..evaluator.graph import KINDS
from ..evaluator.metadata import Control
from ..evaluator.schema_check import schema as evaluator_schema

Schema = dict[str, Any]

EVIDENCE, OBSERVATION, PARAMETERS = "x-evidence", "x-observation", "x-parameters"
SHIPPED = ("schemas", "input.json")
"""Where the schema lies in the built-in pack."""

_STAGES = ("pre-commit", "training", "deployment", "monitoring", None)
_SUBJECT_KEY = "kind:name"
_IDS: Schema = {"type": "array", "items": {"type": "string"}}
_LEFT_OUT = ("$schema", "$id", "if", "then", "else", "allOf")


def input_schema(results: Mapping[str, Mapping[str, Any]], controls: Iterable[Control]) -> Schema:
    """The schema of the input.

    Args:
        results: observation type to the JSON Schema of its result; results of other types are left open.
        controls: whose parameters it names; types that they declare as evidence and that have no schema are named.
    """
    known = list(controls)
    types = sorted({*results, *(name for control in known for name in control.types)})
    fields = _fields(types, known)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://probatum.dev/schemas/policy-input-v1.json",
        "title": "Policy input",
        "description": "The indexed evidence graph, as a policy sees it.",
        "type": "object",
        "required": list(fields),
        "properties": fields,
        "$defs": _definitions(results, types),
    }


@cache
def shipped_schema() -> Schema:
    """The schema that ships with the built-in policies, of the built-in collectors and controls."""
    file = resources.files(__package__.rpartition(".")[0]).joinpath("policies", *SHIPPED)
    document = strict_json.loads(file.read_bytes(), source="/".join(SHIPPED))
    assert isinstance(document, dict)
    return document


def with_controls(schema: Mapping[str, Any], controls: Iterable[Control]) -> Schema:
    """The schema with the parameters of these controls, besides those that it names."""
    fields = schema["properties"]
    named = {**fields["parameters"]["properties"], **_parameters(controls)["properties"]}
    return {**schema, "properties": {**fields, "parameters": {**fields["parameters"], "properties": named}}}


def _fields(types: list[str], controls: Iterable[Control]) -> Schema:
    ids = dict.fromkeys(KINDS, _IDS)
    observations = {name: {"$ref": f"#/$defs/observation.{name}"} for name in types}
    return {
        "pipeline": {
            "description": "the pipeline, as its manifest describes it; any field",
            "anyOf": [{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}, {}],
        },
        "now_ns": {"description": "evaluation time, nanoseconds since 1970: the only clock", "type": "integer"},
        "stage": {"description": "the gate; null when all are asked", "enum": list(_STAGES)},
        "parameters": _parameters(controls),
        "subjects": _by_subject({"$ref": "#/$defs/subject"}, "id to subject"),
        "observations": {
            "description": "id to observation; a property stands for all observations of the type that it is named for",
            "type": "object",
            "properties": observations,
            "additionalProperties": {"$ref": "#/$defs/observation"},
        },
        "ids": {
            "description": "kind to the sorted ids of its subjects; every kind is there",
            "type": "object",
            "properties": ids,
            "additionalProperties": False,
        },
        "observed": _by_subject({"$ref": "#/$defs/observed"}, "subject to type to observations, newest first"),
        "usable": _by_subject({"$ref": "#/$defs/usable"}, "as observed, of those that are usable for the control"),
        "out": _by_subject({"$ref": "#/$defs/links"}, "subject to relation to the subjects that it leads to"),
        "in": _by_subject({"$ref": "#/$defs/links"}, "subject to relation to the subjects that it comes from"),
    }


def _by_subject(schema: Schema, description: str) -> Schema:
    return {
        "description": description,
        "type": "object",
        "properties": {_SUBJECT_KEY: schema},
        "additionalProperties": schema,
    }


def _parameters(controls: Iterable[Control]) -> Schema:
    named = {
        control.id: {
            "type": "object",
            "properties": {name: _rewritten(schema, "") for name, schema in sorted(control.parameters.items())},
            "additionalProperties": False,
            PARAMETERS: control.id,
        }
        for control in controls
    }
    return {"description": "control to effective values", "type": "object", "properties": named}


def _definitions(results: Mapping[str, Mapping[str, Any]], types: list[str]) -> Schema:
    graph = evaluator_schema("evidence-graph")["$defs"]
    found = {name: _rewritten(graph[name], "") for name in ("digests", "subject", "named", "observation")}
    found["links"] = {"type": "object", "additionalProperties": _IDS}
    for which in ("observed", "usable"):
        named = {name: {**_IDS, "items": {"type": "string", OBSERVATION: name}} for name in types}
        found[which] = {"type": "object", "properties": named, "additionalProperties": _IDS, EVIDENCE: which}
    for name in types:
        result = results.get(name, {"type": "object"})
        parts = {key: value for key, value in result.items() if key != "$defs"}
        fields = {**found["observation"]["properties"], "result": _rewritten(parts, f"{name}.", result)}
        found[f"observation.{name}"] = {**found["observation"], "properties": fields}
        for part, schema in result.get("$defs", {}).items():
            found[f"{name}.{part}"] = _rewritten(schema, f"{name}.", result)
    return found


def _rewritten(schema: Mapping[str, Any], prefix: str, root: Mapping[str, Any] | None = None) -> Schema:
    """A schema as OPA understands it, its references moved under a prefix."""
    parts = [_resolved(part, root or {}) for part in schema.get("allOf", ())]
    joined = {key: value for part in [*parts, schema] for key, value in part.items() if key not in _LEFT_OUT}
    if parts:
        joined["properties"] = {key: value for part in [*parts, schema] for key, value in part["properties"].items()}
    found: Schema = {}
    for key, value in joined.items():
        if key == "$ref":
            found[key] = value.replace("#/$defs/", f"#/$defs/{prefix}")
        elif key == "properties":
            found[key] = {name: _rewritten(inner, prefix, root) for name, inner in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, Mapping):
            found[key] = _rewritten(value, prefix, root)
        elif key == "anyOf":
            found[key] = [_rewritten(inner, prefix, root) for inner in value]
        else:
            found[key] = value
    return _in_alternatives(found)


def _resolved(part: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    definition: Mapping[str, Any] = root["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
    return definition


def _in_alternatives(schema: Schema) -> Schema:
    described: Schema = {key: schema[key] for key in ("title", "description") if key in schema}
    plain = {key: value for key, value in schema.items() if key not in described}
    if isinstance(schema.get("type"), list):
        inner = [{"type": "null"} if kind == "null" else {**plain, "type": kind} for kind in schema["type"]]
        return {**described, "anyOf": inner}
    if schema.get("properties") and schema.get("additionalProperties") is True:
        return {**described, "anyOf": [plain, {}]}
    return schema
