"""``probatum impact`` over the example's own verdict."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from probatum.cli import app

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "tumour-classifier"


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The verdict on the example, whose bill of materials has one more component within another."""
    folder = tmp_path_factory.mktemp("impact")
    pipeline = Path(shutil.copytree(EXAMPLE, folder / "pipeline"))
    place = pipeline / "bom.cdx.json"
    bill = json.loads(place.read_bytes())
    library = next(item for item in bill["components"] if item["type"] == "library")
    inner = {"type": "library", "name": "xgboost", "version": "2.0.3", "purl": "pkg:pypi/xgboost@2.0.3"}
    library["components"] = [{**inner, "bom-ref": "inner"}]
    place.write_text(json.dumps(bill))
    done = run("gate", pipeline, "--no-sign", "--out", folder / "verdicts" / "v", "-q")
    assert done.exit_code == 0, done.stderr
    return folder / "verdicts"


def test_a_package_within_a_component_of_a_bill_of_materials(verdicts: Path) -> None:
    """Nobody audited it: the control that rests on the bill does not hold without it."""
    done = run("impact", verdicts, "--package", "pkg:pypi/xgboost@2.0.3")
    assert done.exit_code == 1, done.stderr
    assert "MODEL-10 for model:tumour-classifier: pass becomes inconclusive" in " ".join(done.stdout.split())
    assert "no audit was about it" in done.stdout
    assert run("impact", verdicts, "--package", "xgboost==1.7").exit_code == 0


def test_a_package_that_the_lock_file_pins(verdicts: Path) -> None:
    done = run("impact", verdicts, "--package", "scikit_learn", "--format", "json")
    (answer,) = json.loads(done.stdout)["verdicts"]
    assert answer["how"][0].startswith("scikit-learn ")
    assert any(line.startswith("SUPPLY-02") for line in answer["changed"])
    assert not any(line.startswith("MODEL-10") for line in answer["changed"]), "the audit of the lock file is what fell"
    assert answer["found"]["not_told"] == []
