"""What the real cosign signs with a key, offline, in each of its forms: verified here, and refused when altered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from interop_case import COSIGN, modern, needs, said
from signing_case import NOW, SLSA, sha256

from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES

pytestmark = needs(COSIGN)
_PREDICATE = {
    "buildDefinition": {"buildType": "https://b", "externalParameters": {}},
    "runDetails": {"builder": {"id": "https://c"}},
}
FORMS = pytest.mark.parametrize("new", [True, False], ids=["new", "old"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key pair of cosign's own, a file, and everything that cosign signs with it."""
    made = tmp_path_factory.mktemp("cosign")
    (made / "m.bin").write_bytes(b"weights")
    (made / "predicate.json").write_text(json.dumps(_PREDICATE))
    run(made, "generate-key-pair")
    offline = ["--key", "cosign.key", "--tlog-upload=false"]
    offline += ["--use-signing-config=false"] if modern(made) else []
    what = ["--type", "slsaprovenance1", "--predicate", "predicate.json"]
    for new in ("true", "false"):
        form = [*offline, f"--new-bundle-format={new}"]
        run(made, "sign-blob", *form, "--bundle", f"file-{new}.json", "m.bin")
        run(made, "attest-blob", *form, *what, "--bundle", f"statement-{new}.json", "m.bin")
    form = [*offline, "--new-bundle-format=false"]
    run(made, "sign-blob", *form, "--bundle", "x.json", "--output-signature", "m.sig", "m.bin")
    run(made, "attest-blob", *form, *what, "--bundle", "x.json", "--output-signature", "m.dsse.json", "m.bin")
    return made


def run(made: Path, *arguments: str) -> None:
    accepted, output = said(COSIGN, arguments, made)
    assert accepted, output


def verifier(made: Path) -> TrustVerifier:
    key = PublicKey.from_pem((made / "cosign.pub").read_bytes(), source="cosign.pub")
    roles = {name: Role(name, ("key:cosign",), DEFAULT_TYPES[name]) for name in ("provenance", "model")}
    return TrustVerifier(TrustPolicy({"cosign": key}, roles), NOW)


def name(what: str, new: bool) -> str:
    return f"{what}-{str(new).lower()}.json"


@FORMS
def test_an_attestation(folder: Path, new: bool) -> None:
    found = verifier(folder).verify((folder / name("statement", new)).read_bytes(), source="s")
    assert (found.reason, found.signers, found.role) == ("", ("key:cosign",), "provenance")
    assert found.kind == ("sigstore" if new else "cosign")
    statement: Any = found.statement
    assert (statement["predicateType"], statement["predicate"]["runDetails"]["builder"]["id"]) == (SLSA, "https://c")
    assert statement["subject"][0]["digest"]["sha256"] == sha256(b"weights")


def test_a_bare_envelope(folder: Path) -> None:
    found = verifier(folder).verify((folder / "m.dsse.json").read_bytes(), source="s")
    assert (found.reason, found.kind) == ("", "dsse")


@FORMS
def test_a_signature_of_a_file(folder: Path, new: bool) -> None:
    data = (folder / name("file", new)).read_bytes()
    found = verifier(folder).verify_artifact(data, source="s", artifact=folder / "m.bin")
    assert (found.reason, found.signers, found.role) == ("", ("key:cosign",), "model")
    other = folder / "other.bin"
    other.write_bytes(b"other")
    assert not verifier(folder).verify_artifact(data, source="s", artifact=other).verified


def test_a_bare_signature(folder: Path) -> None:
    found = verifier(folder).verify_artifact((folder / "m.sig").read_bytes(), source="s", artifact=folder / "m.bin")
    assert (found.reason, found.kind) == ("", "signature")


@FORMS
@pytest.mark.parametrize("what", ["statement", "file"])
def test_another_key_is_refused(folder: Path, what: str, new: bool, tmp_path: Path) -> None:
    run(tmp_path, "generate-key-pair")
    data = (folder / name(what, new)).read_bytes()
    strange = verifier(tmp_path)
    if what == "statement":
        found = strange.verify(data, source="s")
    else:
        found = strange.verify_artifact(data, source="s", artifact=folder / "m.bin")
    assert not found.verified
    assert "signed by no key" in found.reason
