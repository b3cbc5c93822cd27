"""Where the policies lie among the files of an OPA bundle, whichever tool built it.

A stock bundle (Open Policy Agent, "Bundle File Format") may have any folder before ``controls/<ID>/control.rego``, a
manifest with fields that mean nothing here, an empty ``data.json``, tests and other files. What would decide something
in OPA and is not evaluated here is refused, never passed over: data, WebAssembly, plans, deltas, Rego of version 0, and
modules outside ``controls/`` and ``lib/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import strict_json, strict_yaml
from ..errors import EvidenceError, PolicyError, UsageError
from .names import odd_characters
from .policies import is_control
from .policy_files import FOLDERS, check_letters, is_source

MANIFEST = ".manifest"
_COMPILED = {"policy.wasm": "WebAssembly", "plan.json": "a compiled plan", "patch.json": "a delta of another bundle"}
_DATA = ("data.json", "data.yaml", "data.yml")


@dataclass(frozen=True)
class Layout:
    """The policies among the files of a bundle.

    Args:
        sources: path in the policy set to content.
        prefix: folder of the bundle that they lie in, with a final ``/``; empty at the top.
        name: what the bundle's manifest calls it (``metadata.name``), or empty.
        version: of the bundle: ``metadata.version`` of its manifest, else its ``revision``, else empty.
    """

    sources: Mapping[str, bytes]
    prefix: str = ""
    name: str = ""
    version: str = ""


def layout_of(entries: Mapping[str, bytes], source: str) -> Layout:
    """Find the policies among the files of a bundle.

    Args:
        entries: path to content.
        source: what to call the bundle in errors.

    Raises:
        PolicyError: there are none, they lie in two places, or there is something that cannot be evaluated.
    """
    name, version = describe(entries.get(MANIFEST), source)
    prefix = _prefix(entries, source)
    sources = {}
    for path, data in entries.items():
        inner = path.removeprefix(prefix) if path.startswith(prefix) else None
        if inner is not None and inner.partition("/")[0] in FOLDERS:
            check_letters(path)
        if inner is not None and is_source(inner):
            sources[inner] = data
        else:
            _check_other(path, data, source)
    if not sources:
        raise _refused(source, "it has no policy", "put each control at controls/<ID>/control.rego")
    return Layout(dict(sorted(sources.items())), prefix, name, version)


def describe(manifest: bytes | None, source: str) -> tuple[str, str]:
    """Name and version that a bundle's manifest states, each maybe empty.

    Raises:
        PolicyError: the manifest is malformed, or says that the bundle is of Rego version 0 or WebAssembly.
    """
    if manifest is None:
        return "", ""
    try:
        document = strict_json.loads(manifest, source=f"{source}: {MANIFEST}")
    except EvidenceError as error:
        raise PolicyError(error.what, why=error.why, remedy=error.remedy) from error
    if not isinstance(document, Mapping):
        raise _refused(source, f"{MANIFEST} is no object", "build the bundle again")
    if document.get("rego_version", 1) != 1 or any(value != 1 for value in _files(document).values()):
        raise _refused(source, "it is in Rego version 0", "write the policies in Rego version 1 ('opa fmt --v0-v1')")
    if document.get("wasm"):
        raise _refused(source, "it has WebAssembly", "build it without -t wasm")
    metadata = document.get("metadata")
    stated: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
    words = _word(stated.get("name")), _word(stated.get("version")) or _word(document.get("revision"))
    for word in words:
        if odd := odd_characters(word):
            raise _refused(source, f"name or version {word!r} has {odd}", "write them in ASCII")
    return words


def _files(manifest: Mapping[str, Any]) -> dict[str, Any]:
    versions = manifest.get("file_rego_versions")
    return dict(versions) if isinstance(versions, Mapping) else {}


def _word(value: Any) -> str:
    return value.strip()[:128] if isinstance(value, str) else ""


def _prefix(entries: Mapping[str, bytes], source: str) -> str:
    """The folder that the controls lie in; without a control, the one that other policies lie in is the top."""
    found = set()
    for path in entries:
        parts = path.split("/")
        if is_control("/".join(parts[-3:])):
            found.add("".join(f"{part}/" for part in parts[:-3]))
    if len(found) > 1:
        places = ", ".join(repr(place or "the top") for place in sorted(found))
        raise _refused(source, f"controls lie in {places}", "put all controls below one folder 'controls'")
    return found.pop() if found else ""


def _check_other(path: str, data: bytes, source: str) -> None:
    name = path.rpartition("/")[2]
    if name in _COMPILED:
        raise _refused(source, f"{path} is {_COMPILED[name]}", "build the bundle with the target rego")
    if name in _DATA and not _empty(path, data):
        raise _refused(source, f"{path} holds data, which controls do not see", "state it in a module below lib/")
    if name.endswith(".rego") and not name.endswith("_test.rego"):
        raise _refused(source, f"{path} is a module outside controls/ and lib/", "move it below lib/")


def _empty(path: str, data: bytes) -> bool:
    try:
        return strict_yaml.load(data, source=path).value in ({}, None)
    except UsageError:
        return False


def _refused(source: str, why: str, remedy: str) -> PolicyError:
    return PolicyError(f"{source} cannot be used as policies", why=why, remedy=remedy)
