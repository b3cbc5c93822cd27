"""Verification of verdict packages: one changed byte anywhere is refused, and what differs is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from package_case import KEY, POLICIES, assessment, check, contents, graph, pipeline, settings, written
from securesystemslib.dsse import Envelope as StockEnvelope
from securesystemslib.signer import SSlibKey
from signing_case import NOW, ec_key, ed_key, policy, write

from probatum import strict_json
from probatum.attestations.documents import dsse
from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.package.write import write_package
from probatum.attestations.verify.report import VerificationReport, equal
from probatum.errors import UsageError
from probatum.evaluator.graph import Graph, Subject


def row(report: VerificationReport, check: str) -> Any:
    """The row of a check; of those that failed, if several have that name."""
    found = [item for item in report.rows if item.check == check]
    return min(found, key=lambda item: item.ok is not False)


def test_a_package_as_written_is_accepted(tmp_path: Path) -> None:
    made = written(tmp_path)
    report = check(tmp_path, subjects=[tmp_path / "pipeline"], policy_digest=POLICIES.digest, max_age_days=1)
    assert report.failures == ()
    assert report.ok
    assert report.result == "pass"
    assert report.verdict == made.verdict["predicate"]  # type: ignore[index]
    checks = [item.check for item in report.rows if item.ok]
    for name in (
        "verdict.dsse.json: envelope", "verdict.dsse.json: payload type", "verdict.dsse.json: signature",
        "verdict.dsse.json: signer", "verdict.dsse.json: statement type", "verdict.dsse.json: predicate type",
        "assessment.dsse.json: signature", "package files", "evidence", "policies", "policy digest", "trust policy",
        "subject model:m", "subject dataset:d", "age", "verdict: input attestations", "verdict and assessment: result",
    ):  # fmt: skip
        assert name in checks
    asked = [
        "timestamp",
        "log inclusion",
        "pipeline",
        "checklist",
        "stage",
        "gate trust",
        "parameters digest",
        "bypasses",
        "trust policy of the gate",
        "replay",
    ]
    assert [item.check for item in report.rows if item.ok is None] == asked
    assert list(report.manifest.files) == ["data/a.csv", "data/b.csv", "m.bin"]


def test_the_report_says_under_which_settings_it_was_made(tmp_path: Path) -> None:
    written(tmp_path)
    document = check(tmp_path, subjects=[tmp_path / "pipeline"], max_age_days=3).to_document()
    assert (document["verified"], document["result"]) == (True, "pass")
    assert document["settings"] == {
        "trusted": "test",
        "trust_policy": {"sha256": document["settings"]["trust_policy"]["sha256"]},
        "trusted_signers": [KEY.public.id],
        "now": "2026-11-20T07:00:00Z",
        "as_of": None,
        "subjects": [str(tmp_path / "pipeline")],
        "replay": None,
        "exact_engine": False,
        "network": False,
        "pipeline": None,
        "checklist": None,
        "stage": None,
        "policy_digest": None,
        "max_age_days": 3,
        "not_before": None,
        "no_bypasses": False,
        "gate_trust": None,
        "parameters_digest": None,
    }
    assert {"check": "replay", "ok": "skipped"}.items() <= document["rows"][-1].items()
    assert document["kind"] == "verdict package"
    json.dumps(document)


def test_the_verdict_verifies_with_the_stock_library(tmp_path: Path) -> None:
    folder = written(tmp_path).folder
    key = SSlibKey.from_crypto(KEY.public.key, KEY.public.id)
    for name in ("verdict.dsse.json", "assessment.dsse.json"):
        envelope = StockEnvelope.from_dict(json.loads((folder / name).read_bytes()))
        assert list(envelope.verify([key], 1)) == [KEY.public.id]


@pytest.mark.parametrize(
    "name", ["verdict.dsse.json", "assessment.dsse.json", "evidence.json", "policies.tar.gz", "settings.json",
             "trust.json", "reports/assessment.md"]
)  # fmt: skip
def test_every_single_changed_byte_is_refused(tmp_path: Path, name: str) -> None:
    """Each byte of each file, with its lowest bit flipped; of large files every third byte."""
    folder = written(tmp_path, trust=policy({"k": KEY})).folder
    data = (folder / name).read_bytes()
    assert check(tmp_path).ok
    step = 1 if len(data) < 700 else 3 if name == "verdict.dsse.json" else 41
    for at in [*range(0, len(data), step), len(data) - 1]:
        changed = bytearray(data)
        changed[at] ^= 1
        (folder / name).write_bytes(bytes(changed))
        report = check(tmp_path)
        assert not report.ok, f"byte {at} of {name}"
        assert report.failures
        assert name in str(report.failures[0].to_document()), f"byte {at} of {name} is not named"
        assert report.to_document()["result"] is None


@pytest.mark.parametrize(
    "change", [lambda data: data + b"\n", lambda data: data[:-1], lambda data: b"", lambda data: b" " + data]
)
@pytest.mark.parametrize("name", ["verdict.dsse.json", "assessment.dsse.json", "evidence.json", "settings.json"])
def test_added_and_removed_bytes_are_refused(tmp_path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    folder = written(tmp_path).folder
    (folder / name).write_bytes(change((folder / name).read_bytes()))
    report = check(tmp_path)
    assert not report.ok
    assert name in str(report.failures[0].to_document())


@pytest.mark.parametrize("name", ["assessment.dsse.json", "evidence.json", "policies.tar.gz", "reports/assessment.md"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (written(tmp_path).folder / name).unlink()
    report = check(tmp_path)
    assert not report.ok
    assert f"{name} is missing" in [item.detail for item in report.failures]


def test_an_extra_file_is_named(tmp_path: Path) -> None:
    write(written(tmp_path).folder / "reports" / "extra.md", b"x")
    assert "reports/extra.md is not part of the verdict" in [item.detail for item in check(tmp_path).failures]


def test_a_link_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path).folder
    shutil.copy(folder / "evidence.json", tmp_path / "copy.json")
    (folder / "evidence.json").unlink()
    (folder / "evidence.json").symlink_to(tmp_path / "copy.json")
    details = [item.detail for item in check(tmp_path).failures]
    assert "evidence.json: symlink" in details


def test_what_is_no_package(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the verdict package"):
        check(tmp_path)
    (tmp_path / "verdict").mkdir()
    assert "no verdict package" in check(tmp_path).failures[0].detail
    shutil.rmtree(tmp_path / "verdict")
    write(tmp_path / "verdict", b"x")
    with pytest.raises(UsageError, match="not a folder"):
        check(tmp_path)


def test_an_unsigned_package_is_refused(tmp_path: Path) -> None:
    root = pipeline(tmp_path / "pipeline")
    write_package(tmp_path / "verdict", contents(root), version="0")
    report = check(tmp_path)
    assert not report.ok
    assert "--no-sign" in report.failures[0].detail


def test_another_key_is_refused(tmp_path: Path) -> None:
    written(tmp_path)
    report = check(tmp_path, ed_key())
    assert not report.ok
    assert row(report, "verdict.dsse.json: signature").detail == f"{KEY.public.id} is not a trusted key"
    assert report.verdict is None


def test_a_trusted_key_without_the_role_is_refused(tmp_path: Path) -> None:
    written(tmp_path)
    trust = policy({"k": KEY}, provenance={})
    report = check(tmp_path, trust=trust)
    assert "no role" in row(report, "verdict.dsse.json: signer").detail
    assert not report.ok


def test_two_person_verdicts(tmp_path: Path) -> None:
    other = ec_key()
    both = policy({"a": KEY, "b": other}, verdict={"threshold": 2})
    written(tmp_path, KEY)
    assert "1 of the 2" in row(check(tmp_path, trust=both), "verdict.dsse.json: signer").detail
    written(tmp_path, KEY, other)
    assert check(tmp_path, trust=both).ok
    assert check(tmp_path, KEY, other).ok
    assert "not a trusted key" in row(check(tmp_path, KEY), "verdict.dsse.json: signature").detail


def resign(
    tmp_path: Path, name: str, change: Callable[[dict[str, Any]], None], *keys: SigningKey, **options: Any
) -> None:
    """Change a statement and sign it again with the trusted key: an attack from inside."""
    path = tmp_path / "verdict" / name
    statement = strict_json.loads(dsse.parse(path.read_bytes(), source=name).payload, source=name)
    change(statement)
    path.write_bytes(dsse.sign(strict_json.canonical(statement), keys or [KEY], **options).to_bytes())


def test_one_key_under_two_ids_does_not_reach_a_threshold(tmp_path: Path) -> None:
    class Renamed(PublicKey):
        @property
        def id(self) -> str:
            return "SHA256:" + "A" * 43

    twin = SigningKey(KEY.signer, Renamed(KEY.public.der), "twin")
    written(tmp_path)
    resign(tmp_path, "verdict.dsse.json", lambda _: None, KEY, twin)
    both = policy({"a": KEY, "b": ec_key()}, verdict={"threshold": 2})
    assert not check(tmp_path, trust=both).ok
    resign(tmp_path, "verdict.dsse.json", lambda _: None, KEY, KEY)
    assert "same key id" in row(check(tmp_path, trust=both), "verdict.dsse.json: signature").detail


def test_another_payload_type_is_refused(tmp_path: Path) -> None:
    written(tmp_path)
    resign(tmp_path, "verdict.dsse.json", lambda _: None, payload_type="application/json")
    assert row(check(tmp_path), "verdict.dsse.json: payload type").found == "application/json"


def put(*path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(statement: dict[str, Any]) -> None:
        target = statement
        for part in path[:-1]:
            target = target[part]
        target[path[-1]] = value

    return change


ASSESSED = "https://probatum.dev/assessment/v1"


@pytest.mark.parametrize(
    ("change", "check_name"),
    [
        (put("_type", value="https://in-toto.io/Statement/v0.1"), "verdict.dsse.json: statement type"),
        (put("predicateType", value=ASSESSED), "verdict.dsse.json: predicate type"),
        (put("subject", value=[]), "verdict.dsse.json: statement"),
        (put("predicate", "verificationResult", value="passed"), "verdict.dsse.json: statement"),
        (put("predicate", "verificationresult", value="PASSED"), "verdict.dsse.json: statement"),
        (put("predicate", "verifiedLevels", value=["SLSA_BUILD_LEVEL_3"]), "verdict.dsse.json: statement"),
        (put("predicate", "verificationResult", value="FAILED"), "verdict and assessment: result"),
        (put("predicate", "verifiedLevels", value=["FAILED"]), "verdict and assessment: levels"),
        (put("predicate", "verifiedLevels", value=["PROBATUM_OTHER_PASSED"]), "verdict and assessment: levels"),
        (put("predicate", "timeVerified", value="2026-11-20T06:59:59Z"), "verdict and assessment: time"),
        (put("predicate", "resourceUri", value="urn:probatum:pipeline:q"), "verdict and assessment: resource"),
        (put("predicate", "policy", "uri", value="https://x.example"), "verdict and assessment: policy"),
        (put("predicate", "policy", "digest", "sha256", value="0" * 64), "verdict and assessment: policy"),
        (
            put("predicate", "inputAttestations", value=[{"uri": "x", "digest": {"sha256": "0" * 64}}]),
            "verdict: input attestations",
        ),
        (
            put("subject", value=[{"name": "model:m", "digest": {"sha256": "0" * 64}}]),
            "verdict and assessment: subjects",
        ),
    ],
)
def test_a_verdict_that_contradicts_its_package_is_refused(tmp_path: Path, change: Any, check_name: str) -> None:
    """Even when the right key signed it."""
    written(tmp_path)
    resign(tmp_path, "verdict.dsse.json", change)
    report = check(tmp_path)
    assert not report.ok
    assert row(report, check_name).ok is False
    if check_name.endswith("subjects"):
        assert row(report, check_name).detail == "these differ: dataset:d, model:m"


def test_long_values_are_cut_in_rows() -> None:
    row_of = equal("x", ["a" * 1000], "b")
    assert (row_of.ok, len(row_of.expected) < 500, "1004 characters" in row_of.expected) == (False, True, True)


def packed(tmp_path: Path, **fields: Any) -> VerificationReport:
    """A package with an odd assessment, signed by the right key."""
    root = pipeline(tmp_path / "pipeline")
    written(tmp_path, assessment={**assessment(graph(root)), **fields})
    return check(tmp_path)


def test_an_assessment_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    of = graph(pipeline(tmp_path / "pipeline"))
    good = assessment(of)
    assert row(packed(tmp_path, counts={**good["counts"], "pass": 2}), "assessment: counts").ok is False
    assert row(packed(tmp_path, counts={**good["counts"], "fail": 1}), "assessment: counts").ok is False
    failing = assessment(of, outcome="fail")
    report = packed(tmp_path, controls=failing["controls"], counts=failing["counts"])
    assert row(report, "assessment: result").expected == "fail"
    hidden = [{**good["controls"][0], "subjects": failing["controls"][0]["subjects"]}]
    assert "MODEL-01" in row(packed(tmp_path, controls=hidden), "assessment: outcomes").detail
    empty = {"controls": [], "counts": dict.fromkeys(good["counts"], 0)}
    assert row(packed(tmp_path, **empty), "assessment: result").expected == "inconclusive"
    reasons = [{"code": "undeclared", "message": "x"}]
    assert row(packed(tmp_path, reasons=reasons), "assessment: result").expected == "inconclusive"


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_a_verdict_of_a_pipeline_that_failed_is_still_true(tmp_path: Path, outcome: str) -> None:
    root = pipeline(tmp_path / "pipeline")
    written(tmp_path, assessment=assessment(graph(root), outcome=outcome))
    report = check(tmp_path)
    assert (report.ok, report.result) == (True, outcome)


def test_other_evidence_policies_or_trust_than_assessed(tmp_path: Path) -> None:
    of = graph(pipeline(tmp_path / "pipeline"))
    digests = assessment(of)["digests"]
    assert row(packed(tmp_path, digests={**digests, "graph": {"sha256": "0" * 64}}), "evidence").ok is False
    assert row(packed(tmp_path, digests={**digests, "policies": {"sha256": "0" * 64}}), "policies").ok is False
    assert row(packed(tmp_path, digests={**digests, "trust_policy": {"sha256": "0" * 64}}), "trust policy").ok is False
    written(tmp_path, trust=policy({"k": KEY}), assessment=assessment(of))
    assert row(check(tmp_path), "trust policy").ok is False
    written(tmp_path, policies=b"not a bundle")
    assert "policies.tar.gz" in row(check(tmp_path), "contents").detail


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("checklist", {"id": "other"}),
        ("parameters", {"MODEL-01": {"max_age_days": 999}}),
        ("waivers", [{"id": "W"}]),
        ("stage", "training"),
        ("evaluated_at", "2026-11-20T07:00:01Z"),
        ("engine", {"name": "opa", "version": "1"}),
        ("trust_policy", {"sha256": "0" * 64}),
    ],
)
def test_other_settings_than_assessed(tmp_path: Path, field: str, value: Any) -> None:
    written(tmp_path, settings={**settings(), field: value})
    report = check(tmp_path)
    assert not report.ok
    assert row(report, f"settings: {field.replace('_policy', ' policy')}").ok is False
    written(tmp_path, settings=[])
    assert "settings.json is not an object" in row(check(tmp_path), "contents").detail


def test_a_control_with_an_error_is_never_good(tmp_path: Path) -> None:
    good = assessment(graph(pipeline(tmp_path / "pipeline")))
    broken = [{**good["controls"][0], "error": "undefined rule"}]
    assert row(packed(tmp_path, controls=broken), "assessment: outcomes").expected == "inconclusive"


def test_another_pipeline_than_the_evidence_is_of(tmp_path: Path) -> None:
    assert row(packed(tmp_path, pipeline={"name": "q"}), "evidence: pipeline").ok is False


def test_the_policies_that_the_verifier_wants(tmp_path: Path) -> None:
    written(tmp_path)
    assert row(check(tmp_path), "policy digest").ok is None
    report = check(tmp_path, policy_digest="0" * 64)
    assert not report.ok
    assert row(report, "policy digest").found == POLICIES.digest


def test_ages(tmp_path: Path) -> None:
    written(tmp_path)
    assert row(check(tmp_path, now=NOW + timedelta(days=400)), "age").ok is None
    assert row(check(tmp_path, now=NOW + timedelta(days=1), max_age_days=1), "age").ok is True
    assert row(check(tmp_path, now=NOW + timedelta(days=1, seconds=1), max_age_days=1), "age").ok is False
    future = row(check(tmp_path, now=NOW - timedelta(minutes=6)), "age")
    assert (future.ok, future.detail) == (False, "it is from the future")
    limited = policy({"k": KEY}, verdict={"max_age_days": 10})
    assert check(tmp_path, trust=limited, now=NOW + timedelta(days=9)).ok
    assert (
        "older than 10 days"
        in row(check(tmp_path, trust=limited, now=NOW + timedelta(days=11)), "verdict.dsse.json: signer").detail
    )


@pytest.mark.parametrize(
    ("name", "subject"),
    [("m.bin", "subject model:m"), ("data/a.csv", "subject dataset:d"), ("data/b.csv", "subject dataset:d")],
)
def test_one_changed_byte_of_a_subject_is_refused(tmp_path: Path, name: str, subject: str) -> None:
    written(tmp_path)
    root = tmp_path / "pipeline"
    (root / name).write_bytes(b"X" + (root / name).read_bytes()[1:])
    report = check(tmp_path, subjects=[root])
    assert not report.ok
    (failure,) = report.failures
    assert failure.check == subject
    assert "is not what was assessed" in failure.detail
    assert failure.expected != failure.found
    assert check(tmp_path).ok, "without the files at hand only the package itself is checked"


def test_renamed_added_and_missing_files_of_a_subject(tmp_path: Path) -> None:
    written(tmp_path)
    root = tmp_path / "pipeline"
    (root / "data/a.csv").rename(root / "data/c.csv")
    assert not check(tmp_path, subjects=[root]).ok
    (root / "data/c.csv").rename(root / "data/a.csv")
    assert check(tmp_path, subjects=[root]).ok
    write(root / "data/new.csv", b"")
    assert not check(tmp_path, subjects=[root]).ok
    (root / "data/new.csv").unlink()
    (root / "data/link.csv").symlink_to("a.csv")
    assert "link.csv is not covered" in row(check(tmp_path, subjects=[root]), "subject dataset:d").detail
    (root / "data/link.csv").unlink()
    (root / "m.bin").unlink()
    assert "is not there" in row(check(tmp_path, subjects=[root]), "subject model:m").detail
    (root / "m.bin").symlink_to("data/a.csv")
    assert "cannot be read" in row(check(tmp_path, subjects=[root]), "subject model:m").detail
    (root / "m.bin").unlink()
    (root / "m.bin").symlink_to("/etc/hostname")
    assert "outside" in row(check(tmp_path, subjects=[root]), "subject model:m").detail


def test_files_at_hand_in_several_folders(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "pipeline/data", tmp_path / "elsewhere/data")
    roots = [tmp_path / "pipeline", tmp_path / "elsewhere"]
    assert check(tmp_path, subjects=roots).ok
    empty = check(tmp_path, subjects=[tmp_path / "nowhere"])
    assert row(empty, "subjects").detail == "nothing at hand is what the verdict is about"


def test_files_swapped_while_they_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from probatum.attestations.package.files import PackageFiles

    folder = written(tmp_path).folder
    real = PackageFiles.open

    def swapped(path: Path) -> PackageFiles:
        opened = real(path)
        (folder / "evidence.json").write_bytes(b"{}")
        return opened

    monkeypatch.setattr(PackageFiles, "open", swapped)
    assert "was changed while it was verified" in row(check(tmp_path), "contents").detail


def test_a_subject_whose_content_is_no_file_of_the_pipeline(tmp_path: Path) -> None:
    of = graph(pipeline(tmp_path / "pipeline"))
    remote = Subject("model", "r", {"sha256": "a" * 64}, "s3://bucket/m")
    whole = Graph.of(of.pipeline, [*of.subjects.values(), remote], of.observations.values())
    written(tmp_path, graph=whole, assessment=assessment(whole))
    report = check(tmp_path, subjects=[tmp_path / "pipeline"])
    assert report.ok
    assert row(report, "subject model:r").ok is None


def test_a_document_over_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from probatum.attestations.package.files import PackageFiles

    written(tmp_path)
    monkeypatch.setattr(PackageFiles, "max_bytes", 10)
    monkeypatch.setattr(PackageFiles.__init__, "__defaults__", (10,))
    assert "too large" in check(tmp_path).failures[0].detail
