"""A policy that uses what the embedded engine lacks or takes otherwise is an error there, never a silence."""

import re
from collections.abc import Mapping

import conformance
import pytest
from conformance_cases import read

from probatum.evaluator.engines.base import Batch
from probatum.evaluator.engines.dangers import Danger, dangers, refusals
from probatum.evaluator.engines.regorus import Regorus

OURS = {case.name: case for case in read(conformance.OURS, "ours")}
IN_A_LINE = "differs on the embedded engine"


@pytest.mark.parametrize("danger", dangers(), ids=lambda danger: danger.name)
def test_a_control_that_uses_one_is_an_error_that_offers_the_other_engine(danger: Danger) -> None:
    case = next((OURS[name] for name in danger.cases if name in OURS), None)
    rule = f"p := {danger.name}({{}})" if case is None else case.modules[0].partition("\n\n")[2]
    text = f"package one\n\nimport rego.v1\n\n{rule}\napplies := []\ndeny := []\nproof := []\n"
    errors = outcomes({"controls/ONE/control.rego": text}, "one")["one"]
    assert all(error is not None and "; " in error and "use --engine opa" in error for error in errors.values())
    assert all(re.match(r"controls/ONE/control\.rego:\d+:\d+: ", error or "") for error in errors.values())
    assert all(f"{danger.name} {IN_A_LINE}: {danger.reason}" in (error or "") for error in errors.values())


def outcomes(modules: Mapping[str, str], *packages: str) -> dict[str, dict[str, str | None]]:
    with Regorus() as engine:
        (answers,) = engine.run(modules, [Batch({"x": 1}, packages)])
    return {name: {rule: result.error for rule, result in rules.items()} for name, rules in answers.items()}


def test_modules_that_refer_to_a_refused_one_are_refused_however_they_write_it() -> None:
    bad = "package tiny.lib.far\n\nbad if walk(input)\n"
    texts = {
        "near": "package tiny.lib.near\n\nimport data.tiny.lib.far as f\n\nok if f.bad\n",
        "further": "package tiny.lib.further\n\nok if data.tiny.lib.near.ok\n",
        "above": "package tiny.lib.above\n\nimport data.tiny\n\nok if tiny.lib.far.bad\n",
        "below": "package tiny.lib.below\n\nok if data.tiny.lib.far.bad.deeper\n",
        "bracket": 'package tiny.lib.bracket\n\nok if data["tiny"].lib.far.bad\n',
        "same": "package tiny.lib.far\n\nok := 1\n",
    }
    others = {
        "name": "package tiny.lib.farther\n\nok if data.tiny.lib.farther_still\n",
        "input": "package tiny.lib.input\n\nok if input.data.tiny\n",
    }
    found = refusals({"bad": bad, **texts, **others})
    assert set(found) == {"bad", *texts}
    assert all(why.startswith("bad:3:8: walk(x) as a value") for why in found.values())
    assert set(refusals({"bad": bad, "near": texts["near"]}, {"bad": "it is broken"}).values()) == {"it is broken"}


def control(name: str, condition: str, imports: str = "") -> str:
    head = f"package tiny.{name}\n\nimport rego.v1\n{imports}\n"
    return f"{head}applies := []\n\ndeny contains 1 if {condition}\n\nproof contains 2 if true\n"


def test_what_rests_on_a_refused_library_is_refused_and_nothing_else() -> None:
    modules = {
        "lib/far.rego": "package tiny.lib.far\n\nbad if walk(input)\n",
        "lib/near.rego": "package tiny.lib.near\n\nimport rego.v1\n\nbad if data.tiny.lib.far.bad\n",
        "lib/other.rego": "package tiny.lib.other\n\nimport rego.v1\n\nok if input.x == 1\n",
        "controls/A/control.rego": control("a", "not near.bad", "import data.tiny.lib.near"),
        "controls/B/control.rego": control("b", "other.ok", "import data.tiny.lib.other"),
        "controls/C/control.rego": control("c", 'not data["tiny"].lib.near.bad'),
        "controls/D/control.rego": control("d", "not lib.near.bad", "import data.tiny.lib"),
    }
    answers = outcomes(modules, "tiny.a", "tiny.b", "tiny.c", "tiny.d")
    assert answers["tiny.b"] == {"applies": None, "deny": None, "proof": None}
    for name in ("tiny.a", "tiny.c", "tiny.d"):
        assert all("lib/far.rego:3:8: walk(x) as a value" in (error or "") for error in answers[name].values())


def test_what_rests_on_a_library_that_is_broken_is_an_error_and_nothing_else() -> None:
    modules = {
        "lib/broken.rego": "package tiny.lib.broken\n\nbad if {\n",
        "controls/A/control.rego": control("a", "not broken.bad", "import data.tiny.lib.broken"),
        "controls/B/control.rego": control("b", "input.x == 1"),
    }
    answers = outcomes(modules, "tiny.a", "tiny.b")
    assert all((error or "").startswith("lib/broken.rego:") for error in answers["tiny.a"].values())
    assert answers["tiny.b"] == {"applies": None, "deny": None, "proof": None}


def test_a_module_that_cannot_be_searched_is_refused() -> None:
    deep = "package deep\n\np := " + "abs(" * 600 + "1" + ")" * 600 + "\n\nq := walk(input)\n"
    sum_of_many = "package deep\n\np := 1" + " + 1" * 600 + "\n\nq := walk(input)\n"
    for text in (deep, sum_of_many, "package deep\n\np := \n"):
        assert "cannot be searched for what the embedded engine takes otherwise" in refusals({"d.rego": text})["d.rego"]


def test_a_name_that_begins_with_a_keyword_is_refused_and_other_keywords_are_fine() -> None:
    text = control("a", "input.contains.in == 1") + "\nx.as := 1\n"
    fine = outcomes({"controls/A/control.rego": text}, "tiny.a")["tiny.a"]
    assert fine == {"applies": None, "deny": None, "proof": None}
    errors = outcomes({"controls/A/control.rego": f"{text}\nas.x := 1\n"}, "tiny.a")["tiny.a"]
    wanted = "unexpected keyword `as`; where it begins the name of a rule choose another, or use --engine opa"
    assert all((error or "").endswith(wanted) for error in errors.values())
