"""The subjects of a verdict held against the files at hand: each content is digested again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...content import Content, read_content
from ...evaluator.graph import Graph
from .report import Row
from .subject_manifest import SubjectManifest

_SHOWN = 5


class SubjectsAtHand:
    """The files that a verifier has, compared with what a verdict is about.

    A folder in which a subject lies where the evidence says is the pipeline's: there every subject with a location
    must agree; of several such folders, in each that has it. Any other folder, and each file, must itself be one
    subject's content.

    Args:
        verdict: the verified verdict statement.
        graph: the verified evidence graph, which knows where each subject lay.
        paths: what the verifier has; none, and no file is looked at.
    """

    def __init__(self, verdict: Mapping[str, Any], graph: Graph, paths: Sequence[Path]) -> None:
        self._subjects = {str(item["name"]): str(item["digest"].get("sha256")) for item in verdict["subject"]}
        known = {name: graph.subjects[name] for name in self._subjects if name in graph.subjects}
        self._places = {name: subject.location for name, subject in known.items()}
        self._roots = [path for path in paths if self._is_root(path)]
        self._others = [path for path in paths if path not in self._roots]
        self._hashed: list[tuple[str, Content]] = []

    @property
    def manifest(self) -> SubjectManifest:
        """Every file that was hashed and that agreed."""
        return SubjectManifest.of(self._hashed)

    def rows(self) -> Iterator[Row]:
        """One row per subject that is at hand or should be, and one for what was not compared."""
        if not self._roots and not self._others:
            yield Row("subjects", None, detail="no files were given to compare with (--subject PATH)")
            return
        made = [row for name in self._subjects for row in self._located(name)] if self._roots else []
        made += [self._whole(path) for path in self._others]
        yield from made
        if not any(row.ok for row in made):
            why = "nothing at hand is what the verdict is about"
            yield Row("subjects", False, "at least one file that agrees", "none", why)
        seen = {row.check for row in made}
        left = [name for name in self._subjects if f"subject {name}" not in seen]
        if left:
            names = ", ".join(left[:_SHOWN]) + ("" if len(left) <= _SHOWN else ", …")
            yield Row("other subjects", None, detail=f"{len(left)} were not compared: {names}")

    def _is_root(self, path: Path) -> bool:
        places = [place for place in self._places.values() if place is not None and "://" not in place]
        return path.is_dir() and any(_find(place, [path]) for place in places)

    def _located(self, name: str) -> list[Row]:
        """One row per folder that has the subject: a good one must not hide that another is not what was assessed."""
        check, expected, location = f"subject {name}", self._subjects[name], self._places.get(name)
        if location is None or "://" in location:
            why = f"its content is not a file of the pipeline ({location or 'no location'})"
            return [Row(check, None, expected, "", why)]
        paths = _find(location, self._roots)
        if not paths:
            where = ", ".join(str(root) for root in self._roots)
            return [Row(check, False, expected, "", f"{location} is not there, or lies outside {where}")]
        return [self._found(name, location, path) for path in paths]

    def _found(self, name: str, location: str, path: Path) -> Row:
        check, expected = f"subject {name}", self._subjects[name]
        shown = location if len(self._roots) == 1 else str(path)
        try:
            content = read_content(path)
        except OSError as error:
            return Row(check, False, expected, "", f"{shown} cannot be read: {error.strerror or error}")
        row = _compared(check, expected, shown, content)
        alone = len(self._roots) == 1 and not self._others
        self._keep(row, location if alone else str(path), content)
        return row

    def _whole(self, path: Path) -> Row:
        """A file or folder that is to be one subject's content, whatever it is called."""
        check = f"subject {path}"
        try:
            content = read_content(path)
        except OSError as error:
            return Row(check, False, "a file or a folder", "", f"{path} cannot be read: {error.strerror or error}")
        name = next((name for name, digest in self._subjects.items() if digest == content.sha256), None)
        if name is None:
            expected = f"one of {len(self._subjects)} subjects"
            return Row(check, False, expected, content.sha256, "the verdict is about no such content")
        row = _compared(f"subject {name}", self._subjects[name], str(path), content)
        self._keep(row, str(path), content)
        return row

    def _keep(self, row: Row, location: str, content: Content) -> None:
        if row.ok:
            self._hashed.append((location, content))


def _compared(check: str, expected: str, location: str, content: Content) -> Row:
    if content.sha256 != expected:
        return Row(check, False, expected, content.sha256, f"{location} is not what was assessed: its content differs")
    if content.problems:
        first = content.problems[0]
        return Row(check, False, expected, content.sha256, f"{location}: {first.path} is not covered ({first.reason})")
    return Row(check, True, expected, content.sha256, location)


def _find(location: str, roots: Sequence[Path]) -> list[Path]:
    """The location below each root that has it; never outside, whatever the location says."""
    paths = [(root / location, root) for root in roots]
    return [
        path
        for path, root in paths
        if (path.is_symlink() or path.exists()) and path.resolve().is_relative_to(root.resolve())
    ]
