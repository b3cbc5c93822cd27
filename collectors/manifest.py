"""``probatum.yaml``: what a pipeline consists of and against what it is assessed."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import strict_yaml
from ..errors import UsageError
from ..evaluator.graph import Relation, Subject
from ..files import read_limited

FILE_NAME = "probatum.yaml"
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Manifest:
    """A pipeline as its owner describes it, or as discovery found it.

    Args:
        root: folder that every location is relative to.
        pipeline: ``name``, ``criticality``, ``exposure``, ``commit`` …
        subjects: without digests; the pipeline itself is not among them.
        relations: between those subjects.
        checklist: name or path; None where the command line decides.
        policies: sources of packs of policies, the lowest first.
        built_in_policies: these packs lie on the built-in one.
        parameters: control id to parameters.
        waivers: the exceptions, unchecked.
        trust: path of the trust policy.
        log: path of the transparency log that verdicts go into, as it is written there; see `jobs.verdict_log`.
        undeclared: ``block``, ``warn`` or ``ignore``.
        collectors: collector name to settings.
        declared: a manifest file exists; otherwise the folder was searched.
    """

    root: Path
    pipeline: Mapping[str, Any]
    subjects: tuple[Subject, ...] = ()
    relations: tuple[Relation, ...] = ()
    checklist: str | None = None
    policies: tuple[str, ...] = ()
    built_in_policies: bool = True
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    waivers: tuple[Mapping[str, Any], ...] = ()
    trust: Path | None = None
    log: str | None = None
    undeclared: str = "block"
    collectors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    declared: bool = True


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of ``probatum.yaml``, for editors and for the loader."""
    text = importlib.resources.files(__package__).joinpath("manifest.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def load_manifest(path: Path) -> Manifest:
    """Read and check a manifest.

    Args:
        path: the YAML file; the folder it lies in is the pipeline's root.

    Raises:
        UsageError: the file cannot be read, is not strict YAML, does not follow the schema, names a subject twice, a
            relation without its ends, or a location outside the root; with file, line, field and what was expected.
    """
    document = strict_yaml.load(read_limited(path, _MAX_BYTES), source=str(path))
    _check_schema(document)
    value: dict[str, Any] = document.value
    root = path.parent
    subjects = _subjects(document, root)
    return Manifest(
        root=root,
        pipeline=value["pipeline"],
        subjects=subjects,
        relations=_relations(document, {subject.id for subject in subjects}),
        checklist=value.get("checklist"),
        policies=tuple(value.get("policies", ())),
        built_in_policies=value.get("built_in_policies", True),
        parameters=value.get("parameters", {}),
        waivers=_waivers(document, root),
        trust=None if "trust" not in value else inside(root, value["trust"], document.where(("trust",))),
        log=value.get("log"),
        undeclared=value.get("undeclared", "block"),
        collectors=value.get("collectors", {}),
    )


def inside(root: Path, location: str, where: str) -> Path:
    """The path of a location below the root.

    Args:
        root: the pipeline's folder.
        location: relative path as the manifest states it.
        where: ``file:line`` for the error.

    Raises:
        UsageError: the location is absolute, leads outside the root, or nothing is there.
    """
    path = root / location
    if Path(location).is_absolute() or not path.resolve().is_relative_to(root.resolve()):
        raise UsageError(
            f"{where}: {location!r} lies outside the pipeline's folder",
            why=f"locations are relative to {root} and stay below it",
            remedy="move the file below the manifest, or the manifest above the file",
        )
    if not path.exists() and not path.is_symlink():
        raise UsageError(
            f"{where}: {location!r} does not exist",
            why=f"no such file or folder below {root}",
            remedy="correct the path, or take the entry out of the manifest",
        )
    return path


def _check_schema(document: strict_yaml.Document) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(manifest_schema()).iter_errors(document.value))
    if error is None:
        return
    path = tuple(error.absolute_path)
    name = ".".join(str(part) for part in path) or "the document"
    raise UsageError(
        f"{document.where(path)}: {name} is wrong",
        why=_why(error),
        remedy="see docs/reference/manifest.md, or let your editor check the file against 'probatum init --schema'",
    )


def _why(error: Any) -> str:
    expected = error.schema.get("description", "")
    message = error.message if len(error.message) < 300 else error.message[:297] + "…"
    return f"{message} (expected: {expected})" if expected else message


def _subjects(document: strict_yaml.Document, root: Path) -> tuple[Subject, ...]:
    subjects: dict[str, Subject] = {}
    for index, entry in enumerate(document.value.get("subjects") or []):
        where = document.where(("subjects", index))
        subject = Subject(
            entry["kind"], entry["name"], location=entry.get("location"), attributes=entry.get("attributes", {})
        )
        if subject.id in subjects:
            raise UsageError(
                f"{where}: {subject.id} is declared twice", why="names are unique within a kind", remedy="rename one"
            )
        if subject.location is not None and "://" not in subject.location:
            inside(root, subject.location, document.where(("subjects", index, "location")))
        subjects[subject.id] = subject
    return tuple(subjects.values())


def _relations(document: strict_yaml.Document, known: set[str]) -> tuple[Relation, ...]:
    relations = []
    for index, entry in enumerate(document.value.get("relations") or []):
        for end in ("from", "to"):
            if entry[end] not in known:
                raise UsageError(
                    f"{document.where(('relations', index, end))}: no subject {entry[end]!r}",
                    why=f"declared are {', '.join(sorted(known)) or 'none'}",
                    remedy="declare the subject, or correct the name (kind:name)",
                )
        relations.append(Relation(entry["from"], entry["relation"], entry["to"]))
    return tuple(relations)


def _waivers(document: strict_yaml.Document, root: Path) -> tuple[Mapping[str, Any], ...]:
    value = document.value.get("waivers", [])
    if isinstance(value, str):
        path = inside(root, value, document.where(("waivers",)))
        value = strict_yaml.load(read_limited(path, _MAX_BYTES), source=str(path)).value
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise UsageError(
                f"{path} is not a list of waivers",
                why="expected a YAML list of mappings",
                remedy="see docs/author/waivers.md",
            )
    return tuple(value)
