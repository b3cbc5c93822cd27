"""One container as a ``workload`` result describes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .fields import FieldReader
from .literal_secrets import command_secrets, secret_reason
from .pod_templates import PodTemplate
from .security_context import effective_context
from .volumes import mounts

_ZERO = re.compile(r"\s*|[+-]?0*\.?0*(?:[eE][+-]?\d+)?[A-Za-z]*")
_LISTS = (("containers", False, False), ("initContainers", True, False), ("ephemeralContainers", False, True))
_DEVICE_DOMAINS = ("nvidia.com/", "amd.com/", "gpu.intel.com/", "habana.ai/", "google.com/tpu", "aws.amazon.com/neuron")


def containers(template: PodTemplate, types: Mapping[str, str], read: FieldReader) -> list[dict[str, Any]]:
    """Every container of a pod, init and ephemeral ones among them.

    Args:
        template: the pod.
        types: of its volumes, from `volumes.volume_types`.
        read: reads the fields and keeps what is malformed.
    """
    annotations = read.mapping(template.metadata, "annotations")
    return [
        _container(item, init, ephemeral, template, annotations, types, read)
        for key, init, ephemeral in _LISTS
        for item in read.mappings(template.spec, key)
    ]


def _container(
    item: Mapping[str, Any],
    init: bool,
    ephemeral: bool,
    template: PodTemplate,
    annotations: Mapping[str, Any],
    types: Mapping[str, str],
    read: FieldReader,
) -> dict[str, Any]:
    resources = read.mapping(item, "resources")
    return {
        "name": read.text(item, "name") or "?",
        "image": read.text(item, "image"),
        "init": init,
        "ephemeral": ephemeral,
        **effective_context(item, template.spec, annotations, read),
        "limits": quantities(read.mapping(resources, "limits")),
        "gpu_requests": _devices(resources, read),
        "resource_claims": [str(claim.get("name")) for claim in read.mappings(resources, "claims")],
        "env_literals": [*_env_literals(item, read), *_command_literals(item, read)],
        "env_from_secret": _env_from_secret(item, read),
        "env_from_config_map": _env_from(item, "configMapRef", "configMapKeyRef", read),
        "mounts": mounts(item, template.spec, types, read),
        "host_ports": _host_ports(item, template.spec, read),
    }


def quantities(values: Mapping[str, Any]) -> dict[str, str]:
    """Resource names to amounts as they are written; zero, which Kubernetes takes for no amount, is left out."""
    amounts = {name: str(value) for name, value in sorted(values.items()) if type(value) in (str, int, float)}
    return {name: amount for name, amount in amounts.items() if not _ZERO.fullmatch(amount)}


def _devices(resources: Mapping[str, Any], read: FieldReader) -> dict[str, str]:
    asked = {**quantities(read.mapping(resources, "requests")), **quantities(read.mapping(resources, "limits"))}
    return {name: amount for name, amount in asked.items() if name.startswith(_DEVICE_DOMAINS)}


def _env_literals(item: Mapping[str, Any], read: FieldReader) -> Iterator[dict[str, Any]]:
    for variable in read.mappings(item, "env"):
        value = variable.get("value")
        if value is None:
            continue
        name = str(variable.get("name"))
        reason = secret_reason(name, value if isinstance(value, str) else str(value))
        yield {"name": name, "secret_like": reason is not None, "reason": reason or ""}


def _command_literals(item: Mapping[str, Any], read: FieldReader) -> Iterator[dict[str, Any]]:
    words = [*read.texts(item, "command"), *read.texts(item, "args")]
    for name, reason in sorted(set(command_secrets(" ".join(words)))):
        yield {"name": f"command line: {name}", "secret_like": True, "reason": reason}
    for handler in ("livenessProbe", "readinessProbe", "startupProbe"):
        for name, reason in _probe_secrets(read.mapping(item, handler), read):
            yield {"name": f"{handler}: {name}", "secret_like": True, "reason": reason}


def _probe_secrets(probe: Mapping[str, Any], read: FieldReader) -> Iterator[tuple[str, str]]:
    for header in read.mappings(read.mapping(probe, "httpGet"), "httpHeaders"):
        name, value = str(header.get("name")), str(header.get("value"))
        if name.lower() == "authorization" or secret_reason(name, value):
            yield name, "a header carries a credential"
    yield from sorted(set(command_secrets(" ".join(read.texts(read.mapping(probe, "exec"), "command")))))


def _env_from_secret(item: Mapping[str, Any], read: FieldReader) -> list[str]:
    return _env_from(item, "secretRef", "secretKeyRef", read)


def _env_from(item: Mapping[str, Any], whole: str, key: str, read: FieldReader) -> list[str]:
    names = [read.mapping(source, whole).get("name") for source in read.mappings(item, "envFrom")]
    sources = [read.mapping(variable, "valueFrom") for variable in read.mappings(item, "env")]
    names += [read.mapping(source, key).get("name") for source in sources]
    return sorted({name for name in names if isinstance(name, str)})


def _host_ports(item: Mapping[str, Any], pod_spec: Mapping[str, Any], read: FieldReader) -> list[int]:
    """Ports opened on the node; with the host's network, every port of the container."""
    on_host = pod_spec.get("hostNetwork") is True
    ports = read.mappings(item, "ports")
    found = [port.get("hostPort") or (port.get("containerPort") if on_host else None) for port in ports]
    return sorted({port for port in found if isinstance(port, int) and not isinstance(port, bool) and 0 < port < 65536})
