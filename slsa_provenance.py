"""SLSA provenance of every version, and by the generators of the day, in one form.

Versions: v0.1 (Google Cloud Build), v0.2, and v1, which is the predicate of SLSA 1.0, 1.1 and 1.2
(https://slsa.dev/spec/v1.2/build-provenance). Generators agree on the builder, and on little else:

| generator | where it names the source | what is odd |
| --- | --- | --- |
| GitHub's attestations, npm | v1 ``externalParameters.workflow``; v0.2 ``invocation.configSource`` | no times |
| slsa-github-generator | v0.2 ``invocation.configSource``; v1 ``externalParameters.source`` | commit under ``sha1`` |
| GitLab's runner | ``invocation.configSource``; v1 ``externalParameters.source`` | commit under ``sha256`` |
| Google Cloud Build | v1 ``externalParameters.sourceToBuild``; v0.1 the materials | v0.1: ``recipe`` |
| Tekton Chains | the materials alone | its tasks are materials, too |
| BuildKit | v0.2 ``invocation.configSource``; v1 ``externalParameters.configSource`` | an empty builder id |
| Witness | the materials alone, by digest | a predicate type of its own for v1, names as in Go, times as numbers |

Nothing here is verified; a reader says what a document says, once somebody's signature over it held.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

V01 = "https://slsa.dev/provenance/v0.1"
V02 = "https://slsa.dev/provenance/v0.2"
V1 = "https://slsa.dev/provenance/v1"
WITNESS = "https://slsa.dev/provenance/v1.0"
"""What Witness calls version 1; no specification does."""
TYPES = (V1, V02, V01, WITNESS)
_NAMED_SOURCES = ("source", "sourceToBuild", "configSource", "workflow", "buildConfigSource")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_YEAR_10000 = 253_402_300_800


@dataclass(frozen=True)
class Material:
    """Something that went into a build.

    Args:
        uri: where it came from; None when the document does not say.
        digest: algorithm to digest; the commit of a git repository is under ``gitCommit``, wherever it was.
    """

    uri: str | None
    digest: Mapping[str, str]


@dataclass(frozen=True)
class Provenance:
    """Where something came from, whatever the version of the document and its generator.

    Args:
        builder: id of the builder.
        build_type: how it was built.
        materials: everything that went in, in the document's order.
        malformed: how many materials could not be read.
        sources: those of the materials that are the source, and what the document names as the source itself.
        parameters: what the caller of the build chose.
        run: id of the run.
        started: RFC 3339 time.
        finished: RFC 3339 time.
    """

    builder: str | None
    build_type: str | None
    materials: tuple[Material, ...]
    malformed: int
    sources: tuple[Material, ...]
    parameters: Mapping[str, Any]
    run: str | None
    started: str | None
    finished: str | None


def read(statement: Mapping[str, Any]) -> Provenance:
    """Read the predicate of a provenance; what is missing or of a wrong type is None.

    Args:
        statement: an in-toto statement with a predicate type of ``TYPES``.
    """
    version, predicate = statement.get("predicateType"), _map(statement.get("predicate"))
    v1 = version in (V1, WITNESS)
    if version == WITNESS:
        predicate = _spelled(predicate)
    definition, details = (_map(predicate.get(name)) for name in ("buildDefinition", "runDetails"))
    metadata = _map((details if v1 else predicate).get("metadata"))
    listed = definition.get("resolvedDependencies", []) if v1 else predicate.get("materials", [])
    items = listed if isinstance(listed, list) else [listed]
    materials = tuple(_material(item) for item in items if _readable(item))
    names = ("invocationId", "startedOn", "finishedOn")
    run, started, finished = (_text(metadata.get(name if v1 else _old(name))) for name in names)
    return Provenance(
        builder=_text(_map((details if v1 else predicate).get("builder")).get("id")),
        build_type=_text(definition.get("buildType") if v1 else _old_type(predicate)),
        materials=materials,
        malformed=len(items) - len(materials),
        sources=tuple(_sources(_named(definition, predicate), materials)),
        parameters=_parameters(definition, predicate),
        run=run,
        started=started,
        finished=finished,
    )


def _spelled(predicate: Mapping[str, Any]) -> dict[str, Any]:
    """Witness's predicate with the names and times of the specification."""
    definition, details = (_camel(predicate.get(name)) for name in ("build_definition", "run_details"))
    metadata = {name: _moment(value) for name, value in _camel(details.get("metadata")).items()}
    return {"buildDefinition": definition, "runDetails": {**details, "metadata": metadata}}


def _camel(value: Any) -> dict[str, Any]:
    return {re.sub("_([a-z])", lambda found: found[1].upper(), str(name)): item for name, item in _map(value).items()}


def _moment(value: Any) -> Any:
    """Seconds since 1970 in RFC 3339; anything else as it is."""
    seconds = _map(value).get("seconds")
    if type(seconds) is not int or not 0 <= seconds < _YEAR_10000:
        return value
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _old(name: str) -> str:
    """A field of the metadata as versions before 1 call it: ``buildStartedOn``."""
    return f"build{name[0].upper()}{name[1:]}"


def _old_type(predicate: Mapping[str, Any]) -> Any:
    return predicate.get("buildType") or _map(predicate.get("recipe")).get("type")


def _parameters(definition: Mapping[str, Any], predicate: Mapping[str, Any]) -> Mapping[str, Any]:
    invocation, recipe = (_map(predicate.get(name)) for name in ("invocation", "recipe"))
    return (
        _map(definition.get("externalParameters"))
        or _map(invocation.get("parameters"))
        or _map(recipe.get("arguments"))
    )


def _named(definition: Mapping[str, Any], predicate: Mapping[str, Any]) -> Iterator[Material]:
    """What the document itself names as the source; by its name or by its address and ref."""
    external = _map(definition.get("externalParameters"))
    candidates = [external.get(name) for name in _NAMED_SOURCES]
    candidates += [_map(predicate.get("invocation")).get("configSource")]
    for item in candidates:
        if isinstance(item, str) and item:
            yield Material(item, {})
        elif isinstance(item, Mapping) and _readable(item) and isinstance(item.get("uri"), str):
            yield _material(item)
        elif isinstance(item, Mapping) and isinstance(item.get("repository"), str):
            ref = item.get("ref")
            yield Material(f"{item['repository']}@{ref}" if isinstance(ref, str) else item["repository"], {})


def _sources(named: Iterator[Material], materials: tuple[Material, ...]) -> Iterator[Material]:
    """Each source once: as a material, which has the digest, else as it was named."""
    of_git = [item for item in materials if "gitCommit" in item.digest or (item.uri or "").startswith("git+")]
    seen = {_place(item) for item in of_git}
    yield from of_git
    for item in named:
        if _place(item) not in seen:
            seen.add(_place(item))
            known = next((other for other in materials if _place(other) == _place(item)), item)
            yield known


def _place(item: Material) -> str:
    """An address without what generators write differently: ``git+``, ``.git``, the ref."""
    uri = (item.uri or "").removeprefix("git+")
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.partition('@')[0].partition('#')[0].removesuffix('/').removesuffix('.git')}"


def _material(item: Mapping[str, Any]) -> Material:
    digest = {str(name): str(value) for name, value in _map(item.get("digest")).items()}
    for name in ("sha1", "sha256") if _is_git(item) else ("sha256",):
        if "gitCommit" not in digest and _COMMIT.fullmatch(digest.get(name, "")):
            digest["gitCommit"] = digest.pop(name)
    return Material(_text(item.get("uri")), digest)


def _is_git(item: Mapping[str, Any]) -> bool:
    """A SHA-1 of something from a repository is its commit; of a file, it is a weak digest."""
    uri = str(item.get("uri", ""))
    return uri.startswith(("git+", "https://github.com/")) or uri.removesuffix("/").endswith(".git")


def _readable(item: Any) -> bool:
    if not isinstance(item, Mapping) or not isinstance(item.get("uri"), (str, type(None))):
        return False
    digest = item.get("digest", {})
    return isinstance(digest, Mapping) and all(isinstance(value, str) for value in digest.values())


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
