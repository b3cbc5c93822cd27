"""``policy mutate`` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

from command_case import last_line, tree
from mutation_case import STRONG, pack
from policy_case import RULES

WEAKER = STRONG.replace("world.unusable(bad)] {\n\t\tcontrol.deny", "bad] {\n\t\tcontrol.deny")


def test_no_survivor_is_a_pass(run, tmp_path: Path) -> None:
    folder = pack(tmp_path)
    before = tree(folder)
    done = run("policy", "mutate", "--policies", folder, "-j", 2)
    assert done.exit_code == 0, done.stderr
    assert "controls/TINY-01/control.rego" in done.stdout
    assert "mutants, 3 tests: 0 survivors not explained, 0 explained; evidence spoilt" in last_line(done)
    assert tree(folder) == before


def test_survivors_are_listed_with_place_diff_and_hint(run, tmp_path: Path) -> None:
    found = run("policy", "mutate", "TINY-01", "--policies", pack(tmp_path, tests=WEAKER), "-q", "-f", "text")
    assert found.exit_code == 1
    assert "SURVIVED controls/TINY-01/control.rego:19 (usable)" in found.stdout
    assert "- some obs in input.observed[id].scan" in found.stdout
    assert "+ some obs in input.usable[id].scan" in found.stdout
    assert "hint: add a case whose evidence was observed and is not usable" in " ".join(found.stdout.split())
    assert found.stderr.count("\n") == 1


def test_improvements_are_listed_with_what_was_spoilt(run, tmp_path: Path) -> None:
    leaky = RULES.replace(
        "input.observations[obs].result.bad == false", "not input.observations[obs].result.bad == true"
    )
    found = run("policy", "mutate", "--policies", pack(tmp_path, leaky))
    assert found.exit_code == 1
    assert "IMPROVED TINY-01 of model:x: fail becomes pass" in found.stdout
    assert "when observations/obs:scan/result/bad removed" in found.stdout
    assert "improved" in last_line(found)


def test_explained_survivors_are_shown_when_asked_for(run, tmp_path: Path) -> None:
    said = " # probatum:survives usable: who reads \x1b[2J this?"
    place = "input.observed[id].scan\n"
    folder = pack(tmp_path, RULES.replace(place, f"{place[:-1]}{said}\n"), WEAKER)
    shown = run("policy", "mutate", "--policies", folder, "--show")
    assert shown.exit_code == 0, shown.stderr
    assert "EXPLAINED controls/TINY-01/control.rego:19 (usable)" in shown.stdout
    assert "because who reads \\u001b[2J this?" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "1 explained" in last_line(shown)
    assert "EXPLAINED" not in run("policy", "mutate", "--policies", folder).stdout


def test_long_diffs_are_cut_and_what_is_not_spoilt_is_named(run, tmp_path: Path) -> None:
    long = "unused := [\n" + "".join(f"\t{number},\n" for number in range(20)) + "]\n"
    helper = "\nproven(found) if count(control.proof) == 1 with input as found\n\ntest_helper if proven(good)\n"
    found = run("policy", "mutate", "--policies", pack(tmp_path, RULES + long, STRONG + helper))
    assert found.exit_code == 1
    assert "- 9," in found.stdout
    assert "… 10 more lines" in found.stdout
    assert "NOT SPOILT controls/TINY-01/control_test.rego:" in found.stdout


def test_json_is_the_report(run, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    done = run("policy", "mutate", "--policies", pack(tmp_path / "p", tests=WEAKER), "-f", f"json={file}", "-q")
    assert (done.exit_code, done.stdout) == (1, "")
    document = json.loads(file.read_text())
    assert document["ok"] is False
    assert {item["operator"] for item in document["survivors"]} == {"usable"}
    assert document["modules"]["controls/TINY-01/control.rego"]["survived"] == 1


def test_errors_are_no_result(run, tmp_path: Path) -> None:
    stale = RULES.replace("bad == false\n", "bad == false # probatum:survives drop: not so\n")
    explained = run("policy", "mutate", "--policies", pack(tmp_path / "a", stale))
    assert (explained.exit_code, explained.stdout) == (2, "")
    assert "controls/TINY-01/control.rego:25 (drop)" in explained.stderr
    assert run("policy", "mutate", "MODEL-99").exit_code == 2
    assert run("policy", "mutate", "--policies", tmp_path / "none").exit_code == 2
    junit = run("policy", "mutate", "--policies", pack(tmp_path / "b"), "-f", "junit")
    assert junit.exit_code == 2
    assert "text or json" in junit.stderr
