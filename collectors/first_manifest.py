"""A first ``probatum.yaml``, made from what a folder holds, for its owner to review."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from ..errors import UsageError
from ..files import write_atomic
from .discovery import Discovery, discover, manifest_of
from .manifest import FILE_NAME, Manifest, manifest_schema

_HEAD = """\
# Probatum pipeline manifest. Review every line: what is not listed here is not assessed.
# Editors check this file against the schema that 'probatum init --schema' prints.
"""


def write_first_manifest(folder: Path, *, force: bool = False) -> tuple[Path, Manifest, Discovery]:
    """Search a folder and write a manifest that names what was found.

    Args:
        folder: the pipeline's folder.
        force: replace a manifest that is there.

    Returns:
        The file, the manifest, and what lay in the folder.

    Raises:
        UsageError: the folder does not exist, holds nothing to assess, or has a manifest already.
    """
    path = folder / FILE_NAME
    if not folder.is_dir():
        raise UsageError(f"no folder {folder}", why="nothing is there", remedy="give the folder of the pipeline")
    if path.exists() and not force:
        raise UsageError(f"{path} exists", why="it would be lost", remedy="edit it, or say --force")
    found = discover(folder)
    manifest = manifest_of(folder, found)
    if not manifest.subjects:
        raise UsageError(
            f"nothing to assess in {folder}",
            why=f"no model, dataset, lock file or workload among {len(found.passed_over)} files",
            remedy="give the folder in which the pipeline's files lie",
        )
    write_atomic(path, _text(manifest).encode())
    return path, manifest, found


def manifest_schema_text() -> str:
    """The JSON Schema of ``probatum.yaml``, indented."""
    return json.dumps(manifest_schema(), indent=2) + "\n"


def _text(manifest: Manifest) -> str:
    document = {
        "pipeline": {**manifest.pipeline, "criticality": "high", "exposure": "internal"},
        "subjects": [
            {"kind": subject.kind, "name": subject.name, "location": subject.location} for subject in manifest.subjects
        ],
        "relations": [relation.to_document() for relation in manifest.relations],
        "checklist": "secure-pipeline",
        "undeclared": "block",
    }
    return _HEAD + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
