"""The real Witness runs a command and signs what it saw, with keys and with a certificate: verified here."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from certificate_case import Authority, pem
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from interop_case import WITNESS, needs, said
from package_case import written
from signing_case import write
from sigstore_service import Service, running
from witness_case import BUILDER, COLLECTION, MODEL, TRAIN, by_certificate, by_key, collected

from probatum.attestations.trust.predicates import LINK_PREDICATE

pytestmark = needs(WITNESS)
KEYS: dict[str, Any] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "rsa": rsa.generate_private_key(65537, 3072),
}
POLICY = "https://witness.testifysec.com/policy/v0.1"
CANNOT = "p384"
"""Witness hashes with SHA-256 whatever the curve; here a curve has one hash, its own."""


def now() -> datetime:
    return datetime.now(UTC)


def seen(folder: Path, key: Any, *options: str | Path, command: str = TRAIN) -> bytes:
    """What Witness signs of a step: of one that makes a model unless told otherwise."""
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write(folder / "job/data.csv", b"1,2\n")
    (folder / "job/models").mkdir()
    where = ["-k", write(folder / "key.pem", private), "-o", folder / "collection.json"]
    given = ["-s", "step", *where, *(options or ["-a", ""])]
    accepted, output = said(WITNESS, ["run", *given, "--", "sh", "-c", command], folder / "job")
    assert accepted, output
    return (folder / "collection.json").read_bytes()


def public(key: Any) -> bytes:
    text: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return text


@pytest.mark.parametrize("kind", KEYS)
def test_a_collection_of_a_key(kind: str, tmp_path: Path) -> None:
    key = KEYS[kind]
    found = by_key(public(key), now()).verify(seen(tmp_path, key), source="w")
    assert found.verified is (kind != CANNOT), found.reason
    if found.verified:
        assert found.about == COLLECTION


def test_another_key_is_refused(tmp_path: Path) -> None:
    data = seen(tmp_path, KEYS["ed25519"])
    found = by_key(public(ed25519.Ed25519PrivateKey.generate()), now()).verify(data, source="w")
    assert not found.verified


def test_an_exported_link(tmp_path: Path) -> None:
    key = KEYS["ed25519"]
    seen(tmp_path, key, "-a", "link", "--attestor-link-export")
    found = by_key(public(key), now()).verify((tmp_path / "collection.json-link.json").read_bytes(), source="w")
    assert (found.reason, found.about) == ("", LINK_PREDICATE)


def test_an_exported_provenance(tmp_path: Path) -> None:
    key = KEYS["p256"]
    seen(tmp_path, key, "-a", "slsa", "--attestor-slsa-export")
    document = (tmp_path / "collection.json-slsa.json").read_bytes()
    found = collected(tmp_path / "pipeline", document, by_key(public(key), now()), now(), type="provenance")
    assert (found.result["verified"], found.result["builder"]) == (True, BUILDER)


@dataclass(frozen=True)
class Certified:
    """A collection of a certificate, with the root that it leads to and the clock that stamped it."""

    document: bytes
    root: bytes
    clock: bytes


def certified(folder: Path, *, stamped: bool) -> Certified:
    """Signed by a certificate that ends within the hour."""
    authority = Authority(until=now() + timedelta(days=300))
    signer = authority.issue(since=now() - timedelta(minutes=5), until=now() + timedelta(minutes=30))
    chain = ["--signer-file-cert-path", write(folder / "leaf.crt", pem(signer.leaf))]
    chain += ["--signer-file-intermediate-paths", write(folder / "ca.crt", pem(*signer.intermediates))]
    with running(Service()) as service:
        clock = ["-t", f"{service.url}/api/v1/timestamp"] if stamped else []
        document = seen(folder, signer.key, "-a", "", *chain, *clock)
        return Certified(document, pem(authority.root).encode(), pem(*service.services.tsa.chain).encode())


def test_a_collection_of_a_certificate(tmp_path: Path) -> None:
    """Verified a day later, when the certificate has long expired."""
    made = certified(tmp_path, stamped=True)
    found = by_certificate(made.root, made.clock, now() + timedelta(days=1)).verify(made.document, source="w")
    assert (found.reason, found.signers) == ("", ("certificate:machine",))
    assert found.signed_at is not None


def test_one_without_a_timestamp_is_refused(tmp_path: Path) -> None:
    made = certified(tmp_path, stamped=False)
    later = by_certificate(made.root, made.clock, now() + timedelta(days=1))
    found = later.verify(made.document, source="w")
    assert not found.verified


def test_it_is_collected(tmp_path: Path) -> None:
    key = KEYS["p256"]
    document = seen(tmp_path, key)
    assert (tmp_path / "job/models/model.bin").read_bytes() == MODEL
    listed = collected(tmp_path / "pipeline", document, by_key(public(key), now()), now())
    (entry,) = listed.result["documents"]
    assert (entry["verified"], entry["subjects"]) == (True, ["model:m"])


def permit(folder: Path, key: Any, document: bytes) -> None:
    """A policy of Witness's own, signed: a step of this key that ended well."""
    signer = json.loads(document)["signatures"][0]["keyid"]
    module = b'package commandrun\n\ndeny[why] {\n\tinput.exitcode != 0\n\twhy := "it failed"\n}\n'
    kinds = [{"type": f"https://witness.dev/attestations/{name}/v0.1"} for name in ("material", "product")]
    ran = {
        "type": "https://witness.dev/attestations/command-run/v0.1",
        "regopolicies": [{"name": "exit code", "module": base64.b64encode(module).decode()}],
    }
    step = {
        "name": "step",
        "attestations": [*kinds, ran],
        "functionaries": [{"type": "publickey", "publickeyid": signer}],
    }
    keys = {signer: {"keyid": signer, "key": base64.b64encode(public(key)).decode()}}
    policy = {"expires": "2100-01-01T00:00:00Z", "steps": {"step": step}, "publickeys": keys}
    write(folder / "policy.json", json.dumps(policy))
    write(folder / "key.pub", public(key))
    options = ["-k", "key.pem", "-f", "policy.json", "-o", "policy.signed.json", "-t", POLICY]
    accepted, output = said(WITNESS, ["sign", *options], folder)
    assert accepted, output


def permitted(folder: Path, evidence: str, artifact: str) -> bool:
    """Whether Witness lets the artifact pass by that policy."""
    return said(
        WITNESS, ["verify", "-p", "policy.signed.json", "-k", "key.pub", "-a", evidence, "-f", artifact], folder
    )[0]


def test_a_gate_that_ran_under_witness(tmp_path: Path) -> None:
    """Witness speaks of the verdict as of any product of a step; verdicts themselves are not what it reads."""
    verdict = written(tmp_path).folder
    document = seen(tmp_path, KEYS["ed25519"], command=f"cp -R '{verdict}' verdict")
    permit(tmp_path, KEYS["ed25519"], document)
    assert permitted(tmp_path, "collection.json", "job/verdict/verdict.dsse.json")
    assert not permitted(tmp_path, "job/verdict/verdict.dsse.json", "job/verdict/verdict.dsse.json")
    with (tmp_path / "job/verdict/verdict.dsse.json").open("ab") as file:
        file.write(b"\n")
    assert not permitted(tmp_path, "collection.json", "job/verdict/verdict.dsse.json")
