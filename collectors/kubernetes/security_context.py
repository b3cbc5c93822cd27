"""The effective security context of a container, as the kubelet and the runtime apply it.

A container's field overrides the pod's; what neither sets has Kubernetes' insecure default; ``privileged`` undoes
seccomp, AppArmor and SELinux and implies privilege escalation.

Sources: Kubernetes API reference v1.34, SecurityContext and PodSecurityContext; Pod Security Standards (allowed SELinux
types); KEP-24 (AppArmor fields and annotations); seccomp annotations have had no effect since v1.27.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fields import FieldReader

_PROFILES = ("RuntimeDefault", "Localhost", "Unconfined")
_SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"


def effective_context(
    container: Mapping[str, Any], pod_spec: Mapping[str, Any], annotations: Mapping[str, Any], read: FieldReader
) -> dict[str, Any]:
    """The security facts of one container.

    Args:
        container: its specification.
        pod_spec: the specification of its pod.
        annotations: of the pod; AppArmor profiles were set there before Kubernetes v1.30.
        read: reads the fields and keeps what is malformed.

    Returns:
        The fields ``run_as_non_root`` … ``selinux`` of a container in a ``workload`` result.
    """
    own, shared = read.mapping(container, "securityContext"), read.mapping(pod_spec, "securityContext")
    capabilities = read.mapping(own, "capabilities")
    added = sorted({name.upper().removeprefix("CAP_") for name in read.texts(capabilities, "add")})
    privileged = bool(read.flag(own, "privileged", unset=False, malformed=True)) or _host_process(own, shared, read)
    escalation = bool(read.flag(own, "allowPrivilegeEscalation", unset=True, malformed=True))
    return {
        "run_as_non_root": _run_as_non_root(own, shared, read),
        "run_as_user": _first(read.id_number(own, "runAsUser"), read.id_number(shared, "runAsUser")),
        "run_as_group": _first(read.id_number(own, "runAsGroup"), read.id_number(shared, "runAsGroup")),
        "read_only_root": bool(read.flag(own, "readOnlyRootFilesystem", unset=False, malformed=False)),
        "privileged": privileged,
        "allow_privilege_escalation": escalation or privileged or bool({"SYS_ADMIN", "ALL"} & set(added)),
        "capabilities_added": added,
        "capabilities_dropped": sorted({name.upper() for name in read.texts(capabilities, "drop")}),
        "proc_mount": read.text(own, "procMount") or "Default",
        "seccomp": "Unconfined" if privileged else _seccomp(own, shared, read),
        "apparmor": "Unconfined" if privileged else _apparmor(container, own, shared, annotations, read),
        "selinux": not privileged and _selinux(own, shared, read),
    }


def _host_process(own: Mapping[str, Any], shared: Mapping[str, Any], read: FieldReader) -> bool:
    """Windows' counterpart of a privileged container."""
    options = [read.mapping(context, "windowsOptions") for context in (shared, own)]
    of_pod = read.flag(options[0], "hostProcess", unset=False, malformed=True)
    return bool(read.flag(options[1], "hostProcess", unset=of_pod, malformed=True))


def _run_as_non_root(own: Mapping[str, Any], shared: Mapping[str, Any], read: FieldReader) -> bool:
    of_pod = read.flag(shared, "runAsNonRoot", unset=False, malformed=False)
    return bool(read.flag(own, "runAsNonRoot", unset=of_pod, malformed=False))


def _seccomp(own: Mapping[str, Any], shared: Mapping[str, Any], read: FieldReader) -> str | None:
    for context in (own, shared):
        profile = read.mapping(context, "seccompProfile")
        if profile:
            return _profile(profile, "seccompProfile", read)
    return None


def _apparmor(
    container: Mapping[str, Any],
    own: Mapping[str, Any],
    shared: Mapping[str, Any],
    annotations: Mapping[str, Any],
    read: FieldReader,
) -> str | None:
    if profile := read.mapping(own, "appArmorProfile"):
        return _profile(profile, "appArmorProfile", read)
    annotation = annotations.get(f"{_APPARMOR_ANNOTATION}{container.get('name')}")
    if annotation is not None:
        return _annotated(annotation, read)
    if profile := read.mapping(shared, "appArmorProfile"):
        return _profile(profile, "appArmorProfile", read)
    return None


def _annotated(value: Any, read: FieldReader) -> str | None:
    if value == "runtime/default":
        return "RuntimeDefault"
    if value == "unconfined":
        return "Unconfined"
    if isinstance(value, str) and value.startswith("localhost/") and value != "localhost/":
        return "Localhost"
    read.problem(f"the AppArmor annotation {value!r} names no profile")
    return None


def _profile(profile: Mapping[str, Any], field: str, read: FieldReader) -> str | None:
    kind = read.text(profile, "type")
    if kind not in _PROFILES:
        read.problem(f"{field}.type is none of {', '.join(_PROFILES)}")
        return None
    if kind == "Localhost" and read.text(profile, "localhostProfile") is None:
        read.problem(f"{field} is Localhost and names no profile")
        return None
    return kind


def _selinux(own: Mapping[str, Any], shared: Mapping[str, Any], read: FieldReader) -> bool:
    options = read.mapping(own, "seLinuxOptions") or read.mapping(shared, "seLinuxOptions")
    if not options or options.get("user") or options.get("role"):
        return False
    return (options.get("type") or "") in _SELINUX_TYPES and bool(options.get("type") or options.get("level"))


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)
