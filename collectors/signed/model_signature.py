"""Signatures of models: which of a model's files do they cover?

An OpenSSF model signature names each file with its digest. Its root digest omits the names, it ignores files by rules
of its own, and it may name files outside the model, so none of that is relied on: every file that the model has here
must be named with the digest that it has here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...evaluator.graph import Skipped, Subject
from ..base import Context
from .documents import Document, why_none
from .matching import speaks_of

OMS = "https://model_signing/signature/v1.0"
_ROLE = "model"
_BESIDE = (".sig", ".sigstore", ".sigstore.json")


@dataclass(frozen=True)
class Cover:
    """What one verified signature says of a model.

    Args:
        document: the signature.
        form: ``oms``, ``dsse``, ``sigstore`` or ``detached``.
        covered: paths of the model's files that it covers with the content that they have.
        missing: names that it covers and that the model lacks, or has with another content.
    """

    document: Document
    form: str
    covered: frozenset[str]
    missing: tuple[str, ...] = ()


def signature_result(
    context: Context, model: Subject, documents: Iterable[Document], unread: Sequence[Skipped] = ()
) -> tuple[dict[str, Any], list[Document]]:
    """The result of a ``model_signature`` observation, and the documents that it rests on.

    Several verified signatures are taken together: a file is covered when any of them covers it. When none is
    verified, the reasons of those that lie where this model's signature would be are given, and what is ``unread``.
    """
    candidates = list(documents)
    covers = [cover for item in candidates if (cover := _cover(context, model, item)) is not None]
    if not covers:
        beside = [item for item in candidates if not item.verified and lies_beside(model, item)]
        return _unverified(model, beside, unread)
    own = {cover.document.path for cover in covers}
    files = [path for path, place in _files(context, model).items() if place not in own]
    covered = frozenset[str]().union(*(cover.covered for cover in covers))
    uncovered = [path for path in files if path not in covered]
    missing = sorted({name for cover in covers for name in cover.missing} - covered)
    result = {
        "format": covers[0].form,
        "verified": True,
        "reason": "",
        "signers": sorted({signer for cover in covers for signer in cover.document.verification.signers}),
        "covers_all_files": bool(files) and not uncovered and not missing,
        "uncovered": uncovered,
        "missing": missing,
        "source": covers[0].document.source,
        "sources": [cover.document.source for cover in covers],
    }
    return result, [cover.document for cover in covers]


def signs(context: Context, model: Subject, document: Document) -> bool:
    """Whether a document is a verified signature of this model, of any of its files."""
    return _cover(context, model, document) is not None


def lies_beside(model: Subject, document: Document) -> bool:
    """Whether a document lies where a model's own signature would: named after it, or inside its folder."""
    place = (model.location or "").rstrip("/")
    named = any(document.path == f"{place}{suffix}" for suffix in _BESIDE)
    return bool(place) and (named or (document.path.startswith(f"{place}/") and document.path.endswith(_BESIDE)))


def _cover(context: Context, model: Subject, document: Document) -> Cover | None:
    if not document.verified or _ROLE not in document.verification.roles:
        return None
    if document.artifact is not None:
        path = next((name for name, place in _files(context, model).items() if place == document.artifact), None)
        form = "detached" if document.verification.kind == "signature" else document.verification.kind
        return None if path is None else Cover(document, form, frozenset((path,)))
    if document.verification.about == OMS:
        return _oms(context, model, document)
    if not speaks_of(context, document.statement, model):
        return None
    form = "sigstore" if document.verification.kind == "sigstore" else "dsse"
    return Cover(document, form, frozenset(_files(context, model)))


def _oms(context: Context, model: Subject, document: Document) -> Cover | None:
    signed = _resources(document.statement)
    content = context.contents.get(model.id)
    if content is None:
        return None
    here = {entry.path: entry.sha256 for entry in content.files}
    if not content.folder and "." in signed:
        signed = {content.files[0].path: signed["."], **{key: value for key, value in signed.items() if key != "."}}
    covered = frozenset(path for path, digest in here.items() if signed.get(path) == digest)
    if not covered and not lies_beside(model, document):
        return None
    expected = signed.keys() if content.folder else signed.keys() & here.keys()
    return Cover(document, "oms", covered, tuple(sorted(expected - covered)))


def _resources(statement: Mapping[str, Any]) -> dict[str, str]:
    """Name to SHA-256 of what an OpenSSF model signature covers; empty for other algorithms, which match nothing."""
    predicate = statement.get("predicate")
    resources = predicate.get("resources") if isinstance(predicate, Mapping) else None
    return {
        str(item.get("name")): str(item.get("digest")) if item.get("algorithm") == "sha256" else ""
        for item in (resources if isinstance(resources, list) else [])
        if isinstance(item, Mapping)
    }


def _unverified(
    model: Subject, candidates: list[Document], unread: Sequence[Skipped]
) -> tuple[dict[str, Any], list[Document]]:
    result = {
        "format": "none",
        "verified": False,
        "reason": why_none(candidates, unread),
        "signers": [],
        "covers_all_files": False,
        "uncovered": [model.location] if model.location else [],
        "missing": [],
        "source": candidates[0].source if candidates else "",
        "sources": [item.source for item in candidates],
    }
    return result, candidates


def _files(context: Context, model: Subject) -> dict[str, str]:
    """Each file of a model's content with its path relative to the pipeline's root."""
    content, place = context.contents.get(model.id), (model.location or "").rstrip("/")
    if content is None:
        return {}
    return {entry.path: f"{place}/{entry.path}" if content.folder else place for entry in content.files}
