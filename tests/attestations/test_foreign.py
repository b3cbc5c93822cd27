"""Documents of other tools: bundles that the sigstore library does not take, cosign's old ones, PyPI's."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from certificate_case import Authority, clock, enveloped, signature, trusting
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from foreign_case import (
    changed,
    cosign_attestation,
    cosign_file,
    cosign_keyed,
    intoto_bundle,
    keyed_bundle,
    policy,
    private_bundle,
    promised_only,
    pypi_attestation,
    verifier,
    without_logs,
)
from signing_case import NOW, SLSA, ec_key, ed_key, envelope, sha256, statement, write
from sigstore_case import ISSUER, SIGNED_AT, WORKFLOW, Services
from sigstore_log import b64
from timestamp_case import Authority as Clock

from probatum.attestations.documents.dsse import IN_TOTO, pae
from probatum.attestations.documents.forms import KINDS, kind_of
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.foreign import bundle as bundles
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import VSA

STATEMENT = statement("a" * 64)
PAYLOAD = json.dumps(STATEMENT).encode()
KEY = ec_key()
PUBLISH = "https://docs.pypi.org/attestations/publish/v1"
TIME = SIGNED_AT.isoformat().replace("+00:00", "Z")


@pytest.fixture(scope="module")
def services() -> Services:
    return Services()


@pytest.mark.parametrize("media", ["application/vnd.dev.sigstore.bundle+json;version=0.2", "…v0.3+json"])
def test_an_entry_of_the_kind_intoto(services: Services, media: str) -> None:
    """npm, the generators of SLSA provenance, and GitHub until 2024."""
    media = media.replace("…", "application/vnd.dev.sigstore.bundle.")
    data = intoto_bundle(services, PAYLOAD, media=media)
    assert not bundles.library_takes(json.loads(data))
    found = verifier(services).verify(data, source="b")
    assert (found.reason, found.verified, found.kind) == ("", True, "sigstore")
    assert (found.signers, found.signed_at) == (("identity:ci",), TIME)
    assert (found.identity["issuer"], found.identity["subject"]) == (ISSUER, WORKFLOW)
    assert found.statement == STATEMENT


def test_an_entry_that_is_only_promised(services: Services, tmp_path: Path) -> None:
    """Bundles of the first version."""
    data = promised_only(services.sign_statement(PAYLOAD))
    assert not bundles.library_takes(json.loads(data))
    assert verifier(services).verify(data, source="b").signed_at == TIME
    file = write(tmp_path / "m.bin", b"weights")
    found = verifier(services).verify_artifact(promised_only(services.sign_file(b"weights")), source="s", artifact=file)
    assert (found.reason, found.verified, found.signed_at) == ("", True, TIME)
    file.write_bytes(b"other")
    found = verifier(services).verify_artifact(promised_only(services.sign_file(b"weights")), source="s", artifact=file)
    assert not found.verified


def test_a_proof_is_demanded_of_later_bundles(services: Services) -> None:
    for name in ("inclusionProof", "checkpoint"):

        def change(value: dict[str, Any], name: str = name) -> None:
            entry = value["verificationMaterial"]["tlogEntries"][0]
            (entry if name in entry else entry["inclusionProof"]).pop(name)

        found = verifier(services).verify(changed(intoto_bundle(services, PAYLOAD), change), source="b")
        assert "has no proof" in found.reason
        assert not verifier(services).verify(changed(services.sign_statement(PAYLOAD), change), source="b").verified


def test_a_proof_that_does_not_hold(services: Services) -> None:
    def other_tree(value: dict[str, Any]) -> None:
        value["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["rootHash"] = b64(b"x" * 32)

    def other_size(value: dict[str, Any]) -> None:
        value["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["treeSize"] += "0"

    for change in (other_tree, other_size):
        found = verifier(services).verify(changed(intoto_bundle(services, PAYLOAD), change), source="b")
        assert "in none of the trusted logs" in found.reason


def test_a_private_repository(services: Services) -> None:
    """GitHub's own authority has no logs; its root says so, and a timestamp stands in."""
    data = private_bundle(Services(ca=services.ca, ct=services.ct, logs=services.logs, tsa=services.tsa), PAYLOAD)
    ours = verifier(services).verify(data, source="b")
    assert "it has no log entry: the trusted root names logs" in ours.reason
    made = Services()
    found = verifier(made, root=without_logs(made)).verify(private_bundle(made, PAYLOAD), source="b")
    assert (found.reason, found.verified) == ("", True)
    assert found.signed_at == "2026-11-19T12:00:01Z"
    logged = verifier(made, root=without_logs(made), require_log=True).verify(private_bundle(made, PAYLOAD), source="b")
    assert not logged.verified


def test_what_a_root_names_is_demanded(services: Services) -> None:
    """A root without certificate logs asks for no SCT; one with them does."""

    def no_logs(root: dict[str, Any]) -> None:
        root["ctlogs"] = []

    data = intoto_bundle(services, PAYLOAD)
    assert verifier(services, root=changed(services.trusted_root(), no_logs)).verify(data, source="b").verified
    other = changed(services.trusted_root(), lambda root: root.update(ctlogs=Services().root_document()["ctlogs"]))
    assert "SCT" in verifier(services, root=other).verify(data, source="b").reason


def test_a_pypi_attestation(services: Services) -> None:
    publish = {**STATEMENT, "predicateType": PUBLISH, "predicate": None}
    trust = policy(services)
    roles = {"r": Role("r", ("identity:ci",), (PUBLISH, SLSA))}
    given = TrustVerifier(replace(trust, roles=roles), NOW)
    for content in (STATEMENT, publish):
        found = given.verify(pypi_attestation(services, json.dumps(content).encode()), source="p")
        assert (found.reason, found.kind, found.about) == ("", "pypi", content["predicateType"])
        assert found.signed_at == TIME


@pytest.mark.parametrize("version", [2, True, None, "1"])
def test_a_pypi_attestation_of_another_version(services: Services, version: Any) -> None:
    data = changed(pypi_attestation(services, PAYLOAD), lambda value: value.update(version=version))
    assert "PEP 740 attestation of version" in verifier(services).verify(data, source="p").reason


@pytest.mark.parametrize("material", [5, {}, {"transparency_entries": []}, {"transparency_entries": 5}])
def test_a_malformed_pypi_attestation(services: Services, material: Any) -> None:
    data = changed(pypi_attestation(services, PAYLOAD), lambda value: value.update(verification_material=material))
    found = verifier(services).verify(data, source="p")
    assert (found.verified, found.kind) == (False, "pypi")
    assert "it has no transparency entry" in found.reason


def test_a_cosign_bundle_of_a_file(services: Services, tmp_path: Path) -> None:
    file = write(tmp_path / "m.bin", b"weights")
    data = cosign_file(services, b"weights")
    assert kind_of(json.loads(data)) == "signature"
    found = verifier(services).verify_artifact(data, source="s", artifact=file)
    assert (found.reason, found.verified, found.signed_at) == ("", True, TIME)
    assert found.identity["subject"] == WORKFLOW
    file.write_bytes(b"other")
    assert not verifier(services).verify_artifact(data, source="s", artifact=file).verified
    assert "the file is not beside it" in verifier(services).verify(data, source="s").reason


@pytest.mark.parametrize("version", ["0.0.1", "0.0.2"])
def test_a_cosign_bundle_of_an_attestation(services: Services, version: str) -> None:
    data = cosign_attestation(services, PAYLOAD, version=version)
    assert kind_of(json.loads(data)) == "cosign"
    found = verifier(services).verify(data, source="c")
    assert (found.reason, found.kind, found.signed_at) == ("", "cosign", TIME)
    plain = changed(data, lambda value: value.update(cert=base64.b64decode(value["cert"]).decode()))
    assert verifier(services).verify(plain, source="c").verified


def test_a_cosign_bundle_with_a_key(services: Services, tmp_path: Path) -> None:
    data = cosign_keyed(services, PAYLOAD, KEY)
    found = verifier(services, KEY).verify(data, source="c")
    assert (found.reason, found.signers, found.signed_at) == ("", ("key:k0",), TIME)
    unlogged = changed(data, lambda value: value.pop("rekorBundle") and None)
    found = verifier(services, KEY).verify(unlogged, source="c")
    assert (found.verified, found.signed_at) == (True, None)
    assert not verifier(services, KEY, require_log=True).verify(unlogged, source="c").verified
    assert verifier(services, KEY, require_log=True).verify(data, source="c").verified
    assert not verifier(services).verify(data, source="c").verified
    file = write(tmp_path / "m.bin", b"weights")
    signature = {"base64Signature": b64(bytes.fromhex(KEY.signer.sign(b"weights").signature))}
    found = verifier(services, KEY).verify_artifact(json.dumps(signature).encode(), source="s", artifact=file)
    assert (found.reason, found.signers) == ("", ("key:k0",))


def test_a_bundle_of_a_key_with_a_log_entry(services: Services) -> None:
    data = keyed_bundle(services, PAYLOAD, KEY)
    found = verifier(services, KEY).verify(data, source="b")
    assert (found.reason, found.signed_at) == ("", TIME)
    assert verifier(services, KEY, require_timestamp=True).verify(data, source="b").verified
    strange = keyed_bundle(Services(), PAYLOAD, KEY)
    found = verifier(services, KEY).verify(strange, source="b")
    assert (found.verified, found.signed_at) == (True, None), "a log that nobody trusts says nothing"
    assert not verifier(services, KEY, require_log=True).verify(strange, source="b").verified


def test_a_file_signed_with_a_key_and_logged(services: Services, tmp_path: Path) -> None:
    file = write(tmp_path / "m.bin", b"weights")
    signature = b64(bytes.fromhex(KEY.signer.sign(b"weights").signature))
    public = {"content": b64(KEY.public.pem.encode())}
    digest = {"algorithm": "sha256", "value": sha256(b"weights")}
    spec = {"data": {"hash": digest}, "signature": {"content": signature, "publicKey": public}}
    entry = services.log.append({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec}, SIGNED_AT)
    bundle = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": ""}, "tlogEntries": [entry]},
        "messageSignature": {"signature": signature},
    }
    found = verifier(services, KEY).verify_artifact(json.dumps(bundle).encode(), source="s", artifact=file)
    assert (found.reason, found.signed_at) == ("", TIME)


def test_without_roots_a_certificate_is_nobodys(services: Services) -> None:
    trust = policy(services)
    bare = TrustVerifier(TrustPolicy({}, trust.roles), NOW)
    for data in (intoto_bundle(services, PAYLOAD), cosign_attestation(services, PAYLOAD)):
        assert "names no identities and no trusted root" in bare.verify(data, source="b").reason


def test_a_certificate_alone_is_not_enough(services: Services) -> None:
    """As the first generators of SLSA provenance wrote it: valid when, nobody can tell."""
    content = json.loads(envelope(STATEMENT, ed_key()))
    content["signatures"][0]["cert"] = "-----BEGIN CERTIFICATE-----\n"
    found = verifier(services, KEY).verify(json.dumps(content).encode(), source="b")
    assert "neither a log entry nor a timestamp" in found.reason


def test_a_signature_without_the_payload_type(services: Services) -> None:
    """As Google Cloud Build signed before it used DSSE's encoding."""
    content = json.loads(envelope(STATEMENT, KEY))
    payload = base64.b64decode(content["payload"])
    content["signatures"][0]["sig"] = b64(bytes.fromhex(KEY.signer.sign(payload).signature))
    found = verifier(services, KEY).verify(json.dumps(content).encode(), source="b")
    assert not found.verified
    assert "k0 signed the payload without its type" in found.reason


@pytest.mark.parametrize(
    ("field", "value"),
    [("tlogEntries", 5), ("tlogEntries", [5]), ("timestampVerificationData", {"rfc3161Timestamps": 5}),
     ("timestampVerificationData", {"rfc3161Timestamps": [5]}), ("x509CertificateChain", {"certificates": []}),
     ("x509CertificateChain", 5), ("x509CertificateChain", {"certificates": [{"rawBytes": b64(b"x")}]})],
)  # fmt: skip
def test_malformed_material(services: Services, field: str, value: Any) -> None:
    data = changed(
        intoto_bundle(services, PAYLOAD), lambda bundle: bundle["verificationMaterial"].update({field: value})
    )
    found = verifier(services).verify(data, source="b")
    assert (found.verified, found.statement) == (False, None)
    assert found.reason


def test_nothing_that_tells_the_time(services: Services) -> None:
    data = changed(
        intoto_bundle(services, PAYLOAD), lambda value: value["verificationMaterial"].pop("tlogEntries") and None
    )
    found = verifier(services, root=without_logs(services)).verify(data, source="b")
    assert "nothing tells when it was signed" in found.reason


def test_another_payload_type(services: Services) -> None:
    data = changed(
        intoto_bundle(services, PAYLOAD), lambda value: value["dsseEnvelope"].update(payloadType="text/plain")
    )
    assert "payload type text/plain" in verifier(services).verify(data, source="b").reason


def test_several_signatures_and_one_entry(services: Services) -> None:
    def twice(value: dict[str, Any]) -> None:
        value["dsseEnvelope"]["signatures"] *= 2

    data = changed(intoto_bundle(services, PAYLOAD), twice)
    assert "a log entry is of one" in verifier(services).verify(data, source="b").reason


@pytest.mark.parametrize("value", ["x", 5, None, b64(b"{"), b64(b"{}"), b64(b"{x}")])
def test_a_malformed_cosign_bundle(services: Services, value: Any) -> None:
    data = json.dumps({"base64Signature": value}).encode()
    found = verifier(services, KEY).verify(data, source="c")
    assert not found.verified
    assert kind_of(json.loads(data)) in KINDS


@pytest.mark.parametrize("cert", [5, "x", b64(b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")])
def test_a_malformed_certificate_in_a_cosign_bundle(services: Services, cert: Any) -> None:
    data = changed(cosign_attestation(services, PAYLOAD), lambda value: value.update(cert=cert))
    found = verifier(services, KEY).verify(data, source="c")
    assert not found.verified
    assert "cert" in found.reason


@pytest.mark.parametrize("change", [{"logID": "zz"}, {"logID": 5}, {"integratedTime": "x"}, {"integratedTime": -1},
                                    {"integratedTime": True}, {"logIndex": 10**16}, {"body": 5}])  # fmt: skip
def test_a_malformed_rekor_bundle(services: Services, change: dict[str, Any]) -> None:
    data = changed(cosign_attestation(services, PAYLOAD), lambda value: value["rekorBundle"]["Payload"].update(change))
    assert not verifier(services).verify(data, source="c").verified


COLLECTION = "https://witness.testifysec.com/attestation-collection/v0.1"
WITNESS = {
    "_type": "https://in-toto.io/Statement/v0.1",
    "subject": [
        {"name": "https://witness.dev/attestations/git/v0.1/commithash:abc", "digest": {"sha1": "c" * 40}},
        {"name": "file:m.bin", "digest": {"sha256": "a" * 64, "gitoid:sha256": "gitoid:blob:sha256:" + "a" * 64}},
    ],
    "predicateType": COLLECTION,
    "predicate": {"name": "train", "attestations": [{"type": "https://witness.dev/attestations/product/v0.1"}]},
}


def test_a_witness_collection() -> None:
    """Signed with a certificate that has expired since, and a timestamp from before."""
    authority, watch = Authority(), Clock()
    signer = authority.issue(until=NOW - timedelta(hours=1))
    payload = json.dumps(WITNESS).encode()
    stamped = enveloped(payload, signature(signer, payload, form="witness", stamps=lambda value: [watch.stamp(value)]))
    trust = trusting(authority.root, authority=clock(watch), predicate_types=(COLLECTION,))
    found = TrustVerifier(trust, NOW).verify(stamped, source="w")
    assert (found.reason, found.kind, found.about) == ("", "dsse", COLLECTION)
    assert (found.signers, found.statement) == (("certificate:server",), WITNESS)
    assert found.signed_at is not None
    bare = enveloped(payload, signature(signer, payload, form="witness"))
    found = TrustVerifier(trust, NOW).verify(bare, source="w")
    assert not found.verified
    assert "neither a log entry nor a timestamp" in found.reason


def test_a_witness_collection_of_a_key() -> None:
    roles = {"link": Role("link", ("key:k",), (COLLECTION,))}
    found = TrustVerifier(TrustPolicy({"k": KEY.public}, roles), NOW).verify(envelope(WITNESS, KEY), source="w")
    assert (found.reason, found.roles) == ("", ("link",))


def test_a_summary_of_googles() -> None:
    """A raw ``r || s`` signature, URL-safe base64, and a key id that names a key version in Cloud KMS."""
    summary = {**statement("a" * 64, predicate_type=VSA), "note": "?>~" * 9}
    payload = json.dumps(summary).encode()
    r, s = decode_dss_signature(bytes.fromhex(KEY.signer.sign(pae(IN_TOTO, payload)).signature))
    raw = base64.urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
    keyid = "projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
    content = {
        "payload": base64.urlsafe_b64encode(payload).decode(),
        "payloadType": IN_TOTO,
        "signatures": [{"keyid": keyid, "sig": raw}],
    }
    assert "-" in content["payload"] + raw or "_" in content["payload"] + raw
    roles = {"verdict": Role("verdict", ("key:google",), (VSA,))}
    given = TrustVerifier(TrustPolicy({"google": KEY.public}, roles), NOW)
    found = given.verify(json.dumps(content).encode(), source="v")
    assert (found.reason, found.about, found.signers) == ("", VSA, ("key:google",))


@pytest.mark.parametrize(
    ("verifier_id", "accepted"),
    [("https://v.example/1", True), ("https://v.example/2", False), (None, False), (5, False)],
)
def test_a_signer_speaks_for_one_verifier(verifier_id: Any, accepted: bool) -> None:
    """SLSA: consumers MUST accept only specific pairs of signer and verifier."""
    summary = statement("a" * 64, predicate_type=VSA, predicate={"verifier": {"id": verifier_id}})
    roles = {"verdict": Role("verdict", ("key:k",), (VSA,), builders=("https://v.example/1",))}
    found = TrustVerifier(TrustPolicy({"k": KEY.public}, roles), NOW).verify(envelope(summary, KEY), source="v")
    assert found.verified is accepted
    for odd in ({}, {"verifier": "https://v.example/1"}):
        data = envelope(statement("a" * 64, predicate_type=VSA, predicate=odd), KEY)
        assert not TrustVerifier(TrustPolicy({"k": KEY.public}, roles), NOW).verify(data, source="v").verified
