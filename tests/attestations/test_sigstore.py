"""Sigstore bundles against a trusted root of our own, checked by the real library, without network or cache."""

from __future__ import annotations

import base64
import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from signing_case import NOW, sha256, statement, write
from sigstore_case import ISSUER, WORKFLOW, Services

from probatum.attestations.predicates import DEFAULT_TYPES
from probatum.attestations.trust import Role, TrustPolicy
from probatum.attestations.trusted import Identity, SigstoreRoot
from probatum.attestations.verifier import TrustVerifier

PAYLOAD = json.dumps(statement("a" * 64)).encode()


@pytest.fixture(scope="module")
def services() -> Services:
    return Services()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HOME", str(tmp_path))


def trusting(services: Services, issuer: str = ISSUER, identity: str = WORKFLOW) -> TrustPolicy:
    root = services.trusted_root()
    roles = {name: Role(name, ("identity:ci",), DEFAULT_TYPES[name]) for name in ("provenance", "model")}
    return TrustPolicy(
        {},
        roles,
        {"ci": Identity(issuer, identity, roots=("sigstore",))},
        {"sigstore": SigstoreRoot(sha256(root), root)},
    )


def test_a_bundle_of_the_allowed_identity_is_verified(services: Services, tmp_path: Path) -> None:
    found = TrustVerifier(trusting(services), NOW).verify(services.sign_statement(PAYLOAD), source="b")
    assert found.reason == ""
    assert found.verified
    assert found.signers == ("identity:ci",)
    assert found.statement == json.loads(PAYLOAD)
    assert (found.kind, found.role) == ("sigstore", "provenance")
    assert not list(tmp_path.rglob("*")), "a cache was written"


@pytest.mark.parametrize(
    ("issuer", "identity"),
    [("https://other.example", WORKFLOW), (ISSUER, WORKFLOW + "x"), (ISSUER, WORKFLOW[:-1]), (ISSUER, ".*")],
)
def test_another_identity_is_refused(services: Services, issuer: str, identity: str) -> None:
    found = TrustVerifier(trusting(services, issuer, identity), NOW).verify(
        services.sign_statement(PAYLOAD), source="b"
    )
    assert not found.verified
    assert found.statement is None
    assert "no allowed identity" in found.reason


def test_a_bundle_of_another_authority_is_refused(services: Services) -> None:
    found = TrustVerifier(trusting(services), NOW).verify(Services().sign_statement(PAYLOAD), source="b")
    assert not found.verified


def test_without_a_trusted_root_nothing_is_verified(services: Services) -> None:
    found = TrustVerifier(replace(trusting(services), sigstore={}), NOW).verify(
        services.sign_statement(PAYLOAD), source="b"
    )
    assert not found.verified
    assert "trusted root" in found.reason


def test_another_payload_type_is_refused(services: Services) -> None:
    bundle = services.sign_statement(PAYLOAD, payload_type="text/plain")
    found = TrustVerifier(trusting(services), NOW).verify(bundle, source="b")
    assert not found.verified
    assert "payload type" in found.reason


def changed(bundle: bytes, change: Any) -> bytes:
    document = json.loads(bundle)
    change(document)
    return json.dumps(document).encode()


def swap_payload(document: dict[str, Any]) -> None:
    document["dsseEnvelope"]["payload"] = base64.b64encode(PAYLOAD.replace(b"aaaa", b"bbbb")).decode()


def drop_log(document: dict[str, Any]) -> None:
    document["verificationMaterial"]["tlogEntries"] = []


def shift_time(document: dict[str, Any]) -> None:
    document["verificationMaterial"]["tlogEntries"][0]["integratedTime"] = "1763640000"


def other_root(document: dict[str, Any]) -> None:
    document["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["rootHash"] = base64.b64encode(
        b"r" * 32
    ).decode()


def drop_promise(document: dict[str, Any]) -> None:
    del document["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"]


@pytest.mark.parametrize("change", [swap_payload, drop_log, shift_time, other_root, drop_promise])
def test_a_changed_bundle_is_refused(services: Services, change: Any) -> None:
    found = TrustVerifier(trusting(services), NOW).verify(changed(services.sign_statement(PAYLOAD), change), source="b")
    assert not found.verified
    assert found.reason


def test_the_log_entry_of_another_signature_is_refused(services: Services) -> None:
    """CVE-2022-36056: a log entry that does not belong to the signature."""
    other = json.loads(services.sign_statement(PAYLOAD))["verificationMaterial"]["tlogEntries"]

    def graft(document: dict[str, Any]) -> None:
        document["verificationMaterial"]["tlogEntries"] = other

    found = TrustVerifier(trusting(services), NOW).verify(changed(services.sign_statement(PAYLOAD), graft), source="b")
    assert not found.verified


def test_duplicate_keys_in_a_bundle_are_refused(services: Services) -> None:
    bundle = services.sign_statement(PAYLOAD).replace(b'{"mediaType"', b'{"MEDIATYPE": "x", "mediaType"', 1)
    found = TrustVerifier(trusting(services), NOW).verify(bundle, source="b")
    assert not found.verified
    assert "duplicate key" in found.reason


def test_a_signed_file(services: Services, tmp_path: Path) -> None:
    file = write(tmp_path / "model.bin", b"weights")
    verifier = TrustVerifier(trusting(services), NOW)
    bundle = services.sign_file(b"weights")
    found = verifier.verify_artifact(bundle, source="b", artifact=file)
    assert found.reason == ""
    assert (found.verified, found.signers, found.about) == (True, ("identity:ci",), "artifact")
    assert verifier.verify(bundle, source="b").kind == "signature"
    file.write_bytes(b"weightz")
    assert not verifier.verify_artifact(bundle, source="b", artifact=file).verified
    assert "cannot be read" in verifier.verify_artifact(bundle, source="b", artifact=tmp_path / "no").reason


def test_a_damaged_trusted_root(services: Services) -> None:
    policy = replace(trusting(services), sigstore={"sigstore": SigstoreRoot("0" * 64, b"{}")})
    found = TrustVerifier(policy, NOW).verify(services.sign_statement(PAYLOAD), source="b")
    assert not found.verified
    assert "trusted root" in found.reason
