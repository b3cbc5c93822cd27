"""One place of a policy's input spoilt: a field, an observation or a relation removed or corrupted.

The input is left as it is; a spoilt copy shares with it what it does not change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .meanings import Meanings, Path

Document = Mapping[str, Any]

JUNK: tuple[Any, ...] = (None, "", "corrupt", -1, {"odd": None})
"""What is put where a value was: something of each type of JSON that orders differently."""

_ODD_LISTS: tuple[Any, ...] = ([None], [], {})
"""What is put where a list was, or an object, besides: but nothing empty of its own type, for a list without its
members is another statement and not a damaged one."""

_INDEXES = ("observed", "usable")


def spoilt(document: Document, meanings: Meanings, *, thorough: bool = True) -> Iterator[tuple[str, Document]]:
    """Every spoilt copy of a policy's input, with what was done to it.

    Args:
        document: the input.
        meanings: values that say something where they stand, which are no damage.
        thorough: corrupt everything, and not only what no passing input has: that is why this one does not pass, and
            where damage could hide it. Everything is removed in turn either way.
    """
    yield from _observations(document)
    yield from _relations(document)
    for path in evidence_paths(document):
        if isinstance(path[-1], str):  # no field has gone when the item of a list goes
            yield f"{_name(path)} removed", _changed(document, path, lambda place, key: place.pop(key))
        value = _at(document, path)
        if thorough or not meanings.seen(document, path, value):
            yield from _corrupted(document, path, value, meanings)


def evidence_paths(document: Document) -> Iterator[Path]:
    """Every place in what observations found, and in what subjects are."""
    for key, observation in document.get("observations", {}).items():
        if "result" in observation:
            yield from _paths(observation["result"], ("observations", key, "result"))
    for key, subject in document.get("subjects", {}).items():
        for field, value in subject.items():
            yield from _paths(value, ("subjects", key, field))


def _paths(value: Any, path: Path) -> Iterator[Path]:
    """A place and every place below it."""
    yield path
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _paths(item, (*path, key))


def _corrupted(document: Document, path: Path, value: Any, meanings: Meanings) -> Iterator[tuple[str, Document]]:
    odd = [junk for junk in _ODD_LISTS if isinstance(value, list | dict) and (junk or type(junk) is not type(value))]
    for junk in (*JUNK, *odd):
        if not meanings.known(document, path, junk):
            yield f"{_name(path)} is {junk!r}", _changed(document, path, _setting(junk))


def _name(path: Path) -> str:
    return "/".join(map(str, path))


def _setting(value: Any) -> Callable[[Any, Any], None]:
    def put(place: Any, key: Any) -> None:
        place[key] = value

    return put


def _observations(document: Document) -> Iterator[tuple[str, Document]]:
    for key in document.get("observations", {}):
        unusable = {**document, "usable": _unlisted(document.get("usable", {}), key)}
        yield f"observations/{key} not usable", unusable
        observations = {other: item for other, item in document["observations"].items() if other != key}
        gone = {name: _unlisted(document.get(name, {}), key) for name in _INDEXES}
        yield f"observations/{key} removed", {**document, "observations": observations, **gone}


def _unlisted(index: Mapping[str, Mapping[str, list[str]]], key: str) -> dict[str, dict[str, list[str]]]:
    """An index of observations without one of them; a type of which nothing is left goes too."""
    return {
        subject: {kind: kept for kind, ids in types.items() if (kept := [other for other in ids if other != key])}
        for subject, types in index.items()
    }


def _relations(document: Document) -> Iterator[tuple[str, Document]]:
    for source, relations in document.get("out", {}).items():
        for relation, targets in relations.items():
            for target in targets:
                out = _unlinked(document["out"], source, relation, target)
                back = _unlinked(document.get("in", {}), target, relation, source)
                yield f"relation {source} {relation} {target} removed", {**document, "out": out, "in": back}


def _unlinked(links: Mapping[str, Mapping[str, list[str]]], end: str, relation: str, other: str) -> dict[str, Any]:
    kept = {name: list(ids) for name, ids in links.get(end, {}).items()}
    kept[relation] = [item for item in kept.get(relation, []) if item != other]
    return {**links, end: {name: ids for name, ids in kept.items() if ids}}


def _at(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def _changed(document: Any, path: Path, change: Callable[[Any, Any], None]) -> Any:
    """A copy, deep only along the path."""
    copy: Any = dict(document) if isinstance(document, Mapping) else list(document)
    if len(path) == 1:
        change(copy, path[0])
    else:
        copy[path[0]] = _changed(copy[path[0]], path[1:], change)
    return copy
