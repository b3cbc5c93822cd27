"""A workload's manifests, judged as the cluster would run them."""

import json
from pathlib import Path

import pytest
from manifest_case import context_of, observe, one, pod_of

from probatum.collectors.workload import Workload
from probatum.evaluator.graph import Status

DATA = Path(__file__).parent / "data" / "kubernetes"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: c\n      image: i\n"


def test_a_hardened_job_is_described_whole(tmp_path: Path) -> None:
    observation = one(tmp_path, (DATA / "hardened-job.yaml").read_text())
    assert observation.status is Status.COMPLETE
    assert observation.coverage.seen == observation.coverage.examined == 3
    assert observation.inputs["w.yaml"]["sha256"]
    (pod,) = observation.result["pods"]
    assert (pod["object"], pod["template"], pod["at"]) == ("Job/train", "spec.template", "w.yaml:2")
    assert pod["automount_token"] is False
    assert pod["service_account"] == "trainer"
    assert [pod[key] for key in ("host_network", "host_pid", "host_ipc", "host_paths")] == [False, False, False, []]
    train, fetch = pod["containers"]
    assert (train["init"], fetch["init"]) == (False, True)
    for container in (train, fetch):
        assert container["run_as_non_root"] is True
        assert container["run_as_user"] == 10001
        assert container["read_only_root"] is True
        assert container["privileged"] is False
        assert container["allow_privilege_escalation"] is False
        assert container["capabilities_dropped"] == ["ALL"]
        assert container["seccomp"] == container["apparmor"] == "RuntimeDefault"
    assert train["limits"] == {"cpu": "8", "memory": "32Gi", "nvidia.com/mig-3g.71gb": "1"}
    assert train["gpu_requests"] == {"nvidia.com/mig-3g.71gb": "1"}
    assert train["env_from_secret"] == ["wandb"]
    assert train["env_from_config_map"] == ["settings"]
    assert train["env_literals"] == [{"name": "TOKENIZERS_PARALLELISM", "secret_like": False, "reason": ""}]
    assert {m["path"]: (m["type"], m["read_only"]) for m in train["mounts"]} == {
        "/data": ("persistentVolumeClaim", True),
        "/out": ("emptyDir", False),
        "/run/secrets": ("secret", True),
    }
    assert [m["read_only"] for m in fetch["mounts"]] == [False]
    assert pod["network"] == {
        "policies": ["closed", "data-store"],
        "ingress_default_deny": True,
        "egress_default_deny": True,
        "ingress_rules": 0,
        "egress_rules": 2,
        "ingress_anywhere": False,
        "egress_anywhere": False,
        "ingress_all_namespaces": False,
        "egress_all_namespaces": True,
    }
    assert observation.result["secret_literals"] == 0
    assert observation.result["unknown_objects"] == []


def test_what_is_unset_has_the_insecure_default(tmp_path: Path) -> None:
    pod = pod_of(tmp_path, POD)
    (container,) = pod["containers"]
    assert pod["automount_token"] is True
    assert pod["host_users"] is True
    assert pod["network"]["ingress_anywhere"] is pod["network"]["egress_anywhere"] is True
    assert pod["network"]["ingress_default_deny"] is pod["network"]["egress_default_deny"] is False
    assert container["run_as_non_root"] is False
    assert container["run_as_user"] is None
    assert container["read_only_root"] is False
    assert container["allow_privilege_escalation"] is True
    assert container["capabilities_dropped"] == container["capabilities_added"] == []
    assert container["seccomp"] is container["apparmor"] is None
    assert container["selinux"] is False
    assert container["limits"] == {}


@pytest.mark.parametrize(
    ("api", "kind", "body"),
    [
        ("v1", "Pod", {"spec": "POD"}),
        ("v1", "PodTemplate", {"template": {"spec": "POD"}}),
        ("v1", "ReplicationController", {"spec": {"template": {"spec": "POD"}}}),
        ("apps/v1", "Deployment", {"spec": {"template": {"spec": "POD"}}}),
        ("apps/v1", "StatefulSet", {"spec": {"template": {"spec": "POD"}}}),
        ("apps/v1", "DaemonSet", {"spec": {"template": {"spec": "POD"}}}),
        ("apps/v1", "ReplicaSet", {"spec": {"template": {"spec": "POD"}}}),
        ("batch/v1", "Job", {"spec": {"template": {"spec": "POD"}}}),
        ("batch/v1", "CronJob", {"spec": {"jobTemplate": {"spec": {"template": {"spec": "POD"}}}}}),
        ("kubeflow.org/v1", "PyTorchJob", {"spec": {"pytorchReplicaSpecs": {"Master": {"template": {"spec": "POD"}}}}}),
        ("kubeflow.org/v1", "TFJob", {"spec": {"tfReplicaSpecs": {"Worker": {"template": {"spec": "POD"}}}}}),
        ("kubeflow.org/v2beta1", "MPIJob", {"spec": {"mpiReplicaSpecs": {"Launcher": {"template": {"spec": "POD"}}}}}),
        ("kubeflow.org/v1", "XGBoostJob", {"spec": {"xgbReplicaSpecs": {"Master": {"template": {"spec": "POD"}}}}}),
        ("kubeflow.org/v1", "PaddleJob", {"spec": {"paddleReplicaSpecs": {"Worker": {"template": {"spec": "POD"}}}}}),
        ("kubeflow.org/v1", "JAXJob", {"spec": {"jaxReplicaSpecs": {"Worker": {"template": {"spec": "POD"}}}}}),
        ("ray.io/v1", "RayCluster", {"spec": {"headGroupSpec": {"template": {"spec": "POD"}}}}),
        ("ray.io/v1", "RayJob", {"spec": {"rayClusterSpec": {"workerGroupSpecs": [{"template": {"spec": "POD"}}]}}}),
        ("ray.io/v1", "RayService", {"spec": {"rayClusterConfig": {"headGroupSpec": {"template": {"spec": "POD"}}}}}),
        ("serving.knative.dev/v1", "Service", {"spec": {"template": {"spec": "POD"}}}),
        ("serving.kserve.io/v1beta1", "InferenceService", {"spec": {"predictor": "POD"}}),
        ("serving.kserve.io/v1alpha1", "ServingRuntime", {"spec": "POD"}),
        (
            "machinelearning.seldon.io/v1",
            "SeldonDeployment",
            {"spec": {"predictors": [{"componentSpecs": [{"spec": "POD"}]}]}},
        ),
        (
            "jobset.x-k8s.io/v1alpha2",
            "JobSet",
            {"spec": {"replicatedJobs": [{"template": {"spec": {"template": {"spec": "POD"}}}}]}},
        ),
    ],
)
def test_the_pod_of_every_kind_is_found(tmp_path: Path, api: str, kind: str, body: dict[str, object]) -> None:
    spec = '{"hostPID": true, "containers": [{"name": "c", "image": "i", "securityContext": {"privileged": true}}]}'
    document = {"apiVersion": api, "kind": kind, "metadata": {"name": "x"}, **body}
    pod = pod_of(tmp_path, json.dumps(document).replace('"POD"', spec))
    assert pod["object"] == f"{kind}/x"
    assert pod["host_pid"] is True
    assert pod["containers"][0]["privileged"] is True
    assert pod["containers"][0]["seccomp"] == "Unconfined"


def test_lists_are_opened_and_documents_counted(tmp_path: Path) -> None:
    pod = json.dumps({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}})
    service = "{kind: Service, apiVersion: v1, metadata: {name: s}}"
    text = f"---\n{{apiVersion: v1, kind: PodList, items: [{pod}]}}\n---\n---\n"
    text += f"apiVersion: v1\nkind: List\nitems:\n  - {service}\n"
    observation = one(tmp_path, text)
    # The item of a PodList states no apiVersion, so it is taken for an unknown kind: judged, and not complete.
    assert [item["kind"] for item in observation.result["objects"]] == ["Pod", "Service"]
    assert [pod["object"] for pod in observation.result["pods"]] == ["Pod/a"]
    assert [item["name"] for item in observation.result["unknown_objects"]] == ["s"]


@pytest.mark.parametrize(
    "document",
    [
        {
            "apiVersion": "batch.volcano.sh/v1alpha1",
            "kind": "Job",
            "spec": {"tasks": [{"template": {"spec": {"containers": [{"name": "c"}]}}}]},
        },
        {
            "apiVersion": "example.org/v1",
            "kind": "Trainer",
            "spec": {"image": "i", "env": [{"name": "PASSWORD", "value": "hunter22"}]},
        },
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "spec": {"template": {"spec": {"containers": [{"name": "c"}]}}, "odd": {"containers": [{"name": "d"}]}},
        },
    ],
)
def test_something_like_a_pod_in_an_unknown_place_is_judged_and_never_complete(
    tmp_path: Path, document: dict[str, object]
) -> None:
    observation = one(tmp_path, json.dumps({"metadata": {"name": "x"}, **document}))
    assert observation.status is Status.PARTIAL
    assert any("looks like a pod of an unknown kind" in item.reason for item in observation.coverage.skipped)
    assert any(
        container["allow_privilege_escalation"] for pod in observation.result["pods"] for container in pod["containers"]
    )


def test_a_known_kind_without_its_template_is_not_complete(tmp_path: Path) -> None:
    observation = one(tmp_path, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 1}\n")
    assert observation.status is Status.PARTIAL
    assert "pod template is missing" in observation.coverage.skipped[0].reason


def test_a_custom_resource_definition_is_no_pod(tmp_path: Path) -> None:
    schema = {"properties": {"containers": {"type": "array", "items": {"properties": {"image": {"type": "string"}}}}}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "x"},
        "spec": schema,
    }
    observation = one(tmp_path, json.dumps(crd))
    assert observation.status is Status.COMPLETE
    assert [item["kind"] for item in observation.result["unknown_objects"]] == ["CustomResourceDefinition"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("kind: Pod\nkind: Job\n", "w.yaml:2 has the key 'kind' twice"),
        ("a: [1\n", "w.yaml:2 is not valid YAML"),
        ("metadata: {name: {{ .Values.name }}}\n", "helm template"),
        ("{{ if .x }}\nkind: Pod\n{{ end }}\n", "helm template"),
        ("kind: Pod\nmetadata: {name: '{{ $.Release.Name }}-x'}\n", "helm template"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("just text\n", "no mapping"),
        ("a: 1\n", "it has no kind"),
        ("kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\n", "kustomize build"),
        ("apiVersion: v1\nkind: List\nitems: [{kind: PodList, items: [{}]}]\n", "a list within a list"),
    ],
)
def test_what_cannot_be_read_fails_with_its_place(tmp_path: Path, text: str | bytes, part: str) -> None:
    observation = one(tmp_path, text)
    assert observation.status is Status.FAILED
    assert part in observation.result["error"]


def test_json_manifests_are_strict(tmp_path: Path) -> None:
    assert "duplicate key" in one(tmp_path, '{"kind": "Pod", "kind": "Job"}', "w.json").result["error"]


def test_a_missing_location_fails(tmp_path: Path) -> None:
    (observation,) = observe(tmp_path, {}, {"gone": "gone.yaml"}).values()
    assert observation.status is Status.FAILED
    assert "gone.yaml is missing" in observation.result["error"]
    context = context_of(tmp_path, "workload", {"x": "x"})
    assert Workload().available(context).ready


def test_a_folder_is_read_as_kubectl_reads_it(tmp_path: Path) -> None:
    files = {
        "k/a.yaml": POD,
        "k/README.md": "{{ not read }}",
        "k/b.json": '{"kind": "Secret", "apiVersion": "v1"}',
        "k/t.yaml.j2": "x",
    }
    observation = observe(tmp_path, files, {"k": "k"})["k"]
    assert observation.status is Status.PARTIAL
    assert [(item.item, "helm template" in item.reason) for item in observation.coverage.skipped] == [
        ("k/t.yaml.j2", True)
    ]
    assert sorted(observation.inputs) == ["k", "k/a.yaml", "k/b.json"]
    assert [item["at"] for item in observation.result["objects"]] == ["k/a.yaml:1", "k/b.json:1"]


def test_a_kustomization_is_known_by_its_name(tmp_path: Path) -> None:
    observation = observe(tmp_path, {"k/a.yaml": POD, "k/kustomization.yaml": "patches: []\n"}, {"k": "k"})["k"]
    assert observation.status is Status.PARTIAL
    assert "kustomize build" in observation.coverage.skipped[0].reason


def test_one_bad_file_of_a_folder_leaves_the_rest_judged(tmp_path: Path) -> None:
    observation = observe(tmp_path, {"k/a.yaml": POD, "k/b.yaml": "a: [\n"}, {"k": "k"})["k"]
    assert observation.status is Status.PARTIAL
    assert len(observation.result["pods"]) == 1
    (tmp_path / "k" / "c.yaml").symlink_to("a.yaml")
    again = observe(tmp_path, {}, {"k": "k"})["k"]
    assert any(item.item == "k/c.yaml" and item.reason == "symlink" for item in again.coverage.skipped)


def test_a_file_that_changed_since_it_was_digested_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text(POD)
    context = context_of(tmp_path, "workload", {"w": "w.yaml"})
    (tmp_path / "w.yaml").write_text(POD + "      securityContext: {privileged: true}\n")
    (observation,) = Workload().collect(context)
    assert "changed while it was read" in observation.result["error"]
    (tmp_path / "w.yaml").unlink()
    (observation,) = Workload().collect(context)
    assert "cannot be read" in observation.result["error"]


def test_malformed_fields_take_the_insecure_value_and_are_not_complete(tmp_path: Path) -> None:
    text = (
        POD
        + '      securityContext: {privileged: "false", runAsUser: root, capabilities: {drop: ALL}}\n      env: [1]\n'
    )
    observation = one(tmp_path, text + "  hostNetwork: maybe\n  volumes: {}\n")
    assert observation.status is Status.PARTIAL
    (pod,) = observation.result["pods"]
    (container,) = pod["containers"]
    assert pod["host_network"] is container["privileged"] is True
    assert container["run_as_user"] is None
    assert container["capabilities_dropped"] == []
    reasons = " ".join(item.reason for item in observation.coverage.skipped)
    for field in ("privileged", "runAsUser", "drop", "env", "hostNetwork", "volumes"):
        assert field in reasons


def test_a_token_is_mounted_as_pod_and_account_say(tmp_path: Path) -> None:
    account = (
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default}\nautomountServiceAccountToken: false\n---\n"
    )
    assert pod_of(tmp_path, account + POD)["automount_token"] is False
    assert pod_of(tmp_path, account + POD + "  automountServiceAccountToken: true\n")["automount_token"] is True
    assert pod_of(tmp_path, account + account.replace("false", "true") + POD)["automount_token"] is True
    assert pod_of(tmp_path, account + POD + "  serviceAccountName: other\n")["automount_token"] is True


def test_a_malformed_token_setting_counts_as_mounted(tmp_path: Path) -> None:
    for text in (POD + "  automountServiceAccountToken: nope\n", POD):
        account = (
            "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default}\nautomountServiceAccountToken: 0\n"
        )
        observation = one(tmp_path, text + account)
        assert observation.status is Status.PARTIAL
        assert observation.result["pods"][0]["automount_token"] is True


def test_a_list_without_items_is_an_object_that_is_not_known(tmp_path: Path) -> None:
    observation = one(tmp_path, "apiVersion: v1\nkind: List\nmetadata: {generateName: x-}\n")
    assert [(item["kind"], item["name"]) for item in observation.result["unknown_objects"]] == [("List", "x-*")]


def test_a_pod_without_containers_is_malformed(tmp_path: Path) -> None:
    observation = one(tmp_path, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {initContainers: [{name: i}]}\n")
    assert any("no containers" in item.reason for item in observation.coverage.skipped)


def test_the_same_files_give_the_same_observation(tmp_path: Path) -> None:
    text = (DATA / "hardened-job.yaml").read_text()
    assert one(tmp_path, text).id == one(tmp_path, text).id
