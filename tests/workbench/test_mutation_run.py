"""Whole runs: strong tests leave no survivor, weak ones do, and nothing that was not tested is called tested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mutation_case import STRONG, pack
from policy_case import APPLIES, DENY, PROOF, RULES, graph, observation

from probatum.errors import PolicyError, UsageError
from probatum.evaluator.engines.limits import Limits
from probatum.workbench.mutation.report import MutationReport
from probatum.workbench.mutation.run import mutate

CONTROL = "controls/TINY-01/control.rego"
WEAK = """package tiny.tiny_01_test

import rego.v1

import data.probatum.lib.world
import data.tiny.tiny_01 as control

good := world.of("TINY-01", "model", {"scan": {"bad": false}}, {})

test_good if count(control.proof) == 1 with input as good
"""
LEAKY = RULES.replace("input.observations[obs].result.bad == false", "not input.observations[obs].result.bad == true")


def survivors(report: MutationReport) -> set[tuple[int, str]]:
    return {(item.line, item.operator) for item in report.survivors}


def line_of(folder: Path, text: str) -> int:
    lines = (folder / CONTROL).read_text().split("\n")
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_strong_tests_leave_no_survivor(tmp_path: Path) -> None:
    said: list[str] = []
    report = mutate(pack(tmp_path), jobs=2, say=said.append)
    assert report.ok
    assert report.survivors == ()
    assert report.improvements == ()
    counts = report.modules[CONTROL]
    assert counts.mutants == counts.noticed + counts.refused > 20
    assert counts.refused > 0
    assert report.tests == 3
    assert report.inputs >= 4
    assert report.spoilt > 50
    assert said == [f"{counts.mutants} mutants of 1 module", f"{report.inputs} inputs to spoil"]


def test_weak_tests_are_found_out_and_the_report_does_not_depend_on_processes(tmp_path: Path) -> None:
    folder = pack(tmp_path, tests=WEAK)
    report = mutate(folder, ("tiny-01",), jobs=1)
    assert not report.ok
    proof, deny = line_of(folder, "bad == false"), line_of(folder, "bad == true")
    found = survivors(report)
    assert {(deny, "compare"), (deny, "drop"), (deny, "constant"), (proof, "drop")} <= found
    assert (proof, "compare") not in found
    first = next(item for item in report.survivors if (item.line, item.operator) == (deny, "compare"))
    assert first.path == CONTROL
    assert first.diff == (
        "-\tinput.observations[obs].result.bad == true",
        "+\tinput.observations[obs].result.bad != true",
    )
    assert "limit" in first.hint
    assert mutate(folder, jobs=3) == report
    assert report.to_document() == json.loads(json.dumps(report.to_document()))


def test_an_explained_survivor_is_none(tmp_path: Path) -> None:
    rules = RULES.replace("bad == false\n", "bad == false\n\ttrue != 3 # probatum:survives REASON\n")
    kinds = "drop, constant: 3 is never true"
    report = mutate(pack(tmp_path, rules.replace("REASON", kinds)), jobs=2)
    assert report.ok
    assert {item.reason for item in report.survivors} == {"3 is never true"}
    assert len(report.survivors) == 4
    assert report.unexplained == ()
    one = mutate(pack(tmp_path, rules.replace("REASON", "drop: only that")), jobs=2)
    assert {item.operator for item in one.unexplained} == {"constant"}


def test_an_explanation_that_explains_nothing_ends_the_run(tmp_path: Path) -> None:
    stale = RULES.replace("bad == false\n", "bad == false # probatum:survives compare: it once did\n")
    with pytest.raises(PolicyError, match="explain nothing") as caught:
        mutate(pack(tmp_path, stale), jobs=2)
    assert f"{CONTROL}:" in caught.value.why
    with pytest.raises(PolicyError, match="cannot be read"):
        mutate(pack(tmp_path, stale.replace(": it once did", "")), jobs=2)


def test_evidence_whose_loss_makes_a_pass_is_found(tmp_path: Path) -> None:
    report = mutate(pack(tmp_path, LEAKY), jobs=2)
    assert not report.ok
    changes = {(item.change, item.before) for item in report.improvements}
    assert ("observations/obs:scan/result/bad removed", "fail") in changes
    first = report.improvements[0]
    assert (first.control, first.subject) == ("TINY-01", "model:x")
    assert first.input.startswith("controls/TINY-01/control_test.rego:")


def test_a_mutant_that_never_ends_is_stopped_and_no_survivor(tmp_path: Path) -> None:
    rules = (
        RULES + "slow if {\n\tfalse\n\tsome n in numbers.range(1, 30000000)\n\tn < 0\n}\n\ndeny contains 1 if slow\n"
    )
    report = mutate(pack(tmp_path, rules), jobs=2, limits=Limits(seconds=0.5, memory_mib=512))
    counts = report.modules[CONTROL]
    assert counts.stopped >= 1
    assert counts.mutants == counts.noticed + counts.refused + counts.stopped + counts.survived
    line = line_of(tmp_path, "\tfalse")
    assert not any(item.line == line and item.operator == "constant" for item in report.survivors)


def test_examples_are_tests_too(tmp_path: Path) -> None:
    folder = pack(tmp_path, tests=WEAK)
    deny = line_of(folder, "bad == true")
    for name, bad in (("good", False), ("bad", True)):
        example = folder / "controls" / "TINY-01" / name / "evidence.json"
        example.parent.mkdir()
        example.write_text(json.dumps(graph(observation(result={"bad": bad})).to_document()))
    report = mutate(folder, jobs=2)
    assert (deny, "compare") not in survivors(report)
    assert report.inputs == 3


LIBRARY = "package acme.lib.small\n\nimport rego.v1\n\nsmall(n) if n < 3\n"
USING = (
    (APPLIES + DENY + PROOF)
    .replace("bad == false", "bad == false\n\tsmall.small(1)")
    .replace(APPLIES, f"import data.acme.lib.small\n\n{APPLIES}")
)
OWN_TEST = "package acme.lib.small_test\n\nimport rego.v1\n\nimport data.acme.lib.small\n\n"
AT_THE_LIMIT = "test_limit if { small.small(2); not small.small(3) }\n"


def test_the_library_is_tested_by_its_own_tests_and_those_of_who_imports_it(tmp_path: Path) -> None:
    files = {"lib__small__rego": LIBRARY, "lib__small_test__rego": OWN_TEST + AT_THE_LIMIT}
    folder = pack(tmp_path / "a", USING, **files)
    assert mutate(folder, ("lib/small",), jobs=2).ok
    weaker = files | {"lib__small_test__rego": OWN_TEST + "test_one if small.small(1)\n"}
    report = mutate(pack(tmp_path / "b", USING, **weaker), ("lib/small",), jobs=2)
    assert {item.path for item in report.survivors} == {"lib/small.rego"}
    assert report.inputs == report.spoilt == 0
    untested = pack(tmp_path / "c", USING, lib__small__rego=LIBRARY)
    found = mutate(untested, ("lib/small",), jobs=2)
    assert ("lib/small.rego", "rule") not in {(item.path, item.operator) for item in found.survivors}
    assert "compare" in {item.operator for item in found.survivors}


def test_nothing_is_called_tested_that_was_not(tmp_path: Path) -> None:
    empty = "package tiny.tiny_01_test\n\nimport rego.v1\n"
    with pytest.raises(PolicyError, match=r"no test of .*control\.rego"):
        mutate(pack(tmp_path, tests=empty), jobs=2)
    with pytest.raises(PolicyError, match="no test of"):
        mutate(pack(tmp_path, tests=f"{empty}\ntodo_test_later if true\n"), jobs=2)
    with pytest.raises(PolicyError, match="fail with nothing changed") as caught:
        mutate(pack(tmp_path, tests=STRONG.replace('"message": "bad"', '"message": "good"')), jobs=2)
    assert "test_bad" in caught.value.why
    with pytest.raises(PolicyError, match="no test of"):
        mutate(pack(tmp_path, lib__alone__rego="package acme.alone\n\nimport rego.v1\n\np := 1\n"), jobs=2)


def test_nothing_to_change_is_no_result(tmp_path: Path) -> None:
    nothing = pack(
        tmp_path, lib__nothing__rego="package acme.nothing\n", lib__nothing_test__rego=f"{OWN_TEST}test_a if true\n"
    )
    with pytest.raises(PolicyError, match="no mutant"):
        mutate(nothing, ("lib/nothing",), jobs=1)


def test_an_unknown_name_is_refused_with_what_is_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="TINY-02") as caught:
        mutate(pack(tmp_path), ("TINY-02",), jobs=1)
    assert "TINY-01" in caught.value.remedy


def test_an_input_that_cannot_be_told_is_named(tmp_path: Path) -> None:
    odd = "\nproven(found) if count(control.proof) == 1 with input as found\n\ntest_helper if proven(good)\n"
    report = mutate(pack(tmp_path, tests=STRONG + odd), jobs=2)
    assert len(report.unread) == 1
    assert report.unread[0].startswith("controls/TINY-01/control_test.rego:")
