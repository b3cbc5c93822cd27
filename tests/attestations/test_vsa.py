"""The verdict against the words of SLSA's specification of verification summaries, 1.1 and 1.2."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from package_case import assessment, check, graph, pipeline, written
from signing_case import ed_key, envelope

from probatum.attestations.vsa import VERIFIER_ID, level

URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:\S+")
KEY = ed_key()


def predicate(folder: Path) -> dict[str, Any]:
    document = json.loads((folder / "verdict" / "verdict.dsse.json").read_bytes())
    statement = json.loads(base64.b64decode(document["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/verification_summary/v1"
    assert all(item["digest"] for item in statement["subject"])
    value: dict[str, Any] = statement["predicate"]
    return value


@pytest.mark.parametrize("outcome", ["pass", "fail", "inconclusive"])
def test_every_field_is_as_the_specification_has_it(outcome: str, tmp_path: Path) -> None:
    made = assessment(graph(pipeline(tmp_path / "pipeline")), outcome=outcome)
    written(tmp_path, KEY, assessment=made)
    found = predicate(tmp_path)
    assert URI.fullmatch(found["verifier"]["id"])
    assert all(isinstance(value, str) for value in found["verifier"]["version"].values()), "a map of string to string"
    assert datetime.fromisoformat(found["timeVerified"]).tzinfo is not None
    assert URI.fullmatch(found["resourceUri"])
    assert URI.fullmatch(found["policy"]["uri"]), "MUST contain a uri"
    assert re.fullmatch(r"[0-9a-f]{64}", found["policy"]["digest"]["sha256"]), "SHOULD contain a digest"
    assert all(item["digest"] and item["uri"] for item in found["inputAttestations"]), "each MUST contain a digest"
    assert found["verificationResult"] == ("PASSED" if outcome == "pass" else "FAILED")
    assert found["verifiedLevels"] == (["PROBATUM_SECURE_PIPELINE_PASSED"] if outcome == "pass" else ["FAILED"])
    assert re.fullmatch(r"\d+\.\d+", found["slsaVersion"])
    known = {"verifier", "timeVerified", "resourceUri", "policy", "inputAttestations", "verificationResult"}
    known |= {"verifiedLevels", "dependencyLevels", "slsaVersion"}
    assert all(URI.fullmatch(name) for name in found.keys() - known), "extension fields are named by URIs"


def test_no_checklist_can_claim_a_level_of_slsa() -> None:
    """Custom values MUST NOT start with SLSA_."""
    for name in ("SLSA_BUILD_LEVEL_3", "slsa-build-level-3", "../SLSA_", ""):
        assert level(name).startswith("PROBATUM_")


def test_a_verdict_of_another_verifier_is_refused(tmp_path: Path) -> None:
    """Consumers MUST accept only pairs of signer and verifier: this signer speaks for this verifier alone."""
    written(tmp_path, KEY)
    path = tmp_path / "verdict" / "verdict.dsse.json"
    statement = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    assert statement["predicate"]["verifier"]["id"] == VERIFIER_ID
    assert check(tmp_path, KEY).ok
    statement["predicate"]["verifier"]["id"] = "https://verifier.example/other"
    path.write_bytes(envelope(statement, KEY))
    report = check(tmp_path, KEY)
    assert not report.ok
    assert any("verifier" in row.detail for row in report.rows if row.ok is False)
