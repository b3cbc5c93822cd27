"""Verdict packages: complete or not there, deterministic, and never in the place of something else."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from package_case import KEY, TIME, assessment, contents, graph, pipeline, written
from signing_case import ec_key, policy, sha256, write

from probatum.attestations.package import write as package
from probatum.attestations.package.write import check_destination, write_package
from probatum.attestations.statement import subjects_of
from probatum.attestations.vsa import level, resource_uri, used_attestations
from probatum.errors import EvidenceError, UsageError
from probatum.evaluator.graph import Graph, Subject

RAW = "raw/" + sha256(b'{"tool": "x"}')


def payload(path: Path) -> Any:
    return json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_a_package_holds(tmp_path: Path) -> None:
    trust = policy({"k": KEY})
    made = written(tmp_path, trust=trust)
    expected = [
        "assessment.dsse.json", "evidence.json", "policies.tar.gz", RAW, "reports/assessment.md", "settings.json",
        "trust.json", "verdict.dsse.json",
    ]  # fmt: skip
    assert files_in(made.folder) == sorted(expected) == list(made.files)
    assert made.signers == (KEY.public.id,)
    assert sha256((made.folder / "trust.json").read_bytes()) == trust.digest
    assert sha256((made.folder / "evidence.json").read_bytes()) == graph(tmp_path / "pipeline").digest
    assert names_in(tmp_path) == ["pipeline", "verdict"]


def test_the_verdict_is_a_slsa_verification_summary(tmp_path: Path) -> None:
    made = written(tmp_path)
    verdict = payload(made.folder / "verdict.dsse.json")
    assert verdict == made.verdict
    assert verdict["_type"] == "https://in-toto.io/Statement/v1"
    assert verdict["predicateType"] == "https://slsa.dev/verification_summary/v1"
    assert [item["name"] for item in verdict["subject"]] == ["dataset:d", "model:m"]
    assert verdict["subject"] == payload(made.folder / "assessment.dsse.json")["subject"]
    predicate = verdict["predicate"]
    assert predicate["verifier"] == {
        "id": "https://probatum.dev/verifier/v1",
        "version": {"probatum": "0.1.0", "regorus": "0.13.0"},
    }
    assert predicate["timeVerified"] == TIME
    assert predicate["resourceUri"] == "urn:probatum:pipeline:p"
    assert predicate["policy"]["uri"] == "https://probatum.dev/checklists/secure-pipeline/1.0.0"
    assert predicate["verificationResult"] == "PASSED"
    assert predicate["verifiedLevels"] == ["PROBATUM_SECURE_PIPELINE_PASSED"]
    assert predicate["inputAttestations"] == [
        {
            "uri": "assessment.dsse.json",
            "digest": {"sha256": sha256((made.folder / "assessment.dsse.json").read_bytes())},
        },
        {"uri": "m.dsse.json", "digest": {"sha256": "e" * 64}},
    ]
    named = predicate["https://probatum.dev/verdict-package/v1"]["files"]
    assert sorted(named) == [name for name in files_in(made.folder) if name != "verdict.dsse.json"]
    assert named[RAW] == {"sha256": RAW.removeprefix("raw/"), "size": 13}


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_whatever_did_not_pass_is_failed(tmp_path: Path, outcome: str) -> None:
    root = pipeline(tmp_path / "pipeline")
    made = written(tmp_path, assessment=assessment(graph(root), outcome=outcome))
    assert made.verdict is not None
    assert made.verdict["predicate"]["verificationResult"] == "FAILED"
    assert made.verdict["predicate"]["verifiedLevels"] == ["FAILED"]


def test_names_of_levels_and_resources() -> None:
    assert level("rssi-15") == "PROBATUM_RSSI_15_PASSED"
    assert level("slsa") == "PROBATUM_SLSA_PASSED"
    assert resource_uri({"name": "a b/c"}) == "urn:probatum:pipeline:a%20b%2Fc"
    assert resource_uri({"name": "a", "resource_uri": "https://x.example/a"}) == "https://x.example/a"


def test_a_graph_without_content_is_its_own_subject() -> None:
    empty = Graph.of({"name": "p"}, [Subject("pipeline", "p")])
    assert subjects_of(empty) == [{"name": "evidence.json", "digest": {"sha256": empty.digest}}]


@pytest.mark.parametrize(
    "documents", [None, 5, [5], [{}], [{"verified": True, "sha256": "x"}], [{"verified": 1, "sha256": "a" * 64}]]
)
def test_odd_lists_of_attestations_name_none(tmp_path: Path, documents: Any) -> None:
    of = graph(pipeline(tmp_path))
    (made,) = of.observations.values()
    odd = Graph.of(of.pipeline, of.subjects.values(), [replace(made, result={"documents": documents})])
    assert used_attestations(odd) == []


def test_same_input_same_bytes(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a"), written(tmp_path / "b")
    for name in first.files:
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes(), name


def test_two_signers(tmp_path: Path) -> None:
    other = ec_key()
    made = written(tmp_path, KEY, other)
    assert made.signers == (KEY.public.id, other.public.id)


def test_an_unsigned_package_says_so(tmp_path: Path) -> None:
    root = pipeline(tmp_path / "pipeline")
    made = write_package(tmp_path / "verdict", contents(root), version="0.1.0")
    assert made.verdict is None
    assert "assessment.unsigned.json" in files_in(made.folder)
    assert not [name for name in files_in(made.folder) if "dsse" in name]
    document = json.loads((made.folder / "assessment.unsigned.json").read_bytes())
    assert document["predicateType"] == "https://probatum.dev/assessment/v1"


def test_an_older_package_is_replaced_whole(tmp_path: Path) -> None:
    write(written(tmp_path).folder / "reports" / "old.md", b"old")
    made = written(tmp_path)
    assert "reports/old.md" not in files_in(made.folder)
    assert names_in(tmp_path) == ["pipeline", "verdict"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "verdict").mkdir()
    assert written(tmp_path).files


@pytest.mark.parametrize("names", [["notes.txt"], ["verdict.dsse.json", "notes.txt"], ["reports"], ["evidence.json"]])
def test_something_else_is_never_replaced(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        write(tmp_path / "verdict" / name, b"mine")
    with pytest.raises(UsageError, match="not a verdict package"):
        written(tmp_path)
    assert names_in(tmp_path / "verdict") == sorted(names)


def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    write(tmp_path / "verdict", b"mine")
    with pytest.raises(UsageError, match="not a folder"):
        written(tmp_path)
    check_destination(tmp_path / "nothing there")


@pytest.mark.parametrize("failing", ["_fill", "_sync"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_older_package_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, error: BaseException
) -> None:
    older = written(tmp_path)
    before = {name: (older.folder / name).read_bytes() for name in older.files}
    real = getattr(package, failing)

    def fail(*arguments: Any) -> None:
        if failing == "_fill":
            real(*arguments)
        raise error

    monkeypatch.setattr(package, failing, fail)
    with pytest.raises((UsageError, KeyboardInterrupt)) as caught:
        written(tmp_path, reports={"new.md": b"new"})
    assert {name: (older.folder / name).read_bytes() for name in files_in(older.folder)} == before
    assert names_in(tmp_path) == ["pipeline", "verdict"]
    if isinstance(caught.value, UsageError):
        assert "No space left" in caught.value.why


def test_a_failing_rename_puts_the_older_package_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = written(tmp_path)
    real, calls = Path.rename, []

    def rename(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise PermissionError(13, "Permission denied")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(UsageError, match="cannot write"):
        written(tmp_path)
    assert files_in(older.folder) == list(older.files)
    assert names_in(tmp_path) == ["pipeline", "verdict"]


def test_an_assessment_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    root = pipeline(tmp_path / "pipeline")
    for change in (
        {"result": "great"},
        {"digests": {}},
        {"evaluated_at": "2026-11-20 07:00"},
        {"controls": [{"id": "X"}]},
    ):
        with pytest.raises(EvidenceError, match="does not follow the schema"):
            written(tmp_path, assessment={**assessment(graph(root)), **change})
    assert names_in(tmp_path) == ["pipeline"]
