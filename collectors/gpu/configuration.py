"""Every YAML and JSON file of a pipeline that could set up GPU sharing."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import ProbatumError
from ...evaluator.graph import Skipped
from ..discovery import PASSED_FOLDERS
from ..kubernetes.manifests import parse_documents
from ..kubernetes.yaml_documents import DEFAULT_LIMITS
from .sharing import HINT, Sharing, read_sharing

_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass
class Configuration:
    """What the files say.

    Args:
        sharing: of GPUs.
        files: path and SHA-256 of every file that mentions GPUs.
        seen: configuration files there are.
        skipped: those that could not be judged whole.
    """

    sharing: Sharing = field(default_factory=Sharing)
    files: list[dict[str, str]] = field(default_factory=list)
    seen: int = 0
    skipped: list[Skipped] = field(default_factory=list)


def read_configuration(root: Path) -> Configuration:
    """Read every configuration file below a folder; no symlink is followed.

    Args:
        root: the pipeline's folder.
    """
    found = Configuration()
    for name, path in _files(root, found):
        found.seen += 1
        try:
            data = _bytes(path)
            if HINT.search(data) is None:
                continue
            found.files.append({"file": name, "sha256": hashlib.sha256(data).hexdigest()})
            before = len(found.sharing.problems)
            for document, _ in parse_documents(data, name):
                read_sharing(document, name, found.sharing)
            problems = found.sharing.problems[before:]
            found.skipped += [Skipped(name, "; ".join(dict.fromkeys(problems)))] if problems else []
        except (ProbatumError, OSError) as error:
            found.skipped.append(Skipped(name, str(error)))
    return found


def _bytes(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path.name} is no regular file")
        data = stream.read(DEFAULT_LIMITS.max_bytes + 1)
    if len(data) > DEFAULT_LIMITS.max_bytes:
        raise OSError(f"it is larger than {DEFAULT_LIMITS.max_bytes} bytes")
    return data


def _files(root: Path, found: Configuration) -> Iterator[tuple[str, Path]]:
    def unreadable(error: OSError) -> None:
        found.skipped.append(Skipped(str(error.filename), f"unreadable folder: {error.strerror}"))
        found.seen += 1

    for folder, names, files in os.walk(root, onerror=unreadable):
        names[:] = sorted(name for name in names if name not in PASSED_FOLDERS)
        for name in sorted(files):
            path = Path(folder, name)
            if name.lower().endswith(_SUFFIXES) and not path.is_symlink():
                yield path.relative_to(root).as_posix(), path
