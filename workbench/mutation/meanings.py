"""Which values say something where they stand, learnt from inputs in which the control passes.

Damage is a value that nobody could have meant. An empty list is damage where there is always something, and good news
("no problems") where a passing input has one; another name in the place of a name is another statement. Without
this, a control would be blamed for passing on evidence that is simply better.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]
_Place = tuple[str, ...]


class Meanings:
    """The values of passing inputs by place; members of lists share one, and so do subjects of a kind.

    Args:
        passing: inputs in which the control passes.
    """

    def __init__(self, passing: Iterable[Mapping[str, Any]] = ()) -> None:
        self._texts: defaultdict[_Place, set[str]] = defaultdict(set)
        self._words: set[_Place] = set()
        self._below_zero: set[_Place] = set()
        for document in passing:
            for place, value in _values(document):
                self._learn(place, value)

    def known(self, document: Mapping[str, Any], path: Path, value: Any) -> bool:
        """True when a value could be meant in a place of an input.

        Args:
            document: the input.
            path: of the place.
            value: what could be put there.
        """
        place = _place(document, path)
        if isinstance(value, str) and value:
            return place in self._words
        if isinstance(value, int) and value < 0:
            return place in self._below_zero
        return self.seen(document, path, value)

    def seen(self, document: Mapping[str, Any], path: Path, value: Any) -> bool:
        """True when a passing input has exactly this value in a place of an input."""
        return json.dumps(value, sort_keys=True) in self._texts[_place(document, path)]

    def _learn(self, place: _Place, value: Any) -> None:
        self._texts[place].add(json.dumps(value, sort_keys=True))
        if isinstance(value, str) and value:
            self._words.add(place)
        if isinstance(value, int | float) and (value < 0 or value != int(value)):  # no count is
            self._below_zero.add(place)


def _values(document: Mapping[str, Any]) -> Iterator[tuple[_Place, Any]]:
    for top in ("observations", "subjects"):
        for key, item in document.get(top, {}).items():
            yield from _below(_place(document, (top, key)), item)


def _below(place: _Place, value: Any) -> Iterator[tuple[_Place, Any]]:
    yield place, value
    items: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = (("*", item) for item in value)
    for key, item in items:
        yield from _below((*place, key), item)


def _place(document: Mapping[str, Any], path: Path) -> _Place:
    """A path with the type of the observation, or the kind of the subject, instead of its id."""
    top, key, *rest = path
    item = document[str(top)][str(key)]
    sort = item.get("type", item.get("kind"))
    return (str(top), str(sort), *("*" if isinstance(step, int) else step for step in rest))
