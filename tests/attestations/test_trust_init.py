"""A proposal for a trust policy: made from a verdict, of use to nobody before a review."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from package_case import KEY, written
from signing_case import ec_key, ed_key, policy, sha256, write
from sigstore_case import ISSUER, WORKFLOW, Services
from sigstore_package import signed_package

from probatum.attestations.package.zip_package import zip_bytes
from probatum.attestations.trust.file import load_trust
from probatum.attestations.trust.init import write_proposal
from probatum.errors import ProbatumError, TrustError, UsageError

OTHER = ec_key()


def reviewed(text: str) -> str:
    """What a reviewer makes of it who trusts everybody in it."""
    lines = [line.removeprefix("# ") for line in text.splitlines() if not line.startswith("review:")]
    return "\n".join(lines)


def spoiled(folder: Path, name: str, content: Any) -> Path:
    write(folder / name, json.dumps(content).encode())
    return folder


def test_a_verdict_by_keys(tmp_path: Path) -> None:
    trust = policy({"builder": OTHER, "SHA256:odd name": ed_key()}, provenance={}, verdict={}, model={})
    text = write_proposal(written(tmp_path, KEY, OTHER, trust=trust).folder, None)
    assert f'fingerprint: "{KEY.public.id}"' in text
    assert "builder signed the verdict, and was trusted by the pipeline" in text
    active = [line for line in text.splitlines() if not line.startswith("#")]
    assert active == ["review: required", "version: 1"]
    (at,) = set(re.findall(r"verdict-\d", text))
    write(tmp_path / f"{at}.pub", KEY.public.pem)
    found = load_trust(write(tmp_path / "trust.yaml", reviewed(text)))
    assert set(found.roles["verdict"].signers) == {"key:builder", f"key:{at}"}
    assert found.roles["verdict"].max_age_days == 30
    assert set(found.roles["model"].signers) == {"key:builder", "key:key-1"}
    assert found.keys["builder"] == OTHER.public


def test_a_verdict_by_an_identity(tmp_path: Path) -> None:
    text = write_proposal(signed_package(tmp_path, Services()), None)
    assert f'identity: "{WORKFLOW}"' in text
    assert f'issuer: "{ISSUER}"' in text
    root = Services().trusted_root()
    write(tmp_path / "trusted_root.json", root)
    found = load_trust(write(tmp_path / "trust.yaml", reviewed(text).replace("FILL IN", sha256(root))))
    assert found.identities["verdict-1"].identity == WORKFLOW
    assert found.roles["verdict"].signers == ("identity:verdict-1",)


def test_it_cannot_be_used_as_it_is(tmp_path: Path) -> None:
    out = tmp_path / "trust.yaml"
    write_proposal(written(tmp_path).folder, out)
    with pytest.raises(TrustError, match="nobody has reviewed"):
        load_trust(out)
    with pytest.raises(ProbatumError, match="roles"):
        load_trust(write(tmp_path / "hasty.yaml", out.read_text().replace("review: required\n", "")))


def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    out = write(tmp_path / "trust.yaml", "mine")
    with pytest.raises(UsageError, match="exists"):
        write_proposal(written(tmp_path).folder, out)
    assert out.read_text() == "mine"


def test_a_package_without_a_signed_verdict_proposes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        write_proposal(tmp_path / "none", None)
    with pytest.raises(TrustError, match="no signed verdict"):
        write_proposal(tmp_path, None)
    with pytest.raises(TrustError, match="is not unpacked"):
        write_proposal(write(tmp_path / "v.zip", b"hello"), None)


@pytest.mark.parametrize("document", [
    [], {}, {"payload": ""}, {"dsseEnvelope": {}}, {"dsseEnvelope": {}, "verificationMaterial": {"certificate": {}}},
    {"dsseEnvelope": {}, "verificationMaterial": {"publicKey": {}}},
])  # fmt: skip
def test_a_malformed_verdict_is_refused(tmp_path: Path, document: Any) -> None:
    with pytest.raises(TrustError):
        write_proposal(spoiled(written(tmp_path).folder, "verdict.dsse.json", document), None)


@pytest.mark.parametrize("document", [
    [], {}, {"keys": []}, {"keys": {"x": {"pem": "hello"}}, "roles": {}}, {"keys": {}, "roles": []},
    {"keys": {}, "roles": {"model": {"signers": 5}}}, {"keys": {"x": 7}, "roles": {}},
])  # fmt: skip
def test_a_malformed_trust_policy_of_the_pipeline_is_left_out(tmp_path: Path, document: Any) -> None:
    text = write_proposal(spoiled(written(tmp_path).folder, "trust.json", document), None)
    assert '## Left out: "trust.json, which cannot be read' in text
    assert KEY.public.id in text


def test_what_is_not_proposed_is_named(tmp_path: Path) -> None:
    folder = spoiled(written(tmp_path).folder, "trust.json", {"keys": {}, "roles": {}, "identities": {"a": {}}})
    document = json.loads((folder / "verdict.dsse.json").read_bytes())
    document["signatures"] += [{"keyid": "", "sig": "AAAA"}]
    text = write_proposal(spoiled(folder, "verdict.dsse.json", document), None)
    assert "the identities of trust.json" in text
    assert "signature 2 of the verdict, which does not say whose it is" in text


def test_names_are_never_taken_twice(tmp_path: Path) -> None:
    trust = policy({"verdict-1": OTHER}, model={})
    text = write_proposal(written(tmp_path, trust=trust).folder, None)
    assert "#   verdict-2:" in text


def test_a_zip_file_is_as_good(tmp_path: Path) -> None:
    folder = written(tmp_path).folder
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    packed = tmp_path / "verdict.zip"
    packed.write_bytes(zip_bytes(files))
    text = write_proposal(packed, None)
    assert text.splitlines()[0] == f"## Made from {json.dumps(str(packed))}"
    assert text.splitlines()[1:] == write_proposal(folder, None).splitlines()[1:]


def test_the_claims_of_a_certificate_are_proposed(tmp_path: Path) -> None:
    claims = {"repository": "https://ci.example/org/repo", "runner": "self-hosted", "commit": "a" * 40}
    text = write_proposal(signed_package(tmp_path, Services(), claims=claims), None)
    wanted = {"repository": "https://ci.example/org/repo", "runner": "self-hosted"}
    assert f"#     claims: {json.dumps(wanted)}" in text.splitlines()
