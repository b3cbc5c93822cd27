"""What a document is, by its content: the forms that are verified, containers of several, and what is not verified."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from foreign_case import pypi_attestation
from signing_case import NOW, ed_key, envelope, policy, statement, write
from sigstore_case import Services

from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.foreign.containers import MAX_DOCUMENTS, documents_of
from probatum.errors import TrustError

KEY = ed_key()
VERIFIER = TrustVerifier(policy({"builder": KEY}), NOW)
ENVELOPE = json.loads(envelope(statement("a" * 64), KEY))
BUNDLE = {
    "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    "verificationMaterial": {"publicKey": {"hint": ""}},
    "dsseEnvelope": ENVELOPE,
}
UNSIGNED: dict[str, Any] = {
    "an in-toto statement without a signature": statement("a" * 64),
    "a CycloneDX BOM with a signature inside": {"bomFormat": "CycloneDX", "signature": {"algorithm": "ES256"}},
    "a CycloneDX BOM without a signature": {"bomFormat": "CycloneDX"},
    "an SPDX document": {"spdxVersion": "SPDX-2.3"},
    "metadata of The Update Framework": {"signed": {"_type": "targets"}, "signatures": []},
    "a JWS signature (as of the Notary Project)": {"payload": "e", "protected": "e", "header": {}, "signature": "x"},
    "a JSON Web Signature": {"payload": "e", "signatures": [{"protected": "e", "signature": "x"}]},
    "an entry of a transparency log without": {"a" * 64: {"body": "e", "integratedTime": 5, "verification": {}}},
    "what cosign signs of an image": {"critical": {"image": {}}, "optional": None},
    "a sigstore trusted root": {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"},
    "an OCI manifest": {"mediaType": "application/vnd.oci.image.index.v1+json"},
    "a Docker manifest": {"mediaType": "application/vnd.docker.distribution.manifest.v2+json"},
    "a W3C credential with a proof": {"@context": [], "type": ["VerifiableCredential"], "proof": {}},
}
BARE: dict[str, bytes] = {
    "an OpenPGP signature": b"-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n",
    "a message signed with OpenPGP": b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n",
    "an SSH signature": b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n",
    "a CMS (PKCS#7) signature": b"-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----\n",
    "a minisign or signify signature": b"untrusted comment: signature from minisign\nRUQ\n",
    "a signature of a JAR": b"Signature-Version: 1.0\r\n",
    "a certificate, not a signature": b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "a public key, not a signature": KEY.public.pem.encode(),
    "a COSE signature": b"\xd2\x84\x43\xa1\x01\x26",
    "a git object": b"object " + b"a" * 40 + b"\ntype commit\ntag v1\n",
    "a document with an XML signature": b'<?xml version="1.0"?><bom><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></bom>',
    "a JSON Web Signature": b"eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ." + b"a" * 40 + b"\n",
    "a CMS (PKCS#7)": bytes.fromhex("3082010006092a864886f70d010702a082"),
}


@pytest.mark.parametrize(("what", "document"), UNSIGNED.items(), ids=UNSIGNED)
def test_a_document_that_is_not_verified_is_named(what: str, document: Any) -> None:
    found = VERIFIER.verify(json.dumps(document).encode(), source="x.json")
    assert (found.verified, found.statement, found.kind) == (False, None, "unknown")
    assert f"x.json is {what}" in found.reason
    assert "cannot be verified: " in found.reason


@pytest.mark.parametrize(("what", "data"), BARE.items(), ids=BARE)
def test_a_signature_that_is_not_verified_is_named(what: str, data: bytes, tmp_path: Path) -> None:
    file = write(tmp_path / "m.bin", b"weights")
    for found in (VERIFIER.verify(data, source="x"), VERIFIER.verify_artifact(data, source="x", artifact=file)):
        assert not found.verified
        assert f"x is {what}" in found.reason


@pytest.mark.parametrize("document", [[], 5, {}, {"a": 1}, {"a": {"body": 1}}, {"signatures": []}, {"payload": 1}])
def test_what_is_of_no_known_kind(document: Any) -> None:
    found = VERIFIER.verify(json.dumps(document).encode(), source="x")
    assert "x is no attestation" in found.reason


def test_a_raw_signature_is_not_taken_for_something_else(tmp_path: Path) -> None:
    file = write(tmp_path / "m.bin", b"weights")
    signature = bytes.fromhex(KEY.signer.sign(b"weights").signature)
    trust = TrustVerifier(policy({"builder": KEY}, model={}), NOW)
    for data in (signature, base64.b64encode(signature)):
        assert trust.verify_artifact(data, source="x", artifact=file).reason == ""


def gcloud(*envelopes: Any) -> dict[str, Any]:
    decoded = {"build": {"intotoStatement": {"forged": True}}}
    return {"image_summary": {}, "provenance_summary": {"provenance": [{**decoded, "envelope": e} for e in envelopes]}}


CONTAINERS: dict[str, Any] = {
    "f#attestations[0].bundle": {"attestations": [{"bundle": BUNDLE, "repository_id": 1}]},
    "f#provenance[0].envelope": gcloud(ENVELOPE),
}


@pytest.mark.parametrize(("name", "document"), CONTAINERS.items(), ids=CONTAINERS)
def test_the_one_document_of_a_container(name: str, document: Any) -> None:
    data = json.dumps(document).encode()
    ((found, part),) = VERIFIER.documents(data, source="f")
    assert found == name
    assert VERIFIER.verify(part, source=found).verified
    whole = VERIFIER.verify(data, source="f")
    assert (whole.reason, whole.signers, whole.statement) == ("", ("key:builder",), statement("a" * 64))


def test_a_container_of_several_is_not_verified_as_one() -> None:
    """Which of them would be the statement? Each is verified on its own."""
    data = json.dumps({"attestations": [{"bundle": BUNDLE}, {"bundle": BUNDLE}]}).encode()
    assert [name for name, _ in VERIFIER.documents(data, source="f")] == [
        f"f#attestations[{at}].bundle" for at in (0, 1)
    ]
    found = VERIFIER.verify(data, source="f")
    assert (found.verified, found.kind) == (False, "unknown")
    assert "f holds 2 signed documents" in found.reason


def test_the_provenance_of_pypi_is_a_container() -> None:
    one = json.loads(pypi_attestation(Services(), json.dumps(statement("a" * 64)).encode()))
    bundle = {"publisher": {"kind": "GitHub", "repository": "org/repo"}, "attestations": [one, one]}
    found = documents_of(json.dumps({"version": 1, "attestation_bundles": [bundle]}).encode(), source="f")
    assert [name for name, _ in found] == [f"f#attestation_bundles[0].attestations[{at}]" for at in (0, 1)]
    assert [json.loads(part) for _, part in found] == [one, one]


@pytest.mark.parametrize(
    "document",
    [{"attestations": [5]}, {"attestations": [{}]}, {"attestation_bundles": [5]}, gcloud(5), gcloud(None),
     {"attestation_bundles": [{"attestations": [5]}]}, {"provenance_summary": {"provenance": [5]}}],
)  # fmt: skip
def test_a_container_of_something_else(document: Any) -> None:
    found = VERIFIER.verify(json.dumps(document).encode(), source="f")
    assert (found.verified, found.kind) == (False, "unknown")
    assert "is no attestation" in found.reason


@pytest.mark.parametrize("count", [0, MAX_DOCUMENTS + 1])
def test_a_container_of_none_or_too_many(count: int) -> None:
    data = json.dumps({"attestations": [{"bundle": {}}] * count}).encode()
    with pytest.raises(TrustError, match=f"holds {count} signed documents"):
        documents_of(data, source="f")
    assert VERIFIER.documents(data, source="f") == [("f", data)]
    assert f"holds {count} signed documents" in VERIFIER.verify(data, source="f").reason


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"provenance_summary": 5}', b'{"a": 1, "a": 2}'])
def test_what_is_no_container_is_itself(data: bytes) -> None:
    assert VERIFIER.documents(data, source="f") == [("f", data)]


def test_lines_of_json() -> None:
    """As `gh attestation download` writes them; an empty line is none."""
    container = json.dumps({"attestations": [{"bundle": BUNDLE}]}).encode()
    data = json.dumps(BUNDLE).encode() + b"\n\n" + container + b"\n"
    parts = VERIFIER.documents(data, source="f")
    assert [name for name, _ in parts] == ["f:1", "f:3#attestations[0].bundle"]
    assert all(VERIFIER.verify(part, source=name).verified for name, part in parts)
    assert "f holds 2 signed documents" in VERIFIER.verify(data, source="f").reason
    assert VERIFIER.documents(json.dumps(BUNDLE).encode() + b"\n", source="f")[0][0] == "f"


@pytest.mark.parametrize(
    "data",
    [b'{"a": 1}\n{"a": 1, "a": 2}', b'{"a": 1}\n{b}', b'{"a": 1}\n[]', b'{}\n{"attestations": []}',
     b"{}\n" * (MAX_DOCUMENTS + 1)],
)  # fmt: skip
def test_lines_of_something_else(data: bytes) -> None:
    """One bad line, and the file is refused as a whole: nobody can tell what it was to hold."""
    assert VERIFIER.documents(data, source="f") == [("f", data)]
    assert not VERIFIER.verify(data, source="f").verified
