"""Attacks by whoever writes the pipeline's folder: a pull request of a stranger, assessed on a machine with secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from probatum.cli import app

ABOUT = {"name": "p", "criticality": "low", "exposure": "internal"}
PICKLE = b"\x80\x04cos\nsystem\n(S'id'\ntR."
NUMPY = (
    b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }".ljust(117)
    + b"\n"
    + bytes(8)
)


def pipeline(folder: Path, **fields: Any) -> Path:
    folder.mkdir()
    (folder / "probatum.yaml").write_text(json.dumps({"pipeline": ABOUT, **fields}))
    return folder


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """What lies on the machine and is none of the pipeline's business."""
    path = tmp_path / "secret.yaml"
    path.write_text("correct-horse-battery-staple\n")
    return path


@pytest.mark.parametrize("command", ["gate", "explain"])
def test_a_checklist_that_lies_outside(tmp_path: Path, secret: Path, command: str) -> None:
    """The complaint about its shape would quote it into a log that the pull request's author can read (CWE-22)."""
    for number, place in enumerate((str(secret), "../secret.yaml", "a/../../secret.yaml", "link.yaml")):
        folder = pipeline(tmp_path / str(number), checklist=place)
        (folder / "link.yaml").symlink_to(secret)
        asked = ["MODEL-01", "--pipeline", str(folder)] if command == "explain" else [str(folder)]
        result = CliRunner().invoke(app, [command, *asked])
        assert result.exit_code == 2
        assert "outside the pipeline's folder" in result.stderr
        assert "correct-horse" not in result.output


def test_a_manifest_that_is_a_link_to_a_file_outside(tmp_path: Path, secret: Path) -> None:
    folder = tmp_path / "pipeline"
    folder.mkdir()
    (folder / "probatum.yaml").symlink_to(secret)
    result = CliRunner().invoke(app, ["gate", str(folder)])
    assert result.exit_code == 2
    assert "outside the pipeline's folder" in result.stderr
    assert "correct-horse" not in result.output


@pytest.mark.parametrize("place", ["data", "data/d.pkl", "."])
def test_a_model_that_is_passed_off_as_data(tmp_path: Path, place: str) -> None:
    """A pickle runs code whoever loads it, and what is declared as a dataset is scanned by nobody."""
    subjects = [{"kind": "dataset", "name": "d", "location": place}]
    folder = pipeline(tmp_path / "pipeline", subjects=subjects)
    (folder / "data").mkdir()
    (folder / "data" / "d.pkl").write_bytes(PICKLE)
    (folder / "data" / "d.csv").write_text("a,b\n1,2\n")
    (folder / "data" / "d.npy").write_bytes(NUMPY)
    document = json.loads(CliRunner().invoke(app, ["gate", str(folder), "--format", "json"]).stdout)
    (told,) = [reason["message"] for reason in document["reasons"] if reason["code"] == "undeclared"]
    assert "data/d.pkl" in told
    assert ("data/d.npy" in told) is (place == "data/d.pkl"), "arrays are data"


def test_an_option_whose_variable_is_empty(tmp_path: Path) -> None:
    """``--checklist "$CHECKLIST"`` in a CI job that does not set it: the pipeline's own choice must not take over."""
    folder = pipeline(tmp_path / "pipeline", checklist="secure-pipeline")
    result = CliRunner().invoke(app, ["gate", str(folder), "--checklist", ""])
    assert result.exit_code == 2
    assert "there is no checklist ''" in result.stderr


@pytest.mark.parametrize("number", [".nan", ".inf", "1:30", "010"])
def test_a_limit_that_is_no_number(tmp_path: Path, number: str) -> None:
    """Nothing is older than for ever, or than what is no number; and 010 is 8 to one reader and 10 to another."""
    folder = pipeline(tmp_path / "pipeline")
    manifest = (folder / "probatum.yaml").read_text()[:-1]
    (folder / "probatum.yaml").write_text(f'{manifest}, "parameters": {{"MODEL-01": {{"max_age_days": {number}}}}}}}')
    result = CliRunner().invoke(app, ["gate", str(folder)])
    assert result.exit_code == 2
    assert f"{number} is no decimal number" in result.stderr


@pytest.mark.parametrize("age", ["nan", "inf", "-1", "1e300"])
def test_a_greatest_age_that_is_none(tmp_path: Path, age: str) -> None:
    (tmp_path / "a.dsse.json").write_text("{}")
    result = CliRunner().invoke(app, ["verify", str(tmp_path / "a.dsse.json"), "--max-age", age])
    assert result.exit_code == 2
    assert "is no age" in result.stderr
