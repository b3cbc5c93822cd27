"""Signers with certificates of a private authority: chain, purpose, holder, validity at a time that is vouched for."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from certificate_case import (
    CODE,
    HOLDER,
    Authority,
    Signer,
    b64,
    bundled,
    bundled_file,
    clock,
    enveloped,
    pem,
    signature,
    trusting,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from in_toto.models.layout import Layout, Step
from in_toto.models.metadata import Envelope as InTotoEnvelope
from signing_case import NOW, ed_key, envelope, policy, statement, write
from timestamp_case import Authority as Clock

from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.trust.policy import TrustPolicy
from probatum.attestations.trust.signing_time import NO_EVIDENCE
from probatum.verification import Verification

CA = Authority()
PAYLOAD = json.dumps(statement("a" * 64)).encode()
BUILDER = CA.issue()
EXPIRED = CA.issue(until=NOW - timedelta(hours=1))
CLOCK = Clock()
BEFORE = EXPIRED.leaf.not_valid_after_utc - timedelta(hours=1)


def verified(data: bytes, trust: TrustPolicy, **options: Any) -> Verification:
    return TrustVerifier(trust, NOW, **options).verify(data, source="it")


def stamped(at: Any = BEFORE, by: Clock = CLOCK) -> Any:
    return lambda value: [by.stamp(value, at)]


@pytest.mark.parametrize("data", [
    enveloped(PAYLOAD, signature(BUILDER, PAYLOAD)),
    enveloped(PAYLOAD, signature(BUILDER, PAYLOAD, form="witness")),
    bundled(PAYLOAD, BUILDER),
])  # fmt: skip
def test_every_form_of_chain_is_accepted(data: bytes) -> None:
    found = verified(data, trusting(CA.root))
    assert (found.verified, found.signers, found.role) == (True, ("certificate:server",), "provenance")
    other = verified(data, trusting(Authority().root))
    assert not other.verified
    assert "the chain does not hold now" in other.reason
    assert not verified(data, policy({"k": ed_key()})).verified


def test_a_signed_file_counts(tmp_path: Path) -> None:
    file = write(tmp_path / "f", b"content")

    def found(data: bytes, trust: TrustPolicy) -> Verification:
        return TrustVerifier(trust, NOW).verify_artifact(data, source="it", artifact=file)

    trust = trusting(CA.root, predicate_types=("artifact",))
    assert found(bundled_file(b"content", BUILDER), trust).signers == ("certificate:server",)
    assert "signed by no certificate" in found(bundled_file(b"another", BUILDER), trust).reason
    assert (
        "malformed certificate"
        in found(bundled_file(b"content", BUILDER).replace(b'"rawBytes": "', b'"rawBytes": "!'), trust).reason
    )
    assert "the chain does not hold" in found(bundled_file(b"content", EXPIRED), trust).reason
    assert not found(bundled_file(b"content", BUILDER), policy({"k": ed_key()})).verified


@pytest.mark.parametrize(("kind", "holder", "names"), [
    ("email", HOLDER, [x509.DNSName("other.example"), x509.RFC822Name(HOLDER)]),
    ("uri", "spiffe://acme.example/builder", [x509.UniformResourceIdentifier("spiffe://acme.example/builder")]),
    ("dns", "builder.acme.example", [x509.DNSName("builder.acme.example")]),
    ("common_name", "builder", []),
])  # fmt: skip
def test_each_kind_of_holder_is_compared_exactly(kind: str, holder: str, names: list[x509.GeneralName]) -> None:
    data = enveloped(PAYLOAD, signature(CA.issue(names=names), PAYLOAD))
    assert verified(data, trusting(CA.root, kind=kind, holder=holder)).verified
    for other in (holder.upper(), f"{holder}.evil", f"x{holder}", holder[:-1], "*"):
        found = verified(data, trusting(CA.root, kind=kind, holder=other))
        assert f"{kind} is" in found.reason
        assert other in found.reason
    for another in {"email", "uri", "dns"} - {kind}:
        assert not verified(data, trusting(CA.root, kind=another, holder=holder)).verified


def test_a_subject_with_two_common_names_has_none() -> None:
    leaf = CA.issue(common_name="builder").leaf
    two = x509.Name([*leaf.subject, *leaf.subject])
    signer = CA.issue()
    builder = x509.CertificateBuilder(signer.leaf.issuer, two, signer.key.public_key(), 5)
    builder = builder.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    builder = builder.add_extension(x509.ExtendedKeyUsage(CODE), False)
    from cryptography.hazmat.primitives import hashes

    odd = Signer(signer.key, builder.sign(CA.key, hashes.SHA256()), signer.intermediates)
    found = verified(
        enveloped(PAYLOAD, signature(odd, PAYLOAD)), trusting(CA.root, kind="common_name", holder="builder")
    )
    assert "common_name is not there" in found.reason


@pytest.mark.parametrize(("signer", "why"), [
    (CA.issue(purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,)), "not for code signing"),
    (CA.issue(purposes=()), "missing required extension"),
    (CA.issue(ca=True), "certificate of an authority"),
    (CA.issue(signs=False), "not for signatures"),
    (CA.issue(since=NOW + timedelta(hours=1)), "not valid at validation time"),
    (CA.issue(extra=x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")), "critical"),
    (Authority(key=ed25519.Ed25519PrivateKey.generate(), root_key=CA.root_key).issue(), "algorithm"),
])  # fmt: skip
def test_a_certificate_that_does_not_fit_is_refused(signer: Signer, why: str) -> None:
    found = verified(enveloped(PAYLOAD, signature(signer, PAYLOAD)), trusting(CA.root))
    assert not found.verified
    assert why in found.reason


@pytest.mark.parametrize(("purposes", "good"), [
    (CODE, True), ((ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,), True), ((ExtendedKeyUsageOID.CLIENT_AUTH,), False),
])  # fmt: skip
def test_an_intermediate_may_be_limited_to_code_signing(purposes: Any, good: bool) -> None:
    authority = Authority(purposes=purposes)
    data = enveloped(PAYLOAD, signature(authority.issue(), PAYLOAD))
    assert verified(data, trusting(authority.root)).verified is good


def test_the_chain_needs_its_intermediate_unless_that_is_pinned() -> None:
    bare = Signer(BUILDER.key, BUILDER.leaf, ())
    data = enveloped(PAYLOAD, signature(bare, PAYLOAD))
    assert not verified(data, trusting(CA.root)).verified
    assert verified(data, trusting(CA.intermediate)).verified


@pytest.mark.parametrize("made", [
    lambda stamps: enveloped(PAYLOAD, signature(EXPIRED, PAYLOAD, form="witness", stamps=stamps)),
    lambda stamps: bundled(PAYLOAD, EXPIRED, stamps=stamps),
])  # fmt: skip
def test_a_certificate_that_ended_counts_with_a_timestamp_alone(made: Any) -> None:
    trust = trusting(CA.root, authority=clock(CLOCK))
    without = verified(made(None), trust)
    assert "the chain does not hold now; nobody vouches for an earlier time" in without.reason
    found = verified(made(stamped()), trust)
    assert (found.verified, found.signed_at) == (True, BEFORE.isoformat().replace("+00:00", "Z"))
    assert not verified(made(stamped(NOW)), trust).verified
    assert not verified(made(stamped(by=Clock())), trust).verified
    assert not verified(made(lambda _: [CLOCK.stamp(b"something else", BEFORE)]), trust).verified
    assert verified(made(lambda v: [b"rubbish", CLOCK.stamp(v, BEFORE)]), trust).verified
    assert not verified(made(stamped()), trusting(CA.root)).verified


def test_a_bare_token_is_as_good_as_a_response() -> None:
    def tokens(value: bytes) -> list[bytes]:
        response = CLOCK.stamp(value, BEFORE)
        at = response.index(b"\x30\x03\x02\x01\x00") + 5
        return [response[at:]]

    data = enveloped(PAYLOAD, signature(EXPIRED, PAYLOAD, form="witness", stamps=tokens))
    assert verified(data, trusting(CA.root, authority=clock(CLOCK))).verified


def test_as_of_a_date_needs_evidence_from_before() -> None:
    trust = trusting(CA.root, authority=clock(CLOCK))
    plain, dated = bundled(PAYLOAD, BUILDER), bundled(PAYLOAD, BUILDER, stamps=stamped())
    assert NO_EVIDENCE in verified(plain, trust, as_of=NOW).reason
    assert verified(dated, trust, as_of=BEFORE).verified
    assert "after" in verified(dated, trust, as_of=BEFORE - timedelta(seconds=1)).reason


def test_a_role_can_require_a_timestamp() -> None:
    trust = trusting(CA.root, authority=clock(CLOCK), require_timestamp=True, timestamp_authorities=("clock",))
    assert "its time is not vouched for by clock" in verified(bundled(PAYLOAD, BUILDER), trust).reason
    assert verified(bundled(PAYLOAD, BUILDER, stamps=stamped()), trust).verified
    other = trusting(CA.root, authority=clock(CLOCK), require_timestamp=True, timestamp_authorities=("another",))
    assert not verified(bundled(PAYLOAD, BUILDER, stamps=stamped()), other).verified


def test_of_two_signatures_of_one_signer_the_dated_one_speaks() -> None:
    late = signature(BUILDER, PAYLOAD, form="witness")
    early = signature(EXPIRED, PAYLOAD, form="witness", stamps=stamped())
    trust = trusting(CA.root, authority=clock(CLOCK), require_timestamp=True)
    for order in ([late, early], [early, late]):
        assert verified(enveloped(PAYLOAD, *order), trust).verified
    assert not verified(enveloped(PAYLOAD, late), trust).verified


def test_keys_and_certificates_sign_together() -> None:
    key = ed_key()
    plain = json.loads(envelope(PAYLOAD, key))["signatures"][0]
    trust = trusting(CA.root, keys={"second": key}, threshold=2)
    found = verified(enveloped(PAYLOAD, signature(BUILDER, PAYLOAD), plain), trust)
    assert found.signers == ("certificate:server", "key:second")
    assert "1 of the 2" in verified(enveloped(PAYLOAD, plain), trust).reason


def spoiled(**fields: Any) -> bytes:
    return enveloped(PAYLOAD, {**signature(BUILDER, PAYLOAD, form="witness"), **fields})


@pytest.mark.parametrize(("data", "why"), [
    (spoiled(certificate="!"), "malformed"),
    (spoiled(certificate=7), "malformed"),
    (spoiled(certificate=b64(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")), "malformed"),
    (spoiled(intermediates="x"), "expected a list"),
    (spoiled(intermediates=[b64(pem(BUILDER.leaf).encode())] * 12), "13 certificates"),
    (spoiled(timestamps=[{"type": "tsp", "data": "AAAA"}] * 5), "5 timestamps"),
    (spoiled(cert="hello"), "malformed certificate"),
])  # fmt: skip
def test_malformed_chains_are_refused_with_the_reason(data: bytes, why: str) -> None:
    found = verified(data, trusting(CA.root))
    assert not found.verified
    assert why in found.reason


def test_timestamps_of_other_kinds_and_signatures_without_chains_say_nothing() -> None:
    assert verified(spoiled(timestamps=[{"type": "other", "data": "AAAA"}, 5]), trusting(CA.root)).verified
    bare = {"keyid": "", "sig": b64(b"x")}
    assert verified(enveloped(PAYLOAD, bare, signature(BUILDER, PAYLOAD)), trusting(CA.root)).verified
    assert not verified(enveloped(PAYLOAD, bare), trusting(CA.root)).verified


@pytest.mark.parametrize("material", [
    {"publicKey": {"hint": ""}}, {"x509CertificateChain": {}}, {"x509CertificateChain": []}, {"certificate": None},
    {"x509CertificateChain": {"certificates": []}}, {"certificate": {"rawBytes": "AAAA"}}, [],
])  # fmt: skip
def test_bundles_with_odd_material_are_not_verified(material: Any) -> None:
    document = json.loads(bundled(PAYLOAD, BUILDER))
    document["verificationMaterial"] = material
    assert not verified(json.dumps(document).encode(), trusting(CA.root)).verified


def test_as_of_a_date_a_layout_must_not_have_expired() -> None:
    firm = [["DISALLOW", "*"]]
    steps = [Step(name="train", expected_materials=firm, expected_products=firm)]
    expires = BEFORE + timedelta(minutes=10)
    made = Layout(steps=steps, inspect=[], expires=expires.strftime("%Y-%m-%dT%H:%M:%SZ"))
    payload = InTotoEnvelope.from_signable(made).payload
    signed = signature(BUILDER, payload, form="witness", stamps=stamped())
    trust = trusting(CA.root, authority=clock(CLOCK), predicate_types=("layout",))
    data = enveloped(payload, signed)
    assert "expired" in verified(data, trust).reason
    assert verified(data, trust, as_of=BEFORE).verified
    assert "expired" in verified(data, trust, as_of=expires).reason
    assert NO_EVIDENCE in verified(enveloped(payload, signature(BUILDER, payload)), trust, as_of=BEFORE).reason


def test_as_of_a_date_a_bare_key_proves_nothing() -> None:
    key = ed_key()
    assert verified(envelope(PAYLOAD, key), policy({"k": key})).verified
    assert NO_EVIDENCE in verified(envelope(PAYLOAD, key), policy({"k": key}), as_of=NOW).reason


@pytest.mark.parametrize(("old", "new"), [
    ("06082a8648ce3d030107", "06082a8648ce3d03017f"),  # the curve of its key: an unknown one
    ("06072a8648ce3d0201", "06072a8648ce3d027f"),  # the kind of its key: an unknown one
    ("0603551d11", "0603551d25"),  # its names: a second list of purposes
    ("0603551d25", "0603551d11"),  # its purposes: a second list of names
])  # fmt: skip
def test_certificates_that_cannot_be_read_are_refused_with_a_reason(old: str, new: str) -> None:
    odd = bytes.fromhex(BUILDER.leaf.public_bytes(Encoding.DER).hex().replace(old, new))
    assert odd != BUILDER.leaf.public_bytes(Encoding.DER)
    signer = Signer(BUILDER.key, x509.load_der_x509_certificate(odd), BUILDER.intermediates)
    found = verified(bundled(PAYLOAD, signer), trusting(CA.root))
    assert not found.verified
    assert found.reason
