"""Files that hold several signed documents: what registries, forges and clouds hand out.

Only where the documents lie is read here. What stands beside them (who the publisher is said to be, a decoded copy of
the payload, a summary) is signed by nobody, hence left out.

| file | its documents |
| --- | --- |
| JSON lines (``gh attestation download``, ``.intoto.jsonl``) | each line, which may be one of the below |
| GitHub's and npm's attestation APIs | ``attestations[].bundle``: sigstore bundles |
| PyPI's integrity API (PEP 740) | ``attestation_bundles[].attestations[]``: PEP 740 attestations |
| ``gcloud artifacts docker images describe --show-provenance`` | ``provenance_summary.provenance[].envelope``: DSSE |
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ... import strict_json
from ...errors import TrustError

MAX_DOCUMENTS = 1_000


def documents_of(data: bytes, *, source: str) -> list[tuple[str, bytes]]:
    """The signed documents of a file.

    Args:
        data: the file's bytes.
        source: what to call it.

    Returns:
        Name and bytes of each: the file itself, when it is no container.

    Raises:
        EvidenceError: it is not strict JSON, and not lines of it.
        TrustError: it is a container that holds nothing, or too much.
    """
    lines = _lines(data)
    _check_count(max(len(lines), 1), source)
    parts = [part for name, line in _named(lines, source) for part in _documents(line, name)]
    parts = parts if lines else _documents(data, source)
    _check_count(len(parts), source)
    return parts


def _lines(data: bytes) -> list[tuple[int, bytes]]:
    """The numbered lines of a file in which each is an object of its own; none for any other file."""
    lines = [(number, line.strip()) for number, line in enumerate(data.split(b"\n"), start=1) if line.strip()]
    alone = all(line.startswith(b"{") and line.endswith(b"}") for _, line in lines)
    return lines if alone and len(lines) > 1 else []


def _named(lines: list[tuple[int, bytes]], source: str) -> Iterator[tuple[str, bytes]]:
    for number, line in lines:
        yield f"{source}:{number}", line


def _documents(data: bytes, source: str) -> list[tuple[str, bytes]]:
    document = strict_json.loads(data, source=source, fold_case=True)
    found = None if not isinstance(document, Mapping) else _parts(document)
    if found is None:
        return [(source, data)]
    parts = [(f"{source}#{place}", _encoded(part)) for place, part in found]
    _check_count(len(parts), source)
    return parts


def _check_count(count: int, source: str) -> None:
    if not 0 < count <= MAX_DOCUMENTS:
        raise TrustError(
            f"{source} holds {count} signed documents",
            why=f"expected 1 to {MAX_DOCUMENTS}",
            remedy="ask its producer for the attestations again",
        )


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]] | None:
    if isinstance(document.get("attestation_bundles"), list):
        return _pypi(document["attestation_bundles"])
    if isinstance(document.get("attestations"), list):
        return _bundles(document["attestations"])
    summary = document.get("provenance_summary")
    if isinstance(summary, Mapping) and isinstance(summary.get("provenance"), list):
        return _google(summary["provenance"])
    return None


def _pypi(bundles: list[Any]) -> Iterator[tuple[str, Any]]:
    for at, bundle in enumerate(bundles):
        items = bundle.get("attestations") if isinstance(bundle, Mapping) else None
        for number, item in enumerate(items if isinstance(items, list) else [items]):
            yield f"attestation_bundles[{at}].attestations[{number}]", item


def _bundles(items: list[Any]) -> Iterator[tuple[str, Any]]:
    for at, item in enumerate(items):
        yield f"attestations[{at}].bundle", item.get("bundle") if isinstance(item, Mapping) else item


def _google(items: list[Any]) -> Iterator[tuple[str, Any]]:
    for at, item in enumerate(items):
        yield f"provenance[{at}].envelope", item.get("envelope") if isinstance(item, Mapping) else item


def _encoded(part: Any) -> bytes:
    """The outer JSON of one document again: what is signed lies inside it in base64, byte for byte."""
    return json.dumps(part).encode()
