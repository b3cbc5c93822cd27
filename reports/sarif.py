"""An assessment as SARIF 2.1.0 (OASIS), within the subset that GitHub code scanning accepts.

- Every control is a rule; every finding is a result; a subject that could not be judged is one result, whatever the
  number of its reasons, so that an alert lives until the subject can be judged. What is waived is a suppressed result.
- Every result has a location, for GitHub refuses the whole file otherwise: the subject's, else the manifest.
- Fingerprints are of control, subject and message, never of a position. ``primaryLocationLineHash`` is set as well: it
  is the one GitHub reads, and what it would compute by itself hashes the first line of a model and changes with each
  release.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from .. import __version__
from .plain import json_text, plain
from .reading import Entry, all_entries, conclusion, controls, items, waived_by

MANIFEST = "probatum.yaml"
RUN_RULE = "PROBATUM"
"""Rule of what concerns the run as a whole."""

_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_SEVERITIES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""GitHub's ``security-severity``: over 9.0 critical, from 7.0 high, from 4.0 medium, else low."""


def render(assessment: Mapping[str, Any], locations: Mapping[str, str]) -> str:
    """Write an assessment as SARIF.

    Args:
        assessment: the assessment document.
        locations: subject id to path, relative to the root of the repository.
    """
    checklist = assessment.get("checklist") or {}
    category = (checklist.get("id") or "checklist", assessment.get("stage") or "every-stage")
    results = {result["partialFingerprints"]["probatum/v1"]: result for result in _results(assessment, locations)}
    run = {
        "tool": {"driver": _driver(assessment)},
        "automationDetails": {"id": "/".join(("probatum", *map(str, category))) + "/"},
        "invocations": [_invocation(assessment)],
        "columnKind": "unicodeCodePoints",
        "results": [results[key] for key in sorted(results, key=lambda key: (results[key]["ruleId"], key))],
        "properties": {key: assessment.get(key) for key in ("result", "counts", "digests", "engine")},
    }
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return json_text({"$schema": schema, "version": "2.1.0", "runs": [run]})


def _driver(assessment: Mapping[str, Any]) -> dict[str, Any]:
    rules = [_rule(control) for control in controls(assessment)]
    if items(assessment, "reasons"):
        rules.append(_rule({"id": RUN_RULE, "title": "The run as a whole can be relied on", "priority": "critical"}))
    return {"name": "Probatum", "version": __version__, "informationUri": "https://probatum.dev", "rules": rules}


def _rule(control: Mapping[str, Any]) -> dict[str, Any]:
    title, priority = _words(control.get("title") or control.get("id")), str(control.get("priority"))
    return {
        "id": str(control.get("id")),
        "shortDescription": {"text": title},
        "fullDescription": {"text": _words(control.get("description")) or title},
        "help": {"text": _words(control.get("remediation")) or title},
        "defaultConfiguration": {"level": _LEVELS.get(priority, "error")},
        "properties": {
            "tags": ["security", "machine-learning"],
            "priority": priority,
            "security-severity": _SEVERITIES.get(priority, "9.5"),
        },
    }


def _invocation(assessment: Mapping[str, Any]) -> dict[str, Any]:
    made = {
        "executionSuccessful": True,
        "exitCodeDescription": conclusion(assessment),
        "toolConfigurationNotifications": [
            {"level": "warning", "message": {"text": _words(f"Bypass {item.get('code')}: {item.get('message')}")}}
            for item in items(assessment, "bypasses")
        ],
    }
    if assessment.get("evaluated_at"):
        made["endTimeUtc"] = assessment["evaluated_at"]
    return made


def _results(assessment: Mapping[str, Any], locations: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for entry in all_entries(assessment):
        if entry.outcome in {"fail", "inconclusive", "waived"}:
            for message, key, evidence in _messages(entry):
                yield _result(entry, message, key, evidence, _location(locations.get(entry.subject), entry.subject))
    for reason in items(assessment, "reasons"):
        run = Entry({"id": RUN_RULE, "priority": "critical"}, "pipeline", "inconclusive", (), None)
        message = f"Inconclusive: {reason.get('code')}: {reason.get('message')}"
        yield _result(run, message, message, [], _location(None, "pipeline"))


def _messages(entry: Entry) -> Iterator[tuple[str, str, list[str]]]:
    """Message, what the fingerprint is of, and evidence ids of each result of an entry."""
    evidence: dict[str, set[str]] = {}
    for cause in entry.causes:
        if cause.code == "finding":
            evidence.setdefault(cause.message, set()).update(cause.evidence)
    for message in sorted(evidence):
        yield message, message, sorted(evidence[message])
    reasons = [cause for cause in entry.causes if cause.code != "finding"]
    if reasons:
        text = "; ".join(f"{cause.code}: {cause.message}" for cause in reasons)
        yield f"Inconclusive: {text}", "", sorted({one for cause in reasons for one in cause.evidence})


def _result(entry: Entry, message: str, key: str, evidence: list[str], location: dict[str, Any]) -> dict[str, Any]:
    control = str(entry.control.get("id"))
    parts = f"{control}\0{entry.subject}\0{key}".encode("utf-8", "backslashreplace")
    fingerprint = hashlib.sha256(parts).hexdigest()
    result: dict[str, Any] = {
        "ruleId": control,
        "level": _LEVELS.get(str(entry.control.get("priority")), "error"),
        "message": {"text": _words(f"{entry.subject}: {message}")},
        "locations": [location],
        "partialFingerprints": {"probatum/v1": fingerprint, "primaryLocationLineHash": f"{fingerprint[:16]}:1"},
        "properties": {"subject": entry.subject, "outcome": entry.outcome, "evidence": evidence},
    }
    if entry.waiver is not None:
        why = waived_by(entry.waiver)
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": _words(why)}]
    return result


def _words(value: object) -> str:
    """A message; viewers take ``[text](target)`` in it for a link (SARIF section 3.11.6), so that is taken apart."""
    return plain(value).replace("](", "] (")


def _location(path: str | None, subject: str) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _relative(path), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 1},
        },
        "logicalLocations": [{"fullyQualifiedName": subject, "kind": "resource"}],
    }


def _relative(path: str | None) -> str:
    """The path as a relative URI; the manifest's when there is none, or when it leads out of the repository."""
    parts = PurePosixPath(path or MANIFEST).parts
    if "://" in (path or "") or not parts or parts[0] == "/" or ".." in parts:
        return MANIFEST
    return quote("/".join(parts).encode("utf-8", "backslashreplace"), safe="/")
