"""Which machine said what: shown in the reports that people read, whatever an assessment says of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from probatum.reports.format import Format, render
from probatum.reports.reading import said_by, waived_by

SIGNED = {
    "document": "c.dsse.json",
    "sha256": "a" * 64,
    "machine": "cluster-7",
    "verified": True,
    "signers": ["key:cluster"],
    "roles": ["evidence"],
    "signed_at": "2026-11-20T06:30:00Z",
    "observations": 3,
    "tiers": {"attested": 2, "reported": 1},
    "standings": {"independent": 2, "out_of_scope": 1},
}
UNSIGNED = {"document": "g.json", "sha256": "b" * 64, "verified": False, "signers": [], "tiers": {"reported": 1}}
ASSESSMENT = {"result": "pass", "counts": {"pass": 1}, "controls": [], "origins": [SIGNED, UNSIGNED]}


def test_a_document_is_told_with_its_machine_and_its_signer() -> None:
    assert said_by(SIGNED) == (
        "c.dsse.json (machine cluster-7): signed by key:cluster as evidence at 2026-11-20T06:30:00Z; "
        "observations: 2 attested, 1 reported; standing: 2 independent, 1 out of scope"
    )
    assert said_by(UNSIGNED) == "g.json: signed by nobody who may; observations: 1 reported; standing: none"


@pytest.mark.parametrize(
    "odd", [{}, {"signers": 5, "tiers": [], "verified": True}, {"machine": {"x": 1}, "roles": [None]}]
)
def test_odd_origins_are_shown_all_the_same(odd: dict[str, Any]) -> None:
    assert "observations:" in said_by(odd)


@pytest.mark.parametrize("format", [Format.TEXT, Format.MARKDOWN])
def test_reports_list_every_document(format: Format) -> None:
    text = render(ASSESSMENT, format)
    assert "Evidence of other machines" in text
    assert "cluster-7" in text
    assert "signed by nobody who may" in text
    assert "Evidence of other machines" not in render({**ASSESSMENT, "origins": []}, format)


def test_the_json_report_has_them_as_they_are() -> None:
    assert json.loads(render(ASSESSMENT, Format.JSON))["origins"] == [SIGNED, UNSIGNED]


def test_a_waiver_says_who_signed_it_or_why_it_does_not_count() -> None:
    waiver = {"id": "W-1", "reason": "r", "owner": "a", "approver": "b", "ticket": "t", "expires": "2026-12-01"}
    assert waived_by(waiver).endswith("until 2026-12-01)")
    assert waived_by({**waiver, "signers": ["key:bo"]}).endswith("until 2026-12-01, signed by key:bo)")
    assert waived_by({**waiver, "refused": "it is not signed"}).endswith("until 2026-12-01, REFUSED: it is not signed)")
