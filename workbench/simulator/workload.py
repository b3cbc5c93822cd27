"""The good result of a Kubernetes workload (see ``evidence``): a confined training job, or a served model."""

from __future__ import annotations

from typing import Any

from ...evaluator.graph import Subject
from .evidence import Pipeline, evidence


@evidence("workload", "workload")
def workload(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    about = {"kind": "Job", "name": subject.name, "namespace": "ml", "group": "batch", "at": f"{subject.location}:1"}
    policy = {**about, "kind": "NetworkPolicy", "group": "networking.k8s.io"}
    served = pipeline.of_kind("model")[:1] if subject.name == "serve" else []
    return {
        "objects": [about, policy],
        "pods": [_pod(subject)],
        "literals": [],
        "secret_literals": 0,
        "models": [{"uri": f"s3://{model.location}", "digest": model.digest["sha256"]} for model in served],
        "unknown_objects": [],
    }


def _pod(subject: Subject) -> dict[str, Any]:
    return {
        "object": f"Job/{subject.name}",
        "template": "spec.template",
        "at": f"{subject.location}:1",
        "labels": {"app": subject.name},
        "host_network": False,
        "host_pid": False,
        "host_ipc": False,
        "host_users": False,
        "host_paths": [],
        "share_process_namespace": False,
        "runtime_class": None,
        "service_account": "trainer",
        "automount_token": False,
        "limits": {},
        "resource_claims": [],
        "containers": [_container()],
        "network": _network(),
    }


def _container() -> dict[str, Any]:
    data = {"path": "/data", "volume": "data", "type": "persistentVolumeClaim", "read_only": True}
    output = {"path": "/output", "volume": "output", "type": "persistentVolumeClaim", "read_only": False}
    return {
        "name": "train",
        "image": "registry.example/train@sha256:" + "0" * 64,
        "init": False,
        "ephemeral": False,
        "run_as_non_root": True,
        "run_as_user": 1000,
        "run_as_group": 1000,
        "read_only_root": True,
        "privileged": False,
        "allow_privilege_escalation": False,
        "capabilities_added": [],
        "capabilities_dropped": ["ALL"],
        "proc_mount": "Default",
        "seccomp": "RuntimeDefault",
        "apparmor": "RuntimeDefault",
        "selinux": False,
        "limits": {"cpu": "4", "memory": "16Gi", "nvidia.com/mig-3g.71gb": "1"},
        "gpu_requests": {"nvidia.com/mig-3g.71gb": "1"},
        "resource_claims": [],
        "env_literals": [{"name": "EPOCHS", "secret_like": False, "reason": ""}],
        "env_from_secret": ["registry-token"],
        "env_from_config_map": [],
        "mounts": [data, output],
        "host_ports": [],
    }


def _network() -> dict[str, Any]:
    return {
        "policies": ["train"],
        "ingress_default_deny": True,
        "egress_default_deny": True,
        "ingress_rules": 0,
        "egress_rules": 1,
        "ingress_anywhere": False,
        "egress_anywhere": False,
        "ingress_all_namespaces": False,
        "egress_all_namespaces": False,
    }
