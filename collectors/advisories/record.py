"""One OSV record, reduced to what an audit of Python packages needs (OSV schema 1.x)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from .ranges import Range, parse_range, public
from .severity import score

_ECOSYSTEM = "PyPI"


class MalformedRecordError(ValueError):
    """A document that is not an OSV record."""


@dataclass(frozen=True)
class Affected:
    """What a record says of one Python package.

    Args:
        package: normalised name (PEP 503).
        versions: affected versions, as written.
        ranges: affected ranges.
        unjudged: why the ranges cannot be compared with a version; empty when they can.
        severity: CVSS base score, None when unknown.
    """

    package: str
    versions: tuple[str, ...]
    ranges: tuple[Range, ...]
    unjudged: str
    severity: float | None

    def includes(self, version: Version) -> bool:
        """Whether a version is known to be affected."""
        base = public(version)
        return any(_same(text, version, base) for text in self.versions) or any(r.includes(base) for r in self.ranges)

    def fixes(self, version: Version) -> set[Version]:
        """The versions above one that fix it."""
        return {fix for item in self.ranges for fix in item.fixes() if fix > version}


@dataclass(frozen=True)
class Record:
    """One advisory.

    Args:
        id: such as ``PYSEC-2023-1``.
        aliases: other names of the same vulnerability.
        summary: one line.
        modified: when it was last changed.
        published: when it was published, None when unknown.
        withdrawn: when it was taken back, None when it was not.
        affected: what it says of packages of PyPI.
    """

    id: str
    aliases: tuple[str, ...]
    summary: str
    modified: datetime
    published: datetime | None
    withdrawn: datetime | None
    affected: tuple[Affected, ...]

    def of(self, package: str) -> list[Affected]:
        """What it says of one package, given by its normalised name."""
        return [item for item in self.affected if item.package == package]


def parse_record(document: Any) -> Record:
    """Read one OSV record.

    Args:
        document: parsed JSON or YAML.

    Raises:
        MalformedRecordError: it is not an OSV record of schema version 1.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("id"), str) or not document["id"]:
        raise MalformedRecordError("not an OSV record: it has no id")
    schema = document.get("schema_version") or "1.0.0"
    if not isinstance(schema, str) or schema.partition(".")[0] != "1":
        raise MalformedRecordError(f"OSV schema version {schema!r} is not supported")
    modified = _moment(document, "modified")
    if modified is None:
        raise MalformedRecordError("modified is missing")
    return Record(
        id=document["id"],
        aliases=tuple(_strings(document, "aliases")),
        summary=" ".join(str(document.get("summary") or document.get("details") or "").split())[:500],
        modified=modified,
        published=_moment(document, "published"),
        withdrawn=_moment(document, "withdrawn"),
        affected=tuple(_affected(item, document) for item in _objects(document, "affected") if _is_python(item)),
    )


def _affected(item: Mapping[str, Any], document: Mapping[str, Any]) -> Affected:
    versions = tuple(map(sys.intern, _strings(item, "versions")))
    ranges: list[Range] = []
    problems: list[str] = []
    for entry in _objects(item, "ranges"):
        if entry.get("type") != "ECOSYSTEM":  # of commits: says nothing of versions
            continue
        try:
            ranges.append(parse_range(entry.get("events")))
        except ValueError as error:
            problems.append(str(error))
    if not (versions or ranges or problems):
        problems.append("it names neither versions nor a range of the type ECOSYSTEM")
    return Affected(
        package=canonicalize_name(item["package"]["name"]),
        versions=versions,
        ranges=tuple(ranges),
        unjudged="; ".join(problems),
        severity=_severity(item, document),
    )


def _severity(item: Mapping[str, Any], document: Mapping[str, Any]) -> float | None:
    both = [owner for owner in (item, document) if isinstance(owner, Mapping)]
    severities = [entry for owner in both for entry in _objects(owner, "severity")]
    specific = [owner.get(key) for owner in both for key in ("database_specific", "ecosystem_specific")]
    return score(severities, [value.get("severity") for value in specific if isinstance(value, Mapping)])


def _is_python(item: Mapping[str, Any]) -> bool:
    package = item.get("package")
    if package is None:  # about a Git repository only
        return False
    if not isinstance(package, Mapping) or not all(isinstance(package.get(key), str) for key in ("name", "ecosystem")):
        raise MalformedRecordError("affected.package has no name or no ecosystem")
    return str(package["ecosystem"]).partition(":")[0] == _ECOSYSTEM


def _objects(owner: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = owner.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise MalformedRecordError(f"{key} is not a list of objects")
    return value


def _strings(owner: Mapping[str, Any], key: str) -> list[str]:
    value = owner.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise MalformedRecordError(f"{key} is not a list of strings")
    return value


def _moment(document: Mapping[str, Any], key: str) -> datetime | None:
    value = document.get(key)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise MalformedRecordError(f"{key} is not an RFC 3339 time: {value!r}") from None
    if moment.tzinfo is None:
        raise MalformedRecordError(f"{key} has no time zone: {value!r}")
    return moment.astimezone(UTC)


def _same(text: str, version: Version, base: Version) -> bool:
    try:
        listed = Version(text)
    except InvalidVersion:  # from before PEP 440
        return text == str(version)
    return listed in (version, base)
