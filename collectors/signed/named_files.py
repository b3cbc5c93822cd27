"""Signed files that a collector's settings name by path or pattern, below the pipeline's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from ...errors import UsageError
from ..base import Context


def patterns_of(context: Context, collector: str) -> list[str]:
    """The paths and patterns in the setting ``paths``; none where there is no such setting.

    Args:
        context: with the collector's settings.
        collector: its name, for errors.

    Raises:
        UsageError: the settings are wrong.
    """
    given = context.settings.get("paths", [])
    unknown = ", ".join(sorted(set(context.settings) - {"paths"}))
    if unknown or not isinstance(given, list) or not all(isinstance(item, str) and item for item in given):
        raise UsageError(
            f"the settings of the collector {collector} are wrong",
            why=f"unknown: {unknown}" if unknown else "paths is not a list of paths",
            remedy=f"write collectors: {{{collector}: {{paths: [FOLDER, …]}}}}",
        )
    for item in given:
        if Path(item).is_absolute() or ".." in Path(item).parts:
            raise _unreadable(collector, item, "it lies outside the pipeline's folder")
        if any("**" in part and part != "**" for part in Path(item).parts):
            raise _unreadable(collector, item, "** stands for whole folders only")
    return given


def files_of(context: Context, pattern: str, inside: Callable[[Path], Iterable[Path]]) -> list[str]:
    """Paths, relative to the pipeline's root, of the files that a pattern names, sorted; links lead nowhere.

    Args:
        context: with the pipeline's root.
        pattern: a path or pattern, checked by `patterns_of`.
        inside: which files of a folder are meant.
    """
    base = context.root.resolve()
    found = []
    for place in base.glob(pattern):
        candidates = inside(place) if place.is_dir() else [place]
        found += [item for item in candidates if item.is_file() and item.resolve() == item]
    return sorted({item.relative_to(base).as_posix() for item in found})


def media_type(path: str) -> str:
    """IANA media type of a signed file, or of what lies beside it, by its name."""
    if path.endswith(".tlog-proof"):
        return "text/plain"
    if path.endswith(".tsr"):
        return "application/timestamp-reply"
    if path.endswith(".sigstore.json"):
        return "application/vnd.dev.sigstore.bundle+json"
    return "application/vnd.dsse.envelope.v1+json"


def _unreadable(collector: str, item: str, why: str) -> UsageError:
    return UsageError(
        f"the collector {collector} cannot read {item!r}",
        why=why,
        remedy=f"name files below the pipeline's folder, such as {collector}/*",
    )
