"""Attacks on what a verdict rests on by other people's signatures: earlier verdicts, approvals and waivers.

The gate may sign verdicts and lies about what it was shown, or trusts somebody whom the auditor does not.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from package_case import contents
from relied_case import (
    ANA,
    BO,
    GATE,
    KEYS,
    ROLES,
    TRUST,
    WAIVER,
    Change,
    altered,
    approved,
    everything,
    gated,
    relying,
    root_of,
    rows,
    saying,
    verified,
    without,
)
from signing_case import ed_key, policy, sha256

from probatum.attestations.package.write import PackageContents
from probatum.evaluator.graph import Observation
from probatum.strict_json import digest

VERDICT = "earlier verdict: verdicts/training/verdict.dsse.json"
APPROVAL = "approval: approvals/a.dsse.json"
WAIVED = "waiver: W-1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return root_of(tmp_path)


def test_each_is_a_row_that_says_who_signed_what(root: Path, tmp_path: Path) -> None:
    report = verified(tmp_path, everything(root))
    found = rows(report)
    assert {check: row.ok for check, row in found.items()} == {VERDICT: True, APPROVAL: True, WAIVED: True}
    assert report.ok
    assert found[VERDICT].detail == (
        "signed by key:training: PASSED by the gate training of p (urn:probatum:pipeline:p), secure-pipeline 1.0.0, "
        "2026-11-20T07:00:00Z; about dataset:d, model:m"
    )
    assert found[APPROVAL].detail == (
        "signed by key:ana: approved for deployment of p by ana@example.com, 2026-11-20T07:00:00Z; about model:m"
    )
    assert found[WAIVED].detail == "signed by key:bo: MODEL-01 for model:m, until 2026-12-01; live"
    assert found[APPROVAL].found == sha256((root / "approvals" / "a.dsse.json").read_bytes())


@pytest.mark.parametrize(
    ("change", "check", "words"),
    [
        (saying("verdict", "verdicts", result="FAILED"), VERDICT, "another result than the document"),
        (saying("verdict", "verdicts", stage="deployment"), VERDICT, "another stage than the document"),
        (saying("verdict", "verdicts", pipeline="q", time="2026-11-20T06:59:00Z"), VERDICT, "another pipeline, time"),
        (saying("verdict", "verdicts", subject="model:m", extra=1), VERDICT, "another extra than"),
        (saying("verdict", "verdicts", same_content=False), VERDICT, "whether it is about the content of"),
        (saying("approval", "approvals", stage="monitoring"), APPROVAL, "another stage than"),
        (saying("approval", "approvals", decision="rejected"), APPROVAL, "another decision than"),
        (saying("approval", "approvals", approver="zoe"), APPROVAL, "another approver than"),
        (saying("waivers", "waivers", expires="2027-12-01"), WAIVED, "they differ in expires"),
    ],
)  # fmt: skip
def test_a_gate_that_says_something_else_than_the_document(
    root: Path, tmp_path: Path, change: Change, check: str, words: str
) -> None:
    """The evidence claims what the signed document in the package does not support."""
    report = verified(tmp_path, altered(everything(root), change))
    assert not report.ok
    failed = [row for row in report.failures if row.check == check]
    assert words in failed[0].detail


def test_a_second_observation_that_lies_beside_a_true_one(root: Path, tmp_path: Path) -> None:
    """Of two observations about one subject, not only one is looked at, whichever comes first."""
    made = everything(root)
    for result in ("FAILED", "NONE"):
        lie = next(
            item for item in made.graph.observations.values() if (item.type, item.subject) == ("verdict", "model:m")
        )
        lie = replace(saying("verdict", "verdicts", result=result)(lie) or lie, observed_at="2026-11-20T05:00:00Z")
        of = replace(made.graph, observations={**made.graph.observations, lie.id: lie})
        report = verified(tmp_path, altered(replace(made, graph=of), lambda item: item))
        assert "another result" in rows(report)[VERDICT].detail
        assert not report.ok


def test_an_approval_of_other_content_is_passed_off_as_one_of_this(root: Path, tmp_path: Path) -> None:
    """The approval names the model, and its bytes are others since."""
    approved(root)
    (root / "m.bin").write_bytes(b"other weights")
    honest = relying(root)
    assert rows(verified(tmp_path, honest))[APPROVAL].ok
    report = verified(tmp_path, altered(honest, saying("approval", "approvals", same_content=True)))
    assert "whether it is about the content of model:m" in rows(report)[APPROVAL].detail


def test_an_approval_is_put_under_a_subject_of_which_it_does_not_speak(root: Path, tmp_path: Path) -> None:
    approved(root)
    made = relying(root)
    entries = next(
        item.result for item in made.graph.observations.values() if (item.type, item.subject) == ("approval", "model:m")
    )

    def moved(item: Observation) -> Observation:
        return replace(item, result=entries) if (item.type, item.subject) == ("approval", "dataset:d") else item

    assert "it does not speak of dataset:d" in rows(verified(tmp_path, altered(made, moved)))[APPROVAL].detail


def empty(type: str, entries: str, subject: str) -> Change:
    """What takes the documents out of one observation."""

    def change(item: Observation) -> Observation:
        none: dict[str, Any] = {entries: [], f"{type}_count": 0}
        return replace(item, result=none) if (item.type, item.subject) == (type, subject) else item

    return change


def test_a_rejection_is_left_out_where_it_hurts(root: Path, tmp_path: Path) -> None:
    """It speaks of the model and of the data, and is told of the data alone."""
    approved(root, decision="rejected", names=("m", "d"))
    report = verified(tmp_path, altered(relying(root), empty("approval", "approvals", "model:m")))
    assert rows(report)[APPROVAL].detail == "it speaks of model:m, too, and the evidence leaves that out"
    assert not report.ok


def dropped(made: PackageContents, *documents: Path) -> PackageContents:
    gone = {sha256(path.read_bytes()) for path in documents}
    return replace(made, raw={digest: data for digest, data in made.raw.items() if digest not in gone})


def test_a_document_that_the_gate_did_not_keep(root: Path, tmp_path: Path) -> None:
    """What cannot be looked at again proves nothing, and the gate keeps what it relies on."""
    made = everything(root)
    documents = {
        VERDICT: root / "verdicts" / "training" / "verdict.dsse.json",
        APPROVAL: root / "approvals" / "a.dsse.json",
        WAIVED: root / "waivers" / "W-1.dsse.json",
    }
    for check, path in documents.items():
        report = verified(tmp_path, dropped(made, path))
        assert [row.check for row in report.failures] == [check]
        assert "did not keep it" in report.failures[0].detail
    report = verified(tmp_path, dropped(made, root / "verdicts" / "training" / "assessment.dsse.json"))
    assert "its assessment is not beside it" in rows(report)[VERDICT].detail


def test_documents_that_only_the_gate_trusted(root: Path, tmp_path: Path) -> None:
    """Whoever writes the manifest names the trust policy in it, and has anybody grant anything."""
    made = everything(root)
    for role, check in (("verdict", VERDICT), ("approval", APPROVAL), ("waiver", WAIVED)):
        trust = without(role, **{role: {"signers": ("key:gate",)}})
        report = verified(tmp_path, made, trust)
        assert [row.check for row in report.failures] == [check]
        assert "no allowed signer" in report.failures[0].detail


def test_an_auditor_without_a_role_is_told_what_was_not_checked(root: Path, tmp_path: Path) -> None:
    made = everything(root)
    for role, check in (("approval", APPROVAL), ("waiver", WAIVED)):
        row = rows(verified(tmp_path, made, without(role)))[check]
        assert (row.ok, f"has no role {role}: its signature was not checked" in row.detail) == (None, True)


def test_a_document_that_was_altered_by_the_gate(root: Path, tmp_path: Path) -> None:
    """Altered bytes have another digest, which the evidence is made to name; no signature is over them."""
    made = everything(root)
    path = root / "approvals" / "a.dsse.json"
    name, data = sha256(path.read_bytes()), path.read_bytes().replace(b'"sig":"', b'"sig":"A')
    raw = {key: value for key, value in made.raw.items() if key != name}
    swapped = altered(
        replace(made, raw={**raw, sha256(data): data}), saying("approval", "approvals", sha256=sha256(data))
    )
    report = verified(tmp_path, swapped)
    assert rows(report)[APPROVAL].ok is False
    assert not report.ok


def test_an_approval_by_a_stranger_that_the_evidence_calls_verified(root: Path, tmp_path: Path) -> None:
    stranger = ed_key()
    gates = policy({**KEYS, "zoe": stranger}, **{**ROLES, "approval": {"signers": ("key:zoe",)}})
    approved(root, stranger)
    made = altered(relying(root, trust=gates), saying("approval", "approvals", signers=["key:ana"]))
    report = verified(tmp_path, made)
    assert [row.check for row in report.failures] == [APPROVAL]
    assert "signed by no key" in report.failures[0].detail


def test_a_document_of_another_purpose_by_a_signer_with_several_roles(root: Path, tmp_path: Path) -> None:
    """Somebody may sign verdicts and approvals: a verdict is no approval."""
    gated(root)
    approved(root)
    path = root / "verdicts" / "training" / "verdict.dsse.json"
    made = altered(relying(root), saying("approval", "approvals", sha256=sha256(path.read_bytes())))
    everybody = {"signers": tuple(f"key:{name}" for name in KEYS)}
    trust = policy(KEYS, verdict=everybody, approval=everybody)
    assert "it is no approval" in rows(verified(tmp_path, made, trust))[APPROVAL].detail


def test_a_waiver_that_nobody_signed_where_the_auditor_demands_it(root: Path, tmp_path: Path) -> None:
    """The gate's trust policy has no role for waivers, so that whoever writes the manifest grants them."""
    open_gate = without("waiver")
    made = relying(root, WAIVER, trust=open_gate)
    report = verified(tmp_path, made)
    assert [row.check for row in report.failures] == [WAIVED]
    assert "nobody signed it" in report.failures[0].detail
    assert rows(verified(tmp_path, made, open_gate)) == {}
    over = relying(root, {**WAIVER, "expires": "2026-11-01"}, trust=open_gate)
    assert rows(verified(tmp_path, over)) == {}, "it did nothing"


def test_a_waiver_of_the_settings_that_the_evidence_does_not_show(root: Path, tmp_path: Path) -> None:
    """What was applied is looked at, not only what a control was shown."""
    made = altered(everything(root), lambda item: None if item.type == "waivers" else item)
    assert rows(verified(tmp_path, made))[WAIVED].ok
    assert rows(verified(tmp_path, made, without("waiver", waiver={"signers": ("key:ana",)})))[WAIVED].ok is False


def test_the_signature_of_a_key_that_was_taken_out_of_the_policy(root: Path, tmp_path: Path) -> None:
    made = everything(root)
    kept = {name: key for name, key in KEYS.items() if key not in (ANA, BO)}
    trust = policy(
        kept, verdict=ROLES["verdict"], approval={"signers": ("key:gate",)}, waiver={"signers": ("key:gate",)}
    )
    report = verified(tmp_path, made, trust)
    assert {row.check for row in report.failures} == {APPROVAL, WAIVED}
    assert GATE in kept.values()
    assert verified(tmp_path, made, TRUST).ok


def told_by(machine: Any, *types: str) -> Change:
    """What makes observations those of another machine."""

    def change(item: Observation) -> Observation:
        return replace(item, extra={"origin": machine}) if item.type in types else item

    return change


def test_what_only_another_machine_looked_at_is_said_to_be_that(root: Path, tmp_path: Path) -> None:
    """Its documents stayed there: whoever signed its evidence vouches for them, and no row says more."""
    made = everything(root)
    lone = replace(made, raw={}, settings={**made.settings, "waivers": []})
    lone.assessment["digests"]["waivers"] = {"sha256": digest([])}
    types = ("verdict", "approval", "waivers")
    report = verified(tmp_path, altered(lone, told_by({"document": "c.dsse.json"}, *types)))
    assert {check: row.ok for check, row in rows(report).items()} == {VERDICT: None, APPROVAL: None, WAIVED: None}
    assert all("c.dsse.json alone says" in row.detail for row in rows(report).values())
    assert report.ok
    report = verified(tmp_path, altered(made, told_by("nowhere", "approval")))
    assert rows(report)[APPROVAL].ok, "the document is there, whoever speaks of it"


def test_a_package_that_rests_on_nobody_else_has_no_such_rows(root: Path, tmp_path: Path) -> None:
    assert rows(verified(tmp_path, contents(root))) == {}
    assert rows(verified(tmp_path, relying(root))) == {}


def test_a_subject_that_lies_nowhere_is_known_by_its_digest(root: Path, tmp_path: Path) -> None:
    """A model in a registry has no place here; what was approved is the content that the manifest states."""
    approved(root)
    made = relying(root)

    def elsewhere(of: PackageContents, sha256: str) -> PackageContents:
        known = {key: replace(item, location=None) for key, item in of.graph.subjects.items()}
        known["model:m"] = replace(known["model:m"], digest={"sha256": sha256})
        return altered(replace(of, graph=replace(of.graph, subjects=known)), lambda item: item)

    assert rows(verified(tmp_path, elsewhere(made, made.graph.subjects["model:m"].digest["sha256"])))[APPROVAL].ok
    assert rows(verified(tmp_path, elsewhere(made, "a" * 64)))[APPROVAL].ok is False


def test_evidence_of_a_shape_that_no_collector_makes(root: Path, tmp_path: Path) -> None:
    """Whatever a gate signs, a row says what does not hold."""
    odd: list[Any] = ["x", 5, {"source": 5, "sha256": None}, {}]

    def change(item: Observation) -> Observation:
        lists = {"verdict": "verdicts", "approval": "approvals", "waivers": "waivers"}
        return replace(item, result={lists[item.type]: odd}) if item.type in lists else item

    report = verified(tmp_path, altered(relying(root), change))
    assert {row.check for row in report.failures} >= {"earlier verdict: 5", "approval: None"}


def test_a_subject_that_was_written_to_while_evidence_was_gathered(root: Path, tmp_path: Path) -> None:
    """It has no digest any more; what it was when the approval was read is among what was read."""
    made = everything(root)
    known = {**made.graph.subjects, "model:m": replace(made.graph.subjects["model:m"], digest={})}
    changed = altered(replace(made, graph=replace(made.graph, subjects=known)), lambda item: item)
    assert {row.ok for row in rows(verified(tmp_path, changed)).values()} == {True}


def test_attestations_that_the_gate_alone_has_seen_are_said_to_be_so(root: Path, tmp_path: Path) -> None:
    """Provenance and signatures of the pipeline lie with the pipeline: whoever wants to, verifies them there."""
    (row,) = [row for row in verified(tmp_path, contents(root)).rows if row.check == "attestations of the pipeline"]
    assert (row.ok, row.found) == (None, "1 files")
    assert row.detail == "not kept in the package, so that the gate alone says who signed them: m.dsse.json"

    def many(item: Observation) -> Observation:
        listed = [{"source": f"{number}.json", "sha256": "e" * 64, "verified": True} for number in range(7)]
        return replace(item, result={"documents": ["odd", *listed]}) if item.type == "attestation" else item

    (row,) = [row for row in verified(tmp_path, altered(contents(root), many)).rows if "attestations of" in row.check]
    assert "4.json and 2 more" in row.detail
