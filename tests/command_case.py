"""What tests of commands look at: files before and after, and the last line on stderr."""

import hashlib
from pathlib import Path
from typing import Any


def tree(folder: Path) -> dict[str, str]:
    """Path to digest of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def last_line(result: Any) -> str:
    """The line that says result and reason."""
    lines: list[str] = result.stderr.strip().splitlines()
    return lines[-1] if lines else ""
