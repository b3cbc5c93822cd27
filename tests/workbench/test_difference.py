"""What a change of policies does to past evidence, in both directions, with nothing left out in silence."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from opa_case import needs_opa
from policy_case import checklist, policies
from trial_case import NOW, RULES, control, evidence, policy_set

from probatum.errors import EngineError, UsageError
from probatum.evaluator.engines.limits import Limits
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.graph import Graph, Subject
from probatum.evaluator.graph_document import dump_graph
from probatum.evaluator.policies import PolicySet
from probatum.evaluator.settings import settings_document
from probatum.reports.difference import render_difference, summary
from probatum.reports.format import Format
from probatum.workbench.difference import GROUPS, compare, weaker
from probatum.workbench.difference_of_one import Comparison, Side
from probatum.workbench.past_evidence import find_evidence

GOLDEN = Path(__file__).parent / "golden"
LENIENT = RULES.replace('\t\tissue.severity != "high"\n', "").replace(
    'issue.severity == "high"', 'issue.severity == "x"'
)
STRICT = RULES.replace("\t\tissue.fixed == true\n", '\t\tissue.severity == "none"\n')
OTHER = control("applies contains id if some id in input.ids.model\n\ndeny := set()\n\nproof := set()\n", id="TINY-02")


def sides(old: PolicySet, new: PolicySet, **fields: Any) -> Comparison:
    return Comparison(Side("before", old), Side("after", new), **fields)


def graphs(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.json").write_bytes(dump_graph(evidence(name)))
    return folder


def package(folder: Path, name: str, listed: PolicySet | None = None, **settings: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "evidence.json").write_bytes(dump_graph(evidence(name)))
    of = checklist(listed or policy_set())
    document = settings_document(checklist=of, engine=Regorus(), **{"now": NOW, **settings})
    (folder / "settings.json").write_text(json.dumps(document))
    return folder


def difference(comparison: Comparison, *places: Path, **options: Any) -> dict[str, Any]:
    return compare(comparison, find_evidence(places), **options)


def flips(document: Mapping[str, Any]) -> list[tuple[str, str, str, str | None, str | None]]:
    fields = ("group", "control", "subject", "before", "after")
    return [tuple(change[field] for field in fields) for change in document["changes"]]  # type: ignore[misc]


@pytest.mark.parametrize("engine", ["regorus", pytest.param("opa", marks=needs_opa)])
def test_flips_in_both_directions(engine: str, tmp_path: Path) -> None:
    place = graphs(tmp_path, "good", "high", "open")
    found = difference(sides(policy_set(), policy_set(LENIENT), engine_name=engine), place)
    assert flips(found) == [("newly passing", "TINY-01", "model:high", "fail", "pass")]
    assert found["changes"][0]["because"] == ["b is high"]
    assert found["changes"][0]["source"] == str(tmp_path / "high.json")
    assert found["changes"][0]["pipeline"] == "tiny"
    assert len(weaker(found)) == 1
    back = difference(sides(policy_set(LENIENT), policy_set(), engine_name=engine), place)
    assert flips(back) == [("newly failing", "TINY-01", "model:high", "pass", "fail")]
    assert weaker(back) == []
    assert back["compared"] == 3


def test_what_blocks_newly_and_what_only_changes_its_colour(tmp_path: Path) -> None:
    place = graphs(tmp_path, "good", "many", "open")
    found = difference(sides(policy_set(), policy_set(STRICT)), place)
    assert flips(found) == [("newly failing", "TINY-01", "model:good", "pass", "inconclusive")]
    quiet = policy_set(RULES.replace("deny contains", "was_denied contains") + "\ndeny := set()\n")
    found = difference(sides(policy_set(), quiet), place)
    assert flips(found) == [("other", "TINY-01", "model:many", "fail", "inconclusive")]
    assert weaker(found) == []


def test_equal_policies_change_nothing(tmp_path: Path) -> None:
    found = difference(sides(policy_set(), policy_set()), graphs(tmp_path, "good", "high"))
    assert found["changes"] == found["reasons"] == found["parameters"] == found["problems"] == []
    assert found["reworded"] == {}
    assert "the two are equal" in render_difference(found, Format.TEXT)


def test_grounds_are_counted_and_defaults_compared(tmp_path: Path) -> None:
    changed = control().replace("default: 2", "default: 9").replace("%s is high", "%s is not low")
    found = difference(sides(policy_set(), policies(changed)), graphs(tmp_path, "high", "many"))
    assert found["parameters"] == [{"control": "TINY-01", "parameter": "limit", "before": [2], "after": [9]}]
    assert found["reasons"] == [{"control": "TINY-01", "code": "finding", "before": 3, "after": 2}]
    assert found["reworded"] == {"TINY-01": 2}
    assert found["changes"] == []
    text = render_difference(found, Format.TEXT)
    assert "the default of limit was 2 and is 9" in text
    assert "TINY-01: finding 3 → 2 times" in text


def test_parameters_that_come_and_go(tmp_path: Path) -> None:
    without = policies(control(RULES.replace('input.parameters["TINY-01"].limit', "2"), parameters="{}"))
    found = difference(sides(without, policy_set()), graphs(tmp_path, "good"))
    assert found["parameters"] == [{"control": "TINY-01", "parameter": "limit", "before": [], "after": [2]}]
    assert "was not there and is 2" in render_difference(found, Format.TEXT)


def test_added_and_removed_controls(tmp_path: Path) -> None:
    both = policies(control(), OTHER)
    place = graphs(tmp_path / "graphs", "good")
    package(tmp_path / "graphs/verdict", "good", listed=both)
    found = difference(sides(policy_set(), both), place)
    assert found["added"] == ["TINY-02"]
    assert flips(found) == [("newly failing", "TINY-02", "model:good", None, "inconclusive")] * 2
    back = difference(sides(both, policy_set()), place)
    assert back["removed"] == ["TINY-02"]
    assert flips(back) == [("other", "TINY-02", "model:good", "inconclusive", None)] * 2
    assert len(weaker(back)) == 2  # nobody asks for it any more
    assert "not decided" in render_difference(back, Format.TEXT, width=160)


def test_packages_keep_their_own_settings(tmp_path: Path) -> None:
    waiver = {
        "id": "W-1", "control": "TINY-01", "subjects": ["*"], "owner": "a@example.org", "approver": "b@example.org",
        "ticket": "T-1", "reason": "known", "expires": "2027-01-01",
    }  # fmt: skip
    package(tmp_path / "waived", "high", waivers=[waiver])
    package(tmp_path / "set", "many", parameters={"TINY-01": {"limit": 1}})
    package(tmp_path / "old", "good", now=NOW.replace(year=2027))
    package(tmp_path / "stage", "high", stage="monitoring")
    found = difference(sides(policy_set(LENIENT), policy_set()), tmp_path)
    assert flips(found) == [("other", "TINY-01", "model:high", "pass", "waived")]
    assert [one["evaluated_at"][:4] for one in found["evidence"]] == ["2027", "2026", "2026", "2026"]
    assert found["compared"] == 3  # the control has no part in monitoring


def test_a_checklist_restricts_graphs_alone(tmp_path: Path) -> None:
    both = policies(control(), OTHER)
    path = tmp_path / "list.yaml"
    path.write_text(json.dumps({**checklist(policies(OTHER)).document}))
    found = difference(sides(both, both, checklist=str(path)), graphs(tmp_path / "graphs", "good"))
    assert found["compared"] == 1
    lists = {"checklists/short.yaml": path.read_bytes()}
    named = PolicySet({**both.sources, **lists})
    by_default = difference(sides(named, named, default="short"), tmp_path / "graphs")
    assert by_default["compared"] == 2


def test_what_cannot_be_read_or_evaluated_is_named_and_the_rest_compared(tmp_path: Path) -> None:
    place = graphs(tmp_path, "good")
    (place / "broken.json").write_text("{")
    (place / "other.json").write_text('{"schema": "x"}')
    (place / "bare.json").write_bytes(dump_graph(Graph.of({"name": "p"}, [Subject("pipeline", "p")])))
    package(place / "set", "many", parameters={"TINY-01": {"limit": 1}})
    new = policies(control(RULES.replace('input.parameters["TINY-01"].limit', "2"), parameters="{}"))
    found = difference(sides(policy_set(), new), place)
    assert [Path(one["source"]).name for one in found["problems"]] == ["bare.json", "broken.json", "other.json", "set"]
    assert "limit" in found["problems"][3]["what"]
    assert [Path(one["source"]).name for one in found["evidence"]] == ["good.json"]
    assert "Not compared (4)" in render_difference(found, Format.TEXT)
    assert "4 could not be compared" in summary(found)
    assert difference(sides(policy_set(), new, now=NOW), place)["problems"][0]["source"].endswith("broken.json")


def test_a_control_that_breaks_is_seen_as_what_blocks(tmp_path: Path) -> None:
    found = difference(sides(policy_set(), policy_set("applies := 3\n")), graphs(tmp_path, "good"))
    assert [(change["group"], change["after"]) for change in found["changes"]] == [("newly failing", "inconclusive")]
    assert "applies" in found["changes"][0]["because"][0]


def test_an_engine_that_cannot_work_is_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBATUM_OPA", str(tmp_path / "gone"))
    found = difference(sides(policy_set(), policy_set(LENIENT), engine_name="opa"), graphs(tmp_path, "high"))
    assert found["changes"] == []
    assert "opa" in found["problems"][0]["why"]


def test_processes_find_the_same_in_the_same_order(tmp_path: Path) -> None:
    names = ("good", "high", "many", "open")
    for number in range(5):
        graphs(tmp_path / str(number), *names)
    (tmp_path / "broken.json").write_text("{")
    comparison = sides(policy_set(), policy_set(LENIENT), limits=Limits(30))
    seen: list[tuple[int, int]] = []
    one = difference(comparison, tmp_path, jobs=1)
    two = difference(comparison, tmp_path, jobs=2, progress=lambda _, done, total: seen.append((done, total)))
    assert one == two
    assert seen == [(number, 21) for number in range(1, 22)]


def test_a_process_that_ends_before_its_time_is_an_error(tmp_path: Path) -> None:
    for number in range(4):
        graphs(tmp_path / str(number), "good", "high", "many", "open")
    with pytest.raises(EngineError, match="has ended"):
        difference(sides(policy_set(), policy_set(), engine_name="gone"), tmp_path, jobs=2)


def sample(tmp_path: Path) -> dict[str, Any]:
    place = graphs(tmp_path / "a", "good", "high", "many", "open")
    graphs(place / "b", "high", "good")
    (place / "broken.json").write_text("{")
    changed = control(LENIENT.replace("\t\tissue.fixed == true\n", '\t\tissue.name != "a"\n')).replace(
        "default: 2", "default: 5"
    )
    document = difference(sides(policies(control(), OTHER), policies(changed)), place)
    return json.loads(json.dumps(document).replace(str(tmp_path), "evidence"))


def test_the_text_is_as_recorded(tmp_path: Path) -> None:
    path = GOLDEN / "difference.txt"
    text = render_difference(sample(tmp_path), Format.TEXT)
    if os.environ.get("PROBATUM_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_other_formats(tmp_path: Path) -> None:
    document = sample(tmp_path)
    assert json.loads(render_difference(document, Format.JSON)) == document
    markdown = render_difference(document, Format.MARKDOWN)
    assert "### Newly failing (2)" in markdown
    assert markdown.count("| Control |") == len({change["group"] for change in document["changes"]})
    with pytest.raises(UsageError):
        render_difference(document, Format.JUNIT)
    assert [group for group in GROUPS if f"{group}" in summary(document)] == list(GROUPS)


def test_long_tables_are_cut_and_say_so(tmp_path: Path) -> None:
    document = sample(tmp_path)
    change = document["changes"][0]
    document["changes"] = [{**change, "pipeline": f"p{number}", "because": list("abcde")} for number in range(300)]
    for format in (Format.TEXT, Format.MARKDOWN):
        text = render_difference(document, format)
        assert "and 100 more rows" in text
        assert "a; b; c and 2 more" in " ".join(text.split())
