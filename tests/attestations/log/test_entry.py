"""What an entry says, and whose document it is made of: DSSE envelopes and sigstore bundles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from log_case import SIGNER, entry, new_log
from signing_case import ed_key, envelope, sha256, statement
from sigstore_case import Services

from probatum import strict_json
from probatum.attestations.log.check_log import check_log
from probatum.attestations.log.entry import SCHEMA, entry_of
from probatum.attestations.log.listing import find, listed
from probatum.attestations.log.writer import LogWriter
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import VSA
from probatum.attestations.trust.trusted import TrustedLog
from probatum.errors import ProbatumError, TrustError

VERDICT = {"resourceUri": "urn:x", "verificationResult": "FAILED", "timeVerified": "2026-11-20T08:00:00+01:00"}


def said(document: bytes) -> Any:
    data = entry_of(document, source="test")
    value = json.loads(data)
    assert data == strict_json.canonical(value)
    return value


def test_the_entry_of_a_verdict() -> None:
    one, two = ed_key(), ed_key()
    document = envelope(statement("a" * 64, predicate_type=VSA, predicate=VERDICT), one, two)
    assert said(document) == {
        "schema": SCHEMA,
        "document": {"sha256": sha256(document)},
        "predicate_type": VSA,
        "signers": sorted([one.public.id, two.public.id]),
        "resource": "urn:x",
        "result": "FAILED",
        "time": "2026-11-20T07:00:00Z",
    }


def test_of_another_statement_nothing_but_its_kind_and_signers_is_said() -> None:
    document = envelope(statement("a" * 64, predicate={"resourceUri": "secret"}), ed_key())
    assert set(said(document)) == {"schema", "document", "predicate_type", "signers"}
    assert b"secret" not in entry_of(document, source="test")


def test_the_entry_of_a_keyless_signature_names_its_identity() -> None:
    payload = json.dumps(statement("a" * 64, predicate_type=VSA, predicate=VERDICT)).encode()
    document = Services().sign_statement(payload)
    value = said(document)
    assert value["document"]["sha256"] == sha256(document)
    [signer] = value["signers"]
    subject, issuer = signer.split(" by ")
    assert subject.startswith("https://") or "@" in subject
    assert issuer.startswith("https://")


@pytest.mark.parametrize("material", [None, {}, {"certificate": {}}, {"certificate": {"rawBytes": "AAAA"}}, [], "x"])
def test_a_bundle_without_a_certificate_is_refused(material: Any) -> None:
    payload = json.dumps(statement("a" * 64)).encode()
    bundle = json.loads(Services().sign_statement(payload))
    bundle["verificationMaterial"] = material
    with pytest.raises(TrustError):
        entry_of(json.dumps(bundle).encode(), source="test")


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"1", b"{}", b'{"dsseEnvelope": 1}', b'{"payload": "e30="}', b"[" * 100_000]
)
def test_what_is_no_signed_statement_is_refused(document: bytes) -> None:
    with pytest.raises(ProbatumError):
        entry_of(document, source="test")


def test_a_keyless_verdict_is_proven_like_any_other(tmp_path: Path) -> None:
    from signing_case import NOW

    payload = json.dumps(statement("a" * 64, predicate_type=VSA, predicate=VERDICT)).encode()
    document = Services().sign_statement(payload)
    log = new_log(tmp_path / "log", 3)
    proof = LogWriter(log, SIGNER).detach(document)
    trust = TrustPolicy({}, {"log": Role("log", ("log:l",), ())}, logs={"l": TrustedLog(str(SIGNER.key))})
    assert check_log(document, proof, trust=trust, now=NOW).logs == {"l"}


def test_entries_are_listed_the_newest_first_and_found(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 260)
    document = envelope(statement("a" * 64, predicate_type=VSA, predicate=VERDICT), ed_key())
    for _ in range(2):
        LogWriter(log, SIGNER).append(document, source="test")
    assert [one["index"] for one in listed(log, last=3)] == [261, 260, 259]
    assert [one["index"] for one in listed(log, containing="urn:x")] == [261, 260]
    assert next(listed(log, containing="urn:x"))["document"] == sha256(document)
    assert next(listed(log, containing="entry 7 of"))["document"] == "entry 7 of the test"
    assert len(list(listed(log))) == 262
    assert find(log, entry_of(document, source="test")) == 261
    assert find(log, entry(3)) == 3
    assert find(log, b"absent") is None
