"""The models that a manifest says it serves or makes: KServe storage URIs and the digest annotation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .manifests import KubernetesObject
from .pod_templates import walk

DIGEST_ANNOTATION = "probatum.dev/model-digest"
_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_USER = re.compile(r"(?<=://)[^/@]*@")  # a password in a URL is not evidence
_KSERVE = "serving.kserve.io"


def served_models(item: KubernetesObject) -> Iterator[dict[str, Any]]:
    """Every model that an object names.

    Args:
        item: an object of any kind.

    Yields:
        ``uri`` (None when only a digest is stated) and ``digest`` (SHA-256 in hexadecimal; None when the object
        states none, or one that is no SHA-256).
    """
    digests = [match and match.group(1) for match in _stated(item)]
    uris = sorted(set(_uris(item)))
    digest = digests[0] if len(set(digests)) == 1 else None
    if uris:
        for uri in uris:
            # One annotation cannot say which of several models it is about.
            yield {"uri": _USER.sub("", uri), "digest": digest if len(uris) == 1 else None}
    else:
        for stated in sorted(set(digests), key=str):
            yield {"uri": None, "digest": stated}


def _stated(item: KubernetesObject) -> Iterator[re.Match[str] | None]:
    for path, value in walk(item.body):
        if isinstance(value, dict) and path.rpartition(".")[2] == "annotations" and DIGEST_ANNOTATION in value:
            yield _SHA256.fullmatch(str(value[DIGEST_ANNOTATION]).strip())


def _uris(item: KubernetesObject) -> Iterator[str]:
    if item.group != _KSERVE:
        return
    for path, value in walk(item.body):
        key = path.rpartition(".")[2]
        if key in ("storageUri", "uri") and isinstance(value, str):
            yield value
        elif key == "storage" and isinstance(value, dict) and isinstance(value.get("path"), str):
            yield f"{value.get('key') or 'default'}:{value['path']}"
