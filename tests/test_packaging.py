"""The built wheel is whole: every package, schema, policy and type marker of the tree is in it."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOT_PACKAGES = {"tests", "docs", "examples", "benchmarks", "build", "dist"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a checkout: the tree cannot be told from what lies in it")
    for name in tracked.stdout.splitlines():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return zipfile.ZipFile(next(folder.glob("probatum-*.whl")))


def test_every_package_of_the_tree_is_listed() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    there = {
        ".".join(["probatum", *path.parent.relative_to(ROOT).parts])
        for path in ROOT.rglob("__init__.py")
        if path.relative_to(ROOT).parts[0] not in NOT_PACKAGES and not path.relative_to(ROOT).parts[0].startswith(".")
    }
    assert there | {"probatum.policies"} == listed


def test_the_wheel_has_every_module_and_every_data_file(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for pattern in ("*.py", "*.schema.json", "*.rego", "policies/**/*.yaml", "py.typed"):
        for path in ROOT.rglob(pattern):
            parts = path.relative_to(ROOT).parts
            if parts[0] in NOT_PACKAGES or parts[0].startswith("."):
                continue
            assert "/".join(["probatum", *parts]) in names


def test_the_wheel_has_nothing_that_is_not_the_package(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[1] for name in wheel.namelist() if name.startswith("probatum/")}
    assert not tops & NOT_PACKAGES
    assert "Requires-Python: >=3.11" in wheel.read(next(n for n in wheel.namelist() if n.endswith("METADATA"))).decode()
