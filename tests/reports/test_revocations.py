"""What was revoked, as the reports for people tell it: what the gate knew, which evidence, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from probatum.reports.format import Format, render
from probatum.reports.revocations import MOST_REVOKED, revoked_lines

ID = "obs:" + "a" * 64
WHY = "revoked (evidence-wrong: the scanner was broken), as key:security said on 2026-11-20"
KNOWN = {
    "sha256": "b" * 64,
    "documents": 3,
    "newest": "2026-11-20T07:00:00Z",
    "evidence": [ID],
    "reasons": {ID: WHY},
}
PEOPLE = pytest.mark.parametrize("format", [Format.TEXT, Format.MARKDOWN])


def assessment(known: Any) -> dict[str, Any]:
    return {"result": "inconclusive", "counts": {"inconclusive": 1}, "controls": [], "revocations": known}


def test_what_was_known_is_told_before_what_is_revoked() -> None:
    first, second = revoked_lines(assessment(KNOWN))
    assert first == (
        "3 documents with the digest bbbbbbbbbbbbbbbb, the newest of 2026-11-20T07:00:00Z; "
        "1 observation of this pipeline revoked"
    )
    assert second == f"{ID[:16]}: {WHY}; it proves nothing, and what it says against still counts"


def test_nothing_known_is_not_nothing_revoked() -> None:
    """Without the field nobody gave any; with it and no evidence in it, none that was given is of this pipeline."""
    assert list(revoked_lines({"result": "pass"})) == []
    (only,) = revoked_lines(assessment({"sha256": "b" * 64, "documents": 1, "evidence": [], "reasons": {}}))
    assert only == "1 document with the digest bbbbbbbbbbbbbbbb; 0 observations of this pipeline revoked"


@PEOPLE
def test_reports_tell_it(format: Format) -> None:
    text = " ".join(render(assessment(KNOWN), format).replace("\\", "").split())
    assert "Revocations" in text
    assert "the newest of 2026-11-20T07:00:00Z" in text
    assert "the scanner was broken" in text
    without = {name: value for name, value in assessment(KNOWN).items() if name != "revocations"}
    assert "Revocations" not in render(without, format)


@PEOPLE
@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"evidence": 5, "documents": "many"},
        {"evidence": [None, {}], "reasons": []},
        {"newest": [1], "sha256": None},
    ],
)
def test_odd_ones_are_shown_all_the_same(odd: dict[str, Any], format: Format) -> None:
    assert "of this pipeline revoked" in " ".join(render(assessment(odd), format).split())


@PEOPLE
def test_a_note_repaints_no_terminal_and_leaves_no_line(format: Format) -> None:
    """Whoever may revoke writes the note, and a fork of a pipeline writes whom it believes."""
    text = render(assessment({**KNOWN, "reasons": {ID: "x\x1b[2J\n\nPASS: <img src=y> @octocat"}}), format)
    assert "\x1b" not in text
    assert not any(told.startswith("PASS") for told in text.splitlines())


@PEOPLE
def test_long_lists_are_cut_and_say_so(format: Format) -> None:
    many = [f"obs:{at:064}" for at in range(MOST_REVOKED + 3)]
    assert "and 3 more" in render(assessment({**KNOWN, "evidence": many}), format)


def test_the_json_report_has_it_as_it_is() -> None:
    assert json.loads(render(assessment(KNOWN), Format.JSON))["revocations"] == KNOWN
