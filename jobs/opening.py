"""The pipeline that the user means: a manifest, a folder with one, or a folder that is searched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..collectors.discovery import discover, manifest_of
from ..collectors.manifest import FILE_NAME, Manifest, inside, load_manifest
from ..errors import UsageError

_SHOWN = 20


def _silent(_: str) -> None:
    """Takes what nobody wants to read."""


def open_pipeline(path: Path, say: Callable[[str], None] = _silent) -> Manifest:
    """The pipeline at a path: a manifest file, a folder with one, or a folder that is searched.

    Args:
        path: where it is.
        say: called with each line of what a search found and passed over.

    Raises:
        UsageError: nothing is there, or the manifest is wrong.
    """
    if path.is_file():
        return load_manifest(path)
    if not path.is_dir():
        raise UsageError(
            f"no pipeline at {path}",
            why="no such file or folder",
            remedy="give a folder, or the path of a probatum.yaml",
        )
    if (path / FILE_NAME).exists():
        return load_manifest(inside(path, FILE_NAME, str(path)))  # no link to a file of somebody else's
    found = discover(path)
    manifest = manifest_of(path, found)
    say(f"no {FILE_NAME} in {path}: the folder was searched")
    for subject in manifest.subjects:
        say(f"found {subject.id}")
    for name, reason in found.passed_over[:_SHOWN]:
        say(f"passed over {name}: {reason}")
    if len(found.passed_over) > _SHOWN:
        say(f"passed over {len(found.passed_over) - _SHOWN} more; the inventory in the evidence names all")
    return manifest
