"""Values of rules: which parts of them are about one subject, and how much of a large one is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..evaluator.graph import Graph

MOST_ITEMS = 20
"""Items of one rule that are kept for one subject."""
_MOST_BYTES = 2_000


def fit(value: Any) -> Any:
    """A value; of one over 2,000 bytes only its beginning, as ``{"cut": text, "bytes": size}``."""
    text = ordered(value)
    size = len(text.encode())
    return value if size <= _MOST_BYTES else {"cut": text[:_MOST_BYTES], "bytes": size}


def ordered(value: Any) -> str:
    """A value as JSON text, the same for equal values; also for times in nanoseconds, which canonical JSON refuses."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def shared(value: Any, graph: Graph) -> bool:
    """True for the value of a rule that names no subject and no observation."""
    return not any(True for item in _items(value) for _ in _subjects(item, graph))


def about(value: Any, subject: str, graph: Graph) -> dict[str, Any]:
    """The items of a rule's value that are about a subject: ``items``, at most ``MOST_ITEMS``, and their ``count``.

    An item is about the subjects that it names and those of the observations that it names, at most two levels deep.
    """
    mine = [item for item in _items(value) if subject in _subjects(item, graph)]
    return {"count": len(mine), "items": [fit(item) for item in mine[:MOST_ITEMS]]}


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [[key, item] for key, item in value.items()] if isinstance(value, dict) else [value]


def _subjects(item: Any, graph: Graph, depth: int = 2) -> Iterator[str]:
    if isinstance(item, str):
        if item in graph.subjects:
            yield item
        elif item in graph.observations:
            yield graph.observations[item].subject
    elif depth and isinstance(item, list):
        for part in item:
            yield from _subjects(part, graph, depth - 1)
    elif depth and isinstance(item, dict):
        for part in item.values():
            yield from _subjects(part, graph, depth - 1)
