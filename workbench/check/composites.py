"""Values that a policy makes of others: lists, sets, objects, comprehensions, and what operators give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .values import BOOLEAN, NUMBER, Value, join, made, names_of, schema_of


def composed(kind: str, inside: Sequence[Value]) -> Value:
    """What an expression of a kind makes of the values in it; objects apart."""
    if kind == "Array":
        items = [schema_of(value) for value in inside]
        return made({"type": "array", "prefixItems": items}, items)
    if kind == "Set":
        return set_of(join(inside))
    if kind == "BinExpr":
        return join(inside)
    if kind == "ArithExpr":  # a difference may be of sets
        return inside[0] if inside and inside[0] and "set" in inside[0][0] else NUMBER
    return BOOLEAN if kind in ("BoolExpr", "Membership") else None


def object_of(pairs: Iterable[tuple[Value, Value]]) -> Value:
    """An object that is written out, from the values of its keys and what they stand for."""
    named: dict[str, Mapping[str, Any]] = {}
    others = False
    for key, value in pairs:
        names = names_of(key)
        if names and len(names) == 1:
            named[names[0]] = schema_of(value)
        else:
            others = True
    rest: Any = {} if others else False
    whole = {"type": "object", "properties": named, "additionalProperties": rest, "made": True}
    return made(whole, named.values())


def comprehension(kind: str, parts: Sequence[Value]) -> Value:
    """A list or set of a term, or an object of a key and a value."""
    if kind == "SetCompr":
        return set_of(parts[0])
    if kind == "ArrayCompr":
        return made({"type": "array", "items": schema_of(parts[0])}, [schema_of(parts[0])])
    return map_of(parts[1])


def set_of(member: Value) -> Value:
    """A set of such members."""
    return made({"set": schema_of(member)}, [schema_of(member)])


def map_of(value: Value) -> Value:
    """An object of such values, by any key."""
    inside = schema_of(value)
    return made({"type": "object", "properties": {}, "additionalProperties": inside}, [inside])
