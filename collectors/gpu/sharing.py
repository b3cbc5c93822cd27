"""How configuration shares GPUs between containers: found in any document, wherever it is embedded.

Sources: NVIDIA k8s-device-plugin (``sharing.timeSlicing``, ``sharing.mps``), MIG Parted (``mig-configs``), GPU resource
names ``nvidia.com/gpu``, ``nvidia.com/gpu.shared``, ``nvidia.com/mig-*``; Google Kubernetes Engine's node labels for
GPU sharing; ``CUDA_MPS_*`` variables of MPS clients.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import EvidenceError
from ..kubernetes.manifests import items, mapping
from ..kubernetes.pod_templates import walk
from ..kubernetes.yaml_documents import read_documents

HINT = re.compile(
    rb"timeSlicing|mig-configs|nvidia\.com/|CUDA_MPS|gke-gpu-sharing|gke-max-shared|\bmps\b|resource\.k8s\.io"
)
_EMBEDDED = re.compile(r"^\s*[\w.\"'-]+\s*:", re.MULTILINE)
_MAX_EMBEDDING = 3
_GKE = "cloud.google.com/gke-gpu-sharing-strategy"
_GKE_REPLICAS = "cloud.google.com/gke-max-shared-clients-per-gpu"
_SHARED_SUFFIX = ".shared"


@dataclass
class Sharing:
    """What configuration says, as it is gathered; the lists are those of a ``gpu_sharing`` result."""

    time_slicing: list[dict[str, Any]] = field(default_factory=list)
    mps: list[dict[str, Any]] = field(default_factory=list)
    mig_parted: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def shared(self) -> bool:
        """Whether anything lets containers share a GPU or a slice."""
        sliced = any(entry["replicas"] != 1 for entry in self.time_slicing)
        return sliced or bool(self.mps) or any(entry["resource"].endswith(_SHARED_SUFFIX) for entry in self.requests)


def read_sharing(value: Any, file: str, into: Sharing, depth: int = 0) -> None:
    """Gather everything that one document says of GPU sharing.

    Args:
        value: a parsed YAML or JSON document.
        file: its path, relative to the pipeline's root.
        into: what is added to.
        depth: how many documents embed this one; a ConfigMap embeds the device plugin's configuration.
    """
    name = _object_name(value)
    if str(mapping(value).get("apiVersion", "")).startswith("resource.k8s.io/"):
        into.problems.append(f"{name}: dynamic resource allocation is not judged")
    for path, item in walk(value):
        if isinstance(item, dict):
            _read_mapping(item, file, f"{name} {path}".strip(), into)
            into.requests += _requests(item, file, name)
        elif isinstance(item, str) and _EMBEDDED.search(item) and HINT.search(item.encode("utf-8", "replace")):
            _read_embedded(item, file, f"{name} {path}".strip(), into, depth)


def _read_mapping(item: Mapping[str, Any], file: str, place: str, into: Sharing) -> None:
    sharing = item.get("sharing")
    if isinstance(sharing, dict) and not _SHARING_KEYS.isdisjoint(sharing):
        into.mps += _shares(sharing, "mps", file, place)
        unknown = sorted(sharing.keys() - _SHARING_KEYS)
        into.problems += [f"{place}: sharing has {key}, which is not known" for key in unknown]
    into.time_slicing += _shares(item, "timeSlicing", file, place)
    if isinstance(item.get("mig-configs"), dict):
        into.mig_parted += _mig_parted(item["mig-configs"], file)
    strategy = item.get(_GKE)
    if strategy is not None:
        entry = {"file": file, "at": place, "resource": "nvidia.com/gpu", "replicas": _count(item.get(_GKE_REPLICAS))}
        (into.mps if strategy == "mps" else into.time_slicing).append(entry)
    if str(item.get("name", "")).startswith("CUDA_MPS_"):
        into.mps.append({"file": file, "at": place, "resource": None, "replicas": None})


_SHARING_KEYS = {"timeSlicing", "mps"}


def _shares(sharing: Mapping[str, Any], kind: str, file: str, place: str) -> Iterator[dict[str, Any]]:
    section = sharing.get(kind)
    entries = section.get("resources") if isinstance(section, dict) else section
    if not isinstance(entries, list):
        if entries is not None:  # it is there and cannot be read: the insecure reading
            yield {"file": file, "at": place, "resource": None, "replicas": None}
        return
    for entry in entries:
        name = mapping(entry).get("name")
        replicas = _count(mapping(entry).get("replicas"))
        yield {"file": file, "at": place, "resource": name if isinstance(name, str) else None, "replicas": replicas}


def _mig_parted(configs: Mapping[str, Any], file: str) -> Iterator[dict[str, Any]]:
    for name, entries in configs.items():
        for entry in items(entries):
            devices = mapping(entry).get("devices")
            enabled = mapping(entry).get("mig-enabled")
            yield {
                "file": file,
                "config": name,
                "devices": devices if devices == "all" else [n for n in items(devices) if type(n) is int],
                "device_filter": mapping(entry).get("device-filter"),
                "mig_enabled": enabled if isinstance(enabled, bool) else None,
                "profiles": {key: _count(value) for key, value in mapping(mapping(entry).get("mig-devices")).items()},
            }


def _requests(item: Mapping[str, Any], file: str, name: str) -> Iterator[dict[str, Any]]:
    resources = mapping(item.get("resources") or item.get("resourcesPerNode"))
    asked = {**mapping(resources.get("requests")), **mapping(resources.get("limits"))}
    for resource, amount in asked.items():
        if resource.startswith("nvidia.com/"):
            container = str(item.get("name", "?"))
            yield {"file": file, "object": name, "container": container, "resource": resource, "amount": str(amount)}


def _read_embedded(text: str, file: str, place: str, into: Sharing, depth: int) -> None:
    if depth >= _MAX_EMBEDDING:
        into.problems.append(f"{place}: documents are embedded too deep")
        return
    try:
        documents = read_documents(text.encode("utf-8"), source=f"{file} {place}")
    except EvidenceError as error:
        into.problems.append(f"{place}: it mentions GPU sharing and is no YAML: {error}")
        return
    for document in documents:
        if not isinstance(document.value, str):
            read_sharing(document.value, file, into, depth + 1)


def _count(value: Any) -> int | None:
    plain = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 9 else value
    return plain if isinstance(plain, int) and not isinstance(plain, bool) and 0 <= plain < 2**31 else None


def _object_name(value: Any) -> str:
    kind, name = mapping(value).get("kind"), mapping(mapping(value).get("metadata")).get("name")
    return f"{kind}/{name}" if isinstance(kind, str) and isinstance(name, str) else "document"
