"""Where pods hide: every pod specification that an object of a known kind embeds, and a net for unknown kinds.

Sources: Kubernetes API reference v1.34 (workload resources), Kubeflow Training Operator v1 and Trainer v2 APIs, MPI
Operator v2beta1, KServe v1beta1 and v1alpha1, KubeRay v1, Knative Serving v1, JobSet v1alpha2, Argo Workflows v1alpha1,
Seldon v1. A path is written with ``*`` for every item of a list or mapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .manifests import KubernetesObject, mapping

_JOBS = "kubeflow.org"
_RAY = ("headGroupSpec.template", "workerGroupSpecs.*.template")
_REPLICATED = "replicatedJobs.*.template.spec.template"
_TEMPLATES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): ("",),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): ("spec.template",),
    ("apps", "Deployment"): ("spec.template",),
    ("apps", "StatefulSet"): ("spec.template",),
    ("apps", "DaemonSet"): ("spec.template",),
    ("apps", "ReplicaSet"): ("spec.template",),
    ("batch", "Job"): ("spec.template",),
    ("batch", "CronJob"): ("spec.jobTemplate.spec.template",),
    (_JOBS, "PyTorchJob"): ("spec.pytorchReplicaSpecs.*.template",),
    (_JOBS, "TFJob"): ("spec.tfReplicaSpecs.*.template",),
    (_JOBS, "MPIJob"): ("spec.mpiReplicaSpecs.*.template",),
    (_JOBS, "XGBoostJob"): ("spec.xgbReplicaSpecs.*.template",),
    (_JOBS, "PaddleJob"): ("spec.paddleReplicaSpecs.*.template",),
    (_JOBS, "JAXJob"): ("spec.jaxReplicaSpecs.*.template",),
    (_JOBS, "MXJob"): ("spec.mxReplicaSpecs.*.template",),
    ("jobset.x-k8s.io", "JobSet"): (f"spec.{_REPLICATED}",),
    ("trainer.kubeflow.org", "TrainingRuntime"): (f"spec.template.spec.{_REPLICATED}",),
    ("trainer.kubeflow.org", "ClusterTrainingRuntime"): (f"spec.template.spec.{_REPLICATED}",),
    ("ray.io", "RayCluster"): tuple(f"spec.{path}" for path in _RAY),
    ("ray.io", "RayJob"): (*(f"spec.rayClusterSpec.{path}" for path in _RAY), "spec.submitterPodTemplate"),
    ("ray.io", "RayService"): tuple(f"spec.rayClusterConfig.{path}" for path in _RAY),
    ("serving.knative.dev", "Service"): ("spec.template",),
    ("serving.knative.dev", "Configuration"): ("spec.template",),
    ("serving.knative.dev", "Revision"): ("",),
    ("machinelearning.seldon.io", "SeldonDeployment"): ("spec.predictors.*.componentSpecs.*",),
}
_CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
_CONTAINER_FIELDS = {"command", "args", "env", "envFrom", "resources", "securityContext", "volumeMounts", "ports"}


@dataclass(frozen=True)
class PodTemplate:
    """One pod that an object will make.

    Args:
        owner: the object.
        path: where the template lies in it, as ``a.b[0].c``; empty when the object is the pod.
        metadata: the pod's labels and annotations.
        spec: the pod specification.
    """

    owner: KubernetesObject
    path: str
    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]


def known(item: KubernetesObject) -> bool:
    """Whether the kind is one whose pods lie at fixed places."""
    return (item.group, item.kind) in _TEMPLATES


def pod_templates(item: KubernetesObject) -> list[PodTemplate]:
    """The pods of an object of a known kind; none when a required template is missing or no mapping."""
    return [
        PodTemplate(item, path, mapping(value.get("metadata")), spec)
        for pattern in _TEMPLATES.get((item.group, item.kind), ())
        for path, value in at(item.body, pattern)
        if isinstance(value, dict) and isinstance(spec := value.get("spec"), dict)
    ]


def at(value: Any, pattern: str) -> Iterator[tuple[str, Any]]:
    """Every value at a path, with the path written out."""
    yield from _at(value, pattern.split(".") if pattern else [], "")


def stray_pod_specs(item: KubernetesObject, covered: tuple[str, ...]) -> list[PodTemplate]:
    """Mappings that look like a pod specification, or a container, and lie outside of the places already judged.

    Args:
        item: an object of any kind.
        covered: paths of the pod specifications that were judged.
    """
    found: list[PodTemplate] = []
    places = list(covered)
    for path, value in walk(item.body):
        if not isinstance(value, dict) or _within(path, places):
            continue
        if _looks_like_pod(value):
            found.append(PodTemplate(item, path, {}, value))
            places.append(path)
        elif isinstance(value.get("image"), str) and _CONTAINER_FIELDS & set(value):
            found.append(PodTemplate(item, path, {}, {"containers": [value]}))
            places.append(path)
    return found


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value below a value, itself first, each with its path."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, f"{path}[{index}]")


def _at(value: Any, parts: list[str], path: str) -> Iterator[tuple[str, Any]]:
    if not parts:
        yield path, value
        return
    first, rest = parts[0], parts[1:]
    if first == "*":
        pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in pairs:
            yield from _at(item, rest, f"{path}[{key}]" if isinstance(value, list) else f"{path}.{key}")
    elif isinstance(value, dict) and first in value:
        yield from _at(value[first], rest, f"{path}.{first}" if path else first)


def _looks_like_pod(value: Mapping[str, Any]) -> bool:
    listed = [value[key] for key in _CONTAINER_LISTS if isinstance(value.get(key), list)]
    return any(isinstance(entry, dict) for entries in listed for entry in entries)


def _within(path: str, covered: list[str]) -> bool:
    return any(place in ("", path) or path.startswith((f"{place}.", f"{place}[")) for place in covered)
