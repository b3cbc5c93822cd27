"""The trust policy applied to envelopes, metablocks, key-signed bundles and bare signatures."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from in_toto.models.layout import Layout, Step
from in_toto.models.link import Link
from in_toto.models.metadata import Envelope as InTotoEnvelope
from in_toto.models.metadata import Metablock
from signing_case import NOW, SLSA, ec_key, ed_key, envelope, policy, rsa_key, statement, write

from probatum.attestations.documents.forms import kind_of
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keys.signing_key import SigningKey

KEY, OTHER = ed_key(), ed_key()
VERIFIER = TrustVerifier(policy({"builder": KEY}), NOW)


def test_an_envelope_of_an_allowed_key() -> None:
    document = statement("a" * 64)
    found = VERIFIER.verify(envelope(document, KEY), source="x.dsse.json")
    assert found.verified
    assert (found.reason, found.kind, found.about) == ("", "dsse", SLSA)
    assert (found.role, found.roles, found.signers) == ("provenance", ("provenance",), ("key:builder",))
    assert found.statement == document


def test_an_unknown_key_is_refused_and_nothing_inside_is_shown() -> None:
    found = VERIFIER.verify(envelope(statement("a" * 64), OTHER), source="x")
    assert not found.verified
    assert "signed by no key" in found.reason
    assert (found.statement, found.about, found.signers) == (None, "", ())


def test_verified_bytes_that_are_malformed() -> None:
    """The signature comes first; what it covers must still be one strict statement."""
    payloads: list[Any] = [
        b"not json",
        b'{"_type": "https://in-toto.io/Statement/v1", "_TYPE": "x"}',
        b"[]",
        {**statement("a" * 64), "_type": "https://in-toto.io/Statement/v9"},
        {**statement("a" * 64), "subject": []},
        {**statement("a" * 64), "subject": ["x"]},
        {**statement("a" * 64), "subject": [{"name": "x", "digest": {}}]},
        {**statement("a" * 64), "subject": [{"name": "x", "digest": {"sha256": 5}}]},
        {**statement("a" * 64), "predicateType": ""},
        {**statement("a" * 64), "predicate": []},
        statement("abc"),
        statement("A" * 64),
    ]
    for payload in payloads:
        found = VERIFIER.verify(envelope(payload, KEY), source="x")
        assert not found.verified, payload
        assert found.reason
        assert found.statement is None


@pytest.mark.parametrize("fields", [{"products": 5}, {"products": {"a": 5}}, {"_type": "layout"}, {"extra": 1}])
def test_a_malformed_link_in_an_envelope(fields: Any) -> None:
    good = json.loads(metablock(link(), KEY))["signed"]
    assert VERIFIER.verify(envelope(good, KEY), source="x").verified
    found = VERIFIER.verify(envelope({**good, **fields}, KEY), source="x")
    assert not found.verified
    assert "in-toto" in found.reason or "no signature covers" in found.reason


def test_another_payload_type_is_refused() -> None:
    found = VERIFIER.verify(envelope(statement("a" * 64), KEY, payload_type="application/json"), source="x")
    assert "payload type application/json" in found.reason


def test_a_kind_of_statement_that_no_role_may_sign() -> None:
    found = VERIFIER.verify(envelope(statement("a" * 64, predicate_type="https://evil.example"), KEY), source="x")
    assert not found.verified
    assert "no role of trust policy may sign https://evil.example" in found.reason


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        b"{",
        b"[]",
        b"7",
        b'{"a": 1}',
        b'{"base64Signature": "x"}',
        b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}',
        b'{"signed": {"_type": "other"}, "signatures": []}',
        b'{"signed": {"_type": "link"}, "signatures": 5}',
        b'{"signed": {"_type": "link"}, "signatures": ["x"]}',
        b'{"signed": {"_type": "link"}, "signatures": [{"sig": "zz"}]}',
        b'{"signed": {"_type": "layout", "steps": 5}, "signatures": []}',
    ],
)
def test_what_is_no_attestation(data: bytes) -> None:
    found = VERIFIER.verify(data, source="the file")
    assert not found.verified
    assert "the file" in found.reason


def test_kinds_are_hints_from_the_outside() -> None:
    assert kind_of({"base64Signature": "x"}) == "signature"
    assert kind_of([]) == "unknown"


def bundle(document: Any, key: SigningKey, **content: Any) -> bytes:
    inner = json.loads(envelope(document, key))
    for signature in inner["signatures"]:
        signature["keyid"] = ""
    body = content or {"dsseEnvelope": inner}
    material = {"publicKey": {"hint": "anything"}, "tlogEntries": []}
    media = "application/vnd.dev.sigstore.bundle.v0.3+json"
    return json.dumps({"mediaType": media, "verificationMaterial": material, **body}).encode()


def test_a_key_signed_bundle() -> None:
    oms = statement("a" * 64, predicate_type="https://model_signing/signature/v1.0")
    found = VERIFIER.verify(bundle(oms, KEY), source="model.sig")
    assert found.verified
    assert (found.kind, found.roles) == ("sigstore", ("dataset", "model"))
    assert not VERIFIER.verify(bundle(oms, OTHER), source="model.sig").verified


def link(**fields: Any) -> Link:
    products = {"model.bin": {"sha256": "b" * 64}}
    return Link(**{"name": "train", "materials": {}, "products": products, "command": ["python"], **fields})


def metablock(signed: Any, *keys: SigningKey) -> bytes:
    block = Metablock(signed=signed)
    for key in keys:
        block.create_signature(key.signer)
    return json.dumps(block.to_dict()).encode()


@pytest.mark.parametrize("key", [ed_key(), ec_key(), rsa_key()])
def test_an_in_toto_link(key: SigningKey) -> None:
    verifier = TrustVerifier(policy({"trainer": key}), NOW)
    data = metablock(link(), key)
    found = verifier.verify(data, source="train.link")
    assert found.reason == ""
    assert (found.verified, found.kind, found.about, found.role) == (True, "link", "link", "link")
    assert found.statement is not None
    assert found.statement["products"] == {"model.bin": {"sha256": "b" * 64}}
    assert not verifier.verify(data.replace(b"bbbb", b"bbbc"), source="x").verified
    assert not VERIFIER.verify(data, source="x").verified


def test_a_link_in_an_envelope() -> None:
    data = InTotoEnvelope.from_signable(link())
    data.create_signature(KEY.signer)
    found = VERIFIER.verify(json.dumps(data.to_dict()).encode(), source="x")
    assert (found.verified, found.kind, found.about) == (True, "dsse", "link")


def test_fields_that_no_signature_covers_are_refused() -> None:
    document = json.loads(metablock(link(), KEY))
    document["signed"]["approved"] = True
    found = VERIFIER.verify(json.dumps(document).encode(), source="x")
    assert not found.verified
    assert "approved" in found.reason


FIRM = [["ALLOW", "model.bin"], ["DISALLOW", "*"]]


def layout(expires: str = "2027-01-01T00:00:00Z", inspect: list[Any] | None = None, **step: Any) -> bytes:
    made = Layout(
        steps=[Step(**{"name": "train", "expected_materials": FIRM, "expected_products": FIRM, **step})],
        expires=expires,
        inspect=[],
    )
    if inspect:
        made.inspect = inspect
    return metablock(made, KEY)


def test_a_layout() -> None:
    found = VERIFIER.verify(layout(), source="root.layout")
    assert (found.verified, found.role, found.reason) == (True, "layout", "")


def test_an_expired_layout_is_refused_as_of_the_given_time() -> None:
    data = layout(expires="2026-11-20T07:00:00Z")
    assert "expired" in VERIFIER.verify(data, source="x").reason
    before = TrustVerifier(policy({"builder": KEY}), NOW - timedelta(seconds=1))
    assert before.verify(data, source="x").verified


@pytest.mark.parametrize(
    "rules",
    [[], [["ALLOW", "*"]], [["DISALLOW", "*"], ["ALLOW", "*"]], [["MATCH", "*", "WITH", "PRODUCTS", "FROM", "x"]]],
)
@pytest.mark.parametrize("side", ["expected_materials", "expected_products"])
def test_a_layout_that_forbids_nothing_is_refused(rules: list[list[str]], side: str) -> None:
    found = VERIFIER.verify(layout(**{side: rules}), source="x")
    assert not found.verified
    assert f"{side} do not end with DISALLOW" in found.reason


def test_a_layout_with_inspections_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    from in_toto.models.layout import Inspection

    mark = tmp_path / "ran"
    found = VERIFIER.verify(layout(inspect=[Inspection(name="i", run=["touch", str(mark)])]), source="x")
    assert not found.verified
    assert "inspections" in found.reason
    assert not mark.exists()


def test_a_layout_in_an_envelope_is_held_to_the_same() -> None:
    made = Layout(steps=[], inspect=[], expires="2020-01-01T00:00:00Z")
    data = InTotoEnvelope.from_signable(made)
    data.create_signature(KEY.signer)
    assert "expired" in VERIFIER.verify(json.dumps(data.to_dict()).encode(), source="x").reason


@pytest.mark.parametrize("key", [ed_key(), ec_key(), ec_key(ec.SECP384R1()), rsa_key()])
@pytest.mark.parametrize("content", [b"weights", b""])
def test_a_bare_signature_over_a_file(tmp_path: Path, key: SigningKey, content: bytes) -> None:
    verifier = TrustVerifier(policy({"m": key}), NOW)
    file = write(tmp_path / "model.bin", content)
    signature = bytes.fromhex(key.signer.sign(content).signature)
    for data in (signature, base64.b64encode(signature), base64.b64encode(signature) + b"\n"):
        found = verifier.verify_artifact(data, source="model.bin.sig", artifact=file)
        assert (found.verified, found.about, found.kind) == (True, "artifact", "signature")
        assert found.roles == ("dataset", "model")
    file.write_bytes(content + b"!")
    assert not verifier.verify_artifact(signature, source="s", artifact=file).verified


def test_a_key_signed_bundle_over_a_file(tmp_path: Path) -> None:
    key = ec_key()
    verifier = TrustVerifier(policy({"m": key}), NOW)
    file = write(tmp_path / "model.bin", b"weights")
    made: Any = key.signer._private_key.sign(b"weights", ec.ECDSA(hashes.SHA256()))
    data = bundle({}, key, messageSignature={"signature": base64.b64encode(made).decode()})
    assert verifier.verify_artifact(data, source="b", artifact=file).verified
    found = verifier.verify(data, source="b")
    assert (found.kind, found.verified) == ("signature", False)
    assert not VERIFIER.verify_artifact(data, source="b", artifact=file).verified


@pytest.mark.parametrize("data", [b"", b"x" * 20_000, b"{}", b"{", b"\xff\xfe", b"text that is no base64"])
def test_what_is_no_signature_of_a_file(tmp_path: Path, data: bytes) -> None:
    file = write(tmp_path / "model.bin", b"weights")
    found = VERIFIER.verify_artifact(data, source="s", artifact=file)
    assert not found.verified
    assert found.reason
    envelope_bytes = envelope(statement("a" * 64), KEY)
    assert not VERIFIER.verify_artifact(envelope_bytes, source="s", artifact=file).verified
