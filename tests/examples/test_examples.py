"""The examples: one passes on any date, the other shows each of its defects."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from probatum.jobs.gate import gather, judge
from probatum.jobs.opening import open_pipeline
from probatum.jobs.options import Options
from probatum.reports.format import Format, render

EXAMPLES = Path(__file__).parents[2] / "examples"
GOOD, BAD = EXAMPLES / "tumour-classifier", EXAMPLES / "tumour-classifier-insecure"
MODEL = "models/tumour-classifier.safetensors"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

DEFECTS = [
    (
        "MODEL-01",
        "model:tumour-classifier",
        r"models/tumour-classifier\.pkl|tumour-classifier\.pkl is of format pickle",
    ),
    ("MODEL-02", "model:tumour-classifier", r"os.*system"),
    ("DATA-02", "dataset:wdbc", r"wdbc\.csv\.dvc"),
    ("SUPPLY-01", "dependency_set:training", r"numpy .*not pinned"),
    ("SUPPLY-01", "dependency_set:training", r"hospital-features .*no hash"),
    ("SUPPLY-02", "dependency_set:training", r"joblib 1\.1\.0.*(PYSEC-2022-288|CVE-2022-21797|GHSA-6hrg).*9\.8"),
    ("SUPPLY-03", "dependency_set:training", r"packages\.internal\.example\.com"),
    ("TRAIN-01", "workload:train", r"privileged"),
    ("TRAIN-01", "workload:train", r"may run as root"),
    ("TRAIN-01", "workload:train", r"shares the node's network"),
    ("TRAIN-01", "workload:train", r"mounts paths of the node"),
    ("TRAIN-01", "workload:train", r"no limit for memory"),
    ("TRAIN-02", "workload:train", r"no NetworkPolicy selects it"),
    ("TRAIN-02", "workload:serve", r"no NetworkPolicy selects it"),
    ("TRAIN-03", "gpu:node-a", r"neither a MIG slice nor the whole device"),
    ("TRAIN-03", "gpu:node-a", r"ECC is not on"),
    ("TRAIN-03", "gpu:node-a", r"gpu-sharing\.yaml.*time_slicing"),
    ("TRAIN-09", "workload:train", r"TRACKING_PASSWORD"),
    ("TRAIN-09", "pipeline:tumour-classifier-insecure", r"train\.yml.*REGISTRY_PASSWORD"),
    ("TRAIN-12", "model:tumour-classifier", r"no verified provenance.*signed by no key"),
    ("MODEL-03", "model:tumour-classifier", r"does not cover"),
    ("MODEL-04", "model:tumour-classifier", r"SHA256SUMS"),
    ("MODEL-04", "model:tumour-classifier", r"none of this pipeline's models"),
    ("MODEL-10", "model:tumour-classifier", r"does not state data"),
    ("MODEL-10", "model:tumour-classifier", r"does not state hyperparameters"),
    ("MODEL-10", "model:tumour-classifier", r"does not state metrics"),
    ("GOV-04", "pipeline:tumour-classifier-insecure", r"W-1.*expired|W-1 does not expire within"),
    ("GOV-04", "pipeline:tumour-classifier-insecure", r"W-2 is not approved by somebody other"),
]


def assess(folder: Path, now: datetime = NOW) -> dict[str, Any]:
    manifest = open_pipeline(folder)
    options = Options(now=now, now_given=True)
    return dict(judge(gather(manifest, options).graph, manifest, options).assessment.document)


def outcomes(document: dict[str, Any]) -> dict[str, str]:
    return {control["id"]: control["outcome"] for control in document["controls"]}


def told(document: dict[str, Any], control: str, subject: str) -> list[str]:
    return [
        finding["message"]
        for item in document["controls"]
        if item["id"] == control
        for entry in item["subjects"]
        if entry["subject"] == subject
        for finding in entry["findings"]
    ]


@pytest.fixture(scope="module")
def bad() -> dict[str, Any]:
    return assess(BAD)


@pytest.mark.parametrize("year", [2026, 2031])
def test_good_example_passes_on_any_date(year: int) -> None:
    document = assess(GOOD, NOW.replace(year=year))
    assert {key: value for key, value in outcomes(document).items() if value != "pass"} == {}
    assert (document["result"], document["reasons"]) == ("pass", [])
    assert len(document["controls"]) >= 15


def test_good_example_says_which_limits_it_lifts() -> None:
    bypasses = [bypass for bypass in assess(GOOD)["bypasses"] if bypass["code"] != "time_given"]
    assert {bypass["code"] for bypass in bypasses} == {"lowered_tier", "raised_age"}
    assert all("TRAIN-03" in bypass["message"] for bypass in bypasses)


@pytest.mark.parametrize(
    ("path", "control"),
    [
        (MODEL, "MODEL-04"),
        ("data/wdbc.csv", "DATA-02"),
        ("src/train.py", "TRAIN-12"),
        (f"{MODEL}.sig", "MODEL-03"),
        ("attestations/provenance.dsse.json", "TRAIN-12"),
    ],
)
def test_one_changed_byte_is_noticed(tmp_path: Path, path: str, control: str) -> None:
    shutil.copytree(GOOD, tmp_path / "copy")
    file = tmp_path / "copy" / path
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    document = assess(tmp_path / "copy")
    assert document["result"] != "pass"
    assert outcomes(document)[control] in {"fail", "inconclusive"}


@pytest.mark.parametrize(("control", "subject", "pattern"), DEFECTS)
def test_each_defect_is_found_and_named(bad: dict[str, Any], control: str, subject: str, pattern: str) -> None:
    messages = told(bad, control, subject)
    assert any(re.search(pattern, message) for message in messages), messages


def test_nothing_of_the_insecure_example_passes_or_is_waived(bad: dict[str, Any]) -> None:
    assert bad["result"] == "fail"
    assert set(outcomes(bad).values()) == {"fail"}


def test_undeclared_model_is_named(bad: dict[str, Any]) -> None:
    (reason,) = (reason for reason in bad["reasons"] if reason["code"] == "undeclared")
    assert "models/backup.pkl" in reason["message"]


def test_waivers_that_do_not_hold_are_shown(bad: dict[str, Any]) -> None:
    assert {waiver["id"]: waiver["state"] for waiver in bad["waivers"]} == {"W-1": "expired", "W-2": "invalid"}


@pytest.mark.parametrize("format", list(Format))
def test_every_format_names_every_failed_control(bad: dict[str, Any], format: Format) -> None:
    text = render(bad, format, width=200)
    assert {control for control in outcomes(bad) if control not in text} == set()
    assert "backup.pkl" in text


def test_code_scanning_points_at_files_that_are_there(bad: dict[str, Any]) -> None:
    run = json.loads(render(bad, Format.SARIF, locations={"model:tumour-classifier": "models/tumour-classifier.pkl"}))[
        "runs"
    ][0]
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
    assert {"models/tumour-classifier.pkl", "probatum.yaml"} == set(uris)
    assert all((BAD / uri).is_file() for uri in uris)
    assert len(uris) > len(DEFECTS)


def test_readme_names_who_finds_each_defect() -> None:
    table = [line for line in (BAD / "README.md").read_text().splitlines() if re.match(r"\| \d+ \|", line)]
    named = set(re.findall(r"\b[A-Z]+-\d{2}\b", "".join(line.rsplit("|", 2)[1] for line in table)))
    assert named == {control for control, _, _ in DEFECTS}
    assert any("undeclared" in line for line in table)


def test_examples_stay_small() -> None:
    assert sum(path.stat().st_size for path in EXAMPLES.rglob("*") if path.is_file()) < 2_000_000


def test_lock_files_name_no_index_that_nobody_wrote() -> None:
    assert "://" not in (GOOD / "requirements.txt").read_text()
