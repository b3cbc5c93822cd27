"""What is known of an advisory beyond what pip-audit keeps of it: severity, publication, withdrawal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from packaging.version import Version

from .record import Record


@dataclass(frozen=True)
class Finding:
    """One advisory about one version of one package.

    Args:
        id: the advisory's own id.
        names: the id and every alias.
        severity: CVSS base score, None when unknown.
        fixes: versions that fix it.
        published: when it was published.
        withdrawn: it was taken back.
    """

    id: str
    names: frozenset[str]
    severity: float | None = None
    fixes: frozenset[Version] = frozenset()
    published: datetime | None = None
    withdrawn: bool = False


@dataclass
class Ledger:
    """What a service learned while pip-audit asked it: per package and version, findings and gaps."""

    findings: dict[tuple[str, Version], list[Finding]] = field(default_factory=dict)
    gaps: dict[tuple[str, Version], list[str]] = field(default_factory=dict)

    def add(self, package: str, version: Version, findings: Iterable[Finding]) -> None:
        """Remember findings."""
        self.findings.setdefault((package, version), []).extend(findings)

    def gap(self, package: str, version: Version, reason: str) -> None:
        """Remember that a package could not be judged whole."""
        self.gaps.setdefault((package, version), []).append(reason)

    def about(self, package: str, version: Version, names: Iterable[str]) -> list[Finding]:
        """The live findings that share a name with an advisory."""
        wanted = set(names)
        found = self.findings.get((package, version), [])
        return [item for item in found if not item.withdrawn and item.names & wanted]


def finding(record: Record, package: str, version: Version, now: datetime) -> Finding:
    """What a record says of a package that it affects.

    Args:
        record: the advisory.
        package: normalised name.
        version: the version in use.
        now: a record is withdrawn from its ``withdrawn`` time on.
    """
    about = record.of(package)
    scores = [item.severity for item in about if item.severity is not None]
    return Finding(
        id=record.id,
        names=frozenset({record.id, *record.aliases}),
        severity=max(scores, default=None),
        fixes=frozenset(fix for item in about for fix in item.fixes(version)),
        published=record.published,
        withdrawn=record.withdrawn is not None and record.withdrawn <= now,
    )
