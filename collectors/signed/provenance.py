"""What verified SLSA provenance says of a model, and of the pipeline's other subjects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...evaluator.graph import Relation, Subject
from ...slsa_provenance import Material, Provenance
from ..base import Context
from .documents import Document
from .matching import subjects_with

_RELATION = {"dataset": "trained_on", "source": "built_from", "dependency_set": "depends_on"}


def provenance_result(context: Context, document: Document, provenance: Provenance) -> dict[str, Any]:
    """The result of a ``provenance`` observation; a material that is several subjects is listed once for each."""
    result: dict[str, Any] = {
        "predicate_type": document.statement["predicateType"],
        "builder": provenance.builder,
        "build_type": provenance.build_type,
        "materials": [entry for item in provenance.materials for entry in _joined(context, item)],
        "sources": [{"uri": item.uri, "digest": dict(item.digest)} for item in provenance.sources],
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
        for key in subjects_with(context, item.digest):
            relation = _RELATION.get(context.subjects[key].kind)
            if relation is not None and key != model:
                yield Relation(model, relation, key)


def _joined(context: Context, material: Material) -> list[dict[str, Any]]:
    entry: dict[str, Any] = {"uri": material.uri, "digest": dict(material.digest)}
    subjects: list[str | None] = [*subjects_with(context, material.digest)]
    return [{**entry, "subject": subject} for subject in subjects or [None]]
