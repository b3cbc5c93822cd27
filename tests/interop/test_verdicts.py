"""Our verdicts and assessments, verified by the field's own tools, and refused by them when altered."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from interop_case import COSIGN, IN_TOTO, SLSA_VERIFIER, needs, said
from package_case import assessment, graph, pipeline, written
from signing_case import ec_key, ed_key, rsa_key, sha256

from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.trust.predicates import ASSESSMENT, VSA
from probatum.attestations.vsa import VERIFIER_ID

KEYS = {"ed25519": ed_key(), "p256": ec_key(), "p384": ec_key(ec.SECP384R1()), "rsa": rsa_key(3072)}
STRANGER = {"ed25519": ed_key(), "p256": ec_key(), "p384": ec_key(ec.SECP384R1()), "rsa": rsa_key(3072)}
Verifier = Callable[["Case"], tuple[bool, str]]


class Case:
    """A verdict package, and what a verifier is told of it."""

    def __init__(self, folder: Path, key: SigningKey, **fields: Any) -> None:
        self.folder = folder
        written(folder, key, **fields)
        self.verdict = folder / "verdict" / "verdict.dsse.json"
        self.type = VSA
        self.artifact = folder / "pipeline" / "m.bin"
        self.resource = "urn:probatum:pipeline:p"
        self.level = "PROBATUM_SECURE_PIPELINE_PASSED"
        self.trust(key)

    def trust(self, key: SigningKey) -> None:
        """The verifier has this public key."""
        self.key = self.folder / "key.pub"
        self.key.write_text(key.public.pem)
        self.key_id = key.public.id

    def payload(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Alter the statement under the signature."""
        document = json.loads(self.verdict.read_bytes())
        statement = json.loads(base64.b64decode(document["payload"]))
        change(statement)
        document["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
        self.verdict.write_text(json.dumps(document))

    def envelope(self, **fields: Any) -> None:
        """Alter fields of the envelope."""
        self.verdict.write_text(json.dumps({**json.loads(self.verdict.read_bytes()), **fields}))


def by_cosign(case: Case) -> tuple[bool, str]:
    options = ["--key", case.key, "--signature", case.verdict, "--type", case.type, "--insecure-ignore-tlog=true"]
    return said(COSIGN, ["verify-blob-attestation", *options, case.artifact], case.folder)


def by_slsa_verifier(case: Case) -> tuple[bool, str]:
    options = ["--attestation-path", case.verdict, "--subject-digest", f"sha256:{sha256(case.artifact.read_bytes())}"]
    options += ["--verifier-id", VERIFIER_ID, "--resource-uri", case.resource, "--verified-level", case.level]
    options += ["--public-key-path", case.key, "--public-key-id", case.key_id]
    return said(SLSA_VERIFIER, ["verify-vsa", *options], case.folder)


def by_in_toto(case: Case) -> tuple[bool, str]:
    digest = sha256(case.artifact.read_bytes())
    return said(IN_TOTO, [case.verdict, case.key, case.key_id, case.type, digest], case.folder)


def by_securesystemslib(case: Case) -> tuple[bool, str]:
    """The library under in-toto's Python tools: another reader of envelopes than ours."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import SSlibKey

    loaded: Any = load_pem_public_key(case.key.read_bytes())
    scheme = "rsa-pkcs1v15-sha256" if case.key_id == KEYS["rsa"].public.id else None
    key = SSlibKey.from_crypto(loaded, case.key_id, scheme)
    try:
        envelope = Envelope.from_dict(json.loads(case.verdict.read_bytes()))
        accepted = envelope.verify([key], 1)
    except VerificationError as error:
        return False, str(error)
    statement = json.loads(envelope.payload)
    about = sha256(case.artifact.read_bytes()) in {item["digest"]["sha256"] for item in statement["subject"]}
    return about and bool(accepted) and statement["predicateType"] == case.type, ""


TOOLS = [
    pytest.param(by_cosign, marks=needs(COSIGN), id="cosign"),
    pytest.param(by_slsa_verifier, marks=needs(SLSA_VERIFIER), id="slsa-verifier"),
    pytest.param(by_in_toto, marks=needs(IN_TOTO), id="in-toto-golang"),
    pytest.param(by_securesystemslib, id="securesystemslib"),
]
CANNOT = {(by_cosign, "p384"), (by_in_toto, "rsa")}
"""What these do not verify: cosign hashes with SHA-256 whatever the curve; in-toto's Go library knows RSA-PSS alone."""


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("verify", TOOLS)
def test_a_verdict_is_accepted(verify: Verifier, kind: str, tmp_path: Path) -> None:
    accepted, output = verify(Case(tmp_path, KEYS[kind]))
    assert accepted is ((verify, kind) not in CANNOT), output


@pytest.mark.parametrize("verify", [TOOLS[0], *TOOLS[2:]])
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
    "key": lambda case: case.trust(STRANGER["ed25519"]),
    "artifact": lambda case: case.artifact.write_bytes(b"other weights") and None,
    "predicate type": lambda case: setattr(case, "type", "https://slsa.dev/provenance/v1"),
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
@pytest.mark.parametrize("verify", TOOLS)
def test_an_altered_verdict_is_refused(verify: Verifier, alter: Callable[[Case], None], tmp_path: Path) -> None:
    """So that the tests above could fail."""
    if verify is by_slsa_verifier and alter is ALTERED["predicate type"]:
        return  # it is not told the predicate type: it reads VSAs alone
    case = Case(tmp_path, KEYS["ed25519"])
    alter(case)
    accepted, output = verify(case)
    assert not accepted, output


@needs(SLSA_VERIFIER)
def test_a_failed_verdict_is_a_refusal(tmp_path: Path) -> None:
    """The signature holds and the subject agrees: the result alone makes the difference."""
    failed = assessment(graph(pipeline(tmp_path / "pipeline")), outcome="fail")
    case = Case(tmp_path, KEYS["p256"], assessment=failed)
    accepted, output = by_slsa_verifier(case)
    assert not accepted
    assert "FAILED" in output or "verificationResult" in output


@needs(SLSA_VERIFIER)
@pytest.mark.parametrize("field", ["level", "resource", "key_id"])
def test_slsa_verifier_holds_us_to_our_words(field: str, tmp_path: Path) -> None:
    case = Case(tmp_path, KEYS["p256"])
    setattr(case, field, "SLSA_BUILD_LEVEL_3")
    accepted, output = by_slsa_verifier(case)
    assert not accepted, output
