"""A small pipeline on disk, and the command line in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from probatum.cli import app

MANIFEST = """\
pipeline: {name: small, criticality: low, exposure: internal}
subjects:
  - {kind: model, name: m, location: m.npy}
  - {kind: dataset, name: d, location: d.csv}
  - {kind: dependency_set, name: l, location: requirements.txt}
"""
# The smallest NumPy file: one float64, no objects, hence a format that cannot run code.
NPY = (
    b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }".ljust(117)
    + b"\n"
    + bytes(8)
)

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    def run(*args: object, input: str | None = None) -> Result:
        return CliRunner().invoke(app, [str(arg) for arg in args], input=input)

    return run


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    folder = tmp_path / "pipeline"
    folder.mkdir()
    (folder / "probatum.yaml").write_text(MANIFEST)
    (folder / "m.npy").write_bytes(NPY)
    (folder / "d.csv").write_text("a,b\n1,2\n")
    (folder / "requirements.txt").write_text("numpy==2.0.0 --hash=sha256:" + "0" * 64 + "\n")
    return folder
