"""The ml_bom collector: what CycloneDX documents state about each model.

A document is about a model when a component of type machine-learning-model has the model's SHA-256 (of the file, or of
the folder's manifest). A name alone joins nothing: a component of the model's name with another digest, or with none,
is reported as describing something else. Where several documents describe one model, all must be valid, and a section
counts only when each of them has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import PurePosixPath
from typing import Any

from ..evaluator.graph import Coverage, Observation, Skipped, Subject
from .base import Availability, Context, Item
from .bom.search import Candidate, candidates
from .bom.sections import SECTIONS
from .sandbox import SandboxError, Worker

_TARGET = "probatum.collectors.bom.document:examine"


@dataclass(frozen=True)
class _Examined:
    """The documents of a pipeline, by path, and those that could not be read."""

    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    seen: int = 0


class MlBom:
    """Joins CycloneDX documents to models."""

    name = "ml_bom"
    version = "2"
    types: tuple[str, ...] = ("ml_bom",)
    kinds: tuple[str, ...] = ("model",)
    network = False

    def available(self, context: Context) -> Availability:
        """Whether the validators are installed."""
        if find_spec("cyclonedx") is None:
            return Availability(
                False, "cyclonedx-python-lib is not installed", "pip install 'cyclonedx-python-lib[json-validation]'"
            )
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Item]:
        """One observation for each model.

        Raises:
            UsageError: a setting is wrong.
        """
        found = candidates(context.root, context.settings)
        subjects = context.of_kind(*self.kinds)
        if subjects:
            examined = _examine(context, found)
            for subject in subjects:
                yield self._observe(context, examined, subject)

    def _observe(self, context: Context, examined: _Examined, subject: Subject) -> Observation:
        return context.observe(
            self,
            subject.id,
            "ml_bom",
            _result(context, examined, subject),
            coverage=Coverage(examined.seen, examined.seen - len(examined.skipped), examined.skipped),
            tool=("cyclonedx-python-lib", version("cyclonedx-python-lib")),
            inputs={name: document["sha256"] for name, document in examined.documents.items()},
        )


def _examine(context: Context, found: Sequence[Candidate]) -> _Examined:
    documents: dict[str, Mapping[str, Any]] = {}
    skipped: list[Skipped] = []
    seen = 0
    with Worker(_TARGET, context.limits) as worker:
        for done, candidate in enumerate(found):
            context.progress(candidate.name, done, len(found))
            summary = _summary(worker, candidate)
            other = not candidate.named and summary.get("cyclonedx") is False  # bom.json may be anything
            seen += not other
            if summary.get("cyclonedx"):
                documents[candidate.name] = summary
            elif not other:
                reason = summary.get("unreadable", "it does not say that it is CycloneDX (bomFormat)")
                skipped.append(Skipped(candidate.name, reason))
    return _Examined(documents, tuple(skipped), seen)


def _summary(worker: Worker, candidate: Candidate) -> Mapping[str, Any]:
    if candidate.problem:
        return {"unreadable": candidate.problem}
    try:
        summary: Mapping[str, Any] = worker.call({"path": str(candidate.path), "name": candidate.name})
    except SandboxError as error:
        return {"unreadable": str(error)}
    return summary


def _result(context: Context, examined: _Examined, subject: Subject) -> dict[str, Any]:
    digest = subject.digest.get("sha256")
    about = [
        (name, m) for name, document in examined.documents.items() for m in document["models"] if digest in m["sha256"]
    ]
    if digest is None or not about:
        return _no_document(examined, subject)
    names = list(dict.fromkeys(name for name, _ in about))
    documents = [examined.documents[name] for name in names]
    errors = [f"{name}: {error}" for name in names for error in examined.documents[name]["errors"]]
    errors += [f"{name}: component {m['name']!r} has several SHA-256" for name, m in about if len(m["sha256"]) > 1]
    first = about[0][1]
    return {
        "spec_version": documents[0]["spec_version"],
        "valid": not errors,
        "errors": errors,
        "source": names[0],
        "documents": names,
        "component": {"name": first["name"], "bom_ref": first["bom_ref"], "digest_matches": True},
        "sections": {section: all(m["sections"][section] for _, m in about) for section in SECTIONS},
        "dangling": sorted({ref for document in documents for ref in document["dangling"]}),
        "external": sorted({ref for document in documents for ref in document["external"]}),
        "joined": _joined(context, documents),
        **_software(documents),
    }


def _no_document(examined: _Examined, subject: Subject) -> dict[str, Any]:
    """The result when no document names the model by digest, with what comes near it."""
    names = {subject.name, PurePosixPath(subject.location or subject.name).name}
    near = [
        (path, m) for path, document in examined.documents.items() for m in document["models"] if m["name"] in names
    ]
    path, component = near[0] if near else (None, None)
    errors = [f"{where}: component {m['name']!r} has {_digests(m)}, not the model's" for where, m in near]
    errors += [f"{item.item}: {item.reason}" for item in examined.skipped]
    errors += [f"{where}: {error}" for where, document in examined.documents.items() for error in document["errors"]]
    errors.append("no CycloneDX document names this model by its SHA-256")
    return {
        "spec_version": None if path is None else examined.documents[path]["spec_version"],
        "valid": False,
        "errors": errors,
        "source": path,
        "documents": [],
        "component": component
        and {"name": component["name"], "bom_ref": component["bom_ref"], "digest_matches": False},
        "sections": dict.fromkeys(SECTIONS, False),
        "dangling": [] if path is None else list(examined.documents[path]["dangling"]),
        "external": [],
        "joined": [],
        **_software(()),
    }


def _digests(model: Mapping[str, Any]) -> str:
    return f"SHA-256 {', '.join(model['sha256'])}" if model["sha256"] else "no SHA-256"


def _software(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The software that the documents about one model name; it decides nothing, and tells who uses what."""
    once = {tuple(package.items()): package for document in documents for package in document["packages"]}
    return {
        "packages": list(once.values()),
        "packages_omitted": sum(document["packages_omitted"] for document in documents),
    }


def _joined(context: Context, documents: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    subjects: dict[str, list[str]] = {}
    for subject in context.subjects.values():
        if "sha256" in subject.digest:
            subjects.setdefault(subject.digest["sha256"], []).append(subject.id)
    pairs = {
        (component["bom_ref"] or component["name"], subject)
        for document in documents
        for component in document["components"]
        for sha256 in component["sha256"]
        for subject in subjects.get(sha256, ())
    }
    return [{"component": component, "subject": subject} for component, subject in sorted(pairs)]
