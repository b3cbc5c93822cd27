"""Every format of one assessment, byte for byte. To accept a wanted change, run with PROBATUM_WRITE_GOLDEN=1."""

from __future__ import annotations

import copy
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from probatum.reports import sarif
from probatum.reports.format import Format, render

GOLDEN = Path(__file__).parent / "golden"
LOCATIONS = {"model:tumour": "models/tumour.safetensors", "dependency_set:training": "requirements.txt"}
NAMES = {
    Format.TEXT: "assessment.txt",
    Format.JSON: "assessment.json",
    Format.SARIF: "assessment.sarif",
    Format.JUNIT: "assessment.xml",
    Format.MARKDOWN: "assessment.md",
}


@pytest.fixture(autouse=True)
def _version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "__version__", "0.0.0")


def made(sample: dict[str, Any], format: Format) -> str:
    return render(sample, format, locations=LOCATIONS)


@pytest.mark.parametrize("format", list(Format))
def test_format_is_as_recorded(sample: dict[str, Any], format: Format) -> None:
    path = GOLDEN / NAMES[format]
    if os.environ.get("PROBATUM_WRITE_GOLDEN"):
        path.write_text(made(sample, format), encoding="utf-8")
    assert made(sample, format) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("format", list(Format))
def test_order_of_the_document_does_not_matter(sample: dict[str, Any], format: Format) -> None:
    shuffled = copy.deepcopy(sample)
    chance = random.Random(7)
    for control in shuffled["controls"]:
        chance.shuffle(control["subjects"])
        for subject in control["subjects"]:
            chance.shuffle(subject["findings"])
            chance.shuffle(subject["reasons"])
    chance.shuffle(shuffled["controls"])
    shuffled = dict(sorted(shuffled.items(), reverse=True))
    if format is Format.JSON:  # lists are the assessment's own, keys are not
        assert json.loads(made(shuffled, format)) == shuffled
    else:
        assert made(shuffled, format) == made(sample, format)


@pytest.mark.parametrize("format", list(Format))
def test_ends_with_one_newline_and_holds_no_escape(sample: dict[str, Any], format: Format) -> None:
    text = made(sample, format)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\x1b" not in text


def test_environment_does_not_change_text(sample: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    before = made(sample, Format.TEXT)
    for name, value in {"COLUMNS": "17", "TERM": "dumb", "FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"}.items():
        monkeypatch.setenv(name, value)
    assert made(sample, Format.TEXT) == before
