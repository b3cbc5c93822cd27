"""DSSE envelopes: strict reading, no confusion of keys or algorithms, and agreement with stock verifiers."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from in_toto.models.metadata import Envelope as InTotoEnvelope
from securesystemslib.dsse import Envelope as StockEnvelope
from securesystemslib.signer import SSlibKey
from signing_case import ec_key, ed_key, rsa_key

from probatum.attestations.documents import dsse
from probatum.attestations.documents.dsse import Envelope, pae
from probatum.attestations.keys.signing_key import SigningKey
from probatum.errors import EvidenceError, ProbatumError, TrustError

KEYS = {
    "ed25519": ed_key(),
    "p256": ec_key(),
    "p384": ec_key(ec.SECP384R1()),
    "p521": ec_key(ec.SECP521R1()),
    "rsa": rsa_key(),
}


def test_the_example_of_the_specification() -> None:
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@pytest.mark.parametrize("name", KEYS)
def test_a_signed_envelope_survives_a_round_trip(name: str) -> None:
    data = dsse.sign(b"payload", [KEYS[name]]).to_bytes()
    envelope = dsse.parse(data, source="e", canonical=True)
    assert envelope.signers([key.public for key in KEYS.values()]) == (KEYS[name].public,)
    assert json.loads(data)["signatures"][0]["keyid"] == KEYS[name].public.id
    assert not data.endswith(b"\n")


@pytest.mark.parametrize("name", KEYS)
def test_stock_verifiers_accept_it(name: str) -> None:
    """The real verifiers of securesystemslib and in-toto, with no knowledge of Probatum."""
    signing = KEYS[name]
    scheme = "rsa-pkcs1v15-sha256" if name == "rsa" else None
    key = SSlibKey.from_crypto(signing.public.key, signing.public.id, scheme)
    data = dsse.sign(b'{"_type": "x"}', [signing]).to_bytes()
    assert StockEnvelope.from_dict(json.loads(data)).verify([key], 1) == {signing.public.id: key}
    InTotoEnvelope.from_dict(json.loads(data)).verify([key], 1)


@pytest.mark.parametrize("name", ["p256", "p384", "p521"])
def test_raw_ecdsa_signatures_are_accepted(name: str) -> None:
    signed = dsse.sign(b"p", [KEYS[name]])
    r, s = decode_dss_signature(signed.signatures[0][1])
    size = {"p256": 32, "p384": 48, "p521": 66}[name]
    raw = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    assert Envelope(b"p", dsse.IN_TOTO, (("", raw),)).signers([KEYS[name].public])
    assert not Envelope(b"q", dsse.IN_TOTO, (("", raw),)).signers([KEYS[name].public])
    assert not Envelope(b"p", dsse.IN_TOTO, (("", raw[:-1]),)).signers([KEYS[name].public])


def test_rsa_pss_is_accepted() -> None:
    key: Any = KEYS["rsa"].signer._private_key
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    signature = key.sign(pae(dsse.IN_TOTO, b"p"), pss, hashes.SHA256())
    assert Envelope(b"p", dsse.IN_TOTO, (("", signature),)).signers([KEYS["rsa"].public])
    weak = key.sign(pae(dsse.IN_TOTO, b"p"), padding.PKCS1v15(), hashes.SHA512())
    assert not Envelope(b"p", dsse.IN_TOTO, (("", weak),)).signers([KEYS["rsa"].public])


def test_the_key_decides_the_algorithm() -> None:
    for name, signing in KEYS.items():
        envelope = dsse.sign(b"p", [signing])
        others = [key.public for other, key in KEYS.items() if other != name]
        assert envelope.signers(others) == ()


def test_one_key_under_two_ids_counts_once() -> None:
    key = KEYS["ed25519"]
    (_, signature), *_ = dsse.sign(b"p", [key]).signatures
    doubled = Envelope(b"p", dsse.IN_TOTO, (("SHA256:one", signature), ("SHA256:two", signature)))
    assert doubled.signers([key.public, key.public]) == (key.public,)


def test_two_keys_count_twice() -> None:
    envelope = dsse.sign(b"p", [KEYS["ed25519"], KEYS["p256"]])
    assert len(envelope.signers([KEYS["ed25519"].public, KEYS["p256"].public])) == 2


def test_the_payload_type_is_signed() -> None:
    envelope = dsse.sign(b"p", [KEYS["ed25519"]], payload_type="a/b")
    assert not Envelope(b"p", "a/c", envelope.signatures).signers([KEYS["ed25519"].public])


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(dsse.sign(b"payload!", [KEYS["ed25519"]]).to_bytes()), **fields}).encode()


SIG = {"keyid": "k", "sig": "AAAA"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        changed(payload=None),
        changed(payload="cGF5bG9hZCE"),
        changed(payload="cGF5bG9hZCE=\n"),
        changed(payload="cGF5 bG9hZCE="),
        changed(payload="cGF5bG9hZCF="),
        changed(payload="cGF5bG9hZCE=="),
        changed(payload="\u0442"),
        changed(payloadType=""),
        changed(payloadType=7),
        changed(payloadType="application/vnd.in-toto+j\u0455on"),
        changed(signatures=[]),
        changed(signatures=SIG),
        changed(signatures=[SIG] * 65),
        changed(signatures=["x"]),
        changed(signatures=[{"keyid": "k"}]),
        changed(signatures=[{"keyid": 1, "sig": "AAAA"}]),
        changed(signatures=[{"keyid": "k", "sig": ""}]),
        changed(signatures=[{"keyid": "k", "sig": "A"}]),
    ],
)
def test_a_malformed_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(ProbatumError) as error:
        dsse.parse(data, source="the envelope")
    assert "the envelope" in error.value.what
    assert error.value.remedy


@pytest.mark.parametrize("key", ["payload", "Payload", "payloadtype", "SIGNATURES"])
def test_duplicate_keys_are_refused_also_by_case(key: str) -> None:
    data = changed().replace(b"{", b'{"' + key.encode() + b'": "x", ', 1)
    with pytest.raises(EvidenceError, match="duplicate key"):
        dsse.parse(data, source="e")


def test_url_safe_base64_is_read_and_unknown_fields_are_ignored() -> None:
    payload = b"\xff\xfe\xfd\xfc"
    data = changed(payload=base64.urlsafe_b64encode(payload).decode(), extra=1)
    assert dsse.parse(data, source="e").payload == payload


def test_only_the_canonical_form_is_canonical() -> None:
    data = dsse.sign(b"p", [KEYS["ed25519"]]).to_bytes()
    for other in (data + b"\n", b" " + data, data.replace(b":", b": ", 1), changed(extra=1)):
        dsse.parse(other, source="e")
        with pytest.raises(TrustError, match="not in canonical form"):
            dsse.parse(other, source="e", canonical=True)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_garbage_never_crashes(data: bytes) -> None:
    with pytest.raises(ProbatumError):
        dsse.parse(data, source="e")


def test_a_signer_that_lies_is_caught() -> None:
    other = SigningKey(KEYS["p256"].signer, KEYS["ed25519"].public, "mixed up")
    with pytest.raises(TrustError, match="does not verify"):
        dsse.sign(b"p", [other])


def test_a_signer_that_fails_is_an_error_of_trust() -> None:
    class Broken:
        def sign(self, _: bytes) -> Any:
            raise RuntimeError("token removed")

    with pytest.raises(TrustError, match="cannot sign") as error:
        dsse.sign(b"p", [SigningKey(Broken(), KEYS["ed25519"].public, "the token")])
    assert error.value.why == "token removed"
