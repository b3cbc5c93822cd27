"""One assessment with every kind of outcome, and hostile names in it."""

from __future__ import annotations

from typing import Any

import pytest

BOLD = "\x1b[2K\x1b[1A"


def observation(mark: str) -> str:
    return f"obs:{mark * 64}"


@pytest.fixture
def sample() -> dict[str, Any]:
    waiver = {
        "id": "W-1", "control": "SUPPLY-02", "subjects": ["*"], "owner": "ana", "approver": "bo", "ticket": "SEC-12",
        "reason": "the code path is not reachable", "expires": "2027-01-01",
    }  # fmt: skip
    return {
        "schema": "https://probatum.dev/assessment/v1",
        "result": "fail",
        "reasons": [{"code": "undeclared", "message": "models/old.pkl lies in the folder and is not declared"}],
        "pipeline": {"name": "tumour-classifier", "criticality": "high", "exposure": "internal"},
        "stage": "deployment",
        "evaluated_at": "2026-11-20T07:00:00Z",
        "engine": {"name": "regorus", "version": "0.13.0"},
        "checklist": {"id": "secure-pipeline", "version": "1.0.0", "title": "Secure ML pipeline"},
        "digests": {
            "graph": {"sha256": "1" * 64},
            "policies": {"sha256": "2" * 64},
            "checklist": {"sha256": "3" * 64},
            "parameters": {"sha256": "4" * 64},
            "waivers": {"sha256": "5" * 64},
            "trust_policy": None,
        },
        "counts": {"pass": 1, "fail": 1, "inconclusive": 2, "waived": 1, "not_applicable": 1},
        "controls": [_format(), _scan(), _audit(waiver), _index(), _broken(), _gpu()],
        "evidence": {
            observation("a"): {
                "type": "model_format", "tier": "observed", "subject": "model:tumour", "status": "complete",
                "observed_at": "2026-11-20T07:00:00Z", "collector": {"name": "model_format", "version": "1"},
            }
        },
        "bypasses": [{"code": "collector_skipped", "message": "collector ml_bom was skipped"}],
        "waivers": [{**waiver, "state": "applied"}, {**waiver, "id": "W-2", "control": "MODEL-01", "state": "expired"}],
        "rows": [
            {"row": "K1", "title": "Train in isolation", "controls": ["TRAIN-03"], "outcome": "not_applicable"},
            {"row": "K3", "title": "Nobody looks at this", "controls": [], "outcome": "not_applicable"},
            {"row": "K2", "title": "Models cannot run code", "controls": ["MODEL-01", "MODEL-02"], "outcome": "fail"},
        ],
    }  # fmt: skip


def control(identity: str, title: str, priority: str, outcome: str, subjects: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "id": identity, "title": title, "priority": priority, "outcome": outcome, "stages": ["deployment"],
        "parameters": {"max_age_days": 30}, "remediation": f"mend what {identity} names", "error": None,
        "subjects": subjects, **more,
    }  # fmt: skip


def subject(identity: str, outcome: str, **more: Any) -> dict[str, Any]:
    return {
        "subject": identity, "outcome": outcome, "findings": [], "proofs": [], "reasons": [], "waiver": None, **more
    }  # fmt: skip


def _format() -> dict[str, Any]:
    findings = [
        {
            "message": f"models/[bold]tumour[/bold].safetensors is a pickle{BOLD}, which can run code",
            "evidence": [observation("a")],
            "remediation": "save the weights as safetensors",
        },
        {
            "message": "models/a|b.bin `x` <img src=x> @octocat [c](https://evil.test) is of an unknown format",
            "evidence": [observation("a"), observation("b")],
        },
    ]
    return control(
        "MODEL-01", "Models use a format that cannot execute code", "critical", "fail",
        [
            subject("model:tumour", "fail", findings=findings),
            subject("model:other", "pass", proofs=[{"evidence": [observation("c")]}]),
        ],
    )  # fmt: skip


def _scan() -> dict[str, Any]:
    reasons = [
        {
            "code": "incomplete", "type": "model_scan", "evidence": [observation("d")],
            "message": "2 of 3 items were examined; not seen: models/weights.7z (encrypted)",
        },
        {"code": "missing", "type": "hashes", "message": "there is no such observation", "evidence": []},
    ]  # fmt: skip
    return control(
        "MODEL-02", "Models hold no malicious code", "critical", "inconclusive",
        [subject("model:tumour", "inconclusive", reasons=reasons)],
    )  # fmt: skip


def _audit(waiver: dict[str, Any]) -> dict[str, Any]:
    finding = {"message": "joblib 1.1.0: CVE-2022-21797 (9.8), fixed in 1.2.0", "evidence": [observation("e")]}
    return control(
        "SUPPLY-02", "No known vulnerabilities", "high", "waived",
        [subject("dependency_set:training", "waived", findings=[finding], waiver=waiver)],
    )  # fmt: skip


def _index() -> dict[str, Any]:
    return control(
        "SUPPLY-03", "Packages come from approved indexes", "medium", "pass",
        [subject("dependency_set:training", "pass", proofs=[{"evidence": [observation("f")]}])],
    )  # fmt: skip


def _broken() -> dict[str, Any]:
    return control("TRAIN-01", "Isolated training", "low", "inconclusive", [], error="time.parse: unknown function")


def _gpu() -> dict[str, Any]:
    return control("TRAIN-03", "GPU isolation", "low", "not_applicable", [])
