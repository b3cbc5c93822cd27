"""Merging graphs that several machines collected about one pipeline.

The same subject, observation or relation merges into one. A subject that one graph only names, without content, place
or attributes, is the one that another graph describes. Two that claim one id with different content are a contradiction
that nobody but the producer can resolve, so it is an error that shows both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import strict_json
from ..errors import EvidenceError
from .graph import Graph, Observation, Subject, in_order


def merge_graphs(graphs: Sequence[Graph]) -> Graph:
    """Join graphs into one.

    Args:
        graphs: at least one; their order does not matter.

    Raises:
        EvidenceError: none was given; a subject, the pipeline or an unknown field differs between two of them.
    """
    if not graphs:
        raise EvidenceError("there is no graph to merge", remedy="give at least one evidence graph")
    observations: dict[str, Observation] = {}
    subjects: dict[str, Subject] = {}
    for graph in graphs:
        _add_subjects(subjects, graph.subjects)
        observations.update(graph.observations)
    return Graph(
        pipeline=_merge_fields("the pipeline", [graph.pipeline for graph in graphs]),
        subjects=subjects,
        observations=observations,
        relations=in_order(relation for graph in graphs for relation in graph.relations),
        extra=_merge_fields("the graph", [graph.extra for graph in graphs]),
    )


def only_named(subject: Subject) -> bool:
    """True when nothing but kind and name of a subject is stated."""
    return not (subject.digest or subject.location or subject.attributes or subject.extra)


def _add_subjects(known: dict[str, Subject], subjects: Mapping[str, Subject]) -> None:
    for key, subject in subjects.items():
        other = known.setdefault(key, subject)
        if only_named(other):
            known[key] = subject
        elif other != subject and not only_named(subject):
            _contradiction(f"the subject {key}", _difference(other.to_document(), subject.to_document()))


def _merge_fields(what: str, documents: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Union of fields; one that two documents give differently is a contradiction."""
    merged: dict[str, Any] = {}
    for document in documents:
        for key, value in document.items():
            if key in merged and merged[key] != value:
                _contradiction(what, f"{key} is {_shown(merged[key])} in one and {_shown(value)} in another")
            merged[key] = value
    return merged


def _difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    names = sorted(key for key in {*one, *other} if one.get(key) != other.get(key))
    return "; ".join(f"{key} is {_shown(one.get(key))} in one and {_shown(other.get(key))} in another" for key in names)


def _shown(value: Any) -> str:
    return "absent" if value is None else strict_json.canonical(value).decode("utf-8")


def _contradiction(what: str, why: str) -> None:
    raise EvidenceError(
        f"the graphs contradict each other about {what}",
        why=why,
        remedy="collect again on one state of the pipeline, or give the two things different names",
    )
