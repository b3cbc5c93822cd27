"""Our verdicts and assessments, verified by the field's own tools, and refused by them when altered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from countersigning_case import countersigned
from cryptography.hazmat.primitives.asymmetric import ec
from interop_case import AMPEL, ATTESTATION_VERIFIER, COSIGN, IN_TOTO, SLSA_VERIFIER, needs
from interop_verifiers import (
    Case,
    by_ampel,
    by_attestation_verifier,
    by_cosign,
    by_in_toto,
    by_securesystemslib,
    by_slsa_verifier,
)
from package_case import assessment, graph, pipeline
from signing_case import ec_key, ed_key, rsa_key

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.trust.predicates import ASSESSMENT

KEYS = {"ed25519": ed_key(), "p256": ec_key(), "p384": ec_key(ec.SECP384R1()), "rsa": rsa_key(3072)}
STRANGER = ed_key()
Verifier = Callable[[Case], tuple[bool, str]]

SLSA = pytest.param(by_slsa_verifier, marks=needs(SLSA_VERIFIER), id="slsa-verifier")
POLICIES = [
    pytest.param(by_ampel, marks=needs(AMPEL), id="ampel"),
    pytest.param(by_attestation_verifier, marks=needs(ATTESTATION_VERIFIER), id="attestation-verifier"),
]
"""What is asked for stands in a policy of the user's, in the language of the tool."""
ANY_TYPE = [
    pytest.param(by_cosign, marks=needs(COSIGN), id="cosign"),
    pytest.param(by_in_toto, marks=needs(IN_TOTO), id="in-toto-golang"),
    pytest.param(by_securesystemslib, id="securesystemslib"),
    *POLICIES,
]
"""These are told the predicate type; slsa-verifier reads VSAs alone."""
CANNOT = {(by_cosign, "p384"), (by_in_toto, "rsa"), (by_attestation_verifier, "rsa")}
"""What these do not verify: cosign hashes with SHA-256 whatever the curve; in-toto's Go library knows RSA-PSS alone."""


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("verify", [SLSA, *ANY_TYPE])
def test_a_verdict_is_accepted(verify: Verifier, kind: str, tmp_path: Path) -> None:
    accepted, output = verify(Case(tmp_path, KEYS[kind]))
    assert accepted is ((verify, kind) not in CANNOT), output


@pytest.mark.parametrize("verify", [SLSA, *ANY_TYPE])
def test_a_countersigned_verdict_and_each_countersignature_are_accepted(verify: Verifier, tmp_path: Path) -> None:
    """The verdict is the file that it was; a countersignature is a document of the same form, by another key."""
    case = Case(tmp_path, KEYS["ed25519"])
    second = countersigned(tmp_path / "verdict", KeyAttestor([KEYS["p256"]]))
    accepted, output = verify(case)
    assert accepted, output
    case.verdict = second
    assert not verify(case)[0], "this one is signed by another key"
    case.trust(KEYS["p256"])
    accepted, output = verify(case)
    assert accepted, output


@pytest.mark.parametrize("verify", ANY_TYPE)
def test_an_assessment_is_accepted(verify: Verifier, tmp_path: Path) -> None:
    case = Case(tmp_path, KEYS["ed25519"])
    case.verdict, case.type = case.verdict.with_name("assessment.dsse.json"), ASSESSMENT
    accepted, output = verify(case)
    assert accepted, output


def result(statement: dict[str, Any]) -> None:
    statement["predicate"]["verificationResult"] = "FAILED"


def subject(statement: dict[str, Any]) -> None:
    statement["subject"] = [{"name": "x", "digest": {"sha256": "0" * 64}}]


ALTERED: dict[str, Callable[[Case], None]] = {
    "result": lambda case: case.payload(result),
    "subject": lambda case: case.payload(subject),
    "space": lambda case: case.payload(lambda statement: None),
    "payload type": lambda case: case.envelope(payloadType="application/json"),
    "no signature": lambda case: case.envelope(signatures=[]),
    "key": lambda case: case.trust(STRANGER),
    "artifact": lambda case: case.artifact.write_bytes(b"other weights") and None,
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
@pytest.mark.parametrize("verify", [SLSA, *ANY_TYPE])
def test_an_altered_verdict_is_refused(verify: Verifier, alter: Callable[[Case], None], tmp_path: Path) -> None:
    """So that the tests above could fail."""
    case = Case(tmp_path, KEYS["ed25519"])
    alter(case)
    accepted, output = verify(case)
    assert not accepted, output


@pytest.mark.parametrize("verify", ANY_TYPE)
def test_another_predicate_type_is_refused(verify: Verifier, tmp_path: Path) -> None:
    case = Case(tmp_path, KEYS["ed25519"])
    case.type = "https://slsa.dev/provenance/v1"
    accepted, output = verify(case)
    assert not accepted, output


@pytest.mark.parametrize("verify", [SLSA, *POLICIES])
def test_a_failed_verdict_is_a_refusal(verify: Verifier, tmp_path: Path) -> None:
    """The signature holds and the subject agrees: the result alone makes the difference."""
    failed = assessment(graph(pipeline(tmp_path / "pipeline")), outcome="fail")
    case = Case(tmp_path, KEYS["p256"], assessment=failed)
    accepted, output = verify(case)
    assert not accepted
    assert "FAILED" in output or "verificationResult" in output


@pytest.mark.parametrize("field", ["level", "resource"])
@pytest.mark.parametrize("verify", [SLSA, *POLICIES])
def test_we_are_held_to_our_words(verify: Verifier, field: str, tmp_path: Path) -> None:
    case = Case(tmp_path, KEYS["p256"])
    setattr(case, field, "SLSA_BUILD_LEVEL_3")
    accepted, output = verify(case)
    assert not accepted, output


@needs(SLSA_VERIFIER)
def test_slsa_verifier_asks_for_the_key_id(tmp_path: Path) -> None:
    case = Case(tmp_path, KEYS["p256"])
    case.key_id = "SLSA_BUILD_LEVEL_3"
    accepted, output = by_slsa_verifier(case)
    assert not accepted, output
