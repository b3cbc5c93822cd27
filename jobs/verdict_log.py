"""Into which transparency log a verdict goes: the one that the user names, else the one that the manifest names.

The manifest is written by those who are assessed. It says where the log is and nothing else: the key is the user's, and
only a log that exists already and has that key is written to. Yet somebody could lay an older copy of that very log
where the manifest points, and have the key sign a second history. So a log that a manifest names does not lie where its
author can put files: not in the pipeline's folder, and in no git work tree.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..collectors.manifest import Manifest
from ..errors import UsageError


@dataclass(frozen=True)
class VerdictLog:
    """Where a verdict goes.

    Args:
        folder: of the log; None for no log.
        named: who named the log, in words.
        unlogged: why it goes into none although one was named, to be recorded; empty otherwise.
    """

    folder: Path | None
    named: str = ""
    unlogged: str = ""


def verdict_log(manifest: Manifest, given: Path | None, *, signed: bool, refused: bool) -> VerdictLog:
    """Choose the log of a verdict.

    Args:
        manifest: of the pipeline.
        given: the log that the user names.
        signed: somebody signs the verdict; only then there is something to log.
        refused: the user wants it to go into no log.

    Raises:
        UsageError: the manifest names a place that it must not name.
    """
    named = "" if manifest.log is None else f"; the manifest names {manifest.log}"
    if refused:
        return VerdictLog(None, unlogged=f"the verdict goes into no log, as --no-log asked{named}")
    if given is None and manifest.log is None:
        return VerdictLog(None)
    if not signed:
        return VerdictLog(None, unlogged=f"the verdict goes into no log, because nobody signs it{named}")
    if given is not None:
        return VerdictLog(given, "--log")
    return VerdictLog(_place(manifest), f"the manifest in {manifest.root}")


def _place(manifest: Manifest) -> Path:
    """The folder that the manifest names, with every link followed, so that what was looked at is what is used."""
    try:
        folder = (manifest.root / str(manifest.log)).resolve()
        root = manifest.root.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise _refused(manifest, str(error)) from error
    if folder.is_relative_to(root):
        raise _refused(manifest, "it lies in the pipeline's folder, where those who are assessed write")
    for place in (folder, *folder.parents):
        if os.path.lexists(place / ".git"):
            raise _refused(
                manifest, f"it lies in the git work tree {place}, which a checkout takes back to older states"
            )
    return folder


def _refused(manifest: Manifest, why: str) -> UsageError:
    remedy = "keep the log elsewhere, name it yourself with --log, or give --no-log, which is recorded"
    return UsageError(f"the log {manifest.log!r} that the manifest names is not used", why=why, remedy=remedy)
