"""Which verdicts are about a software package: wherever evidence names it, in whatever way it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from impact_case import ENGINE, evidence, kept, observed
from typer.testing import CliRunner

from probatum.attestations.revocation.impact import FALLS, HOLDS, UNDECIDED, UNTOUCHED, Affected, impact
from probatum.attestations.revocation.package_question import about_package
from probatum.attestations.revocation.software import (
    Software,
    asked_software,
    from_image,
    from_purl,
    same_name,
    same_version,
)
from probatum.cli import app
from probatum.errors import UsageError
from probatum.evaluator.graph import Coverage, Observation, Skipped, Status, Subject

MODEL = Subject("model", "m", {"sha256": "1" * 64}, "m")
LOCK = Subject("dependency_set", "d", {"sha256": "2" * 64}, "d")
SERVING = Subject("workload", "serving", {"sha256": "3" * 64}, "s.yaml")
TRITON = "nvcr.io/nvidia/tritonserver:24.01@sha256:" + "c" * 64


def only(folder: Path, text: str) -> Affected:
    (answer,) = impact(folder, about_package(asked_software(text)), ENGINE)
    return answer


def bom(*packages: tuple[str, str | None, str | None], **fields: Any) -> Observation:
    listed = [{"name": name, "version": version, "purl": purl} for name, version, purl in packages]
    result = {"documents": ["bom.cdx.json"], "packages": listed, "packages_omitted": 0, **fields.pop("result", {})}
    return observed(MODEL, "ml_bom", result, **fields)


def serving(*images: str | None, **fields: Any) -> Observation:
    pods = [{"containers": [{"image": image} for image in images]}, {"containers": "none"}, 5]
    return observed(SERVING, "workload", {"pods": pods}, **fields)


def loading(*imports: str) -> Observation:
    return observed(MODEL, "model_scan", {"files": [{"path": "m", "imports": list(imports)}, {"path": "n"}]})


PARTIAL: dict[str, Any] = {"status": Status.PARTIAL, "coverage": Coverage(2, 1, (Skipped("b.cdx.json", "not JSON"),))}


@pytest.mark.parametrize(
    "asked",
    ["torch", "Torch", "torch==2.1", "torch@2.1.0", "pkg:pypi/torch", "pkg:pypi/torch@2.1.0", "pkg:pypi/Torch@2.1"],
)
def test_a_package_that_only_a_bill_of_materials_names(tmp_path: Path, asked: str) -> None:
    """Nobody audited it, so that the bill counts for nothing."""
    kept(tmp_path / "v", [*evidence(), bom(("Torch", "2.1.0", "pkg:pypi/torch@2.1.0"), ("x", None, None))])
    answer = only(tmp_path, asked)
    assert answer.how == (
        "torch 2.1.0 in the bill of materials of model:m", "in the evidence; nothing cites it",
    )  # fmt: skip
    assert (answer.state, answer.found["versions"]) == (HOLDS, ["2.1.0"])
    assert only(tmp_path, "torch==2.2").state == UNTOUCHED
    assert only(tmp_path, "pkg:npm/torch@2.1.0").state == UNDECIDED


def test_components_without_a_package_url_or_a_version(tmp_path: Path) -> None:
    kept(tmp_path / "v", [*evidence(), bom(("@angular/core", "17.0", None), ("core", None, "pkg:npm/%40acme/core"))])
    assert only(tmp_path, "@angular/core@17.0").how[0] == "@angular/core 17.0 in the bill of materials of model:m"
    assert only(tmp_path, "pkg:npm/%40angular/core@17.0").state == HOLDS, "it may be of any ecosystem"
    answer = only(tmp_path, "pkg:npm/%40acme/core@3")
    assert (answer.state, answer.why) == (
        UNDECIDED,
        (
            "npm @acme/core in the bill of materials of model:m is of a version that is not told; "
            "no list of npm packages is among the evidence, besides bills of materials"
        ),
    )
    assert only(tmp_path, "pkg:npm/%40acme/core").found["versions"] == ["any version"]


def test_the_version_of_the_component_where_its_package_url_has_none(tmp_path: Path) -> None:
    kept(tmp_path / "v", [*evidence(), bom(("torch", "2.1.0", "pkg:pypi/torch"), ("y", "1", "pkg:broken"))])
    assert only(tmp_path, "torch==2.1.0").found["versions"] == ["2.1.0"]
    assert only(tmp_path, "y==1").found["versions"] == ["1"]


def test_a_package_that_was_audited_elsewhere_needs_no_bill(tmp_path: Path) -> None:
    """The audit of the lock file judged it; of another version that the bill lists nobody did."""
    known = evidence(advisories=("CVE-2026-1",))
    kept(tmp_path / "same" / "v", [*known, bom(("left-pad", "1.0", None))])
    kept(tmp_path / "other" / "v", [*known, bom(("left-pad", "2.0", None))])
    same, other = only(tmp_path / "same", "left-pad"), only(tmp_path / "other", "left-pad")
    assert (same.state, other.state) == (HOLDS, HOLDS)
    assert "in the evidence; nothing cites it" not in same.how
    assert other.how[-1] == "in the evidence; nothing cites it"


def test_a_lock_file_that_nobody_audited(tmp_path: Path) -> None:
    """What names the package is all that there is, and it is what the proof cites."""
    kept(tmp_path / "v", [item for item in evidence() if item.type != "dependency_audit"])
    answer = only(tmp_path, "left-pad")
    assert answer.how == ("left-pad 1.0 in dependency_set:d", "proof of TEST-03 for dependency_set:d")
    assert (answer.state, answer.changed) == (FALLS, ("TEST-03 for dependency_set:d: pass becomes inconclusive",))


def test_a_package_that_a_lock_file_does_not_pin(tmp_path: Path) -> None:
    """Any version may have been installed: also the one that is asked about."""
    kept(tmp_path / "v")
    assert (only(tmp_path, "other==2").state, only(tmp_path, "other==2").why) == (
        UNDECIDED, "other in dependency_set:d is of a version that is not told",
    )  # fmt: skip
    assert only(tmp_path, "other").state == FALLS


def test_a_lock_file_without_the_dependencies_of_dependencies(tmp_path: Path) -> None:
    lock = observed(
        LOCK, "dependencies", {"packages": [{"name": "left-pad", "version": "1.0"}], "complete_lock": False}
    )
    kept(tmp_path / "v", [*(item for item in evidence() if item.type != "dependencies"), lock])
    assert only(tmp_path, "absent").why == (
        "the packages of dependency_set:d were not all listed: dependencies of dependencies are not in it"
    )
    told = only(tmp_path, "left-pad")
    assert (told.state, len(told.found["not_told"])) == (FALLS, 1)


@pytest.mark.parametrize(
    ("asked", "state"),
    [
        ("pkg:docker/nvidia/tritonserver@24.01", HOLDS),
        ("pkg:docker/tritonserver", HOLDS),
        ("pkg:docker/nvidia/tritonserver@24.01?repository_url=nvcr.io", HOLDS),
        ("pkg:docker/nvidia/tritonserver@24.01?repository_url=docker.io", UNTOUCHED),
        (f"pkg:oci/tritonserver@sha256:{'c' * 64}?repository_url=nvcr.io/nvidia/tritonserver", HOLDS),
        (f"pkg:oci/tritonserver@sha256:{'d' * 64}", UNTOUCHED),
        ("pkg:docker/nvidia/tritonserver@24.02", UNTOUCHED),
        ("pkg:docker/library/tritonserver", UNTOUCHED),
        ("tritonserver", HOLDS),
        ("tritonserver@24.01", HOLDS),
        ("pkg:pypi/tritonserver", UNTOUCHED),
    ],
)
def test_container_images(tmp_path: Path, asked: str, state: str) -> None:
    kept(tmp_path / "v", [*evidence(), serving(TRITON, "localhost:5000/x", None)], SERVING)
    answer = only(tmp_path, asked)
    assert answer.state == state
    if state == HOLDS:
        assert answer.how[0] == f"docker nvcr.io/nvidia/tritonserver 24.01 sha256:{'c' * 64} run by workload:serving"


def test_images_of_which_not_everything_is_known(tmp_path: Path) -> None:
    digest = f"pkg:oci/x@sha256:{'d' * 64}"
    kept(tmp_path / "a" / "v", [*evidence(), serving("localhost:5000/x:1")], SERVING)
    assert "is of a version that is not told" in only(tmp_path / "a", digest).why
    assert only(tmp_path / "a", "pkg:oci/y").state == UNTOUCHED
    kept(tmp_path / "b" / "v", [*evidence(), serving("x:1", **PARTIAL)], SERVING)
    assert only(tmp_path / "b", "pkg:oci/y").why == (
        "the container images of workload:serving were not all listed: b.cdx.json: not JSON"
    )
    kept(tmp_path / "c" / "v")
    assert "has no workload, so nobody knows which container images" in only(tmp_path / "c", "pkg:oci/y").why
    kept(tmp_path / "d" / "v", evidence(), SERVING)
    assert only(tmp_path / "d", "pkg:oci/y").why.endswith("were not all listed: nobody looked")


def test_modules_that_loading_a_model_imports(tmp_path: Path) -> None:
    """They tell no version, and tell nothing where something else does."""
    scan = loading("sklearn.linear_model._logistic.LogisticRegression", "numpy.ndarray", "left_pad.x")
    kept(tmp_path / "v", [*evidence(), scan])
    assert only(tmp_path, "scikit-learn").how[0] == "scikit-learn imported by model:m"
    assert "is of a version that is not told" in only(tmp_path, "scikit-learn==1.0").why
    assert only(tmp_path, "left-pad==9").state == UNTOUCHED, "the lock file says which one is installed"
    assert only(tmp_path, "sklearn").state == UNTOUCHED


def test_subjects_that_are_packages_or_images(tmp_path: Path) -> None:
    more = [
        Subject("package", "leftpad", attributes={"version": "1.2"}),
        Subject("package", "unversioned"),
        Subject("image", "quay.io/a/b:3", {"sha256": "e" * 64}),
    ]
    about = observed(more[0], "provenance", {"verified": True, "signers": []})
    kept(tmp_path / "v", [*evidence(), about], *more)
    assert only(tmp_path, "leftpad@1.2").how == ("leftpad 1.2 as package:leftpad", "in the evidence; nothing cites it")
    assert only(tmp_path, "unversioned@1").state == UNDECIDED
    assert only(tmp_path, f"pkg:oci/b@sha256:{'e' * 64}").how[0].endswith("as image:quay.io/a/b:3")
    assert only(tmp_path, "pkg:docker/a/b@3").state == HOLDS


def test_bills_of_materials_that_do_not_tell_everything(tmp_path: Path) -> None:
    kept(tmp_path / "a" / "v", [*evidence(), bom(result={"packages_omitted": 7})])
    assert only(tmp_path / "a", "absent").why == "the bill of materials of model:m lists 7 more"
    kept(tmp_path / "b" / "v", [*evidence(), observed(MODEL, "ml_bom", {"documents": ["x"]})])
    assert only(tmp_path / "b", "absent").why == "what the bill of materials of model:m lists was not recorded"
    kept(tmp_path / "c" / "v", [*evidence(), bom(**PARTIAL)])
    assert only(tmp_path / "c", "absent").why == "b.cdx.json of model:m was not read: not JSON"


def test_an_advisory_of_an_audit_without_a_list(tmp_path: Path) -> None:
    audit = observed(
        LOCK, "dependency_audit", {"vulnerabilities": [{"package": "gone", "version": "1", "id": "CVE-1"}]}
    )
    kept(tmp_path / "v", [*(item for item in evidence() if item.type != "dependency_audit"), audit])
    answer = only(tmp_path, "gone")
    assert (answer.state, answer.how, answer.found["advisories"]) == (
        HOLDS, ("gone 1 in the audit of dependency_set:d",), ["CVE-1"],
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "==1", "x==", "x@", "pkg:", "pkg:pypi", "pkg:/x", " "])
def test_what_names_no_package_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no package"):
        asked_software(text)


def test_how_names_and_versions_are_read() -> None:
    assert (
        asked_software("requests==2.31.0")
        == asked_software("requests@2.31.0")
        == Software("requests", None, ("2.31.0",))
    )
    assert asked_software("@a/b") == Software("@a/b")
    assert from_purl("pkg:pypi/Requests_X@1") == Software("requests-x", "pypi", ("1",))
    assert from_image("localhost:5000/a/b") == Software("localhost:5000/a/b", "docker")
    assert str(from_purl("pkg:npm/%40a/b@1")) == "npm @a/b 1"
    assert same_name(asked_software("pkg:cargo/a_b"), from_purl("pkg:cargo/a-b")) is False, "PEP 503 is Python's"
    assert same_version(Software("x", versions=("not-a-version",)), Software("x", versions=("1",))) is False


def test_the_command_takes_package_urls(tmp_path: Path) -> None:
    kept(tmp_path / "v", [*evidence(whole=False)])
    run = CliRunner().invoke(app, ["impact", str(tmp_path), "--package", "pkg:pypi/left-pad@1.0"])
    assert run.exit_code == 1, run.stderr
    assert "v: not told: the packages of dependency_set:d were not all listed: x: unreadable" in run.stdout
    assert CliRunner().invoke(app, ["impact", str(tmp_path), "--package", "pkg:x"]).exit_code == 2
