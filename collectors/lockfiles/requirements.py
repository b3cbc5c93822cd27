"""Requirements files, with the files that they include (``-r``) and the constraints that they set (``-c``)."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from ...errors import EvidenceError
from ...evaluator.graph import Skipped
from .distributions import fragment_of, has_commit, is_vcs, last_part, name_and_version, normalised
from .lock import Files, Index, Lock, LockError, Package, is_strong
from .requirement_lines import Line, read_lines
from .toml_document import parsed
from .urls import clean, cleaned

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|file:|(?:git|hg|svn|bzr)\+")
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar")
_LONGEST = 8192  # characters of a requirement without its options
_EXTRAS = re.compile(r"^(.+?)(\[[^\]]*\])$")


def read_requirements(data: bytes, path: str, files: Files) -> Lock:
    """Read a requirements file.

    A requirements file lists every dependency only if pip checks hashes, because then pip refuses what is not listed:
    that is so with ``--require-hashes`` or as soon as one requirement has a hash.

    Args:
        data: its bytes.
        path: relative to the root.
        files: reads what it includes.

    Raises:
        LockError: a line is one that pip would refuse.
    """
    reader = _Reader(files)
    reader.read(data, path, constraint=False, above=())
    return reader.lock()


class _Reader:
    def __init__(self, files: Files) -> None:
        self._files = files
        self._lock = Lock("requirements")
        self._constraints: dict[str, list[Package]] = {}
        self._done: set[tuple[str, bool]] = set()
        self._require_hashes = False

    def lock(self) -> Lock:
        lock = self._lock
        lock.packages = [self._constrained(package) for package in lock.packages]
        primary = next((index.url for index in reversed(lock.indexes) if index.kind == "primary"), None)
        lock.packages = [
            replace(package, index=primary) if package.source == "index" else package for package in lock.packages
        ]
        hashed = self._require_hashes or all(package.hashed for package in lock.packages)
        lock.complete = bool(lock.packages) and hashed and not lock.skipped
        lock.files = len(self._done)
        return lock

    def read(self, data: bytes, path: str, *, constraint: bool, above: tuple[str, ...]) -> None:
        self._done.add((path, constraint))
        for line in read_lines(data, path):
            self._hashes(line)
            if line.requirement:
                self._requirement(line, line.requirement, editable=False, constraint=constraint)
            for text in line.options.editable:
                self._requirement(line, text, editable=True, constraint=constraint)
            self._options(line)
            for key, kind in (("requirement", constraint), ("constraint", True)):
                for name in getattr(line.options, key):
                    self._include(line, name, path, kind, (*above, path))

    def _hashes(self, line: Line) -> None:
        for value in line.options.hash:
            if not is_strong(value):
                raise LockError(line.where, f"--hash={value} is no SHA-256, SHA-384 or SHA-512 hash")
        if line.options.hash and not (line.requirement or line.options.editable):
            self._skip(line, "--hash", "it belongs to no requirement; the line above may lack its final backslash")

    def _options(self, line: Line) -> None:
        options, lock = line.options, self._lock
        if line.requirement and (options.index_url or options.extra_index_url or options.find_links):
            raise LockError(line.where, "an index cannot be set for one requirement")
        if options.index_url:
            lock.indexes.append(Index(options.index_url, "primary", line.where))
        lock.indexes += [Index(url, "extra", line.where) for url in options.extra_index_url]
        lock.indexes += [Index(url, "find-links", line.where) for url in options.find_links]
        lock.trusted_hosts += options.trusted_host
        self._require_hashes |= options.require_hashes

    def _include(self, line: Line, name: str, path: str, constraint: bool, above: tuple[str, ...]) -> None:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        if _VARIABLE.search(name):
            self._skip(line, name, "its path is set by an environment variable")
        elif "://" in name:
            self._skip(line, name, "it is fetched from elsewhere; only files of the pipeline are read")
        elif target in above:
            self._skip(line, name, "it includes itself")
        elif (target, constraint) not in self._done:
            try:
                data = self._files.read(target)
            except EvidenceError as error:
                self._skip(line, name, str(error))
                return
            self.read(data, target, constraint=constraint, above=above)

    def _skip(self, line: Line, item: str, reason: str) -> None:
        self._lock.skipped.append(Skipped(f"{line.where}: {cleaned(item)}", cleaned(reason)))

    def _requirement(self, line: Line, text: str, *, editable: bool, constraint: bool) -> None:
        if len(text) > _LONGEST:
            raise LockError(line.where, f"a requirement of {len(text)} characters")
        try:
            package = self._package(line, text, editable)
        except (InvalidRequirement, ValueError, RecursionError) as error:
            if _VARIABLE.search(text):
                self._skip(line, text, "what it requires is set by an environment variable")
                return
            raise LockError(
                line.where, f"{cleaned(text)!r} is no requirement ({cleaned(_first_line(error))})"
            ) from error
        if constraint:
            self._constraints.setdefault(package.name, []).append(package)
        else:
            self._lock.packages.append(package)

    def _package(self, line: Line, text: str, editable: bool) -> Package:
        hashes = len(line.options.hash)
        bare, marker = _without_marker(text)
        if editable or _is_location(bare):
            return self._located(line, bare, marker, editable, hashes)
        requirement = Requirement(text)
        marker = str(requirement.marker) if requirement.marker else None
        name = normalised(requirement.name)
        if requirement.url:
            return replace(self._located(line, requirement.url, marker, False, hashes), name=name)
        version = _pinned_version(requirement)
        return Package(name, version, version is not None, hashes, hashes > 0, "index", line.where, marker=marker)

    def _located(self, line: Line, url: str, marker: str | None, editable: bool, hashes: int) -> Package:
        fragment = fragment_of(url)
        hashes += sum(is_strong(f"{key}:{value}") for key, value in fragment.items())
        last = last_part(clean(url))
        name, version = name_and_version(last)
        if is_vcs(url):
            source, pinned = "vcs", has_commit(url)
        elif _URL.match(url) and not url.lower().startswith("file:"):
            source, pinned = "url", hashes > 0
        else:
            source, pinned = "path", hashes > 0
            name = name or self._project_name(line, url)
        name = fragment.get("egg", name or last).partition("[")[0]
        name = name if re.search("[A-Za-z0-9]", name) else "unnamed"
        source = "editable" if editable else source
        url = _EXTRAS.sub(r"\1", url)
        return Package(
            normalised(name), version, pinned, hashes, hashes > 0, source, line.where, clean(url), marker=marker
        )

    def _project_name(self, line: Line, path: str) -> str | None:
        folder = posixpath.join(posixpath.dirname(line.where.rpartition(":")[0]), _EXTRAS.sub(r"\1", path))
        try:
            document = parsed(self._files.read(posixpath.normpath(f"{folder}/pyproject.toml")).decode())
            name: Any = document["project"]["name"]
        except (EvidenceError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return name if isinstance(name, str) and name else None

    def _constrained(self, package: Package) -> Package:
        for limit in self._constraints.get(package.name, []):
            if limit.marker not in (None, package.marker) or package.source != "index":
                continue
            if limit.source != "index":  # the constraint says where the package comes from
                return replace(limit, at=package.at, marker=package.marker)
            if limit.pinned and not package.pinned:
                package = replace(package, version=limit.version, pinned=True)
            hashes = package.hashes + limit.hashes
            package = replace(package, hashes=hashes, hashed=hashes > 0)
        return package


def _pinned_version(requirement: Requirement) -> str | None:
    exact = [
        item.version for item in requirement.specifier if item.operator in ("==", "===") and "*" not in item.version
    ]
    return exact[0] if exact else None


def _without_marker(text: str) -> tuple[str, str | None]:
    bare, _, marker = text.partition("; " if _URL.match(text) else ";")
    return bare.strip(), marker.strip() or None


def _is_location(text: str) -> bool:
    bare = _EXTRAS.sub(r"\1", text)
    if " @" in text or re.match(r"[A-Za-z0-9._-]+(\[[^\]]*\])?@", text):
        return False
    return bool(_URL.match(text)) or bare.startswith((".", "/", "~")) or "/" in bare or bare.lower().endswith(_ARCHIVES)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
