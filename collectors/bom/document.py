"""One CycloneDX document, read, validated and summarised: the part that runs in the child process."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ... import strict_json
from ...errors import EvidenceError
from .packages import packages
from .references import references
from .sections import MODEL, components, models, sections

MAX_BYTES = 32 * 1024 * 1024
MAX_PACKAGES = 20_000
SPEC_VERSIONS = ("1.5", "1.6", "1.7")
_LISTED = 20
_IRI_REFERENCE = re.compile(r"(?:[^\x00-\x20\x7f-\xa0<>\"{}|\\^`%\ufdd0-\ufdef\ufff0-\uffff]|%[0-9A-Fa-f]{2})*")
_MESSAGE = 300


def examine(request: Mapping[str, str]) -> dict[str, Any]:
    """Read one document.

    Args:
        request: ``path`` (absolute) and ``name`` (for messages).

    Returns:
        ``sha256``; ``unreadable`` with the reason when it is not strict JSON; else ``cyclonedx``, ``spec_version``,
        ``errors``, ``dangling``, ``external``, ``models``, ``components`` (those with a SHA-256), ``packages`` and
        ``packages_omitted``.
    """
    try:
        data = _read(Path(request["path"]))
    except OSError as error:
        return {"sha256": None, "unreadable": error.strerror or str(error)}
    summary: dict[str, Any] = {"sha256": hashlib.sha256(data).hexdigest()}
    try:
        document = strict_json.loads(data, source="the document", limits=strict_json.Limits(max_bytes=MAX_BYTES))
    except EvidenceError as error:
        return {**summary, "unreadable": str(error)[:_MESSAGE]}
    if not isinstance(document, Mapping) or document.get("bomFormat") != "CycloneDX":
        return {**summary, "cyclonedx": False}
    return {**summary, "cyclonedx": True, **_summary(document, data)}


def _read(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > MAX_BYTES:
            raise OSError(f"{size} bytes, the limit is {MAX_BYTES}")
        return stream.read(MAX_BYTES)


def _summary(document: Mapping[str, Any], data: bytes) -> dict[str, Any]:
    version = document.get("specVersion")
    links = references(document)
    errors = list(_schema_errors(version, data))
    errors += [f"bom-ref {ref!r} is used twice" for ref in links.repeated]
    errors += [f"reference to {ref!r}, which is not in the document" for ref in links.dangling]
    errors += list(_misplaced(document, "$"))
    listed = packages(document)
    return {
        "spec_version": version if isinstance(version, str) else None,
        "errors": _bounded(errors),
        "dangling": list(links.dangling),
        "external": list(links.external),
        "models": [{**_named(model.component), "sections": sections(model)} for model in models(document)],
        "components": [named for named in map(_named, components(document)) if named["sha256"]],
        "packages": listed[:MAX_PACKAGES],
        "packages_omitted": len(listed[MAX_PACKAGES:]),
    }


def _schema_errors(version: Any, data: bytes) -> Iterator[str]:
    if version not in SPEC_VERSIONS:
        yield f"specVersion {version!r} is not supported, only {', '.join(SPEC_VERSIONS)}"
        return
    found = _validator(version).validate_str(data.decode(), all_errors=True)
    yield from sorted(f"{error.data.json_path}: {error.data.message}"[:_MESSAGE] for error in found or ())


@cache
def _validator(version: str) -> Any:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    from jsonschema import Draft7Validator

    # the validator shares this checker; the one that jsonschema has needs exponential time for a hostile address
    Draft7Validator.FORMAT_CHECKER.checks("iri-reference")(_is_iri_reference)
    return JsonStrictValidator(SchemaVersion.from_version(version))


def _is_iri_reference(value: object) -> bool:
    """RFC 3987 section 2.2, by its characters: no space, control or delimiter of text, and whole percent encodings."""
    return not isinstance(value, str) or _IRI_REFERENCE.fullmatch(value) is not None


def _misplaced(value: Any, path: str) -> Iterator[str]:
    """Model cards on other things than models: the schema's text forbids them, its rules do not."""
    if isinstance(value, Mapping):
        if "modelCard" in value and value.get("type") != MODEL:
            yield f"{path}: a modelCard on a component of type {str(value.get('type'))!r}"
        for key, item in value.items():
            yield from _misplaced(item, f"{path}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _misplaced(item, f"{path}[{number}]")


def _named(component: Mapping[str, Any]) -> dict[str, Any]:
    hashes = component.get("hashes")
    found = hashes if isinstance(hashes, list) else []
    digests = {
        str(item.get("content")).lower() for item in found if isinstance(item, Mapping) and item.get("alg") == "SHA-256"
    }
    ref = component.get("bom-ref")
    return {
        "type": str(component.get("type")),
        "name": str(component.get("name", "")),
        "bom_ref": ref if isinstance(ref, str) else None,
        "sha256": sorted(digests),
    }


def _bounded(errors: list[str]) -> list[str]:
    rest = len(errors) - _LISTED
    return errors if rest <= 0 else [*errors[:_LISTED], f"and {rest} more"]
