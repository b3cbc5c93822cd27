"""Collector ``dependencies``: what a lock file pins, with which hashes, and from which indexes.

One observation of type ``dependencies`` for every dependency set, whose location is the lock file. Its coverage counts
the files that were read and the packages found in them; what is included and cannot be read is skipped with its reason.
A lock file with an error of syntax is a failed observation that names file and line. Credentials in URLs are left out.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from functools import partial

from ..errors import EvidenceError
from ..evaluator.graph import Coverage, Observation, Subject
from .base import Availability, Context
from .lockfiles.configuration import read_configuration
from .lockfiles.lock import Files, Lock
from .lockfiles.pipfile import read_pipfile
from .lockfiles.poetry import read_poetry
from .lockfiles.pylock import NAME as PYLOCK
from .lockfiles.pylock import read_pylock
from .lockfiles.requirements import read_requirements
from .lockfiles.uv import read_uv

_BY_NAME = {"poetry.lock": read_poetry, "uv.lock": read_uv, "Pipfile.lock": read_pipfile}
_REQUIREMENTS = (".txt", ".in", ".pip")


class Dependencies:
    """Reads lock files."""

    name = "dependencies"
    version = "1"
    types: tuple[str, ...] = ("dependencies",)
    kinds: tuple[str, ...] = ("dependency_set",)
    network = False

    def available(self, context: Context) -> Availability:
        """Always: only files are read."""
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Observation]:
        """One observation for each dependency set."""
        subjects = context.of_kind(*self.kinds)
        for done, subject in enumerate(subjects):
            context.progress(subject.id, done, len(subjects))
            try:
                yield self._observe(context, subject)
            except EvidenceError as error:
                yield context.failed(self, subject.id, "dependencies", str(error))

    def _observe(self, context: Context, subject: Subject) -> Observation:
        path, files = _location(context, subject), Files(context.root)
        data = files.read(path)
        if subject.digest.get("sha256", files.digests[path]) != files.digests[path]:
            raise EvidenceError(f"{path} changed while the pipeline was assessed")
        lock = _reader(path, files)(data, path)
        configured = read_configuration(files, path)
        skipped = (*lock.skipped, *configured.skipped)
        examined = lock.files + len(lock.packages) + configured.files
        result = {
            "format": lock.format,
            "complete_lock": lock.complete,
            "packages": [package.to_document() for package in lock.packages],
            "package_count": len(lock.packages),
            "projects": sorted(lock.projects),
            "indexes": [index.to_document() for index in (*lock.indexes, *configured.indexes)],
            "trusted_hosts": sorted({*lock.trusted_hosts, *configured.trusted_hosts}),
            "indexes_configured_in": configured.paths,
        }
        coverage = Coverage(examined + len(skipped), examined, skipped)
        return context.observe(self, subject.id, "dependencies", result, coverage=coverage, inputs=files.digests)


def _location(context: Context, subject: Subject) -> str:
    if subject.location is None or "://" in subject.location:
        raise EvidenceError(f"{subject.id} has no lock file in the pipeline's folder: give its location")
    if (context.root / subject.location).is_dir():
        raise EvidenceError(f"{subject.location} is a folder: give the path of the lock file in it")
    return posixpath.normpath(subject.location)


def _reader(path: str, files: Files) -> Callable[[bytes, str], Lock]:
    name = posixpath.basename(path)
    if name in _BY_NAME:
        return _BY_NAME[name]
    if PYLOCK.fullmatch(name):
        return read_pylock
    if name.endswith(_REQUIREMENTS):
        return partial(read_requirements, files=files)
    raise EvidenceError(
        f"{path} is no lock file that is known",
        why="known are requirements (*.txt, *.in), poetry.lock, uv.lock, Pipfile.lock and pylock.toml",
    )
