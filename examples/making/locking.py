"""Lock files with hashes, by uv; the only part of regeneration that needs the package index."""

from __future__ import annotations

import subprocess
from pathlib import Path

_OPTIONS = (
    "--generate-hashes", "--no-annotate", "--no-emit-index-url", "--quiet", "--python-version", "3.11",
    "--custom-compile-command", "python examples/regenerate.py --lock",
)  # fmt: skip


def lock(requirements: Path, out: Path) -> None:
    """Resolve ``requirements`` and write every package, transitive ones too, at one version with all its hashes."""
    subprocess.run(["uv", "pip", "compile", *_OPTIONS, "--output-file", str(out), str(requirements)], check=True)
