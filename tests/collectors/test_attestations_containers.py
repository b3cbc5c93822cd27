"""Files that hold several attestations, as forges, registries and clouds hand them out, in a pipeline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from foreign_case import policy, pypi_attestation
from signing_case import NOW, ed_key, envelope, sha256, statement, write
from sigstore_case import Services

from probatum.attestations.documents.verifier import TrustVerifier
from probatum.collectors.attestations import Attestations
from probatum.collectors.base import Context
from probatum.content import read_content
from probatum.evaluator.graph import Observation, Subject, Tier

KEY, OTHER = ed_key(), ed_key()
MODEL = b"weights"
COMMIT = "c" * 40
GIT = {"uri": "git+https://git.example/org/repo@refs/heads/main", "digest": {"sha1": COMMIT}}
V02 = "https://slsa.dev/provenance/v0.2"
PREDICATE = {"builder": {"id": "https://b.example"}, "materials": [GIT]}
STATEMENT = statement(sha256(MODEL), predicate_type=V02, predicate=PREDICATE)


def bundle(content: Any, *keys: Any) -> dict[str, Any]:
    media = "application/vnd.dev.sigstore.bundle.v0.3+json"
    material = {"publicKey": {"hint": ""}}
    return {"mediaType": media, "verificationMaterial": material, "dsseEnvelope": json.loads(envelope(content, *keys))}


def collected(root: Path, services: Services) -> list[Observation]:
    write(root / "models/m.bin", MODEL)
    content = read_content(root / "models/m.bin")
    model = Subject("model", "m", {"sha256": content.sha256}, "models/m.bin")
    subjects = {"pipeline:p": Subject("pipeline", "p"), "model:m": model}
    verifier = TrustVerifier(policy(services, KEY), NOW)
    context = Context(root, {"name": "p"}, subjects, contents={"model:m": content}, verifier=verifier, now=NOW)
    return [item for item in Attestations().collect(context) if isinstance(item, Observation)]


@pytest.fixture(scope="module")
def services() -> Services:
    return Services()


def test_each_attestation_of_an_api_response(tmp_path: Path, services: Services) -> None:
    """One is signed by a stranger: the other still counts, each under its own name."""
    response = {"attestations": [{"bundle": bundle(STATEMENT, KEY)}, {"bundle": bundle(STATEMENT, OTHER)}]}
    write(tmp_path / "attestations/github.json", json.dumps(response))
    found = collected(tmp_path, services)
    (listed,) = [item for item in found if item.type == "attestation"]
    names = [(entry["source"], entry["verified"]) for entry in listed.result["documents"]]
    assert names == [
        ("attestations/github.json#attestations[0].bundle", True),
        ("attestations/github.json#attestations[1].bundle", False),
    ]
    (provenance,) = [item for item in found if item.type == "provenance"]
    assert (provenance.tier, provenance.result["builder"]) == (Tier.ATTESTED, "https://b.example")
    assert provenance.result["materials"] == [
        {"uri": GIT["uri"], "digest": {"gitCommit": COMMIT}, "subject": None},
    ]


def test_a_line_of_containers(tmp_path: Path, services: Services) -> None:
    line = json.dumps({"attestations": [{"bundle": bundle(STATEMENT, KEY)}]})
    write(tmp_path / "attestations/all.jsonl", f"{line}\n\n{line}\n")
    (listed,) = [item for item in collected(tmp_path, services) if item.type == "attestation"]
    assert [entry["source"] for entry in listed.result["documents"]] == [
        "attestations/all.jsonl:1#attestations[0].bundle",
        "attestations/all.jsonl:3#attestations[0].bundle",
    ]
    assert all(entry["verified"] for entry in listed.result["documents"])


def test_the_provenance_of_pypi(tmp_path: Path, services: Services) -> None:
    one = json.loads(pypi_attestation(services, json.dumps(STATEMENT).encode()))
    document = {"version": 1, "attestation_bundles": [{"publisher": {}, "attestations": [one]}]}
    write(tmp_path / "m.whl.provenance", json.dumps(document))
    (listed,) = [item for item in collected(tmp_path, services) if item.type == "attestation"]
    (entry,) = listed.result["documents"]
    assert (entry["kind"], entry["verified"], entry["signers"]) == ("pypi", True, ["identity:ci"])
    assert entry["source"] == "m.whl.provenance#attestation_bundles[0].attestations[0]"


def test_a_container_that_holds_nothing_is_recorded(tmp_path: Path, services: Services) -> None:
    write(tmp_path / "attestations/none.json", '{"attestations": []}')
    (listed,) = [item for item in collected(tmp_path, services) if item.type == "attestation"]
    (entry,) = listed.result["documents"]
    assert not entry["verified"]
    assert "holds 0 signed documents" in entry["reason"]
    assert TrustVerifier(policy(services), NOW).documents(b"{", source="x") == [("x", b"{")]
