"""Programs of ours in Go, around libraries of others, built offline from the module cache.

Without Go, or without the modules in the cache, whoever needs one is skipped, unless ``PROBATUM_REQUIRE_GO`` is set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_SETTINGS = {"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOWORK": "off", "GOTOOLCHAIN": "local"}


def built(source: Path, folder: Path) -> Path:
    """The program in a folder of Go files."""
    go, missing = shutil.which("go"), "go is not here"
    if go is not None:
        shutil.copytree(source, folder / "source")
        program = folder / source.name
        done = subprocess.run(
            [go, "build", "-o", str(program), "."],
            cwd=folder / "source",
            env={**os.environ, **_SETTINGS},
            capture_output=True,
        )
        missing = done.stderr.decode()
        if not done.returncode:
            return program
    if os.environ.get("PROBATUM_REQUIRE_GO"):
        pytest.fail(missing)
    pytest.skip(missing)
