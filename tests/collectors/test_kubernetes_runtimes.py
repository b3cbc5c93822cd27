"""Objects that a runtime completes: KServe, Kubeflow Trainer, Argo; and the models that manifests name."""

import json
from pathlib import Path
from typing import Any

import pytest
from manifest_case import observe, one

from probatum.collectors.kubernetes.merging import overlaid, with_container
from probatum.evaluator.graph import Status

LOCKED = {"privileged": False, "readOnlyRootFilesystem": True}


def obj(api: str, kind: str, spec: Any, name: str = "x", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def collected(tmp_path: Path, *objects: dict[str, Any]) -> Any:
    return one(tmp_path, "\n---\n".join(json.dumps(item) for item in objects))


SERVICE = obj(
    "serving.kserve.io/v1beta1",
    "InferenceService",
    {
        "predictor": {
            "serviceAccountName": "server",
            "labels": {"role": "predictor"},
            "minReplicas": 1,
            "model": {
                "modelFormat": {"name": "sklearn"},
                "runtime": "locked",
                "storageUri": "s3://user:pw@models/tumour",
                "env": [{"name": "A", "value": "1"}],
                "securityContext": {"runAsNonRoot": True},
            },
            "workerSpec": {"containers": [{"name": "worker"}]},
        },
        "transformer": {"containers": [{"name": "t"}]},
    },
    labels={"app": "serve"},
    annotations={"probatum.dev/model-digest": "sha256:" + "ab" * 32},
)
RUNTIME = obj(
    "serving.kserve.io/v1alpha1",
    "ClusterServingRuntime",
    {
        "supportedModelFormats": [{"name": "sklearn"}],
        "volumes": [{"name": "v", "hostPath": {"path": "/models"}}],
        "containers": [
            {"name": "kserve-container", "image": "i", "securityContext": LOCKED, "env": [{"name": "A", "value": "0"}]},
            {"name": "queue", "securityContext": {"privileged": True}},
        ],
        "workerSpec": {"containers": [{"name": "w"}]},
    },
    name="locked",
)


def test_an_inference_service_without_its_runtime_is_judged_and_not_complete(tmp_path: Path) -> None:
    observation = collected(tmp_path, SERVICE)
    assert observation.status is Status.PARTIAL
    assert "the serving runtime 'locked' is not in the manifests" in observation.coverage.skipped[0].reason
    predictor, worker, transformer = observation.result["pods"]
    assert (predictor["template"], worker["template"]) == ("spec.predictor", "spec.predictor.workerSpec")
    assert transformer["containers"][0]["name"] == "t"
    assert predictor["labels"] == {"app": "serve", "role": "predictor"}
    assert predictor["service_account"] == "server"
    (container,) = predictor["containers"]
    assert (container["name"], container["run_as_non_root"], container["read_only_root"]) == (
        "kserve-container",
        True,
        False,
    )


def test_a_runtime_in_the_manifests_is_laid_under_the_service(tmp_path: Path) -> None:
    observation = collected(tmp_path, SERVICE, RUNTIME)
    assert observation.status is Status.COMPLETE
    predictor = observation.result["pods"][0]
    served, queue = predictor["containers"]
    assert (served["image"], served["run_as_non_root"], served["read_only_root"]) == ("i", True, True)
    assert [row["name"] for row in served["env_literals"]] == ["A"]
    assert queue["privileged"] is True
    assert predictor["host_paths"] == ["/models"]
    own = [pod for pod in observation.result["pods"] if pod["object"] == "ClusterServingRuntime/locked"]
    assert [pod["template"] for pod in own] == ["spec", "spec.workerSpec"]


def test_a_runtime_of_another_workload_is_found_and_recorded(tmp_path: Path) -> None:
    found = observe(tmp_path, {"s.json": json.dumps(SERVICE), "r.json": json.dumps(RUNTIME)})
    assert found["s.json"].status is Status.COMPLETE
    assert set(found["s.json"].inputs) == {"s.json", "r.json"}


def test_a_file_that_two_workloads_share_counts_once(tmp_path: Path) -> None:
    files = {"k/s.json": json.dumps(SERVICE), "k/r.json": json.dumps(RUNTIME)}
    found = observe(tmp_path, files, {"folder": "k", "file": "k/s.json", "runtime": "k/r.json"})
    assert {item.status for item in found.values()} == {Status.COMPLETE}
    assert set(found["folder"].inputs) == {"k", "k/s.json", "k/r.json"}


def test_a_namespaced_runtime_serves_its_namespace_only(tmp_path: Path) -> None:
    runtime = json.loads(json.dumps(RUNTIME).replace("ClusterServingRuntime", "ServingRuntime"))
    runtime["metadata"]["namespace"] = "other"
    assert collected(tmp_path, SERVICE, runtime).status is Status.PARTIAL
    runtime["metadata"].pop("namespace")
    assert collected(tmp_path, SERVICE, runtime).status is Status.COMPLETE
    twice = collected(tmp_path, SERVICE, runtime, RUNTIME)
    assert "more than once" in twice.coverage.skipped[0].reason


def test_a_model_without_a_named_runtime_is_not_complete(tmp_path: Path) -> None:
    service = obj(
        "serving.kserve.io/v1beta1", "InferenceService", {"predictor": {"sklearn": {"storageUri": "pvc://m/x"}}}
    )
    observation = collected(tmp_path, service)
    assert "the serving runtime that the cluster picks" in observation.coverage.skipped[0].reason
    assert observation.result["models"] == [{"uri": "pvc://m/x", "digest": None}]


def test_an_llm_inference_service_is_judged_and_not_complete(tmp_path: Path) -> None:
    spec = {
        "model": {"uri": "hf://org/m"},
        "template": {"containers": [{"name": "main"}]},
        "worker": {"containers": [{"name": "w"}]},
    }
    observation = collected(tmp_path, obj("serving.kserve.io/v1alpha1", "LLMInferenceService", spec))
    assert observation.status is Status.PARTIAL
    assert [pod["template"] for pod in observation.result["pods"]] == ["spec.template", "spec.worker"]
    assert observation.result["models"] == [{"uri": "hf://org/m", "digest": None}]


TRAINING = obj(
    "trainer.kubeflow.org/v1alpha1",
    "ClusterTrainingRuntime",
    {
        "template": {
            "spec": {
                "replicatedJobs": [
                    {
                        "name": "node",
                        "template": {
                            "spec": {
                                "template": {"spec": {"containers": [{"name": "node", "securityContext": LOCKED}]}}
                            }
                        },
                    }
                ]
            }
        }
    },
    name="torch",
)
JOB = obj(
    "trainer.kubeflow.org/v1alpha1",
    "TrainJob",
    {
        "runtimeRef": {"name": "torch"},
        "trainer": {"args": ["--password", "hunter2"], "resourcesPerNode": {"limits": {"nvidia.com/gpu": 1}}},
    },
    name="fit",
)


def test_a_train_job_takes_its_pods_from_its_runtime(tmp_path: Path) -> None:
    observation = collected(tmp_path, JOB, TRAINING)
    assert observation.status is Status.COMPLETE
    pod = next(pod for pod in observation.result["pods"] if pod["object"] == "TrainJob/fit")
    (container,) = pod["containers"]
    assert container["read_only_root"] is True
    assert container["gpu_requests"] == {"nvidia.com/gpu": "1"}
    assert [row["name"] for row in container["env_literals"]] == ["command line: --password"]


def test_a_train_job_alone_or_with_overrides_is_not_complete(tmp_path: Path) -> None:
    alone = collected(tmp_path, JOB)
    assert "the training runtime 'torch' is not in the manifests" in alone.coverage.skipped[0].reason
    assert alone.result["pods"][0]["containers"][0]["allow_privilege_escalation"] is True
    changed = {**JOB, "spec": {**JOB["spec"], "podTemplateOverrides": [{"x": 1}]}}
    assert "podTemplateOverrides" in collected(tmp_path, changed, TRAINING).coverage.skipped[0].reason
    namespaced = {**JOB, "spec": {"runtimeRef": {"name": "torch", "kind": "TrainingRuntime"}}}
    local = json.loads(json.dumps(TRAINING).replace("ClusterTrainingRuntime", "TrainingRuntime"))
    assert collected(tmp_path, namespaced, local).status is Status.COMPLETE


@pytest.mark.parametrize("kind", ["Workflow", "WorkflowTemplate", "CronWorkflow"])
def test_an_argo_workflow_has_one_pod_for_each_template_that_runs(tmp_path: Path, kind: str) -> None:
    body = {
        "securityContext": {"runAsNonRoot": True},
        "volumes": [{"name": "v", "hostPath": {"path": "/x"}}],
        "templates": [
            {"name": "dag", "dag": {}},
            {"name": "a", "container": {"name": "main", "image": "i"}, "sidecars": [{"name": "s"}]},
            {
                "name": "b",
                "script": {"source": "echo"},
                "metadata": {"labels": {"l": "m"}},
                "initContainers": [{"name": "i"}],
            },
            {"name": "c", "containerSet": {"containers": [{"name": "x"}]}, "securityContext": {"runAsNonRoot": False}},
        ],
    }
    observation = collected(
        tmp_path, obj("argoproj.io/v1alpha1", kind, {"workflowSpec": body} if kind == "CronWorkflow" else body)
    )
    assert observation.status is Status.COMPLETE
    a, b, c = observation.result["pods"]
    assert a["template"] == ("spec.workflowSpec.templates[1]" if kind == "CronWorkflow" else "spec.templates[1]")
    assert [item["name"] for item in a["containers"]] == ["main", "s"]
    assert a["host_paths"] == ["/x"]
    assert [item["init"] for item in b["containers"]] == [False, True]
    assert b["labels"] == {"l": "m"}
    assert (a["containers"][0]["run_as_non_root"], c["containers"][0]["run_as_non_root"]) == (True, False)


def test_argo_patches_are_not_judged(tmp_path: Path) -> None:
    body = {"podSpecPatch": "x", "templates": [{"container": {"image": "i"}, "podSpecPatch": "y"}]}
    observation = collected(tmp_path, obj("argoproj.io/v1alpha1", "Workflow", body))
    assert all("podSpecPatch is not judged" in item.reason for item in observation.coverage.skipped)
    assert observation.status is Status.PARTIAL


def test_models_and_their_digests(tmp_path: Path) -> None:
    assert collected(tmp_path, SERVICE, RUNTIME).result["models"] == [
        {"uri": "s3://models/tumour", "digest": "ab" * 32}
    ]
    deployment = obj(
        "apps/v1",
        "Deployment",
        {
            "template": {
                "metadata": {"annotations": {"probatum.dev/model-digest": "cd" * 32}},
                "spec": {"containers": [{"name": "c"}]},
            }
        },
    )
    assert collected(tmp_path, deployment).result["models"] == [{"uri": None, "digest": "cd" * 32}]
    wrong = json.loads(json.dumps(deployment).replace("cd" * 32, "v1"))
    assert collected(tmp_path, wrong).result["models"] == [{"uri": None, "digest": None}]
    several = {
        "predictor": {"model": {"runtime": "locked", "storage": {"key": "k", "path": "a"}, "storageUri": "s3://b"}}
    }
    found = collected(
        tmp_path,
        obj(
            "serving.kserve.io/v1beta1",
            "InferenceService",
            several,
            annotations={"probatum.dev/model-digest": "cd" * 32},
        ),
        RUNTIME,
    )
    assert found.result["models"] == [{"uri": "k:a", "digest": None}, {"uri": "s3://b", "digest": None}]


def test_overlaying_merges_as_kubernetes_does() -> None:
    base = {"env": [{"name": "a", "value": 1}, {"name": "b"}], "args": [1, 2], "sc": {"x": 1, "y": 2}}
    over = {"env": [{"name": "a", "value": 2}], "args": [3], "sc": {"y": 3}, "none": None}
    assert overlaid(base, over) == {
        "env": [{"name": "b"}, {"name": "a", "value": 2}],
        "args": [3],
        "sc": {"x": 1, "y": 3},
    }
    assert with_container({"containers": None}, "n", {"name": "z"})["containers"] == [{"name": "n"}]
