"""Promise 7: the example is gated and verified where there is no network at all, not even loopback."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "tumour-classifier"
ALONE = ["unshare", "--net", "--map-root-user"]


@pytest.fixture
def alone() -> list[str]:
    """A command that runs another in a network namespace of its own."""
    if shutil.which("unshare") is None or subprocess.run([*ALONE, "true"], capture_output=True).returncode:
        pytest.skip("no network namespaces here: that nothing needs the network is not shown")
    return ALONE


def test_the_example_needs_no_network(alone: list[str], tmp_path: Path) -> None:
    probatum = [*alone, sys.executable, "-m", "probatum"]
    for arguments in (
        ["gate", str(EXAMPLE), "--out", str(tmp_path / "verdict")],
        ["verify", str(tmp_path / "verdict"), "--subject", str(EXAMPLE), "--replay"],
    ):
        done = subprocess.run([*probatum, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_asking_for_a_network_that_is_not_there_is_inconclusive(alone: list[str], tmp_path: Path) -> None:
    pipeline = tmp_path / "pipeline"
    shutil.copytree(EXAMPLE, pipeline)
    manifest = (pipeline / "probatum.yaml").read_text()
    setting = "dependency_audit: {service: local, advisories: advisories}"
    assert setting in manifest
    (pipeline / "probatum.yaml").write_text(manifest.replace(setting, "dependency_audit: {service: pypi}"))
    for option, part in (("--offline", "--online"), ("--online", "dependency_audit")):
        done = subprocess.run(
            [*alone, sys.executable, "-m", "probatum", "gate", str(pipeline), option], capture_output=True, text=True
        )
        assert done.returncode == 3, done.stdout + done.stderr
        assert "INCONCLUSIVE SUPPLY-02" in done.stdout
        assert part in done.stdout
