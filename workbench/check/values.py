"""What is known of a value before anything is evaluated: the JSON Schemas that it may follow.

A value is a tuple of alternatives, each a schema, or None where anything is possible. Besides JSON Schema an
alternative may have ``set``, the schema of the members of a set, and ``made``, true for an object that the policy
itself writes, whose fields are therefore there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..input_schema import OBSERVATION

Alternative = Mapping[str, Any]
Value = tuple[Alternative, ...] | None

STRING: Value = ({"type": "string"},)
NUMBER: Value = ({"type": "number"},)
BOOLEAN: Value = ({"type": "boolean"},)

_TELLING = ("type", "properties", "items", "prefixItems", "const", "enum", "set")
_WIDEST, _HEAVIEST = 64, 1000


class Shapes:
    """Steps from values to what is inside them, by the definitions of one schema.

    Args:
        root: the schema whose ``$defs`` references mean.
    """

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def of(self, schema: Any) -> Value:
        """The alternatives of a schema."""
        if not isinstance(schema, Mapping):
            return None
        if "$ref" in schema:
            return self.of(self._root["$defs"][schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            return join(self.of(inner) for inner in schema["anyOf"])
        return (schema,) if any(key in schema for key in _TELLING) else None

    def field(self, value: Value, name: str) -> Value:
        """The field of an object; an empty tuple when no alternative has it."""
        return join(self._field(found, name) for found in value) if value is not None else None

    def members(self, value: Value) -> Value:
        """What iteration over a value gives, or a lookup in it by something unknown."""
        return join(map(self._members, value)) if value is not None else None

    def keys(self, value: Value) -> Value:
        """What the keys of a value may be."""
        return join(map(self._keys, value)) if value is not None else None

    def lookup(self, value: Value, index: Value) -> Value:
        """What ``value[index]`` may be."""
        if value is None or index is None or not index:
            return self.members(value)
        return join(self._at(value, found) for found in index)

    def _at(self, value: Value, index: Alternative) -> Value:
        if isinstance(index.get("const"), str):
            return self.field(value, index["const"])
        if OBSERVATION in index and value and any(index[OBSERVATION] in found.get("properties", {}) for found in value):
            return self.field(value, index[OBSERVATION])
        if isinstance(index.get("const"), int) and value and all("prefixItems" in found for found in value):
            return join(self._item(found["prefixItems"], index["const"]) for found in value)
        return self.members(value)

    def _item(self, items: list[Any], number: int) -> Value:
        return self.of(items[number]) if 0 <= number < len(items) else ()

    def _field(self, found: Alternative, name: str) -> Value:
        if "set" in found:
            return self.of(found["set"])
        if found.get("type", "object") != "object" or "const" in found or "enum" in found:
            return ()
        properties = found.get("properties", {})
        if name in properties:
            return self.of(properties[name])
        if "additionalProperties" in found:
            return self.of(found["additionalProperties"]) if found["additionalProperties"] else ()
        return () if properties else None

    def _members(self, found: Alternative) -> Value:
        if "set" in found:
            return self.of(found["set"])
        if found.get("type") == "array" or "prefixItems" in found:
            if "prefixItems" in found:
                return join(map(self.of, found["prefixItems"]))
            return self.of(found.get("items"))
        if found.get("type", "object") != "object" or "const" in found or "enum" in found:
            return ()
        inside = list(found.get("properties", {}).values())
        if found.get("additionalProperties"):
            inside.append(found["additionalProperties"])
        return join(map(self.of, inside)) if inside else None

    def _keys(self, found: Alternative) -> Value:
        if "set" in found:
            return self.of(found["set"])
        if found.get("type") == "array" or "prefixItems" in found:
            return NUMBER
        if found.get("properties") and not found.get("additionalProperties"):
            return tuple({"const": name} for name in found["properties"])
        return STRING


def join(values: Iterable[Value]) -> Value:
    """A value that may be any of several."""
    found: list[Alternative] = []
    for value in values:
        if value is None:
            return None
        found += [alternative for alternative in value if alternative not in found]
        if len(found) > _WIDEST:
            return None
    return tuple(found)


def schema_of(value: Value) -> Mapping[str, Any]:
    """A value as one schema, to stand inside another."""
    if value is None:
        return {}
    return value[0] if len(value) == 1 else {"anyOf": list(value)}


def made(alternative: Alternative, inside: Iterable[Any]) -> Value:
    """A value that a policy makes of others; anything, once so much is inside that to look at it would take long."""
    weight = 1 + sum(map(_weight, inside))
    return ({**alternative, "weight": weight},) if weight <= _HEAVIEST else None


def _weight(schema: Any) -> int:
    if not isinstance(schema, Mapping):
        return 0
    if "anyOf" in schema:
        return sum(map(_weight, schema["anyOf"]))
    weight: int = schema.get("weight", 1)
    return weight


def fixed(value: Any) -> Value:
    """A value that is written in the policy."""
    return ({"const": value},)


def alternatives(schema: Mapping[str, Any]) -> list[Alternative]:
    """The alternatives of what ``schema_of`` gives; none where anything is possible."""
    return list(schema["anyOf"]) if "anyOf" in schema else [schema] if schema else []


def is_object(found: Alternative) -> bool:
    """An object, as far as is known."""
    return found.get("type", "object") == "object" and not {"const", "enum", "set", "prefixItems"} & set(found)


def is_list(found: Alternative) -> bool:
    """A list or a set, which becomes one."""
    return found.get("type") == "array" or "prefixItems" in found or "set" in found


def is_text(found: Alternative) -> bool:
    """A string."""
    return found.get("type") == "string" or isinstance(found.get("const"), str) or "enum" in found


def names_of(value: Value) -> list[str] | None:
    """The texts that a value may be, when they are all written in the policy; else None."""
    if not value or not all(isinstance(found.get("const"), str) for found in value):
        return None
    return [found["const"] for found in value]
