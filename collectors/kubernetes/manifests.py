"""The Kubernetes objects in a subject's files, with the file and line of each.

Files are chosen as ``kubectl apply -f FOLDER`` chooses them, by ``.yaml``, ``.yml`` and ``.json``; a subject that is
one file is read whatever its name. Templates that must be rendered first (Helm, Kustomize) are passed over with that
advice, because what they will become is not known.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import strict_json
from ...content import Content, FileEntry
from ...errors import EvidenceError, ProbatumError
from ...evaluator.graph import Skipped
from .yaml_documents import DEFAULT_LIMITS, read_documents

_MANIFEST = (".yaml", ".yml", ".json")
_TEMPLATE = (".tpl", ".tmpl", ".gotmpl", ".j2", ".jinja", ".jsonnet", ".libsonnet", ".cue", ".kcl")
_HELM = re.compile(rb"\{\{-?\s*(?:[.$][\w.]*(?:Values|Release|Chart|Capabilities)\b|(?:include|toYaml|tpl)\s)")
_RENDER = "an unrendered template: render it with 'helm template' first, and give the result"
_MAX_OBJECTS = 20_000


@dataclass(frozen=True)
class KubernetesObject:
    """One object of a manifest.

    Args:
        group: API group, the part of ``apiVersion`` before the slash; empty for the core group.
        kind: such as ``Job``.
        name: ``metadata.name``, or ``metadata.generateName`` and a star.
        namespace: as stated; empty when the manifest leaves it to whoever applies it.
        body: the whole object.
        file: path relative to the pipeline's root.
        line: where the document starts.
    """

    group: str
    kind: str
    name: str
    namespace: str
    body: Mapping[str, Any]
    file: str
    line: int

    @property
    def label(self) -> str:
        """``Kind/name``."""
        return f"{self.kind}/{self.name}"

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.line}"

    @property
    def metadata(self) -> Mapping[str, Any]:
        """``metadata``, empty when it is missing or no mapping."""
        return mapping(self.body.get("metadata"))

    @property
    def spec(self) -> Mapping[str, Any]:
        """``spec``, empty when it is missing or no mapping."""
        return mapping(self.body.get("spec"))


@dataclass(frozen=True)
class Manifests:
    """What a subject's files hold.

    Args:
        objects: in the order of files and documents, lists opened.
        files: path relative to the pipeline's root to SHA-256, of every file that was read.
        skipped: files and documents that could not be read as objects.
        unread: of those, the files whose content stays unknown.
    """

    objects: tuple[KubernetesObject, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    unread: tuple[Skipped, ...] = ()


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def read_manifests(content: Content, location: str) -> Manifests:
    """Read every manifest of a content.

    Args:
        content: the subject's files.
        location: the subject's location, relative to the pipeline's root.
    """
    objects: list[KubernetesObject] = []
    files: dict[str, str] = {}
    skipped: list[Skipped] = []
    unread = [Skipped(_join(location, item.path), item.reason) for item in content.problems]
    for entry, path in content.paths():
        name = _join(location, entry.path) if content.folder else location
        if content.folder and not name.lower().endswith(_MANIFEST):
            unread += [Skipped(name, f"it is {_RENDER}")] if name.lower().endswith(_TEMPLATE) else []
            continue
        files[name] = entry.sha256
        try:
            for item in _objects_of(read_entry(entry, path, name), name):
                if isinstance(item, KubernetesObject):
                    objects.append(item)
                else:
                    skipped.append(item)
        except ProbatumError as error:
            unread.append(Skipped(name, str(error)))
    return Manifests(tuple(objects), files, (*unread, *skipped), tuple(unread))


def read_entry(entry: FileEntry, path: Path, name: str, max_bytes: int = DEFAULT_LIMITS.max_bytes) -> bytes:
    """The bytes behind a digest that was taken before.

    Raises:
        EvidenceError: the file is over the limit, unreadable, or has other bytes by now.
    """
    if entry.size > max_bytes:
        raise EvidenceError(f"{name} is too large", why=f"{entry.size} bytes, the limit is {max_bytes}")
    try:
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise EvidenceError(f"{name} cannot be read", why=error.strerror or str(error)) from error
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise EvidenceError(
            f"{name} changed while it was read", why="its SHA-256 is another one now", remedy="run again"
        )
    return data


def _objects_of(data: bytes, name: str) -> Iterator[KubernetesObject | Skipped]:
    if _HELM.search(data):
        raise EvidenceError(f"{name} is {_RENDER}")
    count = 0
    for value, line in parse_documents(data, name):
        for item in _opened(value, name, line):
            count += 1
            if count > _MAX_OBJECTS:
                raise EvidenceError(f"{name} is too large", why=f"over {_MAX_OBJECTS} objects")
            yield item


def parse_documents(data: bytes, name: str) -> list[tuple[Any, int]]:
    """Every document of a YAML or JSON file, with the line it starts at.

    Args:
        data: the file's bytes.
        name: its path; ``.json`` is read as strict JSON, everything else as YAML.

    Raises:
        EvidenceError: it is malformed, ambiguous, an unrendered template, or over a limit.
    """
    if name.lower().endswith(".json"):
        limits = strict_json.Limits(DEFAULT_LIMITS.max_bytes, DEFAULT_LIMITS.max_depth)
        return [(strict_json.loads(data, source=name, limits=limits), 1)]
    try:
        return [(document.value, document.line) for document in read_documents(data, source=name)]
    except EvidenceError as error:
        if b"{{" in data:
            raise EvidenceError(f"{name} is {_RENDER}", why=str(error)) from error
        raise


def _opened(value: Any, name: str, line: int, list_kind: str = "") -> Iterator[KubernetesObject | Skipped]:
    """An object as it is, a list object as its items."""
    place = f"{name}:{line}"
    if not isinstance(value, dict):
        yield Skipped(place, "not a Kubernetes object: the document is no mapping")
        return
    if _is_overlay(value, name):
        yield Skipped(place, "a Kustomize overlay changes what is deployed: render it with 'kustomize build' first")
        return
    kind = value.get("kind", list_kind)
    if not isinstance(kind, str) or not kind:
        yield Skipped(place, "not a Kubernetes object: it has no kind")
        return
    if kind.endswith("List") and isinstance(value.get("items"), list):
        if list_kind:
            yield Skipped(place, "a list within a list")
            return
        for item in value["items"]:
            yield from _opened(item, name, line, kind.removesuffix("List") or "-")
        return
    yield _object(value, kind, name, line)


def _is_overlay(value: dict[str, Any], name: str) -> bool:
    stated = value.get("kind") in ("Kustomization", "Component") and "kustomize" in str(
        value.get("apiVersion", "kustomize")
    )
    return stated or name.rpartition("/")[2].lower() in ("kustomization.yaml", "kustomization.yml")


def _object(value: dict[str, Any], kind: str, file: str, line: int) -> KubernetesObject:
    metadata = mapping(value.get("metadata"))
    version = value.get("apiVersion")
    group = version.rpartition("/")[0] if isinstance(version, str) else "?"
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        generated = metadata.get("generateName")
        name = f"{generated}*" if isinstance(generated, str) else "*"
    namespace = metadata.get("namespace")
    return KubernetesObject(group, kind, name, namespace if isinstance(namespace, str) else "", value, file, line)


def _join(location: str, path: str) -> str:
    return path if location in ("", ".") else f"{location.rstrip('/')}/{path}"
