"""`policy try`, `query` and `policy diff` as they are typed: exit codes, streams, and whatever a user can get wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from command_case import last_line
from opa_case import needs_opa

from probatum.evaluator.graph import Graph, Subject
from probatum.evaluator.graph_document import dump_graph
from probatum.evaluator.policies import PolicySet
from probatum.workbench import simulator
from probatum.workbench.simulator import NOW

Run = Callable[..., Result]

FORMATS = "controls/MODEL-01/control.rego"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a graph that passes and one with a pickle."""
    folder = tmp_path_factory.mktemp("evidence")
    (folder / "good.json").write_bytes(dump_graph(simulator.good_graph(NOW)))
    pickle = next(graph for name, graph, _, _ in simulator.bad_graphs(NOW) if name == "MODEL-01: pickle")
    (folder / "pickle.json").write_bytes(dump_graph(pickle))
    return folder


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in policies, with a MODEL-01 that proves everything and denies nothing."""
    folder = tmp_path_factory.mktemp("lenient")
    for path, data in PolicySet.built_in().sources.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    text = (folder / FORMATS).read_text().split("allowed := ")[0]
    (folder / FORMATS).write_text(
        text + "applies contains id if some id in input.ids.model\n\ndeny := set()\n\n"
        'proof contains {"subject": id, "evidence": [obs]} if {\n'
        "\tsome id in applies\n\tsome obs in input.usable[id].model_format\n}\n"
    )
    return folder


@pytest.fixture
def verdict(run: Run, pipeline: Path, tmp_path: Path) -> Path:
    run("gate", pipeline, "--out", tmp_path / "verdict", "--no-sign", "--now", "2026-11-20T07:00:00Z", "-q")
    return tmp_path / "verdict"


def failed(result: Result, *texts: str) -> None:
    """It ended with an error that a user can act on."""
    assert result.exit_code == 2, result.stderr
    assert result.stdout == ""
    assert last_line(result).endswith("(exit 2)")
    assert "internal error" not in result.stderr
    assert "Traceback" not in result.stderr
    for text in texts:
        assert text in result.stderr


def test_a_failing_control_is_looked_into(run: Run, evidence: Path) -> None:
    result = run("policy", "try", "model-01", evidence / "pickle.json")
    assert result.exit_code == 1
    assert last_line(result) == "probatum: MODEL-01: fail (exit 1)"
    assert "can execute code when it is loaded" in result.stdout
    assert f"at {FORMATS}:" in result.stdout
    assert "result.executable_files = 1" in result.stdout


def test_outcomes_are_exit_codes(run: Run, evidence: Path) -> None:
    assert run("policy", "try", "MODEL-01", evidence / "good.json").exit_code == 0
    assert run("policy", "try", "TRAIN-12", evidence / "good.json").exit_code == 3
    late = run("policy", "try", "MODEL-01", evidence / "good.json", "--now", "2027-11-20T07:00:00Z", "-f", "json")
    assert late.exit_code == 3
    assert json.loads(late.stdout)["subjects"][0]["reasons"][0]["code"] == "stale"


def test_parameters_are_given_as_json_or_text(run: Run, evidence: Path) -> None:
    builders = '["https://builder.example/train"]'
    result = run("policy", "try", "train-12", evidence / "good.json", "--param", f"allowed_builders={builders}")
    assert result.exit_code == 0, result.stdout
    assert "(--param)" in result.stdout
    result = run("policy", "try", "model-01", evidence / "good.json", "--param", "min_tier=attested", "-f", "json")
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert document["parameters"]["min_tier"] == {"origin": "--param", "value": "attested"}


def test_a_package_is_tried_with_its_own_settings(run: Run, verdict: Path, pipeline: Path) -> None:
    result = run("policy", "try", "MODEL-01", verdict, "-f", "json")
    assert json.loads(result.stdout)["evaluated_at"] == "2026-11-20T07:00:00Z"
    assert result.exit_code == 0, result.stdout
    manifest = pipeline / "probatum.yaml"
    manifest.write_text(manifest.read_text() + "parameters: {MODEL-01: {allowed_formats: [onnx]}}\n")
    result = run("policy", "try", "MODEL-01", verdict, "-m", manifest, "-f", "json")
    assert json.loads(result.stdout)["parameters"]["allowed_formats"] == {"origin": "manifest", "value": ["onnx"]}
    assert result.exit_code == 1


def test_a_manifest_names_its_checklist_beside_itself(run: Run, evidence: Path, tmp_path: Path) -> None:
    (tmp_path / "probatum.yaml").write_text("pipeline: {name: p}\nchecklist: own.yaml\n")
    document = {"schema": "https://probatum.dev/checklist/v1", "id": "own", "version": "1.0.0", "title": "Own"}
    controls = [{"id": "MODEL-01", "parameters": {"allowed_formats": ["npy"]}}]
    (tmp_path / "own.yaml").write_text(json.dumps({**document, "controls": controls}))
    result = run("policy", "try", "MODEL-01", evidence / "good.json", "-m", tmp_path / "probatum.yaml", "-f", "json")
    found = json.loads(result.stdout)["parameters"]["allowed_formats"]
    assert found == {"origin": "checklist", "value": ["npy"]}
    assert result.exit_code == 1


@needs_opa
def test_opa_explains(run: Run, evidence: Path) -> None:
    result = run("policy", "try", "MODEL-01", evidence / "pickle.json", "--engine", "opa", "--trace", "fails")
    assert result.exit_code == 1, result.stderr
    assert "What OPA explains (fails)" in result.stdout
    assert "Fail result.executable_files = 0" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["MODLE-01"], ["did you mean 'MODEL-01'?"]),
        (["MODEL-01", "--param", "allowed_formats"], ["--param"]),
        (["MODEL-01", "--param", "x=1", "--param", "x=2"], ["--param"]),
        (["MODEL-01", "--param", "allowed_format=[]"], ["allowed_formats"]),
        (["MODEL-01", "--param", "allowed_formats=npy"], ["not of type 'array'"]),
        (["MODEL-01", "--subject", "model:model-9"], ["did you mean 'model:model-0'?"]),
        (["MODEL-01", "--trace", "fails"], ["--engine opa"]),
        (["MODEL-01", "--trace", "loud", "--engine", "opa"], ["no trace 'loud'"]),
        (["MODEL-01", "--now", "soon"], ["--now"]),
        (["MODEL-01", "--checklist", "gone"], ["no checklist"]),
        (["MODEL-01", "--format", "sarif"], ["sarif"]),
        (["MODEL-01", "--manifest", "gone.yaml"], ["gone.yaml"]),
    ],
)
def test_a_trial_that_is_asked_for_wrongly(run: Run, evidence: Path, arguments: list[str], texts: list[str]) -> None:
    failed(run("policy", "try", arguments[0], evidence / "good.json", *arguments[1:]), *texts)


def test_a_policy_with_a_syntax_error(run: Run, evidence: Path, lenient: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(lenient, tmp_path / "broken")
    (broken / FORMATS).write_text((broken / FORMATS).read_text() + "\nodd if {\n\tx := 1\n\ty == ]\n}\n")
    result = run("policy", "try", "MODEL-01", evidence / "good.json", "--policies", broken, "--no-built-in")
    failed(result, f"{FORMATS}:", "not valid Rego")
    lines = result.stderr.splitlines()
    assert lines[1].strip() == "y == ]"
    assert lines[2].index("^") == lines[1].index("]")


@pytest.mark.parametrize(("name", "content"), [("a.json", "{"), ("a.json", "[]"), ("a.json", ""), ("gone.json", None)])
def test_evidence_that_cannot_be_used(run: Run, tmp_path: Path, name: str, content: str | None) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    failed(run("policy", "try", "MODEL-01", tmp_path / name), name)
    failed(run("query", "input.ids", tmp_path / name), name)
    result = run("policy", "diff", "built-in", "built-in", "-e", tmp_path / name)
    assert result.exit_code == 2
    assert name in result.stdout + result.stderr


def test_a_query_answers_on_stdout(run: Run, evidence: Path, verdict: Path) -> None:
    result = run("query", "some id in input.ids.model; input.usable[id].model_format", evidence / "good.json")
    assert result.exit_code == 0
    assert last_line(result) == "probatum: 1 answer (exit 0)"
    assert result.stdout.splitlines()[0].split() == ["id", "value"]
    result = run("query", "input.ids[kind][i]", verdict, "-f", "json")
    kinds = [one["bindings"]["kind"] for one in json.loads(result.stdout)["result"]]
    assert kinds == sorted(["dataset", "dependency_set", "model", "pipeline", "source"]) or "model" in kinds
    result = run("query", "data.probatum.controls.model_01.deny", evidence / "good.json", "--control", "model-01")
    assert result.exit_code == 0


def test_undefined_is_said(run: Run, evidence: Path) -> None:
    result = run("query", "input.nothing", evidence / "good.json")
    assert result.exit_code == 0
    assert result.stdout == "undefined\n"
    assert last_line(result) == "probatum: undefined (exit 0)"


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["input.ids["], ["not valid Rego", "^"]),
        (["x > 3"], ["cannot be evaluated", "x"]),
        (["http.send({})"], ["http.send"]),
        (["time.now_ns()"], ["input.now_ns"]),
        (["1", "--control", "MODEL-99"], ["no control"]),
        (["[1 | some a in numbers.range(1, 20000); some b in numbers.range(1, 20000); a * b == 7]", "--max-seconds",
          "0.5"], ["takes"]),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_answered(run: Run, evidence: Path, arguments: list[str], texts: list[str]) -> None:
    failed(run("query", arguments[0], evidence / "good.json", *arguments[1:]), *texts)


def test_a_difference_and_what_strict_makes_of_it(run: Run, evidence: Path, lenient: Path) -> None:
    arguments: list[Any] = ["policy", "diff", "built-in", lenient, "--evidence", evidence]
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    assert "Newly passing (1)" in result.stdout
    assert "fail → pass" in result.stdout
    assert "0 newly failing, 1 newly passing, 0 other" in last_line(result)
    assert run(*arguments, "--strict").exit_code == 1
    back = run("policy", "diff", lenient, "built-in", "-e", evidence, "--strict", "-f", "json")
    assert back.exit_code == 0
    (change,) = json.loads(back.stdout)["changes"]
    assert (change["control"], change["before"], change["after"]) == ("MODEL-01", "pass", "fail")
    assert change["source"].endswith("pickle.json")


def test_a_pack_is_compared_as_it_lies_on_the_built_in_policies(run: Run, evidence: Path, tmp_path: Path) -> None:
    text = PolicySet.built_in().sources[FORMATS].decode().replace("MODEL-01", "OWN-01").replace("model_01", "own_01")
    for name, formats in (("one", "safetensors"), ("two", "onnx")):
        path = tmp_path / name / "controls/OWN-01/control.rego"
        path.parent.mkdir(parents=True)
        path.write_text(text.replace("safetensors, onnx", formats).replace("probatum.controls", "own.controls"))
    result = run("policy", "diff", tmp_path / "one", tmp_path / "two", "-e", evidence / "good.json", "--built-in")
    assert result.exit_code == 0, result.stderr
    assert "OWN-01" in result.stdout
    assert "pass → fail" in result.stdout


def test_packages_are_compared_with_their_own_settings(run: Run, verdict: Path, lenient: Path) -> None:
    result = run("policy", "diff", "built-in", lenient, "-e", verdict.parent, "-f", "json", "-j", "2")
    document = json.loads(result.stdout)
    assert [one["evaluated_at"] for one in document["evidence"]] == ["2026-11-20T07:00:00Z"]
    assert document["evidence"][0]["source"] == str(verdict)
    assert result.exit_code == (2 if document["problems"] else 0)


def test_what_cannot_be_compared_is_named_and_is_an_error(
    run: Run, evidence: Path, lenient: Path, tmp_path: Path
) -> None:
    place = shutil.copytree(evidence, tmp_path / "evidence")
    (place / "broken.json").write_text("{")
    result = run("policy", "diff", "built-in", lenient, "-e", place)
    assert result.exit_code == 2
    assert "Newly passing (1)" in result.stdout
    assert "broken.json" in result.stdout
    assert last_line(result).endswith("1 could not be compared (exit 2)")


def test_a_difference_that_is_asked_for_wrongly(run: Run, evidence: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    failed(run("policy", "diff", "built-in", "built-in", "-e", tmp_path / "empty"), "no evidence")
    failed(run("policy", "diff", "built-in", tmp_path / "gone", "-e", evidence), "gone")
    failed(run("policy", "diff", "built-in", "built-in", "-e", evidence, "-f", "junit"), "junit")
    assert run("policy", "diff", "built-in", "built-in").exit_code == 2


def test_a_graph_without_observations_has_no_time(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bare.json").write_bytes(dump_graph(Graph.of({"name": "p"}, [Subject("model", "m", {}, None)])))
    result = run("policy", "try", "MODEL-01", tmp_path / "bare.json")
    assert result.exit_code == 3  # as of now
    result = run("policy", "diff", "built-in", "built-in", "-e", tmp_path / "bare.json")
    assert result.exit_code == 2
    assert "no observation" in result.stdout
