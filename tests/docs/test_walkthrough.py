"""The auditor's walkthrough is run as it stands: every block of it, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from interop_case import COSIGN, tool
from opa_case import opa_binary

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "auditor" / "walkthrough.md"
BLOCK = re.compile(r"^```sh ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STOCK = ("jq", "openssl", "sha256sum", "base64", "tar", "diff", "find")
"""What the page says everybody has; the gate on landings asks for all of them."""


def blocks() -> list[tuple[str, str]]:
    """The tool that a block needs besides, and its commands."""
    return BLOCK.findall(PAGE.read_text())


def absent() -> dict[str, str]:
    """Tool to what is missing of those that the page uses."""
    found = {"opa": opa_binary(), "cosign": tool(COSIGN), **{name: shutil.which(name) for name in STOCK}}
    return {name: f"NO {name.upper()}" for name, path in found.items() if path is None}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example pipeline, its verdict by the first block, and this ``probatum``, this Python, and tools."""
    folder = tmp_path_factory.mktemp("given")
    shutil.copytree(ROOT / "examples" / "tumour-classifier", folder / "pipeline")
    (folder / "bin").mkdir()
    commands = {"probatum": f'{sys.executable} -m probatum "$@"', "python3": f'{sys.executable} "$@"'}
    commands |= {name: f'{path} "$@"' for name, path in (("opa", opa_binary()), ("cosign", tool(COSIGN))) if path}
    for name, command in commands.items():
        script = folder / "bin" / name
        script.write_text(f"#!/bin/sh\nexec {command}\n")
        script.chmod(0o755)
    done = run(folder, blocks()[0][1])
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(given: Path, tmp_path: Path) -> Path:
    """A copy of what an auditor is given."""
    return Path(shutil.copytree(given, tmp_path / "given"))


def run(folder: Path, commands: str) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
    strict = "set -euo pipefail\n" + re.sub(r"^! (.*)$", r"if \1; then exit 99; fi", commands, flags=re.MULTILINE)
    return subprocess.run(
        ["bash", "-c", strict], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_every_block_of_the_walkthrough_does_what_it_says(folder: Path) -> None:
    missing = absent()
    stock = [missing[name] for name in STOCK if name in missing]
    if stock and not os.environ.get("PROBATUM_REQUIRE_INTEROP"):
        pytest.skip("; ".join(stock))
    found, ran = blocks()[1:], 0
    for needed, commands in found:
        if needed in missing and not _required(needed):
            continue
        done = run(folder, commands)
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        ran += 1
    assert ran >= len(found) - 3
    assert (folder / "report.json").is_file()


def _required(name: str) -> bool:
    named = os.environ.get("PROBATUM_REQUIRE_INTEROP", "")
    return bool(os.environ.get("PROBATUM_REQUIRE_OPA")) if name == "opa" else named == "1" or name in named.split(",")


def test_a_forged_verdict_is_found_with_stock_tools_too(folder: Path) -> None:
    """The page's own checks fail where they should, or they would prove nothing."""
    missing = absent()
    if missing.keys() & set(STOCK):
        pytest.skip("; ".join(missing.values()))
    parts = [commands for needed, commands in blocks()[1:] if not needed]
    stock = [commands for commands in parts if "probatum verify" not in commands and "probatum.verify" not in commands]
    verdict = folder / "verdict"
    good = {path: path.read_bytes() for path in verdict.rglob("*") if path.is_file()}
    for commands in stock:
        assert run(folder, commands).returncode == 0, commands
    for name in (
        "verdict.dsse.json",
        "assessment.dsse.json",
        "evidence.json",
        "policies.tar.gz",
        "reports/assessment.md",
    ):
        changed = bytearray(good[verdict / name])
        changed[len(changed) // 2] ^= 1
        (verdict / name).write_bytes(bytes(changed))
        assert any(run(folder, commands).returncode for commands in stock), name
        (verdict / name).write_bytes(good[verdict / name])
    (verdict / "extra.json").write_text("{}")
    assert any(run(folder, commands).returncode for commands in stock)
    (verdict / "extra.json").unlink()
    model = folder / "pipeline" / "models" / "tumour-classifier.safetensors"
    model.write_bytes(model.read_bytes() + b"x")
    assert any(run(folder, commands).returncode for commands in stock)


def test_the_pages_that_it_leads_to_are_there() -> None:
    links = re.findall(r"\]\(([\w./-]+\.md)\)", PAGE.read_text())
    assert len(links) >= 2
    assert [link for link in links if not (PAGE.parent / link).is_file()] == []
