"""A container that one object states in part and a runtime object completes.

KServe and Kubeflow Trainer lay a user's container over the runtime's by strategic merge: mappings merge, environment
variables, mounts and volumes merge by name, other lists and values are replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BY_KEY = {"env": "name", "volumes": "name", "volumeMounts": "mountPath", "ports": "containerPort"}


def overlaid(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping with another laid over it.

    Args:
        base: what the runtime states.
        over: what the user states, which wins.
    """
    merged = dict(base)
    for key, value in over.items():
        below = base.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[key] = overlaid(below, value)
        elif key in _BY_KEY and isinstance(below, list) and isinstance(value, list):
            merged[key] = _joined(below, value, _BY_KEY[key])
        elif value is not None:
            merged[key] = value
    return merged


def with_container(pod_spec: Mapping[str, Any], name: str, over: Mapping[str, Any]) -> dict[str, Any]:
    """A pod specification in which one container has been laid over.

    Args:
        pod_spec: of the runtime.
        name: of the container to lay over; it is added when the runtime has none of that name.
        over: what the user states of the container.
    """
    listed = [item for item in pod_spec.get("containers") or [] if isinstance(item, dict)]
    found = any(item.get("name") == name for item in listed)
    changed = [overlaid(item, over) if item.get("name") == name else item for item in listed]
    return {**pod_spec, "containers": changed if found else [*changed, {**over, "name": name}]}


def _joined(below: list[Any], above: list[Any], key: str) -> list[Any]:
    taken = [item.get(key) for item in above if isinstance(item, dict)]
    return [*(item for item in below if not isinstance(item, dict) or item.get(key) not in taken), *above]
