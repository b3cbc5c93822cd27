"""Volumes of a pod and where its containers mount them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fields import FieldReader

_ALWAYS_READ_ONLY = ("configMap", "secret", "downwardAPI", "projected", "image")  # by the kubelet, in any mount
_NOT_A_SOURCE = ("name",)


def volume_types(pod_spec: Mapping[str, Any], claim_templates: list[Any], read: FieldReader) -> dict[str, str]:
    """Name of each volume of a pod to the type of its source, such as ``hostPath``.

    Args:
        pod_spec: the pod's specification.
        claim_templates: ``volumeClaimTemplates`` of the StatefulSet that owns the pod.
        read: reads the fields and keeps what is malformed.
    """
    types: dict[str, str] = {}
    for volume in read.mappings(pod_spec, "volumes"):
        sources = sorted(key for key, value in volume.items() if key not in _NOT_A_SOURCE and value is not None)
        if len(sources) > 1:
            read.problem(f"volume {volume.get('name')!r} has several sources")
        worst = "hostPath" if "hostPath" in sources else None
        types[str(volume.get("name"))] = worst or (sources[0] if sources else "emptyDir")
    for claim in claim_templates:
        metadata = claim.get("metadata") if isinstance(claim, dict) else None
        if isinstance(metadata, dict):
            types[str(metadata.get("name"))] = "persistentVolumeClaim"
    return types


def host_paths(pod_spec: Mapping[str, Any], read: FieldReader) -> list[str]:
    """Paths of the node that the pod's volumes open, mounted or not."""
    found = []
    for volume in read.mappings(pod_spec, "volumes"):
        source = volume.get("hostPath")
        if source is not None:
            path = source.get("path") if isinstance(source, dict) else None
            found.append(path if isinstance(path, str) else "?")
    return sorted(set(found))


def mounts(
    container: Mapping[str, Any], pod_spec: Mapping[str, Any], types: Mapping[str, str], read: FieldReader
) -> list[dict[str, Any]]:
    """Every mount and raw device of a container.

    Args:
        container: its specification.
        pod_spec: the specification of its pod.
        types: of the pod's volumes, from `volume_types`.
        read: reads the fields and keeps what is malformed.
    """
    forced = {
        str(volume.get("name"))
        for volume in read.mappings(pod_spec, "volumes")
        if any(isinstance(source, dict) and source.get("readOnly") is True for source in volume.values())
    }
    found = []
    for mount in read.mappings(container, "volumeMounts"):
        volume = str(mount.get("name"))
        kind = types.get(volume)
        if kind is None:
            read.problem(f"volume {volume!r} is mounted and not defined")
        read_only = bool(read.flag(mount, "readOnly", unset=False, malformed=False))
        found.append(
            {
                "path": read.text(mount, "mountPath") or "?",
                "volume": volume,
                "type": kind or "unknown",
                "read_only": read_only or kind in _ALWAYS_READ_ONLY or volume in forced,
            }
        )
    for device in read.mappings(container, "volumeDevices"):
        path = read.text(device, "devicePath") or "?"
        found.append({"path": path, "volume": str(device.get("name")), "type": "block", "read_only": False})
    return found
