"""Literal secrets anywhere in an object but in the variables and command lines of its containers.

Those of containers are described with the container. A ``Secret`` whose data lies in the manifest is a literal by
itself, unless SOPS encrypted it; SealedSecret and ExternalSecret are other kinds and hold none.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .literal_secrets import secret_in, secret_reason
from .manifests import KubernetesObject, mapping
from .pod_templates import walk

_DESCRIBED_ELSEWHERE = re.compile(r"ontainers\[\d+\]\.(?:env\[\d+\]\.value|command\[\d+\]|args\[\d+\])$")
_ENCRYPTED = "ENC["


def object_literals(item: KubernetesObject) -> list[dict[str, Any]]:
    """Every literal secret of an object, each with its path and reason, never with its value.

    Args:
        item: an object of any kind.
    """
    found = dict(_data(item)) if item.group == "" else {}
    for path, value in walk(item.body):
        if isinstance(value, str) and path not in found and not _DESCRIBED_ELSEWHERE.search(path):
            reason = secret_in(value)
            if reason is not None:
                found[path] = reason
    return [
        {"object": item.label, "name": path, "secret_like": True, "reason": reason, "at": item.place}
        for path, reason in sorted(found.items())
    ]


def _data(item: KubernetesObject) -> Iterator[tuple[str, str]]:
    if item.kind == "Secret":
        for section in ("data", "stringData"):
            for key, value in mapping(item.body.get(section)).items():
                if value and not _encrypted(value, item.body):
                    yield f"{section}.{key}", "a Secret with literal data in the manifest"
    elif item.kind == "ConfigMap":
        for key, value in mapping(item.body.get("data")).items():
            if isinstance(value, str) and (reason := _setting(key, value)):
                yield f"data.{key}", reason
        for key, value in mapping(item.body.get("binaryData")).items():
            if isinstance(value, str) and (reason := secret_in(_decoded(value))):
                yield f"binaryData.{key}", reason


_LINE = re.compile(
    r"^\s*(?:export\s+)?['\"]?([A-Za-z_][\w.-]{0,99})['\"]?\s*[:=]\s*([^\s{\[|>].{0,999})$", re.MULTILINE
)


def _setting(key: str, value: str) -> str | None:
    if "\n" not in value.strip():
        return secret_reason(key, value)
    for match in _LINE.finditer(value):
        name, text = match.group(1), match.group(2).strip().strip("'\",;")
        if reason := secret_reason(name, text):
            return f"{reason} (in {name})"
    return secret_in(value)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _encrypted(value: Any, body: Mapping[str, Any]) -> bool:
    return isinstance(value, str) and value.startswith(_ENCRYPTED) and isinstance(body.get("sops"), dict)
