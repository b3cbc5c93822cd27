"""Grounds on which a whole run is inconclusive, whatever its controls say (DESIGN promise 1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .graph import Graph
from .index import Index
from .usability import Limit

INVENTORY = "inventory"
_LIMIT = Limit.of({"max_age_days": 30, "min_tier": "observed", "accept_partial": False})
_LENIENT = ("warn", "ignore")
_SHOWN = 5


def run_reasons(index: Index, requires: Iterable[str], counts: Mapping[str, int]) -> list[dict[str, str]]:
    """Every reason that concerns the run.

    Args:
        index: the graph at the evaluation time.
        requires: kinds of subject that the checklist requires.
        counts: outcome to how often it was reached.
    """
    found = [*_subjects(index, requires), *_inventory(index)]
    if not counts.get("pass"):
        found.append(("nothing_passed", "no control passed for any subject"))
    return [{"code": code, "message": message} for code, message in found]


def inventories(graph: Graph) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Id and result of every observation of what lies in the pipeline's folder, sorted by id."""
    for key in sorted(key for key, observation in graph.observations.items() if observation.type == INVENTORY):
        yield key, graph.observations[key].result


def _subjects(index: Index, requires: Iterable[str]) -> Iterator[tuple[str, str]]:
    if all(kind == "pipeline" or not ids for kind, ids in index.ids.items()):
        yield "no_subject", "the graph has no subject but the pipeline itself"
    for kind in requires:
        if not index.ids.get(kind):
            yield "required_kind_missing", f"the checklist requires a subject of the kind {kind}, and there is none"


def _inventory(index: Index) -> Iterator[tuple[str, str]]:
    found = list(inventories(index.graph))
    if not any(index.standings[key].usable(_LIMIT) for key, _ in found):
        yield "inventory_missing", "there is no complete, recent inventory of what lies in the pipeline's folder"
    for _, result in found:
        undeclared = result.get("undeclared")
        if not isinstance(undeclared, list) or result.get("undeclared_count") != len(undeclared):
            yield "inventory_missing", "the inventory does not say what is undeclared"
        elif undeclared and result.get("policy") not in _LENIENT:
            names = ", ".join(sorted(str(_path(item)) for item in undeclared)[:_SHOWN])
            yield "undeclared", f"{len(undeclared)} models or datasets are not declared: {names}"


def _path(item: Any) -> Any:
    return item.get("path", item) if isinstance(item, Mapping) else item
