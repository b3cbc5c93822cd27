"""The verdicts collector: only what is signed, linked and about these bytes is told; the rest makes it partial."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from package_case import KEY, assessment, contents, graph, pipeline
from signing_case import NOW, ed_key, envelope, policy

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.documents import dsse
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.package.write import write_package
from probatum.attestations.package.zip_package import zip_bytes
from probatum.collectors.base import Context
from probatum.collectors.verdicts import Verdicts
from probatum.content import read_content
from probatum.errors import UsageError
from probatum.evaluator.graph import Observation, Status, Subject, Tier

TRUST = policy({"gate": KEY}, verdict={})


def gated(root: Path, name: str = "training", **fields: Any) -> Path:
    """A verdict package of a gate, below the pipeline's folder."""
    of = graph(root)
    told = assessment(of, **{"stage": "training", **fields})
    folder = root / "verdicts" / name
    folder.parent.mkdir(exist_ok=True)
    write_package(folder, contents(root, assessment=told), attestor=KeyAttestor([KEY]), version="0")
    return folder


def observe(root: Path, *paths: str, trust: Any = TRUST) -> dict[str, Observation]:
    """The observation about each subject of the small pipeline."""
    subjects = [
        Subject("model", "m", {"sha256": read_content(root / "m.bin").sha256}, "m.bin"),
        Subject("dataset", "d", {"sha256": read_content(root / "data").sha256}, "data"),
    ]
    context = Context(
        root,
        {"name": "p"},
        {item.id: item for item in subjects},
        settings={"paths": list(paths)} if paths else {},
        verifier=None if trust is None else TrustVerifier(trust, NOW),
        now=NOW,
    )
    found = [item for item in Verdicts().collect(context) if isinstance(item, Observation)]
    return {item.subject: item for item in found}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return pipeline(tmp_path / "pipeline")


def skipped(of: Observation) -> list[str]:
    assert of.result == {"verdicts": [], "verdict_count": 0}
    assert of.status is Status.PARTIAL
    assert of.tier is Tier.OBSERVED
    return [f"{item.item}: {item.reason}" for item in of.coverage.skipped]


@pytest.mark.parametrize("path", ["verdicts/training", "verdicts/*", "verdicts/training/verdict.dsse.json", "**"])
def test_a_verdict_is_told_of_every_subject_that_it_is_about(root: Path, path: str) -> None:
    gated(root)
    found = observe(root, path)
    assert set(found) == {"model:m", "dataset:d"}
    for item in found.values():
        (verdict,) = item.result["verdicts"]
        assert item.result["verdict_count"] == 1
        assert item.tier is Tier.ATTESTED
        assert set(item.inputs) >= {"verdicts/training/verdict.dsse.json", "verdicts/training/assessment.dsse.json"}
        del verdict["sha256"]
        assert verdict == {
            "source": "verdicts/training/verdict.dsse.json",
            "signers": ["key:gate"],
            "same_content": True,
            "stage": "training",
            "result": "PASSED",
            "checklist": "secure-pipeline",
            "checklist_version": "1.0.0",
            "pipeline": "p",
            "time": "2026-11-20T07:00:00Z",
        }


def test_verdicts_and_their_assessments_are_kept(root: Path) -> None:
    folder = gated(root)
    context = Context(root, {"name": "p"}, {}, settings={"paths": ["verdicts/*"]}, verifier=TrustVerifier(TRUST, NOW))
    assert list(Verdicts().collect(context)) == []
    kept = {(folder / f"{name}.dsse.json").read_bytes() for name in ("verdict", "assessment")}
    assert set(dict(context.reports).values()) == kept


def test_a_file_that_is_no_verdict_is_not_passed_over(root: Path) -> None:
    gated(root)
    item = observe(root, "verdicts/training/*")["model:m"]
    assert item.result["verdict_count"] == 1
    assert item.status is Status.PARTIAL
    assert {Path(entry.item).name for entry in item.coverage.skipped} >= {"assessment.dsse.json", "settings.json"}


def test_a_verdict_that_a_second_person_countersigned(root: Path) -> None:
    """The second one signs the verdict alone, which names the assessment by digest; and it takes the two of them."""
    second = ed_key("second")
    trust = policy({"gate": KEY, "second": second}, verdict={"threshold": 2})
    place = gated(root) / "verdict.dsse.json"
    (reason,) = skipped(observe(root, "verdicts/*", trust=trust)["model:m"])
    assert "1 of the 2 signers needed signed" in reason
    payload = dsse.parse(place.read_bytes(), source="x").payload
    place.write_bytes(dsse.sign(payload, (KEY, second)).to_bytes())
    found = observe(root, "verdicts/*", trust=trust)["model:m"]
    assert found.result["verdicts"][0]["signers"] == ["key:gate", "key:second"]
    stranger = policy({"gate": ed_key("other"), "second": second}, verdict={})
    (reason,) = skipped(observe(root, "verdicts/*", trust=stranger)["model:m"])
    assert "assessment.dsse.json" in reason, "the assessment's own signer must still be one who may"


def test_content_that_was_changed_since_is_told(root: Path) -> None:
    gated(root)
    (root / "m.bin").write_bytes(b"other weights")
    found = observe(root, "verdicts/*")
    assert found["model:m"].result["verdicts"][0]["same_content"] is False
    assert found["dataset:d"].result["verdicts"][0]["same_content"] is True


def test_several_gates_are_told_in_the_order_of_their_files(root: Path) -> None:
    gated(root)
    gated(root, "again", stage="deployment", outcome="fail")
    gated(root, "every", stage=None, outcome="inconclusive")
    entries = observe(root, "verdicts/training", "verdicts/*")["model:m"].result["verdicts"]
    assert [(item["stage"], item["result"]) for item in entries] == [
        ("deployment", "FAILED"),
        (None, "FAILED"),
        ("training", "PASSED"),
    ]


def test_nothing_is_named_and_nothing_is_there(root: Path) -> None:
    gated(root)
    found = observe(root)["model:m"]
    assert (found.status, found.result["verdict_count"]) == (Status.COMPLETE, 0)
    assert skipped(observe(root, "nowhere")["model:m"]) == ["nowhere: there is no verdict"]


def test_a_verdict_about_something_else_is_not_told(root: Path, tmp_path: Path) -> None:
    gated(root)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "data").mkdir(parents=True)
    (elsewhere / "data/x.csv").write_text("9")
    (elsewhere / "m.bin").write_bytes(b"unlike")
    shutil.copytree(root / "verdicts", elsewhere / "verdicts")
    context = Context(
        elsewhere,
        {"name": "p"},
        {"model:n": Subject("model", "n", {"sha256": read_content(elsewhere / "m.bin").sha256}, "m.bin")},
        settings={"paths": ["verdicts/*"]},
        verifier=TrustVerifier(TRUST, NOW),
    )
    (found,) = Verdicts().collect(context)
    assert isinstance(found, Observation)
    assert found.result["verdict_count"] == 0
    assert found.status is Status.COMPLETE


def test_nobody_is_trusted_without_a_trust_policy(root: Path) -> None:
    gated(root)
    (line,) = skipped(observe(root, "verdicts/*", trust=None)["model:m"])
    assert "no trust policy" in line
    available = Verdicts().available(Context(root, {"name": "p"}, {}))
    assert available.ready
    assert "no trust policy" in available.reason
    assert not Verdicts().available(Context(root, {"name": "p"}, {}, verifier=TrustVerifier(TRUST, NOW))).reason


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        (policy({"gate": ed_key("other")}, verdict={}), "it is not verified"),
        (policy({"gate": KEY}, evidence={}), "it is not verified"),
        (policy({"gate": KEY}, model={"predicate_types": ("https://slsa.dev/verification_summary/v1",)}), "no verdict"),
    ],
)
def test_who_may_not_sign_verdicts_says_nothing(root: Path, trust: Any, words: str) -> None:
    gated(root)
    (line,) = skipped(observe(root, "verdicts/*", trust=trust)["model:m"])
    assert words in line


def resigned(change: Callable[[dict[str, Any]], None], path: Path) -> None:
    """Change the statement inside an envelope, and sign it again with the same key."""
    statement = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    change(statement)
    path.write_bytes(envelope(statement, KEY))


def of_predicate(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda statement: statement["predicate"].update(fields)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (of_predicate(inputAttestations=[]), "it names no assessment"),
        (of_predicate(inputAttestations="x"), "it names no assessment"),
        (of_predicate(inputAttestations=[{"uri": "../assessment.dsse.json"}, 5]), "it names no assessment"),
        (of_predicate(inputAttestations=[{"uri": "assessment.x.json", "digest": {}}]), "is not beside it"),
        (of_predicate(inputAttestations=[{"uri": "assessment.dsse.json", "digest": {}}]), "is another one"),
        (of_predicate(inputAttestations=[{"uri": "assessment.dsse.json", "digest": "x"}]), "is another one"),
        (of_predicate(verificationResult="FAILED"), "their result differ"),
        (of_predicate(timeVerified="2026-11-19T07:00:00Z"), "their time differ"),
        (lambda statement: statement["subject"].pop(), "their subjects differ"),
        (lambda statement: statement.update(predicate=5), "predicate is not an object"),
        (lambda statement: statement.update(predicateType="https://probatum.dev/assessment/v1"), "it is no verdict"),
    ],
)
def test_a_verdict_that_does_not_fit_its_assessment_says_nothing(root: Path, change: Any, words: str) -> None:
    resigned(change, gated(root) / "verdict.dsse.json")
    (line,) = skipped(observe(root, "verdicts/*")["model:m"])
    assert words in line


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"stage": "production"}, "it names no checklist, pipeline or stage"),
        ({"checklist": {"id": 5, "version": "1"}}, "it names no checklist, pipeline or stage"),
        ({"checklist": []}, "its checklist is no object"),
        ({"pipeline": {"name": ""}}, "it names no checklist, pipeline or stage"),
        ({"evaluated_at": "soon"}, "its time 'soon' is none"),
        ({"evaluated_at": 5}, "its time 5 is none"),
    ],
)
def test_an_odd_assessment_says_nothing(root: Path, fields: dict[str, Any], words: str) -> None:
    folder = gated(root)
    resigned(of_predicate(**fields), folder / "assessment.dsse.json")
    digest = {"sha256": read_content(folder / "assessment.dsse.json").sha256}
    linked = of_predicate(
        inputAttestations=[{"uri": "assessment.dsse.json", "digest": digest}],
        timeVerified=fields.get("evaluated_at", "2026-11-20T07:00:00Z"),
    )
    resigned(linked, folder / "verdict.dsse.json")
    (line,) = skipped(observe(root, "verdicts/*")["model:m"])
    assert words in line


def test_an_assessment_that_is_gone_or_a_link_is_not_looked_for_elsewhere(root: Path) -> None:
    folder = gated(root)
    kept = root / "kept.json"
    (folder / "assessment.dsse.json").rename(kept)
    (line,) = skipped(observe(root, "verdicts/*")["model:m"])
    assert "its assessment is not beside it" in line
    (folder / "assessment.dsse.json").symlink_to(kept)
    (line,) = skipped(observe(root, "verdicts/*")["model:m"])
    assert "assessment.dsse.json is a link" in line


def zipped(folder: Path, *, without: str = "") -> Path:
    """A package as one file, with the folder gone."""
    files = {item.relative_to(folder).as_posix(): item for item in sorted(folder.rglob("*")) if item.is_file()}
    place = folder.with_suffix(".zip")
    place.write_bytes(zip_bytes({name: item.read_bytes() for name, item in files.items() if name != without}))
    shutil.rmtree(folder)
    return place


def test_a_package_in_one_file_is_read_like_its_folder(root: Path) -> None:
    folder = gated(root)
    (expected,) = observe(root, "verdicts/*")["model:m"].result["verdicts"]
    zipped(folder)
    found = observe(root, "verdicts/*")["model:m"]
    assert found.status is Status.COMPLETE
    assert found.result["verdicts"] == [{**expected, "source": "verdicts/training.zip/verdict.dsse.json"}]
    assert set(found.inputs) >= {f"verdicts/training.zip/{name}.dsse.json" for name in ("verdict", "assessment")}


@pytest.mark.parametrize(("name", "words"), [("verdict", "it holds no verdict"), ("assessment", "is not beside it")])
def test_a_package_in_one_file_that_lacks_something(root: Path, name: str, words: str) -> None:
    zipped(gated(root), without=f"{name}.dsse.json")
    (line,) = skipped(observe(root, "verdicts/*")["model:m"])
    assert words in line


def test_a_package_in_one_file_with_two_verdicts(root: Path) -> None:
    """Two readers could read two verdicts."""
    folder = gated(root)
    shutil.copy(folder / "verdict.dsse.json", folder / "verdict.sigstore.json")
    zipped(folder)
    (line,) = skipped(observe(root, "verdicts/*")["model:m"])
    assert "or two" in line


def test_a_file_that_must_not_be_unpacked(root: Path, tmp_path: Path) -> None:
    """An archive with something behind it, and none at all; the reason names no place of this machine."""
    place = zipped(gated(root))
    whole = place.read_bytes()
    for data in (whole + b"x", b"x" + whole, whole[:-30], b"", zip_bytes({"../verdict.dsse.json": b"{}"})):
        place.write_bytes(data)
        (line,) = skipped(observe(root, "verdicts/*")["model:m"])
        assert line.startswith("verdicts/training.zip: ")
        assert str(tmp_path) not in line


def test_links_lead_nowhere(root: Path, tmp_path: Path) -> None:
    folder = gated(root)
    moved = tmp_path / "outside"
    folder.rename(moved)
    folder.symlink_to(moved)
    assert skipped(observe(root, "verdicts/*")["model:m"]) == ["verdicts/*: there is no verdict"]


def test_a_verdict_that_cannot_be_read_is_told_without_the_place_of_the_pipeline(root: Path) -> None:
    (gated(root) / "verdict.dsse.json").write_bytes(b"{")
    (line,) = skipped(observe(root, "verdicts/*")["model:m"])
    assert str(root) not in line


@pytest.mark.parametrize("settings", [{"paths": "x"}, {"paths": [5]}, {"paths": [""]}, {"path": []}])
def test_wrong_settings_are_refused(root: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="verdicts are wrong"):
        list(Verdicts().collect(Context(root, {"name": "p"}, {}, settings=settings)))


@pytest.mark.parametrize("path", ["/etc", "../x", "a/../../x", "a**b"])
def test_what_lies_outside_is_not_read(root: Path, path: str) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        observe(root, path)
