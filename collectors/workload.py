"""Kubernetes workloads as their manifests state them: the effective security of every container, without a cluster.

What an admission controller, a LimitRange or a mutating webhook would add is not seen, so the facts are those of the
manifests alone; what is unset has Kubernetes' own default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..evaluator.graph import Coverage, Observation, Skipped, Subject
from .base import Availability, Context
from .kubernetes.manifests import KubernetesObject, Manifests, read_manifests
from .kubernetes.network_policies import is_network_policy
from .kubernetes.object_literals import object_literals
from .kubernetes.pod_templates import PodTemplate, known, pod_templates, stray_pod_specs
from .kubernetes.pods import describe
from .kubernetes.runtimes import needs_runtime, runtime_pods
from .kubernetes.served_models import served_models
from .kubernetes.surroundings import Surroundings, surroundings

_UNDERSTOOD = {("", "ConfigMap"), ("", "Secret"), ("", "ServiceAccount")}


@dataclass
class _Findings:
    """What one subject's manifests say, as it is gathered."""

    pods: list[dict[str, Any]] = field(default_factory=list)
    literals: list[dict[str, Any]] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    examined: int = 0


class Workload:
    """Reads the manifests of every workload."""

    name = "workload"
    version = "1"
    types: tuple[str, ...] = ("workload",)
    kinds: tuple[str, ...] = ("workload",)
    network = False

    def available(self, context: Context) -> Availability:
        """Always: it needs nothing but the files."""
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Observation]:
        """One observation for each workload.

        Yields:
            ``workload`` observations; a workload whose files hold nothing readable has a failed one.
        """
        subjects = context.of_kind(*self.kinds)
        read = {
            subject.id: read_manifests(context.contents[subject.id], subject.location or "")
            for subject in subjects
            if subject.id in context.contents
        }
        around = surroundings(read.values())
        for done, subject in enumerate(subjects):
            context.progress(subject.id, done, len(subjects))
            manifests = read.get(subject.id)
            if manifests is None:
                yield context.failed(self, subject.id, "workload", _no_content(subject))
            elif not manifests.objects and manifests.skipped:
                reason = "; ".join(item.reason for item in manifests.skipped[:3])
                yield context.failed(self, subject.id, "workload", reason)
            else:
                yield self._observation(context, subject, manifests, around)

    def _observation(
        self, context: Context, subject: Subject, manifests: Manifests, around: Surroundings
    ) -> Observation:
        found = _judge(manifests, around)
        skipped = _without_repeats([*manifests.skipped, *found.skipped, *around.problems])
        literals = [*found.literals, *(row for row in _container_literals(found.pods) if row["secret_like"])]
        result = {
            "objects": [_named(item) for item in manifests.objects],
            "pods": found.pods,
            "literals": found.literals,
            "secret_literals": len(literals),
            "models": found.models,
            "unknown_objects": found.unknown,
        }
        coverage = Coverage(found.examined + len(skipped), found.examined, tuple(skipped))
        files = {**around.files, **manifests.files}
        return context.observe(self, subject.id, "workload", result, coverage=coverage, inputs=files)


def _judge(manifests: Manifests, around: Surroundings) -> _Findings:
    found = _Findings()
    for item in manifests.objects:
        templates, questions = _templates(item, around.objects)
        strays = [] if item.kind == "CustomResourceDefinition" else stray_pod_specs(item, _places(item, templates))
        questions += [f"{item.label}: {pod.path or 'it'} looks like a pod of an unknown kind" for pod in strays]
        for template in [*templates, *strays]:
            described, problems = describe(template, around.policies, around.accounts)
            found.pods.append(described)
            questions += problems
        found.literals += object_literals(item)
        found.models += served_models(item)
        if not templates and not strays and not _understood(item):
            found.unknown.append(_named(item))
        found.skipped += [Skipped(item.place, question) for question in questions]
        found.examined += not questions
    return found


def _templates(item: KubernetesObject, objects: Sequence[KubernetesObject]) -> tuple[list[PodTemplate], list[str]]:
    if needs_runtime(item):
        return runtime_pods(item, objects)
    templates = pod_templates(item)
    missing = [f"{item.label}: its pod template is missing or malformed"] if known(item) and not templates else []
    return templates, missing


def _places(item: KubernetesObject, templates: Sequence[PodTemplate]) -> tuple[str, ...]:
    if needs_runtime(item):
        return ("",)  # read whole by its own module
    return tuple(f"{template.path}.spec" if template.path else "spec" for template in templates)


def _container_literals(pods: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for pod in pods:
        for container in pod["containers"]:
            yield from container["env_literals"]


def _understood(item: KubernetesObject) -> bool:
    return (item.group, item.kind) in _UNDERSTOOD or is_network_policy(item) or known(item) or needs_runtime(item)


def _named(item: KubernetesObject) -> dict[str, Any]:
    return {"kind": item.kind, "name": item.name, "namespace": item.namespace, "group": item.group, "at": item.place}


def _no_content(subject: Subject) -> str:
    if subject.location is None:
        return "it has no location: name the file or folder of its manifests"
    return f"{subject.location} is missing, unreadable, or no local file"


def _without_repeats(skipped: Iterable[Skipped]) -> list[Skipped]:
    return list(dict.fromkeys(skipped))
