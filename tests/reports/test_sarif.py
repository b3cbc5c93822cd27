"""What GitHub code scanning needs of SARIF, and what the standard's schema demands of the fields that are used."""

from __future__ import annotations

import json
from typing import Any

import pytest

from probatum.reports.format import Format, render


def run(sample: dict[str, Any], locations: dict[str, str] | None = None) -> Any:
    document = json.loads(render(sample, Format.SARIF, locations=locations))
    assert document["version"] == "2.1.0"
    assert len(document["runs"]) == 1
    return document["runs"][0]


def results(sample: dict[str, Any], rule: str) -> list[Any]:
    return [result for result in run(sample)["results"] if result["ruleId"] == rule]


def test_one_rule_per_control(sample: dict[str, Any]) -> None:
    rules = run(sample)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [*sorted(c["id"] for c in sample["controls"]), "PROBATUM"]
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert 0 < float(rule["properties"]["security-severity"]) <= 10


def test_level_follows_priority(sample: dict[str, Any]) -> None:
    levels = {result["ruleId"]: result["level"] for result in run(sample)["results"]}
    assert levels == {
        "MODEL-01": "error", "MODEL-02": "error", "SUPPLY-02": "error", "TRAIN-01": "note", "PROBATUM": "error",
    }  # fmt: skip


def test_one_result_per_finding_and_one_per_unjudged_subject(sample: dict[str, Any]) -> None:
    assert len(results(sample, "MODEL-01")) == 2
    assert len(results(sample, "MODEL-02")) == 1
    assert "not seen: models/weights.7z" in results(sample, "MODEL-02")[0]["message"]["text"]
    assert results(sample, "SUPPLY-03") == []


def test_equal_findings_are_one_result_with_all_evidence(sample: dict[str, Any]) -> None:
    finding = sample["controls"][0]["subjects"][0]["findings"][0]
    sample["controls"][0]["subjects"][0]["findings"].append({**finding, "evidence": ["obs:other"]})
    same = [r for r in results(sample, "MODEL-01") if "pickle" in r["message"]["text"]]
    assert len(same) == 1
    assert same[0]["properties"]["evidence"] == sorted(["obs:other", *finding["evidence"]])


def test_fingerprint_of_an_unjudged_subject_outlives_its_reasons(sample: dict[str, Any]) -> None:
    before = results(sample, "MODEL-02")[0]["partialFingerprints"]
    sample["controls"][1]["subjects"][0]["reasons"].pop()
    assert results(sample, "MODEL-02")[0]["partialFingerprints"] == before


def test_waived_is_suppressed_with_its_reason(sample: dict[str, Any]) -> None:
    (result,) = results(sample, "SUPPLY-02")
    (suppression,) = result["suppressions"]
    assert suppression["kind"] == "external"
    assert suppression["status"] == "accepted"
    assert "SEC-12" in suppression["justification"]
    assert all(
        "suppressions" not in other
        for other in run(sample)["results"]
        if other is not result and other["ruleId"] != "SUPPLY-02"
    )


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("models/m 1.pkl", "models/m%201.pkl"),
        ("models/", "models"),
        ("./a/b", "a/b"),
        ("c:d", "c%3Ad"),
        ("/etc/passwd", "probatum.yaml"),
        ("a/../../b", "probatum.yaml"),
        ("https://models.test/m", "probatum.yaml"),
        ("", "probatum.yaml"),
        (".", "probatum.yaml"),
    ],
)
def test_location(sample: dict[str, Any], path: str, uri: str) -> None:
    found = [r for r in run(sample, {"model:tumour": path})["results"] if r["ruleId"] == "MODEL-02"]
    assert found[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_bypasses_are_notifications(sample: dict[str, Any]) -> None:
    (notification,) = run(sample)["invocations"][0]["toolConfigurationNotifications"]
    assert notification["level"] == "warning"
    assert "ml_bom was skipped" in notification["message"]["text"]


def test_links_in_messages_are_taken_apart(sample: dict[str, Any]) -> None:
    assert not any("](" in result["message"]["text"] for result in run(sample)["results"])
