"""One pod as a ``workload`` result describes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .containers import containers, quantities
from .fields import FieldReader
from .manifests import KubernetesObject, items
from .network_policies import NetworkPolicy, exposure
from .pod_templates import PodTemplate
from .volumes import host_paths, volume_types

_STANDARD_LABELS = ("job-name", "batch.kubernetes.io/job-name")


def describe(
    template: PodTemplate, policies: Sequence[NetworkPolicy], accounts: Sequence[KubernetesObject]
) -> tuple[dict[str, Any], list[str]]:
    """Judge one pod.

    Args:
        template: the pod.
        policies: every NetworkPolicy that is known.
        accounts: every ServiceAccount that is known.

    Returns:
        One item of ``pods`` of a ``workload`` result, and what was malformed or could not be decided about it.
    """
    owner, spec = template.owner, template.spec
    read = FieldReader(f"{owner.place} {owner.label} {template.path}".rstrip())
    types = volume_types(spec, items(owner.spec.get("volumeClaimTemplates")), read)
    on_host = bool(read.flag(spec, "hostNetwork", unset=False, malformed=True))
    labels = _labels(template, read)
    network, questions = exposure(policies, owner.namespace, labels, on_host)
    listed = containers(template, types, read)
    if not any(not item["init"] and not item["ephemeral"] for item in listed):
        read.problem("it has no containers")
    described = {
        "object": owner.label,
        "template": template.path,
        "at": owner.place,
        "labels": labels,
        "host_network": on_host,
        "host_pid": bool(read.flag(spec, "hostPID", unset=False, malformed=True)),
        "host_ipc": bool(read.flag(spec, "hostIPC", unset=False, malformed=True)),
        "host_users": bool(read.flag(spec, "hostUsers", unset=True, malformed=True)),
        "host_paths": host_paths(spec, read),
        "share_process_namespace": bool(read.flag(spec, "shareProcessNamespace", unset=False, malformed=True)),
        "runtime_class": read.text(spec, "runtimeClassName"),
        "service_account": _account_name(template, read),
        "automount_token": _automount(template, accounts, read),
        "limits": quantities(read.mapping(read.mapping(spec, "resources"), "limits")),
        "resource_claims": [str(claim.get("name")) for claim in read.mappings(spec, "resourceClaims")],
        "containers": listed,
        "network": network,
    }
    return described, [*dict.fromkeys(read.problems), *questions]


def _labels(template: PodTemplate, read: FieldReader) -> dict[str, str]:
    stated = read.mapping(template.metadata, "labels")
    labels = {key: value for key, value in stated.items() if isinstance(value, str)}
    if len(labels) != len(stated):
        read.problem("labels are not all texts")
    if template.owner.kind == "Job" and template.owner.group == "batch" and not template.owner.name.endswith("*"):
        labels = {**dict.fromkeys(_STANDARD_LABELS, template.owner.name), **labels}
    return labels


def _account_name(template: PodTemplate, read: FieldReader) -> str | None:
    return read.text(template.spec, "serviceAccountName") or read.text(template.spec, "serviceAccount")


def _automount(template: PodTemplate, accounts: Sequence[KubernetesObject], read: FieldReader) -> bool:
    """The pod's own field, else that of its service account, else true."""
    name = _account_name(template, read) or "default"
    own = [a.body for a in accounts if a.name == name and a.namespace == template.owner.namespace]
    key = "automountServiceAccountToken"
    of_account = not own or any(read.flag(account, key, unset=True, malformed=True) for account in own)
    return bool(read.flag(template.spec, key, unset=of_account, malformed=True))
