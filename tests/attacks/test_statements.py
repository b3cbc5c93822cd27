"""Attacks on signed statements: read otherwise than signed, signed for another purpose, or true of something else."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from package_case import KEY, POLICIES, TIME, assessment, check, graph, pipeline, settings, written
from signing_case import NOW, ed_key, envelope, policy, sha256, statement, write

from probatum import strict_json
from probatum.attestations.documents import dsse
from probatum.attestations.documents.dsse import IN_TOTO
from probatum.attestations.trust.policy import TrustPolicy, trust_keys
from probatum.attestations.trust.predicates import ASSESSMENT, PROVENANCE_V1, VSA
from probatum.attestations.verify.expectations import Expectations
from probatum.attestations.verify.package import Demands
from probatum.attestations.verify.report import Row, VerificationReport
from probatum.attestations.verify.target import Target
from probatum.attestations.verify.verify_signed import SignedTarget, verify_signed

TRUST = policy({"k": KEY})
CONTENT = b"weights"
GOOD = json.dumps(statement(sha256(CONTENT), predicate_type=PROVENANCE_V1)).encode()


def failure(report: VerificationReport) -> Row:
    assert not report.ok
    return report.failures[0]


def verified(tmp_path: Path, data: bytes, trust: TrustPolicy = TRUST, **fields: Any) -> VerificationReport:
    """Verify an attestation about ``m.bin``."""
    target = SignedTarget(write(tmp_path / "a.dsse.json", data), Target.ATTESTATION, type=fields.pop("type", None))
    at_hand = (write(tmp_path / "m.bin", CONTENT),)
    return verify_signed(target, Demands(trust, "test", NOW, **{"subjects": at_hand, **fields}))


def signed(content: bytes, **changes: Any) -> bytes:
    """An envelope over exactly these bytes by a trusted key, with fields of the envelope changed afterwards."""
    return json.dumps({**json.loads(envelope(content, KEY)), **changes}).encode()


def own(content: bytes) -> bytes:
    """The same, in the form that Probatum writes."""
    return dsse.sign(content, [KEY]).to_bytes()


def replaced(tmp_path: Path, data: bytes) -> VerificationReport:
    """A package in which another document has the verdict's place."""
    written(tmp_path)
    write(tmp_path / "verdict" / "verdict.dsse.json", data)
    return check(tmp_path, trust=TRUST)


def test_what_is_attacked_here_holds_otherwise(tmp_path: Path) -> None:
    """Each attack below changes one thing of these two."""
    assert verified(tmp_path, signed(GOOD)).ok
    written(tmp_path)
    assert check(tmp_path, trust=TRUST).ok


# --- signed bytes and parsed bytes -------------------------------------------------------------------------------


def test_a_payload_beside_the_signed_one(tmp_path: Path) -> None:
    """Two payloads under one name: a reader that takes the last one reads what nobody signed."""
    evil = base64.b64encode(GOOD.replace(sha256(CONTENT).encode(), sha256(b"evil").encode())).decode()
    outer = signed(GOOD).decode()
    for second in (f'"payload": "{evil}"', f'"Payload": "{evil}"', f'"PAYLOAD": "{evil}"'):
        for text in (outer[:-1] + f", {second}}}", "{" + second + "," + outer[1:]):
            assert "duplicate key" in failure(verified(tmp_path, text.encode())).detail
            assert "duplicate key" in failure(replaced(tmp_path, text.encode())).detail


def test_what_nobody_signed_is_not_read(tmp_path: Path) -> None:
    """A decoded copy beside the payload is passed over; in Probatum's own envelopes no byte is free."""
    data = signed(GOOD, statement=statement(sha256(b"evil")), subject=[])
    assert verified(tmp_path, data).ok
    written(tmp_path)
    ours = json.loads((tmp_path / "verdict" / "verdict.dsse.json").read_bytes())
    assert "canonical form" in failure(replaced(tmp_path, json.dumps({**ours, "note": "x"}).encode())).detail


def test_one_changed_byte_of_the_payload(tmp_path: Path) -> None:
    for at in range(0, len(GOOD), 7):
        changed = bytearray(GOOD)
        changed[at] ^= 1
        data = signed(GOOD, payload=base64.b64encode(changed).decode())
        assert failure(verified(tmp_path, data)).check == "a.dsse.json: signature and signer"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n", lambda text: text[:8] + "\n" + text[8:], lambda text: text.rstrip("="),
        lambda text: text + "====", lambda text: " " + text, lambda text: text[:-2] + chr(ord(text[-2]) + 1) + "=",
        lambda text: text.replace("+", "-", 1), lambda text: [text], lambda text: None,
    ],
)  # fmt: skip
def test_variants_of_base64(tmp_path: Path, change: Callable[[str], Any]) -> None:
    """Many texts for one payload: one signature would have many envelopes, and digests of them mean nothing."""
    text = ""
    payload = GOOD.replace(b"subject 0", "\u203e\u203f>>>~~~".encode())
    while not text.endswith("=") or text.endswith("==") or "+" not in text:  # so that two bits of it are free
        payload += b" "
        text = base64.b64encode(payload).decode()
    assert verified(tmp_path, signed(payload)).ok
    assert "base64" in str(verified(tmp_path, signed(payload, payload=change(text))).failures)


@pytest.mark.parametrize(
    "text",
    [
        b'{"_type": 1, "_type": 2}', b'{"subject": [], "Subject": []}', b'{"a": {"b": 1, "B": 2}}', b'{"a": NaN}',
        b'{"a": -Infinity}', b'{"a": 1e400}', b'{"a": "\\ud800"}', b'{"a": "\\udc00\\ud800"}', b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}', b"\xef\xbb\xbf{}", b'{"a": 1} {"b": 2}', b"{'a': 1}", b"", b'{"a": 01}',
        '{"ſubject": 1, "subject": 2}'.encode(), '{"K": 1, "\u212a": 2}'.encode(),
    ],
)  # fmt: skip
def test_json_that_two_readers_read_differently(tmp_path: Path, text: bytes) -> None:
    """Signed by the right key all the same: duplicate and case-folded keys, numbers and letters that are none.

    Go's encoding/json matches names without regard to case, its own foldings (ſ, K) included; Python's takes the last
    of two equal ones. What reads differently is refused, whoever signed it.
    """
    inside = GOOD[:-1] + b', "x": ' + text + b"}"
    for data in (own(text), own(inside), text):
        assert not verified(tmp_path, data).ok, data
        assert not replaced(tmp_path, data).ok


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("place", ["payload", "envelope"])
def test_a_million_levels_of_nesting(tmp_path: Path, opening: bytes, place: str) -> None:
    """It is refused before it is parsed; a parser would end in RecursionError, or with the stack."""
    deep = opening * 1_000_000
    data = own(deep) if place == "payload" else deep
    assert "nested too deep" in str(verified(tmp_path, data).failures)
    assert "nested too deep" in str(replaced(tmp_path, data).failures)


def test_names_in_two_unicode_forms(tmp_path: Path) -> None:
    """Two that look alike are two: they are not merged, and the one that is looked for is compared exactly."""
    nfc, nfd = (unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD"))
    twins = {"name": nfc, "digest": {"sha256": sha256(CONTENT)}}, {"name": nfd, "digest": {"sha256": sha256(b"evil")}}
    document = {**json.loads(GOOD), "subject": list(twins)}
    assert verified(tmp_path, signed(json.dumps(document).encode())).ok, "names decide nothing, digests do"
    made = replace(graph(pipeline(tmp_path / "pipeline")), pipeline={"name": nfc})
    written(tmp_path, graph=made, assessment=assessment(made))
    assert check(tmp_path, pipeline=nfc).ok
    assert failure(check(tmp_path, pipeline=nfd)).check == "pipeline"


# --- signed for another purpose ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["application/json", "application/vnd.in-toto.provenance+dsse", IN_TOTO.upper(), f"{IN_TOTO} "]
)
def test_a_signature_over_another_payload_type(tmp_path: Path, kind: str) -> None:
    """The bytes may mean something else there: a signature is for one purpose."""
    data = envelope(GOOD, KEY, payload_type=kind)
    assert "payload type" in failure(verified(tmp_path, data)).detail
    assert failure(replaced(tmp_path, dsse.parse(data, source="x").to_bytes())).check.endswith("payload type")


def test_a_swapped_payload_type(tmp_path: Path) -> None:
    """Signed as something else, relabelled afterwards: the type is part of what is signed."""
    data = json.loads(envelope(GOOD, KEY, payload_type="application/json"))
    relabelled = json.dumps({**data, "payloadType": IN_TOTO}).encode()
    assert "no key" in failure(verified(tmp_path, relabelled)).detail


@pytest.mark.parametrize("kind", ["application/vnd.in-toto+js\u043en", "\u212aind", "", None, 5, ["x"]])
def test_a_payload_type_that_is_not_ascii(tmp_path: Path, kind: Any) -> None:
    """The length in DSSE's encoding is of bytes to some readers and of characters to others."""
    assert "payloadType" in failure(verified(tmp_path, signed(GOOD, payloadType=kind))).detail


def test_the_boundary_between_type_and_payload(tmp_path: Path) -> None:
    """Lengths keep one from being taken for a part of the other: no other pair has the same encoding."""
    moved = dsse.pae("a", b"b c")
    assert moved != dsse.pae("a 3 b", b"c")
    assert len({dsse.pae(IN_TOTO, b""), dsse.pae(f"{IN_TOTO} 0", b""), dsse.pae(IN_TOTO, b" ")}) == 3


def test_a_statement_of_another_type(tmp_path: Path) -> None:
    """A provenance where a verdict is wanted, an assessment in the verdict's place: each signed, each refused."""
    document = {**json.loads(GOOD), "predicateType": VSA}
    assert verified(tmp_path, signed(GOOD), type=PROVENANCE_V1).ok
    assert failure(verified(tmp_path, signed(GOOD), type=VSA)).check == "type"
    written(tmp_path)
    ours = (tmp_path / "verdict" / "assessment.dsse.json").read_bytes()
    assert failure(replaced(tmp_path, ours)).check == "verdict.dsse.json: predicate type"
    assert not replaced(tmp_path, own(strict_json.canonical(document))).ok


def test_a_signer_without_the_role(tmp_path: Path) -> None:
    """Trusted, for something else: a builder's key does not give verdicts, nor the other way round."""
    builder = policy({"k": KEY}, provenance={})
    assert verified(tmp_path, signed(GOOD), builder).ok
    judge = policy({"k": KEY}, verdict={})
    assert "no role" in failure(verified(tmp_path, signed(GOOD), judge)).detail
    written(tmp_path)
    assert "no role" in failure(check(tmp_path, trust=builder)).detail


@pytest.mark.parametrize("fields", [{"_type": "https://in-toto.io/Statement/v2"}, {"_type": None}, {"predicate": []}])
def test_a_statement_that_is_none(tmp_path: Path, fields: dict[str, Any]) -> None:
    data = signed(json.dumps({**json.loads(GOOD), **fields}).encode())
    assert "not an in-toto statement" in failure(verified(tmp_path, data)).detail


# --- true, of something else ------------------------------------------------------------------------------------------


def test_a_replayed_old_verdict(tmp_path: Path) -> None:
    """It was true when it was signed, and is for ever; only the verifier knows that it is no longer wanted."""
    written(tmp_path)
    late = NOW + timedelta(days=40)
    assert check(tmp_path, now=late).ok
    assert failure(check(tmp_path, now=late, max_age_days=30)).detail == "it is too old"
    assert failure(check(tmp_path, now=late, not_before=NOW + timedelta(seconds=1))).check == "not before"
    assert check(tmp_path, now=late, not_before=NOW).ok
    old = policy({"k": KEY}, verdict={"max_age_days": 30})
    assert "older than 30 days" in failure(check(tmp_path, trust=old, now=late)).detail


def test_a_verdict_of_the_future(tmp_path: Path) -> None:
    """Made valid for later, or to outlive every greatest age; a clock that is five minutes off is none."""
    written(tmp_path)
    assert failure(check(tmp_path, now=NOW - timedelta(minutes=6))).detail == "it is from the future"
    assert check(tmp_path, now=NOW - timedelta(minutes=4)).ok
    details = {"finishedOn": (NOW + timedelta(hours=1)).isoformat()}
    data = {**json.loads(GOOD), "predicate": {"runDetails": {"metadata": details}}}
    assert failure(verified(tmp_path, signed(json.dumps(data).encode()))).detail == "it is from the future"


@pytest.mark.parametrize(
    ("wanted", "good"),
    [
        ({"pipeline": "q"}, {"pipeline": "p"}),
        ({"pipeline": "urn:probatum:pipeline:q"}, {"pipeline": "urn:probatum:pipeline:p"}),
        ({"checklist": "other"}, {"checklist": "secure-pipeline"}),
        ({"checklist": "secure-pipeline@0.9.0"}, {"checklist": "secure-pipeline@1.0.0"}),
        ({"stage": "deployment"}, {}),
        ({"policy_digest": "0" * 64}, {"policy_digest": POLICIES.digest}),
        ({"parameters_digest": "0" * 64}, {"parameters_digest": strict_json.digest({})}),
    ],
)
def test_a_verdict_of_something_else(tmp_path: Path, wanted: dict[str, Any], good: dict[str, Any]) -> None:
    """Of another pipeline, by another checklist or version of it, of another stage, with other policies."""
    written(tmp_path)
    (name,) = wanted
    row = failure(check(tmp_path, **wanted))
    assert (row.check, row.expected) == (name.replace("_", " "), wanted[name])
    assert check(tmp_path, **good).ok


def test_a_stage_is_not_passed_off_as_another(tmp_path: Path) -> None:
    """The checks of a commit are not those of a deployment."""
    of = graph(pipeline(tmp_path / "pipeline"))
    fields = {"assessment": assessment(of, stage="pre-commit"), "settings": {**settings(), "stage": "pre-commit"}}
    written(tmp_path, **fields)
    assert check(tmp_path, stage="pre-commit").ok
    assert failure(check(tmp_path, stage="deployment")).found == "pre-commit"


def test_a_pipeline_named_like_the_address_of_another(tmp_path: Path) -> None:
    """A name with a colon is compared with addresses only, so that a name cannot pose as one."""
    uri = "https://registry.example/credit"
    of = graph(pipeline(tmp_path / "pipeline"))
    posing = {"name": uri}
    made = replace(of, pipeline=posing)
    written(tmp_path, graph=made, assessment=assessment(made))
    assert check(tmp_path).ok
    assert (
        failure(check(tmp_path, pipeline=uri)).found == "urn:probatum:pipeline:https%3A%2F%2Fregistry.example%2Fcredit"
    )


def test_downgraded_settings(tmp_path: Path) -> None:
    """A run that skipped a collector says so in the signed record, and a verifier can refuse it."""
    of = graph(pipeline(tmp_path / "pipeline"))
    weak = [{"code": "collector_skipped", "message": "collector model_scan was skipped"}]
    written(tmp_path, assessment=assessment(of, bypasses=weak))
    report = check(tmp_path)
    assert report.ok
    assert next(row for row in report.rows if row.check == "bypasses").found == "collector_skipped"
    assert failure(check(tmp_path, no_bypasses=True)).found == "collector_skipped"
    written(tmp_path)
    assert check(tmp_path, no_bypasses=True).ok


def test_a_gate_that_trusted_others_than_the_verifier_does(tmp_path: Path) -> None:
    """The pipeline's own manifest names a trust policy in which its author signs provenance; the gate followed it."""
    theirs = trust_keys([KEY.public, ed_key("author").public], source="the pipeline's")
    written(tmp_path, trust=theirs)
    report = check(tmp_path)
    assert report.ok
    (row,) = [row for row in report.rows if row.check == "trust policy of the gate"]
    assert (row.ok, row.found) == (None, theirs.digest)
    assert "another than the verifier's" in row.detail
    (row,) = [row for row in check(tmp_path, trust=theirs).rows if row.check == "trust policy of the gate"]
    assert row.ok


def test_a_gate_without_the_trust_policy_that_the_verifier_demands(tmp_path: Path) -> None:
    """A true verdict by a gate that believed its pipeline's author as well, or nobody, is refused on demand."""
    theirs = trust_keys([KEY.public, ed_key("author").public], source="the pipeline's")
    ours = trust_keys([KEY.public], source="ours")
    written(tmp_path, trust=theirs)
    row = failure(check(tmp_path, gate_trust=ours.digest))
    assert (row.check, row.expected, row.found) == ("gate trust", ours.digest, theirs.digest)
    assert check(tmp_path, gate_trust=theirs.digest).ok
    written(tmp_path)
    row = failure(check(tmp_path, gate_trust=ours.digest))
    assert (row.check, row.found) == ("gate trust", "")
    assert "had no trust policy" in row.detail


def test_parameters_that_the_pipeline_loosened(tmp_path: Path) -> None:
    """The record is true and consistent, of limits that the pipeline's own manifest lowered."""
    loose = {"MODEL-01": {"min_tier": "declared"}}
    of = graph(pipeline(tmp_path / "pipeline"))
    good = assessment(of)
    digests = {**good["digests"], "parameters": {"sha256": strict_json.digest(loose)}}
    written(tmp_path, assessment={**good, "digests": digests}, settings={**settings(), "parameters": loose})
    assert check(tmp_path).ok
    assert failure(check(tmp_path, parameters_digest=strict_json.digest({}))).check == "parameters digest"
    assert check(tmp_path, parameters_digest=strict_json.digest(loose)).ok


def test_settings_of_the_replay_that_were_loosened(tmp_path: Path) -> None:
    """Lower limits or more waivers in the settings than in the record would make a replay agree with a lie."""
    for change in ({"parameters": {"MODEL-01": {"tier": "declared"}}}, {"waivers": [{"id": "W"}]}):
        written(tmp_path, settings={**settings(), **change})
        assert failure(check(tmp_path)).check.startswith("settings: ")


def test_a_verdict_as_of_a_date_without_anybody_who_vouches_for_it(tmp_path: Path) -> None:
    """Whoever has a key that expired, or was stolen, can write any earlier time into a verdict."""
    written(tmp_path)
    row = failure(check(tmp_path, as_of=NOW))
    assert row.check == "verdict.dsse.json: signer"
    assert "no evidence of when it was signed" in row.detail
    assert "no evidence" in failure(verified(tmp_path, signed(GOOD), as_of=NOW)).detail


# --- nothing verified ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signatures", [[], None, {}, [{}], [{"sig": ""}], [{"keyid": KEY.public.id}], "x"])
def test_an_envelope_without_a_signature(tmp_path: Path, signatures: Any) -> None:
    """No signature is none that fails."""
    assert not verified(tmp_path, signed(GOOD, signatures=signatures)).ok
    written(tmp_path)
    ours = json.loads((tmp_path / "verdict" / "verdict.dsse.json").read_bytes())
    assert not replaced(tmp_path, strict_json.canonical({**ours, "signatures": signatures})).ok


def test_a_statement_without_an_envelope(tmp_path: Path) -> None:
    for data in (GOOD, b"[]", b"{}", b'{"payload": "e30=", "signatures": []}'):
        assert failure(verified(tmp_path, data)).check == "a.dsse.json: form" or not verified(tmp_path, data).authentic


def test_a_trust_policy_that_trusts_nobody(tmp_path: Path) -> None:
    written(tmp_path)
    for trust in (TrustPolicy({}, {}), policy({"other": ed_key()}), TrustPolicy({"k": KEY.public}, {})):
        assert not check(tmp_path, trust=trust).ok
        assert not verified(tmp_path, signed(GOOD), trust).ok


def test_a_report_without_a_check_that_was_made_is_no_verification() -> None:
    nothing = VerificationReport((Row("x", None),), {}, authentic=True)
    assert not nothing.ok
    assert nothing.to_document()["result"] is None
    assert not VerificationReport((), {}, authentic=True, result="pass").ok
    assert not VerificationReport((Row("x", True),), {}, result="pass").ok
    assert VerificationReport((Row("x", True),), {}, authentic=True).ok


# --- what cannot be told is not passed over ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [{"pipeline": "p"}, {"checklist": "c"}, {"stage": "training"}, {"policy_digest": "0" * 64}, {"no_bypasses": True},
     {"max_age_days": 1.0}, {"not_before": NOW}, {"gate_trust": "0" * 64}, {"parameters_digest": "0" * 64},
     {"pipeline": ""}, {"policy_digest": ""}],
)  # fmt: skip
def test_what_an_attestation_cannot_tell_is_refused(tmp_path: Path, wanted: dict[str, Any]) -> None:
    """An expectation that a document says nothing about is not met by silence, nor is that of an empty variable."""
    report = verified(tmp_path, signed(GOOD), expected=Expectations(**wanted))
    assert failure(report).check in (next(iter(wanted)).replace("_", " "), "age")


SUMMARY = {
    "verifier": {"id": "https://probatum.dev/verifier/v1"},
    "timeVerified": TIME,
    "resourceUri": "urn:probatum:pipeline:p",
    "policy": {"uri": "https://probatum.dev/checklists/c/1.0.0", "digest": {"sha256": "a" * 64}},
    "verificationResult": "PASSED",
    "verifiedLevels": ["SLSA_BUILD_LEVEL_3"],
}


def summary(**fields: Any) -> bytes:
    return signed(json.dumps(statement(sha256(CONTENT), predicate_type=VSA, predicate={**SUMMARY, **fields})).encode())


def test_a_summary_at_hand_without_its_package(tmp_path: Path) -> None:
    """A verification summary, ours or of somebody else, is held against what is asked as far as it can tell."""
    good = Expectations("p", "c@1.0.0", None, "a" * 64, 1.0, NOW)
    report = verified(tmp_path, summary(), expected=good)
    assert report.failures == ()
    assert (report.ok, report.result) == (True, "pass")
    assert verified(tmp_path, summary(), expected=Expectations("urn:probatum:pipeline:p", "c")).ok
    for wanted in (
        Expectations(pipeline="q"), Expectations(checklist="d"), Expectations(checklist="c@2"),
        Expectations(stage="training"), Expectations(policy_digest="b" * 64), Expectations(no_bypasses=True),
        Expectations(gate_trust="b" * 64), Expectations(parameters_digest="b" * 64),
    ):  # fmt: skip
        assert not verified(tmp_path, summary(), expected=wanted).ok


@pytest.mark.parametrize("result", ["FAILED", "passed", None, True, "PASSED "])
def test_a_summary_that_does_not_say_passed(tmp_path: Path, result: Any) -> None:
    report = verified(tmp_path, summary(verificationResult=result))
    assert report.to_document()["result"] != "pass"


def test_an_odd_summary_ends_in_no_error(tmp_path: Path) -> None:
    for fields in ({"policy": 5}, {"policy": {"digest": []}}, {"resourceUri": None}, {"timeVerified": "yesterday"}):
        report = verified(tmp_path, summary(**fields), expected=Expectations("p", "c", None, "a" * 64))
        assert not report.ok


def test_a_bare_assessment_says_its_result(tmp_path: Path) -> None:
    written(tmp_path)
    data = (tmp_path / "verdict" / "assessment.dsse.json").read_bytes()
    report = verified(tmp_path, data, subjects=())
    assert (report.ok, report.result) == (True, "pass")
    document = statement(sha256(CONTENT), predicate_type=ASSESSMENT, predicate={"result": "great"})
    assert verified(tmp_path, signed(json.dumps(document).encode())).result == "inconclusive"
