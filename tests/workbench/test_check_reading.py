"""Packs that are broken as files: each bad file is told, with its place, and the others are checked all the same."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from check_case import CONTROL, checked, found, write
from hypothesis import given, settings
from hypothesis import strategies as st

from probatum.errors import PolicyError
from probatum.evaluator.bundle import pack
from probatum.evaluator.policies import PolicySet
from probatum.workbench.check.run import check


def test_a_syntax_error_has_line_column_and_caret_and_hides_nothing(tmp_path: Path) -> None:
    write(tmp_path, ("result.problems == 0", "result.problems == == 0"))
    write(tmp_path, ("result.problems", "result.problms"), id="ORG-02")
    report = check(tmp_path)
    assert found(report) == ["input/undeclared-field", "syntax/error"]
    syntax = next(problem for problem in report.problems if problem.rule.name == "syntax/error")
    assert (Path(syntax.path).parent.name, syntax.line, syntax.column) == ("ORG-01", 31, 21)
    message, source, caret = syntax.why.split("\n")
    assert message
    assert source.strip() == "result.problems == == 0"
    assert source[caret.index("^")] == "="


def test_files_that_cannot_be_policies_are_told_one_by_one(tmp_path: Path) -> None:
    write(tmp_path)
    homes = [tmp_path / "controls" / f"ORG-0{number}" for number in range(2, 6)]
    for home in homes:
        home.mkdir()
    (homes[0] / "control.rego").write_bytes(CONTROL.encode() + b"\n# \xff\n")
    (homes[1] / "control.rego").write_text("x" * (1024 * 1024 + 1))
    (homes[2] / "control.rego").symlink_to(tmp_path / "controls" / "ORG-01" / "control.rego")
    os.mkfifo(homes[3] / "control.rego")
    (tmp_path / "controls" / "linked").symlink_to(homes[0])
    report = check(tmp_path)
    assert found(report) == ["pack/unreadable"] * len(report.problems)
    told = {Path(problem.path).relative_to(tmp_path).as_posix(): problem for problem in report.problems}
    assert {f"controls/{home.name}/control.rego" for home in homes} | {"controls/linked"} == set(told)
    assert told["controls/ORG-02/control.rego"].line == CONTROL.count("\n") + 2
    assert "UTF-8" in told["controls/ORG-02/control.rego"].what
    assert report.modules == 1


def test_names_that_are_not_what_they_seem_and_modules_astray(tmp_path: Path) -> None:
    write(tmp_path)
    odd = tmp_path / "controls" / "ОRG-01"  # a Cyrillic letter
    odd.mkdir()
    (odd / "control.rego").write_text(CONTROL)
    (tmp_path / "spare.rego").write_text("package spare\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "-x.rego").write_text("package x\n")
    (tmp_path / "controls" / "ORG-07").mkdir()
    (tmp_path / "controls" / "ORG-07" / "helper.rego").write_text("package helper\n\nx := 1\n")
    (tmp_path / "controls" / "ORG-07" / "control_test.rego").write_text("package helper_test\n\nbroken if {\n")
    report = check(tmp_path)
    assert found(report) == ["pack/no-control", "pack/stray-module", "pack/stray-module", "pack/unreadable"]
    letter = next(problem for problem in report.problems if problem.rule.name == "pack/unreadable")
    assert "U+041E" in letter.why


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("package a\n\nimport rego.v1\n", "metadata/invalid", 1),
        ("# METADATA\n# title: [\npackage a\n\nimport rego.v1\n", "metadata/invalid", 1),
        ("# METADATA\n# just words\npackage a\n\nimport rego.v1\n", "metadata/invalid", 1),
        ("", "syntax/error", 1),
        ("# METADATA\n# title: x\n# title: y\npackage a\n\nimport rego.v1\n", "metadata/invalid", 3),
        (CONTROL.replace("id: ORG-01", "id: ORG-١"), "metadata/invalid", 5),
        (CONTROL.replace("type: array", "type: arrow"), "metadata/parameter", 12),
        (CONTROL.replace("       default: [onnx]\n", "       defalt: [onnx]\n"), "metadata/invalid", 12),
        (CONTROL.replace("org_01", "org_02"), "metadata/contradictory", 1),
        ("package a\n\np := " + "[" * 18 + "1" + "]" * 18 + "\n", "syntax/error", 1),
    ],
)
def test_a_control_that_is_not_one(text: str, rule: str, line: int, tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_text(text)
    begun = time.monotonic()
    problems = [problem for problem in check(tmp_path).problems if problem.rule.name == rule]
    assert problems
    assert abs(problems[0].line - line) <= 1
    assert time.monotonic() - begun < 60


def test_every_mistake_in_metadata_is_told(tmp_path: Path) -> None:
    report = checked(
        tmp_path,
        ("priority: high", "priority: severe"),
        ("stages: [training]", "stages: []"),
        ("remediation", "remedy"),
    )
    assert found(report) == ["metadata/invalid"] * 4
    assert len({(problem.line, problem.what) for problem in report.problems}) == 4


def test_a_pack_may_rest_on_itself_and_on_the_built_in_library(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "kinds.rego").write_text(
        "package org.lib.kinds\n\nimport rego.v1\n\nis_odd(x) if x.kindd == 3\n\nis_fine(x) if x.path == `y`\n"
    )
    imports = ("import data.probatum.lib.shape\n", "import data.org.lib.kinds\nimport data.probatum.lib.shape\n")
    report = checked(tmp_path, imports, ("\tresult.problems == 0\n", "\tkinds.is_fine(result.files[0])\n"))
    assert found(report) == []
    unknown = checked(tmp_path, imports, ("\tresult.problems == 0\n", "\tkinds.is_god(result.files[0])\n"))
    assert found(unknown) == ["names/unknown-rule"]


def test_files_of_parameters_must_fit_the_controls(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "parameters").mkdir()
    (tmp_path / "parameters" / "org.yaml").write_text("ORG-01: {allowed: 3}\n")
    assert found(check(tmp_path)) == ["pack/inconsistent"]


def test_one_control_is_checked_with_the_pack_around_it(tmp_path: Path) -> None:
    write(tmp_path, ("result.problems", "result.problms"))
    good = write(tmp_path, id="ORG-02").parent
    bad = write(tmp_path, ('parameters["ORG-01"]', 'parameters["ORG-02"]'), id="ORG-03").parent
    assert check(good).problems == ()
    assert set(found(check(bad))) == {"parameters/unread", "parameters/other-control"}
    assert check(good / "control.rego").problems == ()
    alone = tmp_path / "elsewhere"
    shutil.copytree(good, alone)
    assert check(alone).problems == ()
    assert check(alone).controls == 1
    (alone / "more.rego").write_text("package more\n\nx if input.nope\n")
    assert found(check(alone)) == ["input/undeclared-field"]


def test_a_bundle_is_checked_like_its_folder(tmp_path: Path) -> None:
    root = tmp_path / "pack"
    write(root, ("result.problems", "result.problms"))
    bundle = tmp_path / "pack.tar.gz"
    bundle.write_bytes(pack(PolicySet.load(root)))
    assert found(check(bundle)) == found(check(root)) == ["input/undeclared-field"]
    (problem,) = check(bundle).problems
    assert problem.path == f"{bundle}/controls/ORG-01/control.rego"


def test_what_is_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no folder or bundle"):
        check(tmp_path / "missing")
    with pytest.raises(PolicyError, match="no folder of policies"):
        check(tmp_path)
    (tmp_path / "controls").mkdir()
    with pytest.raises(PolicyError, match="no module"):
        check(tmp_path)
    (tmp_path / "x.tar.gz").write_bytes(b"no bundle")
    with pytest.raises(PolicyError):
        check(tmp_path / "x.tar.gz")


def test_the_built_in_pack_is_clean() -> None:
    report = check()
    assert report.problems == ()
    assert report.controls == len(PolicySet.built_in().controls)
    assert all(len(reason) > 10 for _, reason in report.exempt)


HOSTILE = {
    "values that double": ("v0 := [input]\n", "\nv{n} := [v{m}, v{m}]\n", 45),
    "a long chain": ("v0 := input.ids.model\n", "\nv{n} := v{m}\n", 1500),
    "a chain that begins at its end": ("", "\nv{m} := v{n}\n", 500),
    "calls that double": ("v0(x) := x\n", "\nv{n}(x) := [v{m}([x, 1]), v{m}([x, 2])]\n", 25),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_policy_that_is_made_to_be_hard_is_checked_in_time(name: str, tmp_path: Path) -> None:
    first, step, number = HOSTILE[name]
    more = "\n\n" + first + "".join(step.format(n=one, m=one - 1) for one in range(1, number))
    begun = time.monotonic()
    report = checked(tmp_path, more=more)
    assert set(found(report)) - {"pack/too-involved", "names/unknown-rule"} == {"names/unused-rule"}
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("more", ["a if b\n\nb if a\n", "f(x) := f(x)\n", "g contains x if some x in g\n"])
def test_a_rule_that_rests_on_itself(more: str, tmp_path: Path) -> None:
    report = checked(tmp_path, more=f"\n\n{more}")
    assert set(found(report)) - {"complexity/nested-subjects"} == {"names/recursive-rule", "names/unused-rule"}


_TOKENS = re.findall(r"\w+|\s+|[^\w\s]", CONTROL)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, len(_TOKENS) - 1), min_size=2, max_size=2), st.sampled_from(["drop", "swap", "repeat"]))
def test_whatever_is_mistyped_is_told_or_harmless(places: list[int], how: str) -> None:
    tokens = list(_TOKENS)
    one, other = places
    if how == "drop":
        tokens[one] = ""
    elif how == "swap":
        tokens[one], tokens[other] = tokens[other], tokens[one]
    else:
        tokens[one] *= 2
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "controls", "ORG-01", "control.rego")
        path.parent.mkdir(parents=True)
        path.write_text("".join(tokens))
        report = check(Path(folder))
    lines = "".join(tokens).split("\n")
    for problem in report.problems:
        assert 1 <= problem.line <= len(lines) + 1
        assert 1 <= problem.column <= max(map(len, lines)) + 2
        assert problem.what
