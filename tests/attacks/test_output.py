"""Attacks by words that are printed: what a CI system obeys when it reads the output of a step.

A file's name, a manifest's field or a policy's message is chosen by whoever is under assessment, and a gate's output is
read by the machine that runs it. GitHub's runner takes a line that begins with ``::name`` for a command, and
``##[name]`` anywhere (CVE-2020-15228 is what became of it); Azure Pipelines takes ``##vso[name]`` anywhere, which sets
variables of later steps and the result of this one; TeamCity takes ``##teamcity[name]``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from probatum.cli import app
from probatum.reports.format import Format, render
from probatum.reports.plain import json_text, plain

OBEYED = re.compile(r"^\s*::[A-Za-z]|##\[|##\w+\[", re.MULTILINE)
COMMANDS = (
    "::stop-commands::x", "::set-output name=result::pass", "::add-mask::e", "##[error]x",
    "##vso[task.complete result=Succeeded;]", "##vso[task.setvariable variable=PATH]x", "##teamcity[buildStatus x='y']",
)  # fmt: skip


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """A folder with models that nobody declared, one that somebody did, and names that nobody expects."""
    folder = tmp_path / "pipeline"
    folder.mkdir()
    declared = {"kind": "model", "name": "m", "location": f"{COMMANDS[0]}.pkl"}
    about = {"name": "p", "criticality": "low", "exposure": "internal"}
    (folder / "probatum.yaml").write_text(json.dumps({"pipeline": about, "subjects": [declared]}))
    for number, command in enumerate(COMMANDS):
        (folder / f"{'y' * 11 * number}{command}.pkl").write_bytes(b"cos\nsystem\n(S'id'\ntR.")
    return folder


@pytest.mark.parametrize("format", ["text", "json", "markdown", "sarif", "junit"])
def test_what_a_ci_system_would_obey_is_shown_as_its_escape(pipeline: Path, format: str) -> None:
    """Whatever is printed, in any format; a reader of the data still gets the exact names."""
    result = CliRunner().invoke(app, ["gate", str(pipeline), "--format", format])
    assert result.exit_code == 1
    assert "stop-commands" in result.stdout
    assert not OBEYED.search(result.stdout)
    assert not OBEYED.search(result.stderr)
    if format == "json":
        assert f"{COMMANDS[1]}.pkl" in str(json.loads(result.stdout))


def test_wherever_a_line_is_folded(pipeline: Path) -> None:
    printed = CliRunner().invoke(app, ["gate", str(pipeline), "--format", "json"]).stdout
    document = json.loads(printed)
    for width in range(40, 160):
        assert not OBEYED.search(render(document, Format.TEXT, width=width)), width


def test_a_syntax_error_that_quotes_its_line(tmp_path: Path) -> None:
    """What is wrong is told on stderr, which a CI system reads as well."""
    (tmp_path / "probatum.yaml").write_text("::stop-commands::x: [\n  ##vso[task.complete]: {{\n")
    result = CliRunner().invoke(app, ["gate", str(tmp_path)])
    assert result.exit_code == 2
    assert not OBEYED.search(result.output)


@pytest.mark.parametrize("command", COMMANDS)
def test_one_by_one(command: str) -> None:
    for text in (command, f" {command}", f"x{command}", f"#{command}", f":{command}", f"\n{command}", f"é{command}"):
        assert not OBEYED.search(plain(text))
        assert not re.search(r"::[A-Za-z]|##", plain(text)), "it could be folded there"
        assert not OBEYED.search(json_text({text: [text]}))
        assert json.loads(json_text({text: [text]})) == {text: [text]}


def test_what_is_not_obeyed_stays_as_it_is() -> None:
    same: list[Any] = ["a: b", "fe80::1", "#1", "a:b:c", "# heading", "std: :string"]
    assert [plain(text) for text in same] == same
