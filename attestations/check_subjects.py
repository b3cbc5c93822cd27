"""The subjects of a verdict held against the files at hand: each content is digested again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..content import Content, read_content
from ..evaluator.graph import Graph
from .report import Row


def check_subjects(verdict: Mapping[str, Any], graph: Graph, roots: Sequence[Path]) -> Iterator[Row]:
    """One row per subject of the verdict.

    Args:
        verdict: the verified verdict statement.
        graph: the verified evidence graph, which knows where each subject lay.
        roots: folders that locations are relative to; none, and no file is looked at.
    """
    if not roots:
        yield Row("subjects", None, detail="no files were given to compare with (--subject FOLDER)")
        return
    compared = 0
    for subject in verdict["subject"]:
        known = graph.subjects.get(subject["name"])
        row = _row(subject["name"], subject["digest"]["sha256"], known.location if known else None, roots)
        compared += row.ok is True
        yield row
    if not compared:
        yield Row(
            "subjects", False, "at least one file that agrees", "none", "nothing at hand is what the verdict is about"
        )


def _row(name: str, expected: str, location: str | None, roots: Sequence[Path]) -> Row:
    check = f"subject {name}"
    if location is None or "://" in location:
        return Row(
            check, None, expected, "", f"its content is not a file of the pipeline ({location or 'no location'})"
        )
    path = _find(location, roots)
    if path is None:
        where = ", ".join(str(root) for root in roots)
        return Row(check, False, expected, "", f"{location} is not there, or lies outside {where}")
    try:
        content = read_content(path)
    except OSError as error:
        return Row(check, False, expected, "", f"{location} cannot be read: {error.strerror or error}")
    return _compared(check, expected, location, content)


def _compared(check: str, expected: str, location: str, content: Content) -> Row:
    if content.sha256 != expected:
        return Row(check, False, expected, content.sha256, f"{location} is not what was assessed: its content differs")
    if content.problems:
        first = content.problems[0]
        return Row(check, False, expected, content.sha256, f"{location}: {first.path} is not covered ({first.reason})")
    return Row(check, True, expected, content.sha256, location)


def _find(location: str, roots: Sequence[Path]) -> Path | None:
    """The location below the first root that has it; never outside, whatever the location says."""
    for root in roots:
        path = root / location
        if (path.is_symlink() or path.exists()) and path.resolve().is_relative_to(root.resolve()):
            return path
    return None
