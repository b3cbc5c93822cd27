"""Checking long lists of revocations quickly.

``jsonschema`` takes a third of a millisecond for one entry, and a list may have 100,000. What this test accepts, the
schema accepts too (a test compares them); the rest is left for the schema to judge.
"""

from __future__ import annotations

import re
from typing import Any

_REASONS = frozenset(
    (
        "key-compromise", "affiliation-changed", "superseded", "cessation-of-operation", "privilege-withdrawn",
        "evidence-wrong", "policy-defect", "other",
    )
)  # fmt: skip
_NAMED = {"verdict": "statement", "attestation": "statement", "key": "key", "evidence": "evidence", "policy": "policy"}
_TEXT = {"key": re.compile(r"SHA256:[A-Za-z0-9+/]{43}"), "evidence": re.compile(r"obs:[0-9a-f]{64}")}
_HEX = re.compile(r"[0-9a-f]{64}")
_LONGEST_NOTE = 2000


def without_plain_entries(predicate: Any) -> Any:
    """The predicate without those entries that certainly follow the schema; all of them when there are too many."""
    entries = predicate.get("revocations") if isinstance(predicate, dict) else None
    if not isinstance(entries, list) or len(entries) > 100_000:
        return predicate
    return {**predicate, "revocations": [item for item in entries if not is_plain_entry(item)]}


def is_plain_entry(item: Any) -> bool:
    """True when a value is certainly a revocation without a date by the schema; False when it has to be asked."""
    if type(item) is not dict or type(item.get("kind")) is not str or type(item.get("reason")) is not str:
        return False
    field = _NAMED.get(item["kind"])
    return (
        field is not None
        and item["reason"] in _REASONS
        and item.keys() <= {"kind", "reason", "note", field, *(["envelope"] if field == "statement" else [])}
        and type(item.get("note", "")) is str
        and len(item.get("note", "")) <= _LONGEST_NOTE
        and _is_name(field, item.get(field))
        and ("envelope" not in item or _is_digest(item["envelope"]))
    )


def _is_name(field: str, value: Any) -> bool:
    if field in _TEXT:
        return type(value) is str and _TEXT[field].fullmatch(value) is not None
    return _is_digest(value)


def _is_digest(value: Any) -> bool:
    return (
        type(value) is dict
        and len(value) == 1
        and type(value.get("sha256")) is str
        and _HEX.fullmatch(value["sha256"]) is not None
    )
