"""The published schema of the input: right about real inputs, and of use to the real OPA's type checker."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from opa_case import needs_opa, opa_binary

import probatum
from probatum.collectors.result_schema import result_schemas
from probatum.evaluator.bundle import pack
from probatum.evaluator.index import Index
from probatum.evaluator.parameters import declared, effective
from probatum.evaluator.policies import PolicySet
from probatum.workbench import simulator
from probatum.workbench.check.values import Shapes
from probatum.workbench.input_schema import EVIDENCE, input_schema, shipped_schema, with_controls

ROOT = Path(str(probatum.__file__)).parent / "policies"


def fresh() -> dict[str, Any]:
    return input_schema(result_schemas(), PolicySet.built_in().controls.values())


def test_the_published_schema_is_fresh() -> None:
    assert shipped_schema() == fresh(), "run docs/generate.py"


def test_it_is_a_schema_and_holds_for_real_inputs() -> None:
    schema = shipped_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    controls = PolicySet.built_in().controls
    parameters = {
        name: {key: item["default"] for key, item in control.parameters.items()} for name, control in controls.items()
    }
    graphs = [simulator.good_graph(), *(graph for _, graph, *_ in simulator.bad_graphs())]
    for graph in graphs:
        index = Index(graph, int(simulator.NOW.timestamp()))
        document = index.policy_input(index.observed, parameters=parameters, stage="training")
        assert [error.message for error in validator.iter_errors(document)] == []
    document["ids"] = {"models": []}
    assert not validator.is_valid(document)


def test_every_field_of_every_result_is_named() -> None:
    schema = shipped_schema()
    shapes = Shapes(schema)
    observations = schema["properties"]["observations"]["properties"]
    for name, result in result_schemas().items():
        assert shapes.field(shapes.field(shapes.of(schema), "observed"), "x") is not None
        found = shapes.field(shapes.of(observations[name]), "result")
        for field in result.get("properties", {}):
            assert shapes.field(found, field) != (), (name, field)
        assert shapes.field(found, "no_such_field") == (), name
    assert schema["$defs"]["usable"][EVIDENCE] == "usable"


def test_controls_of_other_packs_are_added() -> None:
    control = next(iter(PolicySet.built_in().controls.values()))
    alone = input_schema({}, [])
    assert alone["properties"]["parameters"]["properties"] == {}
    added = with_controls(alone, [control])["properties"]["parameters"]["properties"]
    assert set(added[control.id]["properties"]) == set(control.parameters)
    named = input_schema({}, [control])["properties"]["observations"]["properties"]
    assert set(named) == set(control.types)
    assert set(effective(control.id, declared({}), ())) <= set(control.parameters)


def test_the_schema_decides_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "policies"
    shutil.copytree(ROOT, copy)
    before = PolicySet.load(copy)
    (copy / "schemas" / "input.json").write_text("{}")
    (copy / "schemas" / "more.rego").write_text("package more\n")
    after = PolicySet.load(copy)
    assert after.digest == before.digest == PolicySet.built_in().digest
    assert pack(after) == pack(before)
    assert not any("schemas" in path for path in after.sources)


def test_every_control_names_the_schema() -> None:
    for path, text in PolicySet.built_in().modules.items():
        names = re.search(r"^# schemas:\n#   - input: schema\.input\npackage ", text, re.MULTILINE)
        assert bool(names) == path.startswith("controls/"), path


def opa_check(folder: Path) -> str:
    command = [str(opa_binary()), "check", "--strict", "--schema", "schemas", "lib", "controls"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@needs_opa
def test_opa_finds_nothing_against_the_built_in_pack() -> None:
    assert opa_check(ROOT) == ""


@needs_opa
@pytest.mark.parametrize(
    ("control", "right", "wrong"),
    [
        ("MODEL-01", "input.ids.model", "input.ids.modle"),
        ("MODEL-01", "input.usable[id]", "input.usabel[id]"),
        ("MODEL-01", "input.usable[id].model_format", "input.usable[id].model_fromat"),
        ("MODEL-01", "input.observations[obs].result", "input.observations[obs].reslut"),
        ("MODEL-01", "result.mismatches", "result.mismaches"),
        ("MODEL-01", ".allowed_formats", ".alowed_formats"),
        ("DATA-02", "input.subjects[id].digest", "input.subjects[id].digset"),
        ("SUPPLY-02", "input.now_ns", "input.now"),
        ("TRAIN-01", "result.pods", "result.podz"),
    ],
)
def test_opa_refuses_a_misspelt_field(control: str, right: str, wrong: str, tmp_path: Path) -> None:
    copy = tmp_path / "policies"
    shutil.copytree(ROOT, copy)
    path = copy / "controls" / control / "control.rego"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong))
    told = opa_check(copy)
    assert "rego_type_error" in told
    assert f"controls/{control}/control.rego" in told


@needs_opa
def test_opa_needs_the_schema_to_see_it(tmp_path: Path) -> None:
    copy = tmp_path / "policies"
    shutil.copytree(ROOT, copy)
    path = copy / "controls" / "MODEL-01" / "control.rego"
    path.write_text(path.read_text().replace("input.ids.model", "input.ids.modle"))
    done = subprocess.run(
        [str(opa_binary()), "check", "--strict", "--bundle", str(copy)], capture_output=True, check=False
    )
    assert done.returncode == 0
    assert json.loads((copy / "schemas" / "input.json").read_text())["title"] == "Policy input"
