"""Attacks on what people grant: waivers and approvals that nobody, or somebody else, or for something else, granted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from signing_case import NOW, ed_key, envelope, policy, statement
from typer.testing import CliRunner

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.grants import Approval, approval_statement, waiver_statement
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.trust.policy import TrustPolicy
from probatum.cli import app
from probatum.collectors.base import Context
from probatum.collectors.manifest import Manifest
from probatum.collectors.report_store import ReportStore
from probatum.collectors.waivers import Waivers
from probatum.errors import UsageError
from probatum.evaluator.graph import Observation
from probatum.evaluator.waivers import judge
from probatum.jobs.granting import waive
from probatum.jobs.signed_waivers import vouched

KEY = ed_key("bo")
TRUST = policy({"bo": KEY}, waiver={})
WAIVER = {
    "id": "W-1",
    "control": "MODEL-01",
    "subjects": ["model:m"],
    "owner": "ana",
    "approver": "bo",
    "ticket": "S-1",
    "reason": "first",
    "expires": "2026-12-01",
}


def manifest(root: Path, *waivers: dict[str, Any], name: str = "p") -> Manifest:
    return Manifest(root, {"name": name}, waivers=waivers)


def granted(root: Path, waiver: dict[str, Any] = WAIVER, key: SigningKey = KEY, name: str = "p") -> dict[str, Any]:
    """A waiver with a signature on disk."""
    path = waive(manifest(root, waiver, name=name), str(waiver["id"]), KeyAttestor([key]), None, NOW)
    return {**waiver, "signed": path.relative_to(root).as_posix()}


def state(of: Manifest, trust: TrustPolicy | None = TRUST) -> tuple[str, str]:
    """Whether the only waiver of a manifest counts, and what is wrong with it."""
    (waiver,) = vouched(of, trust, NOW).waivers
    judged = judge(waiver, NOW)
    return judged.state, "; ".join(judged.problems)


def test_a_signed_waiver_counts_and_says_who_signed(tmp_path: Path) -> None:
    kept = ReportStore()
    of = vouched(manifest(tmp_path, granted(tmp_path)), TRUST, NOW, keep=kept)
    assert of.waivers[0]["signers"] == ["key:bo"]
    document = (tmp_path / "waivers" / "W-1.dsse.json").read_bytes()
    assert dict(kept) == {of.waivers[0]["signed_sha256"]: document}
    assert state(of) == ("live", "")
    (told,) = Waivers().collect(Context(tmp_path, {"name": "p"}, {}, waivers=of.waivers, now=NOW))
    assert isinstance(told, Observation)
    assert told.result["waivers"][0]["tier"] == "attested"


def test_a_waiver_that_nobody_signed(tmp_path: Path) -> None:
    """Whoever may write the manifest grants waivers: not where the trust policy says who may."""
    assert state(manifest(tmp_path, WAIVER)) == (
        "invalid",
        "it is not signed: the trust policy demands that by its role `waiver`",
    )
    for nobody in (None, policy({"bo": KEY}, verdict={})):
        assert state(manifest(tmp_path, WAIVER), nobody) == ("live", "")
        (waiver,) = vouched(manifest(tmp_path, WAIVER), nobody, NOW).waivers
        (told,) = Waivers().collect(Context(tmp_path, {"name": "p"}, {}, waivers=[waiver], now=NOW))
        assert isinstance(told, Observation)
        assert told.result["waivers"][0]["tier"] == "declared"


def test_a_waiver_that_says_of_itself_who_signed_it(tmp_path: Path) -> None:
    """The fields that a run adds are written into the manifest by hand."""
    for trust, expected in ((TRUST, "invalid"), (None, "live")):
        of = manifest(tmp_path, {**WAIVER, "signers": ["key:bo"], "signed_sha256": "a" * 64, "refused": "never"})
        assert state(of, trust)[0] == expected
        assert "signers" not in vouched(of, trust, NOW).waivers[0]


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        (None, "there is no trust policy"),
        (policy({"bo": KEY}, verdict={}), "nobody who may grant waivers"),
        (policy({"bo": ed_key()}, waiver={}), "nobody who may grant waivers"),
    ],
)
def test_a_signature_that_is_named_must_hold(tmp_path: Path, trust: TrustPolicy | None, words: str) -> None:
    """A waiver names a signature that nobody can check, or of a stranger: it is not taken for one without."""
    found, why = state(manifest(tmp_path, granted(tmp_path)), trust)
    assert found == "invalid"
    assert words in why


@pytest.mark.parametrize(
    "change",
    [{"expires": "2027-12-01"}, {"subjects": ["*"]}, {"control": "MODEL-02"}, {"approver": "zoe"}, {"note": "x"}],
)
def test_a_waiver_that_was_changed_after_it_was_signed(tmp_path: Path, change: dict[str, Any]) -> None:
    """The signature of a narrow waiver under a wider one."""
    found, why = state(manifest(tmp_path, {**granted(tmp_path), **change}))
    assert found == "invalid"
    assert f"they differ in {next(iter(change))}" in why


def test_a_waiver_of_another_pipeline(tmp_path: Path) -> None:
    """The same words, signed for a pipeline that matters less."""
    found, why = state(manifest(tmp_path, granted(tmp_path, name="toy")))
    assert found == "invalid"
    assert "for another pipeline" in why


def test_a_signature_does_not_make_a_waiver_last(tmp_path: Path) -> None:
    """An expired waiver, and one that its owner approved, are not better for being signed."""
    signed = tmp_path / "w.dsse.json"
    for change, expected in (({"expires": "2026-11-01"}, "expired"), ({"approver": "ana"}, "invalid")):
        waiver = {**WAIVER, **change}
        signed.write_bytes(KeyAttestor([KEY]).attest(waiver_statement(waiver, "p", NOW)))
        assert state(manifest(tmp_path, {**waiver, "signed": "w.dsse.json"}))[0] == expected


@pytest.mark.parametrize("kind", ["https://probatum.dev/approval/v1", "https://probatum.dev/revocation/v1"])
def test_another_statement_of_somebody_who_may_grant_waivers(tmp_path: Path, kind: str) -> None:
    """A signer with several roles signed something else with the same words in it."""
    predicate = json.loads(waiver_statement(WAIVER, "p", NOW))["predicate"]
    (tmp_path / "w.dsse.json").write_bytes(envelope(statement("a" * 64, predicate_type=kind, predicate=predicate), KEY))
    found, why = state(manifest(tmp_path, {**WAIVER, "signed": "w.dsse.json"}), policy({"bo": KEY}))
    assert found == "invalid"
    assert "signs no waiver" in why


@pytest.mark.parametrize("predicate", [{}, {"pipeline": "p"}, {"pipeline": "p", "waiver": "W-1"}])
def test_a_waiver_statement_that_waives_nothing(tmp_path: Path, predicate: dict[str, Any]) -> None:
    body = statement("a" * 64, predicate_type="https://probatum.dev/waiver/v1", predicate=predicate)
    (tmp_path / "w.dsse.json").write_bytes(envelope(body, KEY))
    assert state(manifest(tmp_path, {**WAIVER, "signed": "w.dsse.json"}))[0] == "invalid"


@pytest.mark.parametrize("place", ["../w.dsse.json", "/w.dsse.json", "nowhere.json", "link.dsse.json", 5, ""])
def test_a_signature_outside_the_pipeline(tmp_path: Path, place: Any) -> None:
    """A path that leads elsewhere, by itself or through a link; the reason never names the place of the pipeline."""
    root = tmp_path / "pipeline"
    root.mkdir()
    outside = tmp_path / "w.dsse.json"
    outside.write_bytes(KeyAttestor([KEY]).attest(waiver_statement(WAIVER, "p", NOW)))
    (root / "link.dsse.json").symlink_to(outside)
    found, why = state(manifest(root, {**WAIVER, "signed": place}))
    assert found == "invalid"
    assert str(tmp_path) not in why


@pytest.mark.parametrize(
    ("waivers", "name", "words"),
    [
        ([], "W-1", "there is no waiver"),
        ([WAIVER, WAIVER], "W-1", "there are two waivers"),
        ([{**WAIVER, "approver": "Ana"}], "W-1", "not in order"),
        ([{**WAIVER, "expires": "2026-11-01"}], "W-1", "not in order"),
        ([{**WAIVER, "id": "../W"}], "../W", "makes no file name"),
    ],
)
def test_only_a_waiver_in_order_can_be_signed(tmp_path: Path, waivers: list[Any], name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        waive(manifest(tmp_path, *waivers), name, KeyAttestor([KEY]), None, NOW)


@pytest.mark.parametrize(("decision", "code"), [("approved", 0), ("rejected", 1)])
def test_a_rejection_is_not_verified_like_an_approval(tmp_path: Path, decision: str, code: int) -> None:
    """Whoever asks `verify` before a deployment looks at the exit code: a genuine rejection must not be 0."""
    made = Approval("deployment", decision, "bo", "p")
    subject = {"name": "model:m", "digest": {"sha256": "a" * 64}}
    path = tmp_path / "approval.dsse.json"
    path.write_bytes(KeyAttestor([KEY]).attest(approval_statement(made, [subject], NOW)))
    (tmp_path / "bo.pem").write_text(KEY.public.pem)
    asked = ["verify", str(path), "--public-key", str(tmp_path / "bo.pem"), "--now", "2026-11-20T08:00:00Z"]
    assert CliRunner().invoke(app, asked).exit_code == code
