"""Sigstore bundles against a trusted root of our own, checked by the real library, without network or cache."""

from __future__ import annotations

import base64
import json
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from signing_case import NOW, sha256, statement, write
from sigstore_case import ISSUER, SIGNED_AT, WORKFLOW, Services

from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keyless.sigstore_bundle import verify_statement
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES
from probatum.attestations.trust.trusted import Identity, SigstoreRoot
from probatum.errors import TrustError

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


def test_what_is_known_of_a_signature(services: Services) -> None:
    stamped = replace(services, stamped=True)
    policy = trusting(stamped)
    found = verify_statement(stamped.sign_statement(PAYLOAD, claims={"ref": "refs/heads/main"}), policy, source="b")
    assert found.content == PAYLOAD
    assert found.claims == {
        "issuer": ISSUER, "subject": WORKFLOW, "subject_type": "uri", "ref": "refs/heads/main",
    }  # fmt: skip
    assert found.facts.signed_at == SIGNED_AT + timedelta(seconds=1)
    assert (found.facts.logs, found.facts.authorities) == ({"sigstore"}, {"sigstore"})
    assert found.facts.key is not None
    assert found.times == (
        "2026-11-19T12:00:01+00:00 by a timestamp authority",
        "2026-11-19T12:00:00+00:00 by the log",
    )


def test_two_snapshots_of_one_root_are_one_signer(services: Services) -> None:
    policy = trusting(services)
    later = services.trusted_root() + b"\n"
    roots = {"old": policy.sigstore["sigstore"], "new": SigstoreRoot(sha256(later), later)}
    identity = replace(policy.identities["ci"], roots=("old", "new"))
    both = replace(policy, sigstore=roots, identities={"ci": identity})
    found = verify_statement(services.sign_statement(PAYLOAD), both, source="b")
    assert found.facts.logs == {"old", "new"}
    assert found.signers == ("identity:ci",)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"verificationMaterial": {"tlogEntries": [{}], "timestampVerificationData": {"rfc3161Timestamps": [1]}}},
        {"verificationMaterial": {"tlogEntries": []}, "dsseEnvelope": {}},
        {"verificationMaterial": {"tlogEntries": [1]}},
        [],
    ],
)
def test_what_is_no_bundle(services: Services, document: Any) -> None:
    with pytest.raises(TrustError, match="cannot be verified"):
        verify_statement(json.dumps(document).encode(), trusting(services), source="b")


def test_odd_trusted_roots_verify_nothing(services: Services) -> None:
    bundle = services.sign_statement(PAYLOAD)

    def refused(change: Any) -> str:
        document = services.root_document()
        change(document)
        data = json.dumps(document).encode()
        policy = replace(trusting(services), sigstore={"sigstore": SigstoreRoot(sha256(data), data)})
        with pytest.raises(TrustError) as error:
            verify_statement(bundle, policy, source="b")
        return str(error.value)

    assert "no certificateAuthorities" in refused(lambda d: d["certificateAuthorities"][0]["validFor"].update(end="x"))
    assert "no tlogs" in refused(lambda d: d.update(tlogs=[]))
    assert "damaged" in refused(lambda d: d.update(tlogs=[1]))
    unlimited = services.root_document()
    unlimited["tlogs"][0]["publicKey"].pop("validFor")
    data = json.dumps(unlimited).encode()
    policy = replace(trusting(services), sigstore={"sigstore": SigstoreRoot(sha256(data), data)})
    assert TrustVerifier(policy, NOW).verify(bundle, source="b").verified


def test_the_last_moment_of_an_authority_counts() -> None:
    """As sigstore's own conformance tests ask; an end that is null is none."""
    services = Services(log_version=2)
    bundle = services.sign_statement(PAYLOAD)
    document = services.root_document()
    for part in ("tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"):
        for item in document[part]:
            item.get("publicKey", item)["validFor"]["end"] = "2026-11-19T12:00:01Z"
    document["tlogs"][0]["publicKey"]["validFor"]["end"] = document["tlogs"][0]["checkpointKeyId"] = None
    for end, accepted in (("2026-11-19T12:00:01Z", True), (None, True), ("2026-11-19T12:00:00Z", False)):
        document["timestampAuthorities"][0]["validFor"]["end"] = end
        data = json.dumps(document).encode()
        policy = replace(trusting(services), sigstore={"sigstore": SigstoreRoot(sha256(data), data)})
        assert TrustVerifier(policy, NOW).verify(bundle, source="b").verified is accepted


@pytest.mark.parametrize("value", ["", "a\nb", "x" * 5000])
def test_claims_that_cannot_be_shown(services: Services, value: str) -> None:
    found = TrustVerifier(trusting(services), NOW).verify(
        services.sign_statement(PAYLOAD, claims={"ref": value}), source="b"
    )
    assert "claim" in found.reason


def test_a_certificate_that_names_nobody(services: Services) -> None:
    found = TrustVerifier(trusting(services), NOW).verify(services.sign_statement(PAYLOAD, identity=[]), source="b")
    assert "0 holders" in found.reason


def test_a_damaged_trusted_root(services: Services) -> None:
    policy = replace(trusting(services), sigstore={"sigstore": SigstoreRoot("0" * 64, b"{}")})
    found = TrustVerifier(policy, NOW).verify(services.sign_statement(PAYLOAD), source="b")
    assert not found.verified
    assert "trusted root" in found.reason
