"""Reading and writing evidence graphs: strict in, canonical out, the schema checked both ways.

What the schema cannot say is checked here: a subject's id is ``kind:name``, an observation's id is the digest of its
content, and observations and relations point to subjects that are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .. import strict_json
from ..errors import EvidenceError
from ..strict_json import DEFAULT_LIMITS, Limits
from .graph import Coverage, Graph, Observation, Relation, Skipped, Status, Subject, Tier, in_order
from .plain_shapes import is_plain_observation, is_plain_relation, is_plain_subject
from .schema_check import first_problem, pointer, validator

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_SCHEMA = "evidence-graph"
_REMEDY = "collect the evidence again; an edited graph no longer proves anything"


def load_graph(data: bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Graph:
    """Read an evidence graph.

    Args:
        data: the document, UTF-8 JSON; it need not be canonical.
        source: what to call it in errors, usually its path.
        limits: size in bytes and depth allowed.

    Returns:
        The graph; fields that this version does not know are kept in ``extra``.

    Raises:
        EvidenceError: the document is not strict JSON, breaks the schema, or contradicts itself.
    """
    return graph_from_document(strict_json.loads(data, source=source, limits=limits), source=source)


def dump_graph(graph: Graph) -> bytes:
    """Write a graph as canonical JSON (RFC 8785), checked against the schema and against itself.

    Raises:
        EvidenceError: the graph would not be readable again.
    """
    _check(graph.to_document(), "the evidence graph")
    _check_ids(graph, "the evidence graph")
    return graph.canonical


def graph_from_document(document: Any, *, source: str) -> Graph:
    """A graph from its JSON form; raises as ``load_graph`` does."""
    _check(document, source)
    graph = Graph(
        pipeline=document["pipeline"],
        subjects={key: _subject(value) for key, value in document["subjects"].items()},
        observations={key: _observation(value) for key, value in document["observations"].items()},
        relations=in_order(_relation(item) for item in document["relations"]),
        extra=_without(document, ("schema", "pipeline", "subjects", "observations", "relations")),
    )
    _check_ids(graph, source)
    return graph


_PARTS: tuple[tuple[str, str, Callable[[Any], bool], type], ...] = (
    ("subjects", "subject", is_plain_subject, dict),
    ("observations", "observation", is_plain_observation, dict),
    ("relations", "relation", is_plain_relation, list),
)


def _check(document: Any, source: str) -> None:
    """Validate against the schema, part by part, so that what is plain costs little."""
    frame = dict(document) if isinstance(document, dict) else document
    for field, definition, is_plain, shape in _PARTS:
        if isinstance(frame, dict) and isinstance(frame.get(field), shape):
            values = frame[field]
            items = values.items() if isinstance(values, dict) else enumerate(values)
            _check_each(field, items, validator(_SCHEMA, definition), is_plain, source)
            frame[field] = shape()
    _refuse(source, first_problem(validator(_SCHEMA), frame))


def _check_each(
    field: str, items: Iterable[tuple[Any, Any]], check: Validator, is_plain: Callable[[Any], bool], source: str
) -> None:
    for key, value in items:
        if not is_plain(value) and (problem := first_problem(check, value)):
            _refuse(source, f"{pointer((field, key))}: {problem}")


def _refuse(source: str, problem: str | None) -> None:
    if problem is not None:
        raise EvidenceError(f"{source} is not an evidence graph", why=problem, remedy=_REMEDY)


def _check_ids(graph: Graph, source: str) -> None:
    for key, subject in graph.subjects.items():
        if key != subject.id:
            _refuse(source, f"the subject {key!r} says that it is {subject.id!r}")
    for key, observation in graph.observations.items():
        if key != observation.id:
            _refuse(source, f"the observation {key} is not what its id says: its content has the id {observation.id}")
        if observation.subject not in graph.subjects:
            _refuse(source, f"the observation {key} is about {observation.subject!r}, which is not in the graph")
    for relation in graph.relations:
        for end in (relation.source, relation.target):
            if end not in graph.subjects:
                _refuse(source, f"the relation {relation.relation!r} points to {end!r}, which is not in the graph")


def _subject(document: Mapping[str, Any]) -> Subject:
    return Subject(
        kind=document["kind"],
        name=document["name"],
        digest=document.get("digest", {}),
        location=document.get("location"),
        attributes=document.get("attributes", {}),
        extra=_without(document, ("kind", "name", "digest", "location", "attributes")),
    )


_KNOWN = (
    "type", "subject", "tier", "collector", "status", "coverage", "observed_at", "result", "tool", "inputs", "report",
)  # fmt: skip


def _observation(document: Mapping[str, Any]) -> Observation:
    return Observation(
        type=document["type"],
        subject=document["subject"],
        tier=Tier(document["tier"]),
        collector=document["collector"],
        status=Status(document["status"]),
        coverage=_coverage(document["coverage"]),
        observed_at=document["observed_at"],
        result=document["result"],
        tool=document.get("tool"),
        inputs=document.get("inputs", {}),
        report=document.get("report"),
        extra=_without(document, _KNOWN),
    )


def _coverage(document: Mapping[str, Any]) -> Coverage:
    skipped = tuple(
        Skipped(item["item"], item["reason"], _without(item, ("item", "reason"))) for item in document["skipped"]
    )
    extra = _without(document, ("seen", "examined", "skipped"))
    return Coverage(document["seen"], document["examined"], skipped, extra)


def _relation(document: Mapping[str, Any]) -> Relation:
    return Relation(
        document["from"], document["relation"], document["to"], _without(document, ("from", "relation", "to"))
    )


def _without(document: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in known}
