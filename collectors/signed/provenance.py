"""SLSA provenance, v0.2 and v1, in one form (https://slsa.dev/spec/v1.1/provenance)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...evaluator.graph import Relation, Subject
from ..base import Context
from .documents import Document
from .matching import subjects_with

V02 = "https://slsa.dev/provenance/v0.2"
V1 = "https://slsa.dev/provenance/v1"
TYPES = (V1, V02)
_RELATION = {"dataset": "trained_on", "source": "built_from", "dependency_set": "depends_on"}


@dataclass(frozen=True)
class Provenance:
    """Where something came from, whatever the version of the document.

    Args:
        builder: id of the builder.
        build_type: how it was built.
        materials: ``uri`` and ``digest`` of what went in.
        malformed: how many materials could not be read.
        run: id of the run.
        started: RFC 3339 time.
        finished: RFC 3339 time.
    """

    builder: str | None
    build_type: str | None
    materials: tuple[Mapping[str, Any], ...]
    malformed: int
    run: str | None
    started: str | None
    finished: str | None


def read_provenance(statement: Mapping[str, Any]) -> Provenance:
    """Read the predicate of a verified provenance; what is missing or of a wrong type is None."""
    predicate = _map(statement.get("predicate"))
    if statement.get("predicateType") == V1:
        definition, details = _map(predicate.get("buildDefinition")), _map(predicate.get("runDetails"))
        metadata, materials = _map(details.get("metadata")), definition.get("resolvedDependencies", [])
        builder, build_type = _map(details.get("builder")).get("id"), definition.get("buildType")
        names = ("invocationId", "startedOn", "finishedOn")
    else:
        metadata, materials = _map(predicate.get("metadata")), predicate.get("materials", [])
        builder, build_type = _map(predicate.get("builder")).get("id"), predicate.get("buildType")
        names = ("buildInvocationId", "buildStartedOn", "buildFinishedOn")
    items = materials if isinstance(materials, list) else [materials]
    good = tuple(item for item in items if isinstance(item, Mapping) and _readable(item))
    run, started, finished = (_text(metadata.get(name)) for name in names)
    return Provenance(_text(builder), _text(build_type), good, len(items) - len(good), run, started, finished)


def provenance_result(context: Context, document: Document, provenance: Provenance) -> dict[str, Any]:
    """The result of a ``provenance`` observation; a material that is several subjects is listed once for each."""
    result: dict[str, Any] = {
        "predicate_type": document.statement["predicateType"],
        "builder": provenance.builder,
        "build_type": provenance.build_type,
        "materials": [entry for item in provenance.materials for entry in _joined(context, item)],
        "signers": list(document.verification.signers),
        "verified": True,
        "reason": "",
        "source": document.source,
    }
    times = {"started": provenance.started, "finished": provenance.finished}
    return result | {key: value for key, value in times.items() if value is not None}


def provenance_items(
    context: Context, model: str, document: Document, found: Provenance
) -> Iterator[Subject | Relation]:
    """The training run that made a model, and the model's relations to it and to its materials."""
    name = found.run or f"{document.path}@{document.sha256[:16]}"
    known = {"builder": found.builder, "build_type": found.build_type, "started": found.started}
    known |= {"finished": found.finished, "attested_by": document.source}
    run = Subject("training_run", name, attributes={key: value for key, value in known.items() if value is not None})
    yield run
    yield Relation(model, "produced_by", run.id)
    for item in found.materials:
        for key in subjects_with(context, item.get("digest")):
            relation = _RELATION.get(context.subjects[key].kind)
            if relation is not None and key != model:
                yield Relation(model, relation, key)


def _joined(context: Context, material: Mapping[str, Any]) -> list[dict[str, Any]]:
    entry = {"uri": material.get("uri"), "digest": dict(material.get("digest", {}))}
    subjects: list[str | None] = [*subjects_with(context, entry["digest"])]
    return [{**entry, "subject": subject} for subject in subjects or [None]]


def _readable(item: Mapping[str, Any]) -> bool:
    digest = item.get("digest", {})
    if not isinstance(digest, Mapping) or not isinstance(item.get("uri"), (str, type(None))):
        return False
    return all(isinstance(value, str) for value in digest.values())


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
