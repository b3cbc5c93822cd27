"""The effective security context of a container, its volumes, ports and devices."""

from pathlib import Path

import pytest
from manifest_case import one, pod_of

POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: %s}\n"
    "spec: {securityContext: %s, containers: [{name: c, securityContext: %s}]}\n"
)


def container(tmp_path: Path, own: str = "{}", shared: str = "{}", annotations: str = "{}") -> dict[str, object]:
    return dict(pod_of(tmp_path, POD % (annotations, shared, own))["containers"][0])


@pytest.mark.parametrize(
    ("own", "shared", "field", "value"),
    [
        ("{}", "{runAsNonRoot: true}", "run_as_non_root", True),
        ("{runAsNonRoot: false}", "{runAsNonRoot: true}", "run_as_non_root", False),
        ("{runAsNonRoot: true}", "{runAsNonRoot: false}", "run_as_non_root", True),
        ("{runAsUser: 0}", "{runAsUser: 1000}", "run_as_user", 0),
        ("{}", "{runAsUser: 1000, runAsGroup: 2000}", "run_as_group", 2000),
        ("{}", "{readOnlyRootFilesystem: true}", "read_only_root", False),
        ("{}", "{allowPrivilegeEscalation: false}", "allow_privilege_escalation", True),
        ("{allowPrivilegeEscalation: false}", "{}", "allow_privilege_escalation", False),
        ("{allowPrivilegeEscalation: false, privileged: true}", "{}", "allow_privilege_escalation", True),
        (
            "{allowPrivilegeEscalation: false, capabilities: {add: [CAP_SYS_ADMIN]}}",
            "{}",
            "allow_privilege_escalation",
            True,
        ),
        ("{capabilities: {add: [cap_net_admin, SYS_TIME]}}", "{}", "capabilities_added", ["NET_ADMIN", "SYS_TIME"]),
        ("{capabilities: {drop: [all]}}", "{}", "capabilities_dropped", ["ALL"]),
        ("{capabilities: {drop: [CAP_ALL]}}", "{}", "capabilities_dropped", ["CAP_ALL"]),
        ("{}", "{seccompProfile: {type: RuntimeDefault}}", "seccomp", "RuntimeDefault"),
        ("{seccompProfile: {type: Unconfined}}", "{seccompProfile: {type: RuntimeDefault}}", "seccomp", "Unconfined"),
        ("{seccompProfile: {type: Localhost, localhostProfile: p.json}}", "{}", "seccomp", "Localhost"),
        ("{privileged: true}", "{seccompProfile: {type: RuntimeDefault}}", "seccomp", "Unconfined"),
        ("{}", "{appArmorProfile: {type: Localhost, localhostProfile: x}}", "apparmor", "Localhost"),
        ("{privileged: true}", "{appArmorProfile: {type: RuntimeDefault}}", "apparmor", "Unconfined"),
        ("{seLinuxOptions: {level: 's0:c1,c2'}}", "{}", "selinux", True),
        ("{}", "{seLinuxOptions: {type: container_t}}", "selinux", True),
        ("{seLinuxOptions: {type: spc_t}}", "{seLinuxOptions: {type: container_t}}", "selinux", False),
        ("{seLinuxOptions: {type: container_t, user: root}}", "{}", "selinux", False),
        ("{seLinuxOptions: {level: s0}, privileged: true}", "{}", "selinux", False),
        ("{windowsOptions: {hostProcess: true}}", "{}", "privileged", True),
        ("{}", "{windowsOptions: {hostProcess: true}}", "privileged", True),
        ("{windowsOptions: {hostProcess: false}}", "{windowsOptions: {hostProcess: true}}", "privileged", False),
        ("{procMount: Unmasked}", "{}", "proc_mount", "Unmasked"),
        ("{}", "{}", "proc_mount", "Default"),
    ],
)
def test_a_container_overrides_its_pod(tmp_path: Path, own: str, shared: str, field: str, value: object) -> None:
    assert container(tmp_path, own, shared)[field] == value


@pytest.mark.parametrize(
    ("annotation", "own", "profile"),
    [
        ("runtime/default", "{}", "RuntimeDefault"),
        ("localhost/strict", "{}", "Localhost"),
        ("unconfined", "{}", "Unconfined"),
        ("unconfined", "{appArmorProfile: {type: RuntimeDefault}}", "RuntimeDefault"),
    ],
)
def test_apparmor_annotations_count_where_the_field_is_unset(
    tmp_path: Path, annotation: str, own: str, profile: str
) -> None:
    annotations = f"{{container.apparmor.security.beta.kubernetes.io/c: {annotation}}}"
    assert container(tmp_path, own, "{appArmorProfile: {type: Unconfined}}", annotations)["apparmor"] == profile


def test_seccomp_annotations_have_no_effect(tmp_path: Path) -> None:
    annotations = "{seccomp.security.alpha.kubernetes.io/pod: runtime/default}"
    assert container(tmp_path, annotations=annotations)["seccomp"] is None


@pytest.mark.parametrize(
    ("own", "annotations", "part"),
    [
        ("{seccompProfile: {type: runtimeDefault}}", "{}", "seccompProfile.type is none of"),
        ("{seccompProfile: {type: Localhost}}", "{}", "is Localhost and names no profile"),
        ("{appArmorProfile: {}}", "{}", None),
        ("{appArmorProfile: {type: 5}}", "{}", "type is int"),
        ("{runAsUser: -1}", "{}", "no user or group id"),
        ("{runAsUser: 99999999999}", "{}", "no user or group id"),
        ("{capabilities: [ALL]}", "{}", "capabilities is list"),
        ("{capabilities: {drop: [1]}}", "{}", "drop is not a list of texts"),
        ("{}", "{container.apparmor.security.beta.kubernetes.io/c: localhost/}", "names no profile"),
    ],
)
def test_malformed_contexts_are_reported(tmp_path: Path, own: str, annotations: str, part: str | None) -> None:
    observation = one(tmp_path, POD % (annotations, "{}", own))
    reasons = [item.reason for item in observation.coverage.skipped]
    assert (part is None and not reasons) or any(str(part) in reason for reason in reasons)
    found = observation.result["pods"][0]["containers"][0]
    assert (found["seccomp"], found["apparmor"], found["run_as_user"]) == (None, None, None)


def test_every_volume_has_its_type_and_every_mount_its_access(tmp_path: Path) -> None:
    pod = pod_of(
        tmp_path,
        """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: s}
spec:
  volumeClaimTemplates: [{metadata: {name: claim}}, 5]
  template:
    spec:
      volumes:
        - {name: host, hostPath: {path: /etc}}
        - {name: odd, hostPath: 5}
        - {name: ro, persistentVolumeClaim: {claimName: x, readOnly: true}}
        - {name: nfs, nfs: {server: s, path: /x}}
        - {name: token, projected: {sources: [{serviceAccountToken: {path: t}}]}}
        - {name: scratch}
      containers:
        - name: c
          volumeMounts:
            - {name: host, mountPath: /h, readOnly: true}
            - {name: ro, mountPath: /ro}
            - {name: nfs, mountPath: /nfs}
            - {name: token, mountPath: /t}
            - {name: scratch, mountPath: /s}
            - {name: claim, mountPath: /c}
          volumeDevices: [{name: claim, devicePath: /dev/x}]
""",
    )
    assert pod["host_paths"] == ["/etc", "?"]
    assert [(m["path"], m["type"], m["read_only"]) for m in pod["containers"][0]["mounts"]] == [
        ("/h", "hostPath", True),
        ("/ro", "persistentVolumeClaim", True),
        ("/nfs", "nfs", False),
        ("/t", "projected", True),
        ("/s", "emptyDir", False),
        ("/c", "persistentVolumeClaim", False),
        ("/dev/x", "block", False),
    ]


def test_a_mount_without_volume_and_a_volume_with_two_sources_are_malformed(tmp_path: Path) -> None:
    volumes = "[{name: v, emptyDir: {}, hostPath: {path: /}}]"
    mounts = "[{name: v}, {name: w}]"
    containers = f"[{{name: c, volumeMounts: {mounts}}}]"
    text = f"apiVersion: v1\nkind: Pod\nspec: {{volumes: {volumes}, containers: {containers}}}\n"
    observation = one(tmp_path, text)
    assert [m["type"] for m in observation.result["pods"][0]["containers"][0]["mounts"]] == ["hostPath", "unknown"]
    assert observation.result["pods"][0]["object"] == "Pod/*"
    reasons = " ".join(item.reason for item in observation.coverage.skipped)
    assert "several sources" in reasons
    assert "mounted and not defined" in reasons


def test_ports_devices_and_limits(tmp_path: Path) -> None:
    text = """
apiVersion: v1
kind: Pod
metadata: {generateName: run-, labels: {a: b}}
spec:
  %s
  resources: {limits: {cpu: 4, memory: 1.5}}
  resourceClaims: [{name: gpu, resourceClaimTemplateName: t}]
  ephemeralContainers: [{name: debug}]
  containers:
    - name: c
      ports: [{containerPort: 80}, {containerPort: 81, hostPort: 8081}]
      resources: {requests: {nvidia.com/gpu.shared: 1}, limits: {amd.com/gpu: "2", cpu: 1}, claims: [{name: gpu}]}
"""
    pod = pod_of(tmp_path, text % "hostNetwork: false")
    first, debug = pod["containers"]
    assert pod["object"] == "Pod/run-*"
    assert pod["limits"] == {"cpu": "4", "memory": "1.5"}
    assert pod["resource_claims"] == first["resource_claims"] == ["gpu"]
    assert (debug["ephemeral"], first["ephemeral"]) == (True, False)
    assert first["host_ports"] == [8081]
    assert first["gpu_requests"] == {"amd.com/gpu": "2", "nvidia.com/gpu.shared": "1"}
    on_host = pod_of(tmp_path, text % "hostNetwork: true")
    assert on_host["containers"][0]["host_ports"] == [80, 8081]


@pytest.mark.parametrize(
    ("amount", "limits"),
    [
        ("0", {}),
        ("'0'", {}),
        ("0.0Gi", {}),
        ("true", {}),
        ("~", {}),
        ("''", {}),
        ("100m", {"cpu": "100m"}),
        ("0.5", {"cpu": "0.5"}),
        ("10", {"cpu": "10"}),
    ],
)
def test_a_limit_of_zero_is_no_limit(tmp_path: Path, amount: str, limits: dict[str, str]) -> None:
    text = f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{name: c, resources: {{limits: {{cpu: {amount}}}}}}}]}}\n"
    assert pod_of(tmp_path, text)["containers"][0]["limits"] == limits


def test_labels_that_are_no_text_are_malformed(tmp_path: Path) -> None:
    observation = one(
        tmp_path, "apiVersion: v1\nkind: Pod\nmetadata: {labels: {a: 1}}\nspec: {containers: [{name: c}]}\n"
    )
    assert "labels are not all texts" in observation.coverage.skipped[0].reason
    assert observation.result["pods"][0]["labels"] == {}
