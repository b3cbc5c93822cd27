"""The built-in pack against Regal, with the repository's rule set; skipped, and loudly, where Regal is not at hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / ".regal" / "config.yaml"


def regal() -> str | None:
    """Path of the executable: the variable ``PROBATUM_REGAL``, else from ``PATH``."""
    return os.environ.get("PROBATUM_REGAL") or shutil.which("regal")


needs_regal = pytest.mark.skipif(
    regal() is None and not os.environ.get("PROBATUM_REQUIRE_REGAL"),
    reason="NO REGAL EXECUTABLE: the style of the policies was not looked at (set PROBATUM_REGAL)",
)


@needs_regal
def test_the_built_in_pack_is_clean() -> None:
    command = [str(regal()), "lint", "--config-file", str(CONFIG), "--format", "json", str(ROOT / "policies")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    found = [f"{item['title']}: {item.get('location', {})}" for item in report["violations"]]
    assert (found, done.returncode) == ([], 0), done.stderr
    assert report["summary"]["files_scanned"] > 30


@needs_regal
def test_regal_would_find_something(tmp_path: Path) -> None:
    (tmp_path / "x.rego").write_text("package x\n\nimport rego.v1\n\nallow = true if { input.a == 1 }\n")
    command = [str(regal()), "lint", "--config-file", str(CONFIG), "--format", "json", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert json.loads(done.stdout)["violations"]


def test_every_exemption_has_a_reason() -> None:
    text = CONFIG.read_text().split("\n")
    rules = yaml.safe_load(CONFIG.read_text())["rules"]
    names = [name for group in rules.values() for name in group]
    assert names
    for name in names:
        at = text.index(f"    {name}:")
        assert text[at + 1].strip().startswith("# "), name
