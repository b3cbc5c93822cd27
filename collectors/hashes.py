"""Collector ``hashes``: what each subject's content is, and whether it is what the pipeline's pins say it is.

One observation of type ``hashes`` for every subject that has content. Its coverage counts files; a file that could
not be hashed, and a pin that could not be compared, is skipped with its reason. A document of pins that cannot be read
could have been about any subject, so every subject's observation says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..content import Content, read_content
from ..evaluator.graph import Coverage, Observation, Skipped, Subject
from .base import Availability, Context
from .pins.comparison import Digests
from .pins.pin import Pin, Statement
from .pins.places import Places
from .pins.search import Found, find_pins

_UNPLACED_SHOWN = 20


@dataclass
class _About:
    """What the pins say of one subject."""

    pins: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    documents: set[str] = field(default_factory=set)


class Hashes:
    """Digests of contents, compared with pins."""

    name = "hashes"
    version = "1"
    types: tuple[str, ...] = ("hashes",)
    kinds: tuple[str, ...] = ("model", "dataset", "dependency_set", "workload", "source")
    network = False

    def available(self, context: Context) -> Availability:
        """Always: only files are read."""
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Observation]:
        """One observation for each subject with content, or one that says why it has none."""
        found = find_pins(context.root)
        about, unplaced = _judge(context, found)
        subjects = [context.subjects[key] for key in sorted(context.subjects)]
        for done, subject in enumerate(subjects):
            context.progress(subject.id, done, len(subjects))
            content = context.contents.get(subject.id)
            if content is not None:
                yield self._observe(context, subject, content, about[subject.id], found, unplaced)
            elif subject.kind in self.kinds:
                yield context.failed(self, subject.id, "hashes", _why_none(context, subject))

    def _observe(
        self, context: Context, subject: Subject, content: Content, about: _About, found: Found, unplaced: list[str]
    ) -> Observation:
        skipped = [Skipped(problem.path, problem.reason) for problem in content.problems]
        if not content.files and not skipped:
            skipped.append(Skipped(subject.location or subject.id, "it has no files, so nothing was hashed"))
        skipped += about.skipped
        skipped += [Skipped(path, f"pins that cannot be read: {reason}") for path, reason in found.broken]
        result = {
            "digest": content.sha256,
            "files": len(content.files),
            "bytes": content.size,
            "folder": content.folder,
            "pins": about.pins,
            "pin_count": len(about.pins),
            "unplaced_pins": unplaced[:_UNPLACED_SHOWN],
            "unplaced_pin_count": len(unplaced),
        }
        coverage = Coverage(len(content.files) + len(skipped), len(content.files), tuple(skipped))
        read = about.documents | {path for path, _ in found.broken if path in found.documents}
        inputs = {path: found.documents[path] for path in sorted(read)}
        return context.observe(self, subject.id, "hashes", result, coverage=coverage, inputs=inputs)


def _judge(context: Context, found: Found) -> tuple[dict[str, _About], list[str]]:
    """What the pins say of each subject, and those that are about nothing that is here."""
    places = Places(context)
    known = {places.subjects[key]: content for key, content in context.contents.items() if key in places.subjects}
    digests = Digests(context.root, known)
    about = {key: _About() for key in context.subjects}
    unplaced: list[str] = []
    for source, statement in found.statements:
        place = places.meant(statement.names)
        concerned = places.concerned(place) if place is not None else []
        if place is None:
            unplaced.append(f"{source}: {statement.names[0]} lies outside the pipeline's folder")
        elif not concerned and not (context.root / place).exists():
            unplaced.append(f"{source}: {place} is missing")
        if place is None or not concerned:
            continue
        verdict = _compare(digests, source, place, statement)
        for key in concerned:
            about[key].documents.add(source)
            if isinstance(verdict, Skipped):
                about[key].skipped.append(verdict)
            else:
                about[key].pins.append(verdict)
    return about, unplaced


def _compare(digests: Digests, source: str, place: str, statement: Statement) -> dict[str, Any] | Skipped:
    if not isinstance(statement, Pin):
        return Skipped(f"{source}: {place}", statement.reason)
    try:
        actual = digests.actual(place, statement)
    except OSError as error:
        return Skipped(f"{source}: {place}", f"pinned, but unreadable: {error.strerror or error}")
    return {
        "source": source,
        "format": statement.format,
        "algorithm": statement.algorithm,
        "path": place,
        "expected": statement.expected,
        "actual": actual,
        "match": actual == statement.expected,
    }


def _why_none(context: Context, subject: Subject) -> str:
    if subject.location is None:
        return "the manifest gives no location, so there is no content to hash"
    if "://" in subject.location:
        return "its location is a URI; only files in the pipeline's folder are hashed"
    try:
        read_content(context.root / subject.location)
    except OSError as error:
        return f"{subject.location} cannot be hashed: {error.strerror or str(error).replace(f'{context.root}/', '')}"
    return f"{subject.location} was not read when the run began"
