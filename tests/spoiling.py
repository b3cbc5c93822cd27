"""Ways to spoil one field of a graph's document, at any depth, without touching the original."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from probatum.evaluator.graph import observation_id

Path = tuple[str | int, ...]
JUNK: tuple[Any, ...] = (None, "", "corrupt", -1, [], {}, [None], {"odd": None})
_SEALED = 2  # what lies deeper in "observations" is covered by the observation's id


def paths(value: Any, start: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value, but its root."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield (*start, key)
        yield from paths(item, (*start, key))


def dropped(document: Any, path: Path) -> Any:
    """Without a field or list item."""
    return _resealed(_changed(document, path, lambda place, key: place.pop(key)), path)


def renamed(document: Any, path: Path) -> Any:
    """With a field under another name (a list item is wrapped in an object)."""

    def rename(place: Any, key: Any) -> None:
        if isinstance(place, dict):
            place[f"{key}_x"] = place.pop(key)
        else:
            place[key] = {"x": place[key]}

    return _resealed(_changed(document, path, rename), path)


def corrupted(document: Any, path: Path, junk: Any) -> Any:
    """With something else where a value was."""

    def corrupt(place: Any, key: Any) -> None:
        place[key] = junk

    return _resealed(_changed(document, path, corrupt), path)


def at(document: Any, path: Path) -> Any:
    """The value at a place."""
    for key in path:
        document = document[key]
    return document


def _changed(document: Any, path: Path, change: Any) -> Any:
    """A copy, deep only along the path."""
    copy = dict(document) if isinstance(document, dict) else list(document)
    if len(path) == 1:
        change(copy, path[0])
    else:
        copy[path[0]] = _changed(copy[path[0]], path[1:], change)
    return copy


def _resealed(document: Any, path: Path) -> Any:
    """With the id that the changed observation has now, so that only its content speaks against it."""
    if path[0] != "observations" or len(path) <= _SEALED or not isinstance(document["observations"], dict):
        return document
    observations = dict(document["observations"])
    content = observations.pop(path[1])
    return {**document, "observations": {**observations, observation_id(content): content}}
