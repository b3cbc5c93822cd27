"""The tutorial is run as it stands: every command of it, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "author" / "tutorial.md"


def commands(page: Path) -> list[str]:
    """The indented lines of a page that are commands."""
    return [line.strip() for line in page.read_text().splitlines() if re.match(r"    (probatum|cp|sed|echo) ", line)]


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A folder with the example pipeline, and a ``probatum`` that is this one."""
    shutil.copytree(ROOT / "examples" / "tumour-classifier", tmp_path / "pipeline")
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "probatum"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m probatum "$@"\n')
    script.chmod(0o755)
    return tmp_path


def test_every_command_of_the_tutorial_does_what_it_says(shell: Path) -> None:
    found = commands(TUTORIAL)
    assert len(found) >= 15
    environment = {
        **os.environ, "PATH": f"{shell / 'bin'}:{os.environ['PATH']}", "XDG_CONFIG_HOME": str(shell / "config"),
        "HOME": str(shell),
    }  # fmt: skip
    for command in found:
        done = subprocess.run(
            ["sh", "-c", command], cwd=shell, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert (shell / "controls" / "ACME-01.md").is_file()
    assert (shell / "verdict" / "verdict.dsse.json").is_file()


def test_the_pages_that_it_leads_to_are_there() -> None:
    links = re.findall(r"\]\(([\w./-]+\.md)\)", TUTORIAL.read_text())
    assert len(links) >= 6
    assert [link for link in links if not (TUTORIAL.parent / link).is_file()] == []
