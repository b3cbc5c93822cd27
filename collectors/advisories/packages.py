"""The packages of a lock file as a dependency source of pip-audit.

pip-audit itself reads requirements and pylock.toml only, does not follow ``-r`` when told not to run pip, leaves out
what a marker excludes on the machine that audits, and gives up at the first requirement that is not pinned. Here every
package of every format is audited, whatever its marker, and each one that cannot be is skipped with its reason.
Imported only in the child process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pip_audit._dependency_source import DependencySource
from pip_audit._service import Dependency, ResolvedDependency, SkippedDependency


class PackageSource(DependencySource):
    """Packages that are already resolved.

    Args:
        packages: each with ``name``, ``version`` (null when it has none) and ``reason`` (why it has none).
    """

    def __init__(self, packages: Sequence[Mapping[str, Any]]) -> None:
        self._packages = packages

    def collect(self) -> Iterator[Dependency]:
        """Each distinct package and version once, sorted."""
        distinct = {
            (canonicalize_name(item["name"]), item["version"], item.get("reason", "")) for item in self._packages
        }
        for name, version, reason in sorted(distinct, key=lambda item: (item[0], item[1] or "", item[2])):
            yield _dependency(name, version, reason)

    def fix(self, fix_version: Any) -> None:
        """Never: evidence is gathered, files are not changed."""
        raise NotImplementedError


def _dependency(name: str, version: str | None, reason: str) -> Dependency:
    if version is None:
        return SkippedDependency(name=name, skip_reason=reason or "no version is given")
    try:
        return ResolvedDependency(name=name, version=Version(version))
    except InvalidVersion:
        return SkippedDependency(name=name, skip_reason=f"version {version!r} does not follow PEP 440")
