"""The answer of an audit: what pip-audit found, together with what its services noted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ... import strict_json
from .database import Database
from .findings import Finding, Ledger

_LISTED = 50


def outcome(answers: Mapping[Any, Sequence[Any]], ledger: Ledger) -> dict[str, Any]:
    """``audited`` (a count), ``vulnerabilities`` and ``skipped``, sorted.

    Args:
        answers: pip-audit's dependencies and their results.
        ledger: what the service noted while it was asked.
    """
    skipped: list[dict[str, str]] = []
    vulnerabilities: list[dict[str, Any]] = []
    audited = 0
    for dependency, results in answers.items():
        if dependency.is_skipped():
            skipped.append({"item": dependency.name, "reason": dependency.skip_reason})
            continue
        name, version = dependency.canonical_name, dependency.version
        gaps = ledger.gaps.get((name, version), [])
        if gaps:
            skipped.append({"item": f"{name} {version}", "reason": "; ".join(gaps)[:1000]})
        else:
            audited += 1
        vulnerabilities += _vulnerabilities(name, version, results, ledger)
    vulnerabilities.sort(key=lambda item: (item["package"], item["version"], item["id"]))
    skipped.sort(key=lambda item: (item["item"], item["reason"]))
    return {"audited": audited, "vulnerabilities": vulnerabilities, "skipped": skipped}


def report(answers: Mapping[Any, Sequence[Any]]) -> str:
    """pip-audit's own JSON report, in canonical form: it lists aliases from a set, in another order at each run."""
    from pip_audit._format import JsonFormat

    document = json.loads(JsonFormat(output_desc=True, output_aliases=True).format(dict(answers), []))
    for vulnerability in (item for dependency in document["dependencies"] for item in dependency.get("vulns", ())):
        vulnerability["aliases"].sort()
    return strict_json.canonical(document).decode()


def malformed(database: Database) -> list[dict[str, str]]:
    """The files of a database that are not advisories, as skipped items; beyond a number, only how many more."""
    found = database.malformed
    listed = [{"item": item.name, "reason": f"malformed advisory: {item.reason}"} for item in found[:_LISTED]]
    if len(found) > _LISTED:
        listed.append({"item": "advisories", "reason": f"{len(found) - _LISTED} further malformed advisories"})
    return listed


def _vulnerabilities(name: str, version: Any, results: Sequence[Any], ledger: Ledger) -> Iterator[dict[str, Any]]:
    for result in results:
        group = ledger.about(name, version, {result.id, *result.aliases})
        names = {result.id, *result.aliases}.union(*(item.names for item in group))
        fixes = set(result.fix_versions).union(*(item.fixes for item in group))
        yield _document(name, version, str(result.id), names, fixes, group)
    for item in ledger.findings.get((name, version), []):
        if item.withdrawn:
            yield {**_document(name, version, item.id, set(item.names), set(item.fixes), [item]), "withdrawn": True}


def _document(
    name: str, version: Any, id: str, names: set[str], fixes: set[Any], group: Sequence[Finding]
) -> dict[str, Any]:
    severities = [item.severity for item in group if item.severity is not None]
    published = [item.published for item in group if item.published is not None]
    return {
        "package": name,
        "version": str(version),
        "id": id,
        "aliases": sorted(names - {id}),
        "severity": max(severities, default=None),
        "fix_versions": [str(fix) for fix in sorted(fixes)],
        "published": _time(min(published)) if published else None,
        "withdrawn": False,
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
