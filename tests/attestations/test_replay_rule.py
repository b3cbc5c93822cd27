"""A replay that differs names the rule, with its file and line, that made the first difference."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from package_case import KEY, check
from replay_case import CONTROL, ENGINE, evaluated
from signing_case import write

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.package.files import PackageFiles
from probatum.attestations.package.write import PackageContents, write_package
from probatum.attestations.verify import replay_rule
from probatum.attestations.verify.package import CheckedPackage
from probatum.attestations.verify.replay_difference import Difference
from probatum.attestations.verify.replay_rule import rule_at
from probatum.errors import EngineError
from probatum.evaluator.engines.base import RuleResult
from probatum.evaluator.policies import PolicySet

PATH = "controls/TEST-01/control.rego"
MORE = b"""
deny contains {"subject": id, "message": sprintf("odd: %d", [size]), "evidence": [obs]} if {
	some id in applies
	some obs in input.observed[id].size
	size := input.observations[obs].result.bytes
	size % 2 == 1
}

# a comment with \xc3\xbcml\xc3\xa4uts before the rule
deny contains {"subject": id, "message": "no name", "evidence": [obs]} if {
	some id in applies
	some obs in input.observed[id].size
	endswith(id, ":b")
}
"""
BESIDE = b"""package probatum.controls.test_01

import rego.v1

applies contains "model:b" if input.subjects["model:b"]
"""
SEVERAL = PolicySet({PATH: CONTROL + MORE})
Forge = Callable[[dict[str, Any]], None]


def told(tmp_path: Path, contents: PackageContents, forge: Forge, engine: Any = ENGINE) -> str:
    """What a replay says of a record that somebody forged and signed."""
    forged = copy.deepcopy(dict(contents.assessment))
    forge(forged["controls"][0])
    made = PackageContents(contents.graph, forged, contents.settings, contents.policies)
    write_package(tmp_path / "verdict", made, attestor=KeyAttestor([KEY]), version="0.1.0")
    report = check(tmp_path, engine=engine)
    assert report.rows[-1].ok is False
    return str(report.rows[-1].detail)


def without(message: str) -> Forge:
    """Takes one finding out of every subject."""

    def forge(control: dict[str, Any]) -> None:
        for item in control["subjects"]:
            item["findings"] = [found for found in item["findings"] if found["message"] != message]

    return forge


def test_the_only_rule_of_its_name(tmp_path: Path) -> None:
    detail = told(tmp_path, evaluated({"a": 20}), without("too large"))
    assert f"by its rule deny: only replayed: too large, at {PATH}:17 (evaluated" in detail


@pytest.mark.parametrize(
    ("message", "start"),
    [
        ("odd: 21", b'deny contains {"subject": id, "message": sprintf'),
        ("no name", b'deny contains {"subject": id, "message": "no name"'),
    ],
)
def test_the_one_of_several_rules_that_finds_it(tmp_path: Path, message: str, start: bytes) -> None:
    """Each is evaluated alone; lines are those of the file, whatever is taken out of it, and whatever is in UTF-8."""
    (at,) = [number for number, text in enumerate((CONTROL + MORE).splitlines(), 1) if text.startswith(start)]
    detail = told(tmp_path, evaluated({"a": 2, "b": 21}, SEVERAL), without(message))
    assert f"TEST-01 for model:b: by its rule deny: only replayed: {message}, at {PATH}:{at} (evaluated" in detail


def test_what_only_the_record_has_comes_from_one_of_several(tmp_path: Path) -> None:
    """Nothing makes it here, so that it cannot be told apart."""

    def forge(control: dict[str, Any]) -> None:
        control["subjects"][0]["findings"][0]["message"] = "never"

    detail = told(tmp_path, evaluated({"b": 1}, SEVERAL), forge)
    assert f"only recorded: never, which is one of {PATH}:17, {PATH}:30, {PATH}:38 (evaluated" in detail


def test_a_subject_that_a_rule_of_another_module_adds(tmp_path: Path) -> None:
    own = CONTROL.replace(b"if some id in input.ids.model", b'if {\n\tsome id in input.ids.model\n\tid == "model:a"\n}')
    policies = PolicySet({PATH: own, "controls/TEST-01/more.rego": BESIDE})

    def forge(control: dict[str, Any]) -> None:
        control["subjects"] = [item for item in control["subjects"] if item["subject"] != "model:b"]

    detail = told(tmp_path, evaluated({"a": 1, "b": 1}, policies), forge)
    assert "only in the replay, by its rule applies, at controls/TEST-01/more.rego:5 (evaluated" in detail


def test_many_rules_are_counted_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_rule, "_MOST", 2)
    monkeypatch.setattr(replay_rule, "_SHOWN", 1)
    detail = told(tmp_path, evaluated({"b": 1}, SEVERAL), without("no name"))
    assert f", which is one of {PATH}:17 and 2 more (evaluated" in detail


def test_no_rule_made_it(tmp_path: Path) -> None:
    """Of a control that is not among the policies there is none to name."""

    def other(control: dict[str, Any]) -> None:
        control["id"] = "TEST-00"

    detail = told(tmp_path, evaluated({"a": 1}), other)
    assert "TEST-00 for model:a: only in the recorded assessment, by its rule applies (evaluated" in detail
    assert "rego" not in detail.partition(" (evaluated")[0]


class Silent:
    """Stands for an independent engine that finds nothing; nothing real does so on purpose."""

    name, version = "silent", "1"

    def run(self, modules: Any, batches: Any) -> Any:
        found = ENGINE.run(modules, batches)
        return [{package: {**rules, "deny": RuleResult([])} for package, rules in answers.items()} for answers in found]


def test_an_engine_that_finds_less(tmp_path: Path) -> None:
    contents = evaluated({"b": 20}, SEVERAL)
    write_package(tmp_path / "verdict", contents, attestor=KeyAttestor([KEY]), version="0.1.0")
    detail = check(tmp_path, engine=Silent()).rows[-1].detail
    assert "only recorded: " in detail
    assert f"which is one of {PATH}:17" in detail


class Tired:
    """Stands for an engine that is stopped by its limits while the rules are tried one by one."""

    name, version = ENGINE.name, ENGINE.version

    def __init__(self) -> None:
        self.runs = 0

    def run(self, modules: Any, batches: Any) -> Any:
        self.runs += 1
        if self.runs > 1:
            raise EngineError("it takes too long")
        return ENGINE.run(modules, batches)


def test_rules_that_cannot_be_tried_are_all_named(tmp_path: Path) -> None:
    detail = told(tmp_path, evaluated({"b": 1}, SEVERAL), without("no name"), Tired())
    assert f"only replayed: no name, which is one of {PATH}:17, {PATH}:30, {PATH}:38 (evaluated with" in detail


def test_policies_that_only_another_engine_reads(tmp_path: Path) -> None:
    """Open Policy Agent may decide with what the parser here does not take: then no place is told."""
    write(tmp_path / "x", "")
    of, policies = evaluated({"a": 1}).graph, PolicySet({PATH: CONTROL + b"\ndeny contains {"})
    package = CheckedPackage(PackageFiles.open(tmp_path), b"", {}, {}, of, policies, ())
    assert rule_at(Difference("x", "TEST-01", "model:a", "deny"), package, {}, ENGINE) == ""
