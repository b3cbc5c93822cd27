"""pip-audit's vulnerability services, made to tell everything they saw.

The local service is our own; the two online ones are pip-audit's, watched: what their answers say and pip-audit drops
(severity, a withdrawn advisory, a further page, an advisory it does not understand) goes into the ledger.
Imported only in the child process: pip-audit takes half a second to import.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import requests
from packaging.version import Version
from pip_audit._service import (
    Dependency,
    OsvService,
    PyPIService,
    ResolvedDependency,
    ServiceError,
    VulnerabilityResult,
    VulnerabilityService,
)
from pip_audit._service.interface import VulnerabilityID

from .database import Database
from .findings import Finding, Ledger, finding
from .record import MalformedRecordError, Record, parse_record

_Answer = tuple[Dependency, list[VulnerabilityResult]]


class LocalService(VulnerabilityService):
    """Answers from a database of OSV advisories, without a network.

    Args:
        database: the advisories.
        now: the time that decides which are withdrawn.
    """

    def __init__(self, database: Database, now: datetime) -> None:
        self.ledger = Ledger()
        self._database = database
        self._now = now

    def query(self, spec: Dependency) -> _Answer:
        """The advisories that affect one dependency."""
        if spec.is_skipped():
            return spec, []
        resolved = cast("ResolvedDependency", spec)
        name, version = resolved.canonical_name, resolved.version
        results = []
        for record in self._database.packages.get(name, ()):
            found = self._judge(record, name, version)
            if found is not None and not found.withdrawn:
                results.append(_result(record, found))
        return spec, results

    def _judge(self, record: Record, name: str, version: Version) -> Finding | None:
        about = record.of(name)
        if not any(item.includes(version) for item in about):
            for item in about:
                if item.unjudged and (record.withdrawn is None or record.withdrawn > self._now):
                    self.ledger.gap(name, version, f"{record.id} cannot be compared with {version}: {item.unjudged}")
            return None
        found = finding(record, name, version, self._now)
        self.ledger.add(name, version, [found])
        return found


class WatchedOsvService(OsvService):
    """pip-audit's OSV service; every answer is also read by our own reader of OSV records."""

    def __init__(self, cache: Path, timeout: int, url: str, now: datetime) -> None:
        super().__init__(cache, timeout, url)
        self.ledger = Ledger()
        self._now = now
        self._answer: Any = None
        self.session.hooks["response"].append(self._keep)

    def query(self, spec: Dependency) -> _Answer:
        """The advisories that OSV has of one dependency."""
        self._answer = None
        dependency, results = super().query(spec)
        if not spec.is_skipped():
            resolved = cast("ResolvedDependency", spec)
            self._read(
                resolved.canonical_name,
                resolved.version,
                {name for item in results for name in (item.id, *item.aliases)},
            )
        return dependency, results

    def _keep(self, response: requests.Response, **_: Any) -> None:
        if response.ok and not response.is_redirect:
            self._answer = response.json()

    def _read(self, name: str, version: Version, told: set[str]) -> None:
        if not isinstance(self._answer, Mapping):
            raise ServiceError("the OSV service did not answer with a JSON object")
        if self._answer.get("next_page_token"):
            self.ledger.gap(name, version, "the OSV service has further pages, which pip-audit does not ask for")
        for document in self._answer.get("vulns", ()):
            try:
                found = finding(parse_record(document), name, version, self._now)
            except MalformedRecordError as error:
                found = Finding(str(document.get("id")), frozenset({str(document.get("id"))}))
                self.ledger.gap(name, version, f"the OSV service sent a malformed advisory {found.id}: {error}")
            self.ledger.add(name, version, [found])
            if not found.withdrawn and not found.names & told:
                self.ledger.gap(name, version, f"pip-audit passed over the advisory {found.id}")


class WatchedPyPIService(PyPIService):
    """pip-audit's PyPI service; withdrawn advisories, which it drops, are kept in the ledger."""

    def __init__(self, cache: Path, timeout: int) -> None:
        super().__init__(cache, timeout)
        self.ledger = Ledger()
        self.session.hooks["response"].append(self._keep)
        self._answer: Any = None

    def query(self, spec: Dependency) -> _Answer:
        """The advisories that PyPI has of one dependency."""
        self._answer = None
        dependency, results = super().query(spec)
        if isinstance(dependency, ResolvedDependency) and isinstance(self._answer, Mapping):
            self.ledger.add(
                dependency.canonical_name, dependency.version, map(_of_pypi, self._answer.get("vulnerabilities") or ())
            )
        return dependency, results

    def _keep(self, response: requests.Response, **_: Any) -> None:
        if response.ok and not response.is_redirect:
            self._answer = json.loads(response.content)


def _of_pypi(document: Mapping[str, Any]) -> Finding:
    published = document.get("published")
    return Finding(
        id=document["id"],
        names=frozenset({document["id"], *document.get("aliases", ())}),
        fixes=frozenset(map(Version, document.get("fixed_in", ()))),
        published=datetime.fromisoformat(published) if published else None,
        withdrawn=document.get("withdrawn") is not None,
    )


def _result(record: Record, found: Finding) -> VulnerabilityResult:
    names = [VulnerabilityID(name) for name in dict.fromkeys((record.id, *record.aliases))]
    return VulnerabilityResult.create(names, record.summary or "N/A", sorted(found.fixes), record.published)
