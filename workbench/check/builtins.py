"""What is known of the results of Rego's own functions; of most of them nothing is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .values import NUMBER, STRING, Shapes, Value, join, schema_of

_Result = Callable[[Sequence[Value], Shapes], Value]


def result_of(name: str, values: Sequence[Value], shapes: Shapes) -> Value:
    """What a call may give.

    Args:
        name: of the function, dotted.
        values: of the arguments.
        shapes: how to look into them.
    """
    found = _RESULTS.get(name)
    return found(values, shapes) if found is not None and values else _FIXED.get(name)


def _list(values: Sequence[Value], shapes: Shapes) -> Value:
    inside = join(map(shapes.members, values))
    return ({"type": "array", "items": schema_of(inside)},)


def _first_list(values: Sequence[Value], shapes: Shapes) -> Value:
    return _list(values[:1], shapes)


def _got(values: Sequence[Value], shapes: Shapes) -> Value:
    return join((shapes.lookup(values[0], values[1]), values[2])) if len(values) == 3 else None


def _either(values: Sequence[Value], _: Shapes) -> Value:
    return join(values)


_RESULTS: Mapping[str, _Result] = {
    "array.concat": _list,
    "array.slice": _first_list,
    "object.get": _got,
    "object.union": _either,
    "sort": _first_list,
}
_FIXED: Mapping[str, Value] = {"count": NUMBER, "concat": STRING, "lower": STRING, "sprintf": STRING, "upper": STRING}
