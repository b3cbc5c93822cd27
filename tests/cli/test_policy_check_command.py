"""``probatum policy check`` and ``policy schema`` as a user runs them: exit codes, formats, nothing that misleads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from check_case import write
from command_case import last_line, tree
from typer.testing import CliRunner

from probatum.cli import app
from probatum.reports.format import Format
from probatum.reports.policy_check import render_check, summary
from probatum.workbench.check.run import check
from probatum.workbench.input_schema import shipped_schema

WRONG = ("result.problems", "result.problms")
WARNED = ('"evidence": [obs]}', '"evidence": [obs], "why": "x"}')


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["policy", *map(str, arguments)])


def test_a_clean_pack_passes_and_nothing_is_written(tmp_path: Path) -> None:
    write(tmp_path)
    before = tree(tmp_path)
    result = run("check", tmp_path)
    assert result.exit_code == 0
    assert last_line(result) == "probatum: 0 errors, 0 warnings in 1 module, 1 control (exit 0)"
    assert tree(tmp_path) == before


def test_the_built_in_pack_passes_and_warnings_would_not() -> None:
    result = run("check", "--strict", "--format", "json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["problems"] == []
    assert document["controls"] >= 15


def test_problems_fail_with_place_why_and_remedy(tmp_path: Path) -> None:
    path = write(tmp_path, WRONG)
    result = run("check", tmp_path, "--no-color")
    assert result.exit_code == 1
    told = " ".join(result.stdout.split())
    assert f"{path}:31:2: error: there is no field 'problms' here [input/undeclared-field]" in told
    assert "why: it is undefined for ever" in told
    assert "remedy: did you mean 'problems'?" in told
    assert last_line(result).startswith("probatum: 1 error, 0 warnings in 1 module, 1 control")


def test_warnings_fail_only_when_strict(tmp_path: Path) -> None:
    write(tmp_path, WARNED)
    assert run("check", tmp_path).exit_code == 0
    strict = run("check", tmp_path, "--strict")
    assert strict.exit_code == 1
    assert "0 errors, 1 warning" in last_line(strict)


@pytest.mark.parametrize("path", ["missing", "empty", "bad.tar.gz"])
def test_what_cannot_be_read_is_an_error_of_its_own(path: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.tar.gz").write_bytes(b"\x1f\x8b nothing")
    result = run("check", tmp_path / path)
    assert result.exit_code == 2
    assert "error:" in last_line(result)
    assert result.stdout == ""


def test_the_caret_of_a_syntax_error_stands_below_its_place(tmp_path: Path) -> None:
    write(tmp_path, ("result.problems == 0", "result.problems == == 0"))
    lines = run("check", tmp_path, "--no-color").stdout.split("\n")
    at = next(number for number, line in enumerate(lines) if line.strip() == "^")
    assert lines[at - 1].strip() == "result.problems == == 0"
    assert lines[at - 1][lines[at].index("^") :] == "== 0"


def test_json_has_every_problem_and_every_exemption(tmp_path: Path) -> None:
    write(
        tmp_path,
        ("result.problems == 0", "result.problms == 0 # probatum:ignore input/undeclared-field: older"),
        WARNED,
    )
    document = json.loads(run("check", tmp_path, "-f", "json").stdout)
    assert [item["rule"] for item in document["problems"]] == ["contract/unknown-field"]
    assert [(item["rule"], item["reason"]) for item in document["exempt"]] == [("input/undeclared-field", "older")]
    assert (document["errors"], document["warnings"]) == (0, 1)
    assert {item["rule"] for item in document["problems"]} <= {rule["name"] for rule in document["rules"]}


def test_sarif_has_what_code_scanning_needs(tmp_path: Path) -> None:
    write(
        tmp_path,
        ("result.problems == 0", "result.problms == 0 # probatum:ignore input/undeclared-field: older"),
        WARNED,
    )
    out = tmp_path / "check.sarif"
    result = run("check", tmp_path, "--quiet", "--format", f"sarif={out}")
    assert (result.exit_code, result.stdout) == (0, "")
    (one,) = json.loads(out.read_text())["runs"]
    rules = {rule["id"]: rule["defaultConfiguration"]["level"] for rule in one["tool"]["driver"]["rules"]}
    results = {item["ruleId"]: item for item in one["results"]}
    assert set(results) == {"contract/unknown-field", "input/undeclared-field"}
    for name, item in results.items():
        assert item["level"] == rules[name]
        place = item["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] > 1
        assert not place["artifactLocation"]["uri"].startswith(("/", "..", "file:"))
        assert item["partialFingerprints"]["probatum/v1"]
    assert results["input/undeclared-field"]["suppressions"][0]["justification"] == "older"
    assert "suppressions" not in results["contract/unknown-field"]


def test_a_format_without_sense_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    result = run("check", tmp_path, "-f", "junit")
    assert result.exit_code == 2
    assert "junit" in last_line(result)


def test_what_files_say_cannot_steer_a_terminal(tmp_path: Path) -> None:
    write(
        tmp_path,
        ("result.problems", "result.problems[`\x1b[2J\u202e`]"),
        ("settings.allowed }", "settings.alowed } } {"),
    )
    text = render_check(check(tmp_path).document(), Format.TEXT)
    assert "\x1b" not in text
    assert "\u202e" not in text
    document = check(tmp_path).document()
    document["problems"][0]["remedy"] = "\x1b[31m"
    assert "\x1b" not in render_check(document, Format.TEXT, width=40)
    assert summary(document).startswith("1 error")


def test_the_engine_that_a_pack_is_for(tmp_path: Path) -> None:
    write(tmp_path, ("result.problems == 0", 'count(crypto.x509.parse_certificates("x")) == 0'))
    embedded = run("check", tmp_path)
    assert embedded.exit_code == 1
    assert "--engine opa" in embedded.stdout
    assert run("check", tmp_path, "--engine", "opa").exit_code == 0


def test_the_schema_is_printed_with_the_parameters_of_a_pack(tmp_path: Path) -> None:
    write(tmp_path)
    plain = run("schema")
    assert plain.exit_code == 0
    assert json.loads(plain.stdout) == shipped_schema()
    of_pack = json.loads(run("schema", "--policies", tmp_path).stdout)
    assert set(of_pack["properties"]["parameters"]["properties"]["ORG-01"]["properties"]) > {"allowed", "min_tier"}
    assert run("schema", "--policies", tmp_path / "missing").exit_code == 2
