"""The fixture ``probatum_eval``, in pytest runs of their own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from opa_case import needs_opa
from pack_case import pack
from policy_case import module

from probatum.workbench import simulator
from probatum.workbench.policy_tests.discovery import Place
from probatum.workbench.policy_tests.run import Wanted, run_tests
from probatum.workbench.scaffold import NewControl, scaffold

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[1]
PLUGIN = "probatum.pytest_plugin"
HEAD = """
import pytest
from probatum.errors import ProbatumError
from probatum.workbench.simulator import SimulatedPipeline, good_graph

def pipeline(bad):
    made = SimulatedPipeline()
    made.observe(made.add("model", "net"), "scan", {"bad": bad})
    made.observe_all()
    return made
"""


def ran(pytester: pytest.Pytester, body: str, *options: str) -> pytest.RunResult:
    """A run of one test file, with the plugin."""
    pytester.makepyfile(HEAD + body)
    installed = {point.value for point in entry_points(group="pytest11")}
    loaded = () if PLUGIN in installed else ("-p", PLUGIN)
    return pytester.runpytest("-p", "no:cacheprovider", *loaded, *options)


def test_a_pack_is_tested_with_simulated_pipelines(pytester: pytest.Pytester) -> None:
    pack(pytester.path / "mine")
    result = ran(
        pytester,
        """
def test_good(probatum_eval):
    result = probatum_eval(pipeline(False), control="TINY-01", policies="mine")
    assert result.outcome("model:net") == "pass"
    assert result.outcome() == "pass"
    assert result.outcomes == {"model:net": "pass"}
    assert result.findings == [] and result.reasons == [] and result.error is None

def test_bad(probatum_eval):
    result = probatum_eval(pipeline(True), control="tiny-01", policies="mine")
    assert result.outcome("model:net") == "fail"
    (finding,) = result.findings
    assert (finding["subject"], finding["message"]) == ("model:net", "bad")
    with pytest.raises(ProbatumError, match="does not apply to model:other: it applies to model:net"):
        result.outcome("model:other")

def test_nothing(probatum_eval):
    made = SimulatedPipeline()
    made.add("model", "net")
    result = probatum_eval(made, control="TINY-01", policies="mine")
    assert [reason["code"] for reason in result.reasons] == ["missing"]
""",
    )
    result.assert_outcomes(passed=3)


def test_evidence_comes_in_every_form(pytester: pytest.Pytester) -> None:
    graph = simulator.good_graph()
    (pytester.path / "evidence.json").write_text(json.dumps(graph.to_document()))
    result = ran(
        pytester,
        """
import json
from pathlib import Path

@pytest.mark.parametrize("form", [str, Path, "graph", "document"])
def test_forms(probatum_eval, form, pytestconfig):
    forms = {"graph": lambda _: good_graph(), "document": lambda path: json.loads(Path(path).read_text())}
    evidence = forms.get(form, form)("evidence.json")
    assert probatum_eval(evidence, control="MODEL-01").outcome("model:model-0") == "pass"

def test_parameters(probatum_eval):
    result = probatum_eval(good_graph(), control="MODEL-01", parameters={"min_tier": "hardware"})
    assert result.outcome("model:model-0") == "inconclusive"
    assert result.reasons[0]["code"] == "untrusted"

def test_time(probatum_eval):
    from datetime import UTC, datetime
    result = probatum_eval(good_graph(), control="MODEL-01", now=datetime(2027, 11, 20, tzinfo=UTC))
    assert result.outcome() == "inconclusive"

def test_waivers(probatum_eval):
    waiver = {"id": "W-9", "control": "MODEL-01", "subjects": ["*"], "owner": "ann@example.org", "reason": "later",
              "approver": "bob@example.org", "ticket": "T-1", "expires": "2026-12-31"}
    result = probatum_eval(
        good_graph(), control="MODEL-01", parameters={"min_tier": "hardware"}, waivers=[waiver])
    assert result.outcome("model:model-0") == "waived"

@pytest.mark.parametrize("given", [
    {"control": "NONE-01"}, {"control": "MODEL-01", "parameters": {"nope": 1}},
    {"control": "MODEL-01", "policies": "nowhere"}, {"control": "MODEL-01", "engine": "none"},
])
def test_what_cannot_be_used(probatum_eval, given):
    with pytest.raises(ProbatumError):
        probatum_eval(good_graph(), **given)
    with pytest.raises(ProbatumError):
        probatum_eval("nowhere.json", control="MODEL-01")
    with pytest.raises(ProbatumError):
        probatum_eval({"schema": "other"}, control="MODEL-01")
""",
    )
    result.assert_outcomes(passed=11)


def test_a_failing_assertion_says_why_the_outcome_is_what_it_is(pytester: pytest.Pytester) -> None:
    pack(pytester.path / "mine")
    result = ran(
        pytester,
        """
def test_a(probatum_eval):
    assert probatum_eval(pipeline(True), control="TINY-01", policies="mine").outcome("model:net") == "pass"

def test_b(probatum_eval):
    made = SimulatedPipeline()
    made.add("model", "net")
    assert "pass" == probatum_eval(made, control="TINY-01", policies="mine").outcome()

def test_c(probatum_eval):
    assert not probatum_eval(pipeline(True), control="TINY-01", policies="mine").findings

def test_d():
    assert "a" == "b"
""",
    )
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(["E *the outcome is 'fail', not 'pass'", "E *bad"])
    result.stdout.fnmatch_lines(["E *the outcome is 'inconclusive', not 'pass'", "E *model:net: missing: *"])
    result.stdout.fnmatch_lines(["E * + *where *TINY-01: fail*"])


def test_a_pack_can_be_used_alone(pytester: pytest.Pytester) -> None:
    pack(pytester.path / "mine", control=module(id="MODEL-01").replace("tiny.", "acme."))
    (pytester.path / "mine/controls/TINY-01").rename(pytester.path / "mine/controls/MODEL-01")
    result = ran(
        pytester,
        """
def test_refused(probatum_eval):
    with pytest.raises(ProbatumError, match="MODEL-01"):
        probatum_eval(pipeline(False), control="MODEL-01", policies="mine")

def test_alone(probatum_eval):
    result = probatum_eval(pipeline(False), control="MODEL-01", policies="mine", built_in=False)
    assert result.outcome("model:net") == "pass"
    assert "model:net: pass" in repr(result)
""",
    )
    result.assert_outcomes(passed=2)


@needs_opa
def test_open_policy_agent_decides_too(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
@pytest.mark.parametrize("engine", ["regorus", "opa"])
def test_engines(probatum_eval, engine):
    assert probatum_eval(good_graph(), control="MODEL-01", engine=engine).outcome("model:model-0") == "pass"
    assert probatum_eval(good_graph(), control="MODEL-02", engine=engine).outcome("model:model-0") == "pass"
""",
    )
    result.assert_outcomes(passed=2)


def test_the_page_about_testing_shows_what_works(pytester: pytest.Pytester) -> None:
    page = (ROOT / "docs" / "author" / "testing.md").read_text()
    rego, python = (re.findall(rf"```{name}\n(.*?)```", page, re.DOTALL)[0] for name in ("rego", "python"))
    new = NewControl("ACME-01", "Scanned", "model", "model_scan", "high", ["training"], "custom")
    scaffold(new, pytester.path / "my-policies")
    ran(pytester, python).assert_outcomes(passed=1)
    (pytester.path / "my-policies/controls/ACME-01/control_test.rego").write_text(rego)
    report = run_tests(Place(pytester.path / "my-policies"), Wanted())
    assert report.ok
    assert report.count("passed") == 4


def test_loading_the_plugin_loads_nothing_else() -> None:
    code = f"import pytest, sys; before = set(sys.modules); import {PLUGIN}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["probatum", PLUGIN]


def test_it_is_offered_to_pytest() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"probatum": PLUGIN}
