"""Literal secrets in CI workflow files: GitHub Actions and GitLab CI, in the pipeline's own folder.

References (``${{ secrets.X }}``, ``$VARIABLE``) are what those systems have for secrets, and are no finding. Files of
other CI systems are named as not judged. The pipeline has no content of its own, hence the files' digests are in the
result and not among the inputs.

Sources: GitHub Actions workflow and metadata syntax; GitLab CI/CD YAML syntax reference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import EvidenceError, ProbatumError
from ..evaluator.graph import Coverage, Observation, Skipped
from .base import Availability, Context
from .kubernetes.literal_secrets import command_secrets, is_reference, secret_in, secret_reason
from .kubernetes.pod_templates import walk
from .kubernetes.yaml_documents import DEFAULT_LIMITS, read_documents

_PATTERNS = {
    "github-actions": (
        ".github/workflows/*.yml",
        ".github/workflows/*.yaml",
        ".github/actions/**/action.yml",
        ".github/actions/**/action.yaml",
        "action.yml",
        "action.yaml",
    ),
    "gitlab-ci": (".gitlab-ci.yml", ".gitlab-ci.yaml", ".gitlab-ci.d/*.yml", ".gitlab/ci/**/*.yml", "*.gitlab-ci.yml"),
}
_NOT_JUDGED = (
    "Jenkinsfile", ".circleci/config.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", ".travis.yml",
    ".drone.yml", "cloudbuild.yaml", "buildspec.yml", ".buildkite/pipeline.yml", ".woodpecker.yml",
)  # fmt: skip
_SETTINGS = {"env", "with", "variables", "secrets", "credentials", "default", "inputs", "build-args"}
_SCRIPTS = {"run", "script", "before_script", "after_script", "entrypoint", "command", "args"}
_LIST_TAGS = frozenset({"!reference"})


class CiWorkflow:
    """Reads the workflow files of the pipeline."""

    name = "ci_workflow"
    version = "1"
    types: tuple[str, ...] = ("ci_workflow",)
    kinds: tuple[str, ...] = ("pipeline",)
    network = False

    def available(self, context: Context) -> Availability:
        """Always: it needs nothing but the files."""
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Observation]:
        """One observation about the pipeline.

        Yields:
            A ``ci_workflow`` observation; complete, with no files, where there is no workflow.
        """
        files: list[dict[str, str]] = []
        literals: list[dict[str, str]] = []
        skipped = [
            Skipped(name, "this CI system is not judged") for name in _NOT_JUDGED if (context.root / name).exists()
        ]
        for system, path in _workflows(context.root):
            name = path.relative_to(context.root).as_posix()
            try:
                data = _bytes(path, name, context.root)
                found = [literal for document in _documents(data, name) for literal in _literals(document, name)]
            except ProbatumError as error:
                skipped.append(Skipped(name, str(error)))
                continue
            files.append({"file": name, "sha256": hashlib.sha256(data).hexdigest(), "system": system})
            literals += [dict(row) for row in dict.fromkeys(tuple(literal.items()) for literal in found)]
        coverage = Coverage(len(files) + len(skipped), len(files), tuple(skipped))
        result = {"files": files, "literals": literals, "literal_count": len(literals)}
        yield context.observe(self, context.pipeline_id, "ci_workflow", result, coverage=coverage)


def _workflows(root: Path) -> list[tuple[str, Path]]:
    found = {path: system for system, patterns in _PATTERNS.items() for item in patterns for path in root.glob(item)}
    return [(found[path], path) for path in sorted(found)]


def _bytes(path: Path, name: str, root: Path) -> bytes:
    if path.resolve() != root.resolve() / name or not path.is_file():
        raise EvidenceError(f"{name} is no regular file", why="symlinks are not followed")
    try:
        with path.open("rb") as stream:
            return stream.read(DEFAULT_LIMITS.max_bytes + 1)
    except OSError as error:
        raise EvidenceError(f"{name} cannot be read", why=error.strerror or str(error)) from error


def _documents(data: bytes, name: str) -> list[Any]:
    return [document.value for document in read_documents(data, source=name, list_tags=_LIST_TAGS)]


def _literals(document: Any, file: str) -> Iterator[dict[str, str]]:
    for path, value in walk(document):
        if isinstance(value, str):
            parent, key = _place(f"on.{path[5:]}" if path.startswith("true.") else path)  # YAML 1.1 reads `on` as true
            for name, reason in _secrets(parent, key, value):
                yield {"file": file, "location": parent, "name": name, "reason": reason}


def _secrets(parent: str, key: str, value: str) -> Iterator[tuple[str, str]]:
    section = _place(parent)[1].partition("[")[0]
    own = key.partition("[")[0]
    if own in _SCRIPTS or section in _SCRIPTS:
        yield from sorted(set(command_secrets(value)))
    elif {section, _place(_place(parent)[0])[1]} & _SETTINGS:
        # GitLab writes a variable as `NAME: {value: …}`, GitHub an input as `name: {default: …}`.
        name = _place(parent)[1] if own in ("value", "default") else key
        if reason := secret_reason(name, value):
            yield name, reason
        elif section == "secrets" and not is_reference(value):
            yield name, "a literal is handed over as a secret"
    elif reason := secret_in(value):
        yield key or "document", reason


def _place(path: str) -> tuple[str, str]:
    parent, _, key = path.rpartition(".")
    return parent, key
