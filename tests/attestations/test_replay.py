"""Replay: the real evaluator over the packaged evidence must reach the same assessment."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from package_case import KEY, check
from replay_case import ENGINE, evaluated
from signing_case import NOW

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.package.write import PackageContents, write_package
from probatum.attestations.verify.replay_difference import first_difference
from probatum.attestations.verify.report import Row, VerificationReport
from probatum.evaluator.engines.base import RuleResult


def replayed(tmp_path: Path, contents: PackageContents, **options: Any) -> tuple[VerificationReport, Row]:
    write_package(tmp_path / "verdict", contents, attestor=KeyAttestor([KEY]), version="0.1.0")
    report: VerificationReport = check(tmp_path, **{"engine": ENGINE, **options})
    return report, report.rows[-1]


@pytest.mark.parametrize("sizes", [{"a": 1, "b": 2}, {"a": 1, "b": 20}])
def test_a_true_verdict_is_reached_again(tmp_path: Path, sizes: dict[str, int]) -> None:
    contents = evaluated(sizes)
    report, row = replayed(tmp_path, contents)
    assert row.check == "replay"
    assert row.detail == ""
    assert (row.ok, row.expected) == (True, row.found)
    assert report.failures == ()
    assert report.result == ("pass" if max(sizes.values()) < 10 else "fail")


def test_a_replay_years_later_is_the_same(tmp_path: Path) -> None:
    assert replayed(tmp_path, evaluated({"a": 1}), now=NOW + timedelta(days=3650))[1].ok


def test_a_false_verdict_of_the_right_signer_is_found_and_the_control_named(tmp_path: Path) -> None:
    contents = evaluated({"a": 1, "b": 20})
    forged = copy.deepcopy(dict(contents.assessment))
    forged["result"] = "pass"
    forged["counts"] |= {"pass": 1, "fail": 0}
    control = forged["controls"][0]
    control["outcome"] = control["subjects"][1]["outcome"] = "pass"
    forged["reasons"], forged["rows"] = [], []
    contents = PackageContents(contents.graph, forged, contents.settings, contents.policies)
    report, row = replayed(tmp_path, contents)
    assert [failure.check for failure in report.failures] == ["replay"]
    assert not report.ok
    assert "TEST-01 for model:b: recorded pass, replayed fail" in row.detail
    assert check(tmp_path).ok, "without a replay, the signer is believed"


def test_another_engine_version_is_stated(tmp_path: Path) -> None:
    contents = evaluated({"a": 1})
    older = {"name": "regorus", "version": "0.0.1"}
    assessment = {**contents.assessment, "engine": older}
    settings = {**contents.settings, "engine": older}
    report, row = replayed(tmp_path, PackageContents(contents.graph, assessment, settings, contents.policies))
    assert report.failures == ()
    assert row.detail.startswith("recorded with regorus 0.0.1, replayed with regorus")


def test_policies_that_cannot_be_evaluated(tmp_path: Path) -> None:
    contents = evaluated({"a": 1})
    settings = {**contents.settings, "bypasses": "none"}
    _, row = replayed(tmp_path, PackageContents(contents.graph, contents.assessment, settings, contents.policies))
    assert row.ok is False
    assert "recorded settings" in row.detail


def item(subject: str, outcome: str, **fields: Any) -> dict[str, Any]:
    return {"subject": subject, "outcome": outcome, "findings": [], "proofs": [], "reasons": [], **fields}


FINDING = {"message": "too large", "evidence": ["obs:1"]}


def of(*items: dict[str, Any], error: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"controls": [{"id": "C-1", "subjects": list(items), "error": error}], **fields}


@pytest.mark.parametrize(
    ("recorded", "replayed", "named"),
    [
        (of(item("model:a", "pass")), of(), "only in the recorded assessment, by its rule applies"),
        (of(), of(item("model:a", "pass")), "only in the replay, by its rule applies"),
        (
            of(item("model:a", "pass", proofs=[{"evidence": ["obs:1"]}])),
            of(item("model:a", "fail", findings=[FINDING])),
            "recorded pass, replayed fail, by its rule deny: only replayed: too large",
        ),
        (
            of(item("model:a", "fail", findings=[FINDING])),
            of(item("model:a", "fail", findings=[{**FINDING, "message": "x" * 300}])),
            "by its rule deny: only recorded: too large",
        ),
        (
            of(item("model:a", "fail", findings=[FINDING, FINDING])),
            of(item("model:a", "fail", findings=[FINDING])),
            "by its rule deny: another order",
        ),
        (
            of(item("model:a", "pass", proofs=[{"evidence": ["obs:1", "obs:2"]}])),
            of(item("model:a", "inconclusive"), error="no"),
            "recorded pass, replayed inconclusive, by its rule proof: only recorded: obs:1, obs:2; the replay says: no",
        ),
        (
            of(item("model:a", "fail"), error="gone"),
            of(item("model:a", "fail", findings=["x" * 300])),
            f"by its rule deny: only replayed: {'x' * 200}…; the record says: gone",
        ),
        (
            of(item("model:a", "inconclusive", reasons=[1])),
            of(item("model:a", "inconclusive")),
            "by no rule: reasons differ",
        ),
    ],
)
def test_the_first_difference_is_named_with_its_rule(recorded: Any, replayed: Any, named: str) -> None:
    same = of(item("model:0", "pass"))["controls"][0]["subjects"]
    for document in (recorded, replayed):
        document["controls"][0]["subjects"] = [*same, *document["controls"][0]["subjects"]]
    assert first_difference(recorded, replayed).text == f"C-1 for model:a: {named}"


def test_what_differs_outside_controls_is_named() -> None:
    assert first_difference(of(stage=None), of(stage="x")).text == "the field stage differs"
    assert first_difference(of(), of()).text == "the assessments differ"


def test_the_exact_engine_can_be_asked_for(tmp_path: Path) -> None:
    contents = evaluated({"a": 1})
    assert replayed(tmp_path, contents, exact=True)[0].ok
    older = {"name": "regorus", "version": "0.0.1"}
    assessment, settings = {**contents.assessment, "engine": older}, {**contents.settings, "engine": older}
    report, _ = replayed(tmp_path, replace(contents, assessment=assessment, settings=settings), exact=True)
    (failure,) = report.failures
    assert (failure.check, failure.expected, failure.found) == (
        "replay: engine", "regorus 0.0.1", f"regorus {ENGINE.version}"
    )  # fmt: skip


class Other:
    """Stands for an independent engine that decides otherwise; nothing real does so on purpose."""

    name, version = "other", "1"

    def run(self, modules: Any, batches: Any) -> Any:
        found = ENGINE.run(modules, batches)
        return [{package: {**rules, "deny": RuleResult([])} for package, rules in answers.items()} for answers in found]


def test_whose_fault_a_difference_is_is_said(tmp_path: Path) -> None:
    contents = evaluated({"a": 1, "b": 20})
    _, row = replayed(tmp_path, contents, engine=Other())
    assert row.ok is False
    assert "TEST-01 for model:b: recorded fail, replayed inconclusive, by its rule deny: only recorded" in row.detail
    assert f"regorus {ENGINE.version} reaches the recorded assessment, so the engines differ" in row.detail
    forged = copy.deepcopy(dict(contents.assessment))
    forged["controls"][0]["subjects"][1]["findings"][0]["message"] = "larger than it is"
    _, row = replayed(tmp_path, replace(contents, assessment=forged), engine=Other())
    assert "does not reach the recorded assessment either" in row.detail
