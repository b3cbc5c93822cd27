"""What Witness wrote, verified here by key and by certificate, collected from a pipeline, and refused when altered.

The files in ``witness/`` are the output of witness 0.11.0, ``witness run -s train -- sh -c 'tr 1 2 < data.csv >
models/model.bin'``: with a key of its own (``-k``) and the attestors link and slsa, exported; and with a certificate of
`certificate_case.Authority` that lived for an hour and a timestamp of the authority in `sigstore_service`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from certificate_case import Authority, pem
from signing_case import ed_key, sha256
from timestamp_case import Authority as Clock
from witness_case import BUILDER, COLLECTION, MODEL, TRAIN, by_certificate, by_key, collected

from probatum.attestations.trust.predicates import LINK_PREDICATE
from probatum.evaluator.graph import Tier

_FILES = Path(__file__).parent / "witness"
LATER = datetime(2026, 12, 1, tzinfo=UTC)
Change = Callable[[dict[str, Any]], Any]


def file(name: str) -> bytes:
    return (_FILES / name).read_bytes()


def altered(name: str, change: Change) -> bytes:
    document = json.loads(file(name))
    change(document)
    return json.dumps(document).encode()


def in_payload(old: bytes, new: bytes) -> Change:
    """Replaces something under the signature."""

    def change(document: dict[str, Any]) -> None:
        payload = base64.b64decode(document["payload"])
        assert old in payload
        document["payload"] = base64.b64encode(payload.replace(old, new)).decode()

    return change


def test_a_collection() -> None:
    found = by_key(file("key.pub"), LATER).verify(file("collection.json"), source="w")
    assert (found.reason, found.kind, found.about, found.role) == ("", "dsse", COLLECTION, "link")
    statement: Any = found.statement
    assert [item["digest"]["sha256"] for item in statement["subject"]] == [sha256(MODEL)]
    kinds = {item["type"].split("/")[-2]: item["attestation"] for item in statement["predicate"]["attestations"]}
    assert kinds["command-run"]["cmd"] == ["sh", "-c", TRAIN]
    assert set(kinds["product"]) == {"models/model.bin"}


def test_an_exported_link() -> None:
    found = by_key(file("key.pub"), LATER).verify(file("link.json"), source="w")
    assert (found.reason, found.about) == ("", LINK_PREDICATE)


def test_an_exported_provenance(tmp_path: Path) -> None:
    """Its form is Witness's own; it says what the model was made of, to whoever trusts the key with that builder."""
    verifier = by_key(file("key.pub"), LATER)
    found = collected(tmp_path, file("provenance.json"), verifier, LATER, type="provenance")
    result = found.result
    assert (result["verified"], result["builder"], result["signers"]) == (True, BUILDER, ["key:machine"])
    data = sha256(b"1,2\n")
    assert [item["digest"] for item in result["materials"]] == [{"sha256": data}]
    assert (found.tier, result["started"]) == (Tier.ATTESTED, "2026-11-20T18:21:29Z")


def test_a_provenance_of_another_builder() -> None:
    strict = by_key(file("key.pub"), LATER, builder="https://b.example")
    found = strict.verify(file("provenance.json"), source="w")
    assert not found.verified
    assert BUILDER in found.reason


def test_a_certificate_that_has_expired_since() -> None:
    """The timestamp says that it was valid when it signed."""
    found = by_certificate(file("root.pem"), file("clock.pem"), LATER).verify(file("certified.json"), source="w")
    assert (found.reason, found.signers) == ("", ("certificate:machine",))
    assert str(found.signed_at).startswith("2026-11-20T18:21:")


@pytest.mark.parametrize(
    ("root", "clock", "why"),
    [
        (pem(Authority().root).encode(), None, "certificate"),
        (None, pem(*Clock().chain).encode(), "timestamp"),
        (None, b"", "timestamp"),
    ],
    ids=["another root", "another clock", "no clock"],
)
def test_a_certificate_that_nobody_vouches_for(root: bytes | None, clock: bytes | None, why: str) -> None:
    trusted = file("clock.pem") if clock is None else clock or None
    found = by_certificate(root or file("root.pem"), trusted, LATER).verify(file("certified.json"), source="w")
    assert not found.verified
    assert why in found.reason


@pytest.mark.parametrize(
    "change",
    [
        in_payload(sha256(MODEL).encode(), b"0" * 64),
        in_payload(b'"exitcode":0', b'"exitcode":1'),
        lambda document: document.update(payloadType="application/json"),
        lambda document: document.update(signatures=[]),
        lambda document: document["signatures"][0].pop("timestamps", None) or document["signatures"][0].update(sig=""),
    ],
    ids=["subject", "exit code", "payload type", "no signatures", "empty signature"],
)
@pytest.mark.parametrize("name", ["collection.json", "certified.json"])
def test_an_altered_collection(name: str, change: Change) -> None:
    data = altered(name, change)
    by = by_certificate(file("root.pem"), file("clock.pem"), LATER)
    trusted = by if name == "certified.json" else by_key(file("key.pub"), LATER)
    assert trusted.verify(file(name), source="w").verified
    assert not trusted.verify(data, source="w").verified


def test_a_collection_without_its_timestamp() -> None:
    data = altered("certified.json", lambda document: document["signatures"][0].pop("timestamps"))
    found = by_certificate(file("root.pem"), file("clock.pem"), LATER).verify(data, source="w")
    assert not found.verified
    assert "neither a log entry nor a timestamp" in found.reason


def test_a_collection_by_somebody_else() -> None:
    stranger = ed_key().public.pem.encode()
    found = by_key(stranger, LATER).verify(file("collection.json"), source="w")
    assert not found.verified
    assert "signed by no key" in found.reason


def test_it_is_collected(tmp_path: Path) -> None:
    """It speaks of the model that the step made, by its content."""
    verifier = by_key(file("key.pub"), LATER)
    listed = collected(tmp_path, file("collection.json"), verifier, LATER)
    (entry,) = listed.result["documents"]
    assert (entry["verified"], entry["signers"], entry["subjects"]) == (True, ["key:machine"], ["model:m"])
    assert (entry["predicate_type"], listed.tier) == (COLLECTION, Tier.ATTESTED)


def test_an_altered_one_is_collected_as_unverified(tmp_path: Path) -> None:
    data = altered("collection.json", in_payload(b'"exitcode":0', b'"exitcode":1'))
    listed = collected(tmp_path, data, by_key(file("key.pub"), LATER), LATER)
    (entry,) = listed.result["documents"]
    assert (entry["verified"], entry["subjects"], listed.tier) == (False, [], Tier.REPORTED)
