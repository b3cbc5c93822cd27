"""Which packages of a dependency set can be audited, by what the dependencies collector reads of it.

An advisory is about releases in an index. A package from elsewhere is asked about all the same when it has a version,
since bad news counts, but good news about it proves nothing. The project itself, which lock files list too, has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_OWN = (".", "./", "")
_LOCAL = ("editable", "path")


def audited(packages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The packages as the child process wants them.

    Args:
        packages: each with ``name``, ``version``, ``pinned``, ``source`` and ``url``, as an observation of the type
            ``dependencies`` has them.

    Returns:
        Name, version (null when there is none to ask about) and reason (why it is not judged whole; empty when it is).
    """
    return [_asked(item) for item in packages if not _own(item)]


def _own(item: Mapping[str, Any]) -> bool:
    return item.get("source") in _LOCAL and item.get("url") in _OWN


def _asked(item: Mapping[str, Any]) -> dict[str, Any]:
    version, source = item.get("version"), item.get("source")
    if source != "index":
        reason = f"it comes from a {source}, and advisories are about releases in an index"
    elif version is None or not item.get("pinned"):
        version, reason = None, "it is not pinned to one version"
    else:
        reason = ""
    return {"name": str(item.get("name")), "version": version, "reason": reason}
