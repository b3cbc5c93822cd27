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
        packages: each with ``name``, ``version`` (null when there is none to ask about) and ``reason`` (why it is not
            judged whole; empty when it is).
    """

    def __init__(self, packages: Sequence[Mapping[str, Any]]) -> None:
        self._packages = packages

    def collect(self) -> Iterator[Dependency]:
        """Each distinct package and version once, sorted."""
        distinct = {
            (canonicalize_name(item["name"]), item["version"], "" if item["version"] else item["reason"])
            for item in self._packages
        }
        for name, version, reason in sorted(distinct, key=lambda item: (item[0], item[1] or "", item[2])):
            yield _dependency(name, version, reason)

    def doubtful(self) -> Iterator[tuple[str, Version, str]]:
        """Packages that have a version and are not judged whole, with the reason."""
        for item in self._packages:
            if item["version"] and item["reason"] and is_version(item["version"]):
                yield canonicalize_name(item["name"]), Version(item["version"]), item["reason"]

    def fix(self, fix_version: Any) -> None:
        """Never: evidence is gathered, files are not changed."""
        raise NotImplementedError


def is_version(text: str) -> bool:
    """Whether a version follows PEP 440."""
    try:
        return bool(Version(text))
    except InvalidVersion:
        return False


def _dependency(name: str, version: str | None, reason: str) -> Dependency:
    if version is None:
        return SkippedDependency(name=name, skip_reason=reason or "no version is given")
    if not is_version(version):
        return SkippedDependency(name=name, skip_reason=f"version {version!r} does not follow PEP 440")
    return ResolvedDependency(name=name, version=Version(version))
