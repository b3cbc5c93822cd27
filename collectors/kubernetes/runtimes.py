"""Pods of objects that state only a part and leave the rest to a runtime object: KServe and Kubeflow Trainer.

A runtime that lies in the manifests is laid under what the object states; one that does not is an open question,
because it can add containers, volumes and privileges that nobody here has seen.

Sources: KServe v1beta1 API (InferenceService) and v1alpha1 (ServingRuntime, LLMInferenceService); Kubeflow Trainer v2
API (TrainJob).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .manifests import KubernetesObject, items, mapping
from .merging import overlaid, with_container
from .pod_templates import PodTemplate, at, pod_templates

_KSERVE = "serving.kserve.io"
_TRAINER = "trainer.kubeflow.org"
_COMPONENTS = ("predictor", "transformer", "explainer")
_FRAMEWORKS = (
    "model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx", "huggingface", "pmml", "lightgbm",
    "paddle", "mlflow", "art",
)  # fmt: skip
_NOT_POD_FIELDS = {
    *_FRAMEWORKS, "minReplicas", "maxReplicas", "scaleTarget", "scaleMetric", "containerConcurrency", "timeout",
    "canaryTrafficPercent", "logger", "batcher", "labels", "annotations", "deploymentStrategy", "autoScaling",
    "workerSpec",
}  # fmt: skip
_LLM_PODS = (
    "spec.template", "spec.worker", "spec.prefill.template", "spec.prefill.worker", "spec.router.scheduler.template",
)  # fmt: skip
_RUNTIME_ONLY = {
    "supportedModelFormats", "protocolVersions", "multiModel", "grpcEndpoint", "httpDataEndpoint", "workerSpec",
}  # fmt: skip
_SERVING_CONTAINER, _TRAINING_CONTAINER = "kserve-container", "node"

Found = tuple[list[PodTemplate], list[str]]
"""Pods, and what could not be seen of them."""


def needs_runtime(item: KubernetesObject) -> bool:
    """Whether an object is of a kind that this module reads."""
    return (item.group, item.kind) in _READERS


def runtime_pods(item: KubernetesObject, known: Iterable[KubernetesObject]) -> Found:
    """The pods of an object that `needs_runtime`.

    Args:
        item: the object.
        known: every object of the pipeline's manifests, runtimes among them.
    """
    return _READERS[(item.group, item.kind)](item, list(known))


def _inference_service(item: KubernetesObject, known: list[KubernetesObject]) -> Found:
    pods: list[PodTemplate] = []
    unseen: list[str] = []
    for component in _COMPONENTS:
        body = item.spec.get(component)
        if not isinstance(body, dict):
            continue
        metadata = _pod_metadata(item, body)
        spec = {key: value for key, value in body.items() if key not in _NOT_POD_FIELDS}
        for framework in [key for key in _FRAMEWORKS if isinstance(body.get(key), dict)]:
            spec, question = _with_runtime(spec, body[framework], item, known)
            unseen += [question] if question else []
        pods.append(PodTemplate(item, f"spec.{component}", metadata, spec))
        if isinstance(body.get("workerSpec"), dict):
            pods.append(PodTemplate(item, f"spec.{component}.workerSpec", metadata, body["workerSpec"]))
    return pods, unseen


def _pod_metadata(item: KubernetesObject, component: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: {**mapping(item.metadata.get(key)), **mapping(component.get(key))} for key in ("labels", "annotations")
    }


def _with_runtime(
    spec: Mapping[str, Any], model: Mapping[str, Any], item: KubernetesObject, known: list[KubernetesObject]
) -> tuple[dict[str, Any], str]:
    name = model.get("runtime")
    runtime, question = _only([other for other in known if _is_runtime(other, name, item.namespace)])
    if runtime is None:
        shown = f"the serving runtime {name!r}" if name else "the serving runtime that the cluster picks"
        return with_container(spec, _SERVING_CONTAINER, model), f"{item.label}: {shown} {question}"
    return with_container(overlaid(_runtime_pod(runtime), spec), _SERVING_CONTAINER, model), ""


def _only(found: list[KubernetesObject]) -> tuple[KubernetesObject | None, str]:
    """The one runtime there is; none, and why, when several could be meant."""
    if len(found) == 1:
        return found[0], ""
    return None, "is in the manifests more than once" if found else "is not in the manifests"


def _is_runtime(item: KubernetesObject, name: Any, namespace: str) -> bool:
    if item.group != _KSERVE or item.name != name:
        return False
    return item.kind == "ClusterServingRuntime" or (item.kind == "ServingRuntime" and item.namespace == namespace)


def _runtime_pod(item: KubernetesObject) -> dict[str, Any]:
    return {key: value for key, value in item.spec.items() if key not in _RUNTIME_ONLY}


def _serving_runtime(item: KubernetesObject, _: list[KubernetesObject]) -> Found:
    metadata = {key: mapping(item.spec.get(key)) for key in ("labels", "annotations")}
    pods = [PodTemplate(item, "spec", metadata, _runtime_pod(item))]
    if isinstance(item.spec.get("workerSpec"), dict):
        pods.append(PodTemplate(item, "spec.workerSpec", metadata, item.spec["workerSpec"]))
    return pods, []


def _llm_inference_service(item: KubernetesObject, _: list[KubernetesObject]) -> Found:
    metadata = _pod_metadata(item, {})
    pods = [
        PodTemplate(item, path, metadata, spec)
        for pattern in _LLM_PODS
        for path, spec in at(item.body, pattern)
        if isinstance(spec, dict)
    ]
    return pods, [f"{item.label}: the presets (LLMInferenceServiceConfig) that complete its pods are not judged"]


def _train_job(item: KubernetesObject, known: list[KubernetesObject]) -> Found:
    trainer = mapping(item.spec.get("trainer"))
    reference = mapping(item.spec.get("runtimeRef"))
    container = {key: trainer[key] for key in ("image", "command", "args", "env") if key in trainer}
    if isinstance(trainer.get("resourcesPerNode"), dict):
        container["resources"] = trainer["resourcesPerNode"]
    unseen = [f"{item.label}: {key} changes its pods in ways that are not judged" for key in _overrides(item)]
    runtime, question = _only([other for other in known if _is_training_runtime(other, reference, item.namespace)])
    if runtime is None:
        unseen.append(f"{item.label}: the training runtime {reference.get('name')!r} {question}")
        return [PodTemplate(item, "spec.trainer", {}, with_container({}, _TRAINING_CONTAINER, container))], unseen
    return [
        PodTemplate(item, pod.path, pod.metadata, with_container(pod.spec, _TRAINING_CONTAINER, container))
        for pod in pod_templates(runtime)
    ], unseen


def _overrides(item: KubernetesObject) -> list[str]:
    kinds = ("podSpecOverrides", "podTemplateOverrides", "runtimePatches", "initializer")
    return [key for key in kinds if item.spec.get(key)]


def _is_training_runtime(item: KubernetesObject, reference: Mapping[str, Any], namespace: str) -> bool:
    wanted = reference.get("kind", "ClusterTrainingRuntime")
    if item.group != _TRAINER or item.name != reference.get("name") or item.kind != wanted:
        return False
    return wanted == "ClusterTrainingRuntime" or item.namespace == namespace


def _workflow(item: KubernetesObject, _: list[KubernetesObject]) -> Found:
    """Argo: one pod for each template that runs something; its containers also see the workflow's volumes."""
    body = mapping(item.spec.get("workflowSpec")) if item.kind == "CronWorkflow" else item.spec
    shared = {key: body[key] for key in _ARGO_SHARED if key in body}
    path = "spec.workflowSpec" if item.kind == "CronWorkflow" else "spec"
    patches = ("podSpecPatch", "workflowTemplateRef", "templateDefaults")
    unseen = [f"{item.label}: {key} is not judged" for key in patches if body.get(key)]
    pods = []
    for index, template in enumerate(items(body.get("templates"))):
        listed = _argo_containers(mapping(template))
        if mapping(template).get("podSpecPatch"):
            unseen.append(f"{item.label}: podSpecPatch is not judged")
        if listed:
            own = {key: template[key] for key in _ARGO_SHARED if key in template}
            started_first = items(template.get("initContainers"))
            spec = {**overlaid(shared, own), "containers": listed, "initContainers": started_first}
            metadata = overlaid(mapping(body.get("podMetadata")), mapping(template.get("metadata")))
            pods.append(PodTemplate(item, f"{path}.templates[{index}]", metadata, spec))
    return pods, unseen


_ARGO_SHARED = (
    "volumes", "securityContext", "serviceAccountName", "automountServiceAccountToken", "hostNetwork", "hostAliases",
)  # fmt: skip


def _argo_containers(template: Mapping[str, Any]) -> list[Any]:
    single = [template[key] for key in ("container", "script") if isinstance(template.get(key), dict)]
    return [*single, *items(mapping(template.get("containerSet")).get("containers")), *items(template.get("sidecars"))]


_READERS = {
    (_KSERVE, "InferenceService"): _inference_service,
    (_KSERVE, "ServingRuntime"): _serving_runtime,
    (_KSERVE, "ClusterServingRuntime"): _serving_runtime,
    (_KSERVE, "LLMInferenceService"): _llm_inference_service,
    (_TRAINER, "TrainJob"): _train_job,
    ("argoproj.io", "Workflow"): _workflow,
    ("argoproj.io", "WorkflowTemplate"): _workflow,
    ("argoproj.io", "ClusterWorkflowTemplate"): _workflow,
    ("argoproj.io", "CronWorkflow"): _workflow,
}
