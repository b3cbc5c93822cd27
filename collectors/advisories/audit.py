"""One run of pip-audit over a list of packages: the part that runs in the child process.

The request and the answer are plain JSON values, described at `audit`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from ...errors import EvidenceError
from .answer import malformed, outcome, report
from .database import Database, read_database


def audit(request: Mapping[str, Any]) -> dict[str, Any]:
    """Audit packages with pip-audit.

    Args:
        request: ``service`` (local, pypi, osv), ``packages`` (see `audited`), ``now`` (RFC 3339), and by service
            ``advisories`` (absolute path), or ``timeout`` (seconds for one request) and ``osv_url``.

    Returns:
        ``failed`` with the reason; or ``database``, ``audited``, ``vulnerabilities``, ``skipped`` (item and reason),
        ``seen``, ``report`` (pip-audit's JSON, canonical) and ``version`` (of pip-audit).
    """
    try:
        with ExitStack() as stack:
            return _audit(request, stack)
    except EvidenceError as error:
        return {"failed": str(error)}


def _audit(request: Mapping[str, Any], stack: ExitStack) -> dict[str, Any]:
    import pip_audit

    from .packages import PackageSource

    database = _database(request["advisories"]) if request["service"] == "local" else None
    service = _service(request, database, stack)
    source = PackageSource(request["packages"])
    answers = _ask(request["service"], service, source)
    for name, version, reason in source.doubtful():
        service.ledger.gap(name, version, reason)
    result = outcome(answers, service.ledger)
    unread = [] if database is None else malformed(database)
    return {
        **result,
        "database": None if database is None else database.to_document(),
        "seen": len(answers) + len(unread),
        "skipped": result["skipped"] + unread,
        "report": report(answers),
        "version": pip_audit.__version__,
    }


def _service(request: Mapping[str, Any], database: Database | None, stack: ExitStack) -> Any:
    from .services import LocalService, WatchedOsvService, WatchedPyPIService

    now = datetime.fromisoformat(request["now"])
    if database is not None:
        return LocalService(database, now)
    # an empty folder as cache: pip-audit's own may hold answers of another day or another service
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="probatum-audit-")))
    if request["service"] == "osv":
        return WatchedOsvService(folder, request["timeout"], request["osv_url"], now)
    return WatchedPyPIService(folder, request["timeout"])


def _ask(name: str, service: Any, source: Any) -> dict[Any, Any]:
    import requests
    from pip_audit._audit import Auditor
    from pip_audit._service import ServiceError

    try:
        return dict(Auditor(service).audit(source))
    except ServiceError as error:
        status = getattr(getattr(error.__cause__, "response", None), "status_code", None)
        why = f"HTTP status {status}" if status else str(error)
        raise EvidenceError(f"the {name} service failed", why=why) from error
    except (requests.exceptions.InvalidJSONError, KeyError, TypeError, ValueError, AttributeError) as error:
        if name == "local":
            raise
        raise EvidenceError(f"the {name} service sent a malformed answer", why=type(error).__name__) from error
    except requests.RequestException as error:
        # not its text, which holds memory addresses and would make the same failure look different each time
        raise EvidenceError(f"the {name} service cannot be reached", why=type(error).__name__) from error


@cache
def _database(path: str) -> Database:
    return read_database(Path(path))
