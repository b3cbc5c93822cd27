"""The examination of one file, as the sandbox's child process runs it: JSON in, JSON out."""

from __future__ import annotations

import os
import stat
from dataclasses import asdict
from typing import Any

from ..pickles.allow_list import AllowList
from .detect import examine
from .source import FileRegion, TruncatedError
from .visit import Budget, Findings, Limits, OverLimitError, Shape, Visit

TARGET = f"{__name__}:examine_file"
"""What a `Worker` is to run."""


def request(path: str, size: int, allow: tuple[str, ...], limits: Limits) -> dict[str, Any]:
    """The JSON value that asks for an examination.

    Args:
        path: absolute path of the file.
        size: its size when its digest was taken, in bytes.
        allow: imports that are allowed beyond the built-in list.
        limits: how far to go.
    """
    return {"path": path, "size": size, "allow": list(allow), "limits": asdict(limits)}


def examine_file(asked: dict[str, Any]) -> dict[str, Any]:
    """Examine one file.

    Args:
        asked: see `request`.

    Returns:
        ``format``, ``executable``, ``problems``, ``imports``, ``issues``, ``gaps``, and ``pickles``, the number of
        contents that were followed as pickles.
    """
    findings = Findings()
    budget = Budget(Limits(**asked["limits"]))
    visit = Visit("", 0, findings, budget, AllowList(tuple(asked["allow"])), examine)
    handle = os.open(asked["path"], os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode) or state.st_size != asked["size"]:
            visit.gap("the file changed after its digest was taken")
        shape = _examined(FileRegion(handle, 0, state.st_size), visit)
    finally:
        os.close(handle)
    return _document(shape, findings)


def _examined(source: FileRegion, visit: Visit) -> Shape:
    try:
        return examine(source, visit)
    except (OverLimitError, TruncatedError) as error:
        visit.gap(str(error))
    except (MemoryError, RecursionError) as error:
        visit.gap(f"takes more memory than allowed ({type(error).__name__})")
    return Shape("unknown", "yes" if visit.findings.pickles else "possible")


def _document(shape: Shape, findings: Findings) -> dict[str, Any]:
    # What was not examined may execute.
    unsure = shape.executable == "no" and bool(findings.gaps)
    return {
        "format": shape.format,
        "executable": "possible" if unsure else shape.executable,
        "problems": list(findings.problems),
        "imports": sorted(f"{module}.{name}" for module, name in findings.imports),
        "issues": [asdict(issue) for issue in findings.issues],
        "gaps": [asdict(gap) for gap in findings.gaps],
        "pickles": findings.pickles,
    }
