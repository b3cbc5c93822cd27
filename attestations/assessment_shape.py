"""Checking large assessments quickly.

``jsonschema`` takes a quarter of a millisecond for one outcome, and an assessment of 10,000 subjects has 150,000. What
this test accepts, the schema accepts too (a test compares them); the rest is left for the schema to judge.
"""

from __future__ import annotations

from typing import Any

_OUTCOMES = frozenset(("pass", "fail", "inconclusive", "waived", "not_applicable"))


def without_plain_outcomes(assessment: Any) -> Any:
    """The assessment without those outcomes of subjects that certainly follow the schema."""
    controls = assessment.get("controls") if isinstance(assessment, dict) else None
    if not isinstance(controls, list):
        return assessment
    return {**assessment, "controls": [_reduced(control) for control in controls]}


def _reduced(control: Any) -> Any:
    subjects = control.get("subjects") if isinstance(control, dict) else None
    if not isinstance(subjects, list):
        return control
    return {**control, "subjects": [item for item in subjects if not is_plain_outcome(item)]}


def is_plain_outcome(item: Any) -> bool:
    """True when a value is certainly one subject's outcome by the schema; False when the schema has to be asked."""
    return (
        type(item) is dict
        and type(item.get("subject")) is str
        and item["subject"] != ""
        and type(item.get("outcome")) is str
        and item["outcome"] in _OUTCOMES
        and all(type(item.get(name)) is list for name in ("findings", "proofs", "reasons"))
    )
