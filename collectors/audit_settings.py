"""The settings of the collector dependency_audit, checked.

In the manifest: ``collectors: {dependency_audit: {service: local, advisories: advisories}}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import UsageError

SERVICES = ("local", "osv", "pypi")
OSV_URL = "https://api.osv.dev/v1/query"
_FIELDS = ("advisories", "osv_url", "service", "timeout")
_MAX_TIMEOUT = 300


@dataclass(frozen=True)
class AuditSettings:
    """Where advisories come from.

    Args:
        service: ``local``, ``osv`` or ``pypi``; None when the settings name none and the network was not asked for.
        advisories: absolute path of the local database, for the service ``local``.
        named: the database's path as the manifest has it.
        osv_url: address of the OSV query API.
        timeout: seconds to wait for a service's answer to one request.
    """

    service: str | None
    advisories: Path | None = None
    named: str = ""
    osv_url: str = OSV_URL
    timeout: int = 15


def read_settings(settings: Mapping[str, Any], root: Path, *, online: bool) -> AuditSettings:
    """Check the settings.

    Without ``service``: ``local`` where ``advisories`` are given, else ``pypi`` when the network was asked for.

    Args:
        settings: the manifest's section.
        root: the pipeline's folder, which a relative path of advisories may not leave.
        online: network use was asked for.

    Raises:
        UsageError: a field is unknown or has a wrong value; names the field.
    """
    for name in settings:
        if name not in _FIELDS:
            near = get_close_matches(str(name), _FIELDS, 1)
            raise _wrong(
                name, "it is not a setting", f"did you mean {near[0]!r}?" if near else f"known are {', '.join(_FIELDS)}"
            )
    named, service = settings.get("advisories"), settings.get("service")
    advisories = None if named is None else _advisories(named, root)
    if service is None:
        service = "local" if advisories else "pypi" if online else None
    elif service not in SERVICES:
        raise _wrong("service", f"{service!r} is not a service", f"choose one of {', '.join(SERVICES)}")
    if service == "local" and advisories is None:
        raise _wrong("advisories", "it is missing, and the service is local", "give the folder of OSV advisories")
    if service != "local" and advisories is not None:
        raise _wrong(
            "advisories", f"the service is {service}, which does not read it", "say 'service: local', or leave it out"
        )
    return AuditSettings(
        service,
        advisories,
        str(named or ""),
        _url(settings.get("osv_url", OSV_URL)),
        _timeout(settings.get("timeout", 15)),
    )


def _advisories(named: object, root: Path) -> Path:
    if not isinstance(named, str) or not named or "\0" in named:
        raise _wrong("advisories", f"{named!r} is not a path", "give the folder of OSV advisories")
    path = (root / named).resolve()
    if not Path(named).is_absolute() and not path.is_relative_to(root.resolve()):
        raise _wrong("advisories", f"{named!r} lies outside the pipeline", "give an absolute path if that is meant")
    if not path.exists():
        raise _wrong("advisories", f"nothing is at {named!r}", "give the folder of OSV advisories")
    return path


def _url(value: object) -> str:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        whole = parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        whole = False
    if not isinstance(value, str) or not whole:
        raise _wrong("osv_url", f"{value!r} is not an HTTP address", f"the public one is {OSV_URL}")
    return value


def _timeout(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MAX_TIMEOUT:
        raise _wrong(
            "timeout", f"{value!r} is not a number of seconds", f"give a whole number from 1 to {_MAX_TIMEOUT}"
        )
    return value


def _wrong(field: object, why: str, remedy: str) -> UsageError:
    return UsageError(f"collectors.dependency_audit.{field} is wrong", why=why, remedy=remedy)
