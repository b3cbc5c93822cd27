"""One run of pip-audit over a list of packages: the part that runs in the child process.

The request and the answer are plain JSON values, described at `audit`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from ... import strict_json
from ...errors import EvidenceError
from .database import Database, read_database
from .findings import Finding, Ledger

_LISTED = 50


def audit(request: Mapping[str, Any]) -> dict[str, Any]:
    """Audit packages with pip-audit.

    Args:
        request: ``service`` (local, pypi, osv), ``packages`` (name, version or null, and reason when null), ``now``
            (RFC 3339), and by service ``advisories`` (absolute path), ``osv_url``, ``timeout`` (seconds per request).

    Returns:
        ``failed`` with the reason; or ``database``, ``audited``, ``vulnerabilities``, ``skipped`` (item and reason),
        ``seen``, ``report`` (pip-audit's JSON, canonical) and ``version`` (of pip-audit).
    """
    import requests
    from pip_audit._service import ServiceError

    try:
        with ExitStack() as stack:
            return _audit(request, stack)
    except requests.RequestException as error:
        # its text holds memory addresses, which would make the same failure look different each time
        return {"failed": f"the {request['service']} service cannot be reached: {type(error).__name__}"}
    except ServiceError as error:
        cause = error.__cause__
        status = getattr(getattr(cause, "response", None), "status_code", None)
        return {"failed": f"the {request['service']} service failed: {f'HTTP status {status}' if status else error}"}
    except EvidenceError as error:
        return {"failed": str(error)}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if request["service"] == "local":
            raise
        return {"failed": f"the {request['service']} service sent a malformed answer: {type(error).__name__}: {error}"}


def _audit(request: Mapping[str, Any], stack: ExitStack) -> dict[str, Any]:
    import pip_audit
    from pip_audit._audit import Auditor
    from pip_audit._format import JsonFormat

    from .packages import PackageSource

    now = datetime.fromisoformat(request["now"])
    database = _database(request["advisories"]) if request["service"] == "local" else None
    service = _service(request, database, now, stack)
    answers = dict(Auditor(service).audit(PackageSource(request["packages"])))
    report = json.loads(JsonFormat(output_desc=True, output_aliases=True).format(answers, []))
    for vulnerability in (item for dependency in report["dependencies"] for item in dependency.get("vulns", ())):
        vulnerability["aliases"].sort()  # a set: without an order of its own
    skipped, audited, vulnerabilities = _read(answers, service.ledger)
    malformed = [] if database is None else _malformed(database)
    return {
        "database": None if database is None else _described(database),
        "audited": audited,
        "vulnerabilities": vulnerabilities,
        "seen": len(answers) + len(malformed),
        "skipped": skipped + malformed,
        "report": strict_json.canonical(report).decode(),
        "version": pip_audit.__version__,
    }


def _service(request: Mapping[str, Any], database: Database | None, now: datetime, stack: ExitStack) -> Any:
    from .services import LocalService, WatchedOsvService, WatchedPyPIService

    if database is not None:
        return LocalService(database, now)
    # an empty folder as cache: pip-audit's own may hold answers of another day or another service
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="probatum-audit-")))
    if request["service"] == "osv":
        return WatchedOsvService(folder, request["timeout"], request["osv_url"], now)
    return WatchedPyPIService(folder, request["timeout"])


@cache
def _database(path: str) -> Database:
    return read_database(Path(path))


def _read(
    answers: Mapping[Any, Sequence[Any]], ledger: Ledger
) -> tuple[list[dict[str, str]], int, list[dict[str, Any]]]:
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
    return sorted(skipped, key=lambda item: (item["item"], item["reason"])), audited, vulnerabilities


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


def _described(database: Database) -> dict[str, Any]:
    return {
        "digest": database.sha256,
        "advisories": database.records,
        "newest": None if database.newest is None else _time(database.newest),
        "malformed": len(database.malformed),
    }


def _malformed(database: Database) -> list[dict[str, str]]:
    listed = [
        {"item": item.name, "reason": f"malformed advisory: {item.reason}"} for item in database.malformed[:_LISTED]
    ]
    rest = len(database.malformed) - len(listed)
    if rest:
        listed.append({"item": "advisories", "reason": f"{rest} further malformed advisories"})
    return listed


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
