"""A control explained, from the graphs that come with it, and its page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from policy_case import APPLIES, PROOF, module, policies

from probatum.errors import EvidenceError, UsageError
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.policies import PolicySet
from probatum.jobs.authoring import explain, pages, suppliers, write_pages
from probatum.reports.catalogue import render_control
from probatum.reports.control_page import render_page
from probatum.reports.format import Format
from probatum.workbench.decision import decide
from probatum.workbench.examples import built_in_folder, read_examples
from probatum.workbench.explanation import explanation
from probatum.workbench.scaffold import NewControl, scaffold

BUILT_IN = PolicySet.built_in()


@pytest.mark.parametrize("control", BUILT_IN.controls)
def test_the_examples_of_every_built_in_control_are_judged_as_they_are_called(control: str) -> None:
    found = read_examples(built_in_folder() / "controls" / control)
    assert found.good is not None
    assert found.bad is not None
    with Regorus() as engine:
        good = decide(found.good, control, policies=BUILT_IN, engine=engine, parameters=found.parameters)
        bad = decide(found.bad, control, policies=BUILT_IN, engine=engine, parameters=found.parameters)
    assert good.outcome() == "pass", good
    assert bad.outcome() == "fail", bad


def test_everything_about_a_control() -> None:
    found = explain("model-01", BUILT_IN, "full", {"MODEL-01": {"max_age_days": 3}})
    assert found["id"] == "MODEL-01"
    assert next(item["message"] for item in found["fails"]) == "%s is of format %s, which is not accepted"
    assert all(item["at"].startswith("controls/MODEL-01/control.rego:") for item in found["fails"])
    assert found["suppliers"]["model_format"].startswith("model_format: ")
    assert {"checklist": "secure-pipeline", "row": "Phase 3", "title": "Deployment"} in found["mappings"]
    assert found["parameters"]["max_age_days"]["origin"] == "manifest"
    assert found["examples"]["good"]["outcome"] == "pass"
    assert found["examples"]["bad"]["messages"]
    assert json.loads(render_control(found, Format.JSON)) == found
    text = render_control(found, Format.TEXT, width=200)
    page = render_page(found)
    for shown in (text, page):
        assert "… is of format …, which is not accepted" in shown
        assert "set by the manifest" in text
        assert "Phase 3" in shown
        assert found["examples"]["bad"]["messages"][0][:20] in shown
    assert page.count("```json") == 2


def test_every_observation_type_of_the_built_in_controls_has_a_supplier() -> None:
    known = suppliers()
    for control in BUILT_IN.controls.values():
        assert control.types <= set(known), control.id


def test_messages_are_found_however_they_are_written() -> None:
    rules = (
        APPLIES + PROOF
        + 'deny contains {"subject": id, "message": "plain", "evidence": []} if some id in applies\n'
        + 'deny contains {"subject": i, "message": m, "evidence": []} if { some i in applies; m := sprintf("%s", i) }\n'
        + 'deny contains {"subject": i, "message": m, "evidence": []} if { some i in applies; m := concat("", [i]) }\n'
        + "deny contains x if { some x in [] }\n"
    )  # fmt: skip
    by = policies(module(rules))
    path = next(iter(by.controls.values())).path
    listed = {
        "schema": "https://probatum.dev/checklist/v1", "id": "t", "version": "1.0.0", "title": "T",
        "controls": [{"id": "TINY-01"}], "rows": [{"row": "R", "title": "Row", "controls": ["TINY-01"]}],
    }  # fmt: skip
    by = PolicySet({**by.sources, "checklists/t.yaml": json.dumps(listed).encode()})
    with Regorus() as engine:
        found = explanation("tiny-01", by, "t", {}, suppliers={}, folders=[], engine=engine)
    assert [item["message"] for item in found["fails"]] == ["plain", "%s"]
    assert all(item["at"].startswith(path) for item in found["fails"])
    assert found["suppliers"] == {"scan": None}
    assert found["mappings"] == [{"checklist": "t", "row": "R", "title": "Row"}]
    assert found["examples"] == {}
    assert "no installed collector" in render_control(found, Format.TEXT)
    assert "no installed collector" in render_page(found)


def test_pages_are_written_checked_and_go_with_their_controls(tmp_path: Path) -> None:
    folder, out = tmp_path / "mine", tmp_path / "pages"
    for name in ("ACME-01", "ACME-02"):
        scaffold(NewControl(name, "A title | with a bar", "model", "model_scan", "low", ("training",), "acme"), folder)
    out.mkdir()
    (out / "notes.md").write_text("mine")
    found = pages(PolicySet.load(folder), "acme", folder)
    assert write_pages(found, out, check=True) == ["ACME-01.md", "ACME-02.md", "README.md"]
    assert sorted(path.name for path in out.iterdir()) == ["notes.md"]
    write_pages(found, out, check=False)
    assert write_pages(found, out, check=True) == []
    assert "[ACME-02](ACME-02.md)" in (out / "README.md").read_text()
    control = folder / "controls" / "ACME-01" / "control.rego"
    control.write_text(control.read_text().replace("issue_count is not 0", "there are issues"))
    (folder / "controls" / "ACME-02").rename(tmp_path / "away")
    path = folder / "checklists" / "acme.yaml"
    path.write_text(path.read_text().replace("  - id: ACME-02\n", ""))
    found = pages(PolicySet.load(folder), "acme", folder)
    assert write_pages(found, out, check=False) == ["ACME-01.md", "ACME-02.md", "README.md"]
    assert sorted(item.name for item in out.iterdir()) == ["ACME-01.md", "README.md", "notes.md"]
    with pytest.raises(UsageError, match="has no control"):
        pages(BUILT_IN, "full", tmp_path)


def test_a_broken_example_is_named(tmp_path: Path) -> None:
    scaffold(NewControl("ACME-01", "T", "model", "model_scan", "low", ("training",), "acme"), tmp_path)
    example = tmp_path / "controls" / "ACME-01" / "good" / "evidence.json"
    example.write_text('{"schema": 1}')
    with pytest.raises(EvidenceError, match=r"evidence\.json"):
        explain("ACME-01", PolicySet.load(tmp_path), "acme", {}, tmp_path)
