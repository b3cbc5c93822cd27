"""Tables of verify, controls, explain and doctor."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from probatum.errors import UsageError
from probatum.reports.catalogue import render_control, render_controls
from probatum.reports.doctor import render_doctor
from probatum.reports.format import Format
from probatum.reports.verification import render_verification

CONTROL = {
    "id": "SUPPLY-02",
    "title": "No known vulnerabilities",
    "description": "A complete audit finds none.",
    "priority": "critical",
    "stages": ["training", "deployment"],
    "subjects": ["dependency_set"],
    "evidence": [["dependency_audit", "osv_report"], ["dependencies"]],
    "suppliers": {"dependency_audit": "dependency_audit: asks a database", "osv_report": None},
    "fails": [{"message": "%s is vulnerable\x1b", "at": "control.rego:1:1"}],
    "mappings": [{"checklist": "full", "row": "K6", "title": "Scanned | daily"}],
    "references": ["https://example.org/list"],
    "examples": {
        "bad": {
            "outcome": "fail",
            "messages": ["x is vulnerable"],
            "parameters": {"threshold": 5},
            "observations": [
                {"type": "osv_report", "subject": "s", "status": "complete", "result": {"a": list(range(60))}},
                {"type": "dependencies", "subject": "s", "status": "partial", "result": {"b\u202e": "c" * 300}},
            ],
        },
    },
    "parameters": {
        "threshold": {"type": "number", "default": 7.0, "minimum": 0, "description": "CVSS base score"},
        "max_age_days": {"default": None},
        "owner": {"type": "string"},
    },
    "remediation": "upgrade",
}
ROWS = [
    {"check": "verdict signature", "ok": True, "expected": "key:ci", "found": "key:ci", "detail": ""},
    {"check": "file models/[red]m", "ok": False, "expected": "aa", "found": "bb", "detail": "one \x1b byte"},
    {"check": "log inclusion", "ok": "skipped"},
]
RENDERERS: list[Callable[[Format], str]] = [
    lambda kind: render_verification({"rows": ROWS}, kind),
    lambda kind: render_controls([CONTROL], kind),
    lambda kind: render_control(CONTROL, kind),
    lambda kind: render_doctor([{"name": "opa", "ready": False, "reason": "no binary", "remedy": "install"}], kind),
]


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("format", [Format.SARIF, Format.JUNIT])
def test_only_an_assessment_has_sarif_and_junit(renderer: Callable[[Format], str], format: Format) -> None:
    with pytest.raises(UsageError, match=f"no {format} format"):
        renderer(format)


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("format", [Format.TEXT, Format.MARKDOWN, Format.JSON])
def test_tables_are_plain(renderer: Callable[[Format], str], format: Format) -> None:
    text = renderer(format)
    assert "\x1b" not in text
    assert text.endswith("\n")
    assert text == renderer(format)


def test_verification_names_what_does_not_hold() -> None:
    text = render_verification({"rows": ROWS}, Format.TEXT)
    assert text.endswith("REFUSED: file models/[red]m\n")
    assert "not made" in text
    document = {"rows": ROWS, "verified": False, "settings": {"trusted": "trust.yaml", "max_age_days": None}}
    assert json.loads(render_verification(document, Format.JSON)) == document
    text = render_verification(document, Format.TEXT)
    assert "trusted: trust.yaml" in text
    assert "not asked for: max_age_days" in text


def test_verification_without_a_broken_check() -> None:
    report = {"rows": [ROWS[0], ROWS[2]], "verified": True, "result": "fail"}
    text = render_verification(report, Format.MARKDOWN)
    assert text.endswith("VERIFIED: 1 of 2 checks made, each of them holds; the verdict is fail\n")


@pytest.mark.parametrize("rows", [[], [ROWS[2]], [{"check": "x", "ok": "yes"}], [{"check": "x"}]])
@pytest.mark.parametrize("verified", [True, "true", None])
def test_verification_of_nothing_is_no_verification(rows: list[dict[str, Any]], verified: object) -> None:
    text = render_verification({"rows": rows, "verified": verified}, Format.TEXT)
    assert text.splitlines()[-1].startswith("REFUSED")


def test_verification_that_was_not_finished_is_no_verification() -> None:
    assert "VERIFIED" not in render_verification({"rows": [ROWS[0]], "verified": False}, Format.TEXT)


def test_explain_says_everything() -> None:
    text = " ".join(render_control(CONTROL, Format.TEXT, width=160).split())
    for told in (
        "SUPPLY-02: No known vulnerabilities", "(dependency_audit or osv_report) and dependencies",
        "Parameter threshold 7.0 (type number, minimum 0): CVSS base score", "Parameter max_age_days none",
        "Parameter owner must be given (type string)", "Remedy upgrade", "Fails when … is vulnerable\\u001b",
        "osv_report is from no installed collector", "Decides full K6: Scanned | daily", "References https://example.org",
        "A bad graph fail; x is vulnerable. osv_report of s: ",
    ):  # fmt: skip
        assert told in text
    page = render_control(CONTROL, Format.MARKDOWN)
    assert page.startswith("# SUPPLY-02: No known vulnerabilities\n")
    for told in ("Scanned \\| daily", "… 24 more lines", "\\u202e", "With the parameters", "## References"):
        assert told in page
    assert "\u202e" not in page


def test_controls_are_sorted_and_counted() -> None:
    text = render_controls([CONTROL, {**CONTROL, "id": "DATA-02"}], Format.TEXT)
    assert text.index("DATA-02") < text.index("SUPPLY-02")
    assert text.endswith("2 controls\n")


def test_doctor() -> None:
    ready = [{"name": "regorus", "ready": True, "reason": "0.13.0"}]
    assert "all 1 parts can run here" in render_doctor(ready, Format.TEXT)
    assert "cannot run here: opa" in render_doctor([*ready, {"name": "opa", "ready": "yes"}], Format.TEXT)
