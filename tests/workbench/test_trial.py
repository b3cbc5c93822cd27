"""One control tried: what it decides, where that comes from, and where its rules stop, on both engines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from opa_case import needs_opa
from policy_case import APPLIES, PROOF, observation, subject
from trial_case import HIGH, NOW, RULES, circumstances, control, evidence, policy_set

from probatum.errors import EngineError, PolicyError, UsageError
from probatum.evaluator.assess import evaluate
from probatum.evaluator.engines.base import Engine, RuleResult
from probatum.evaluator.engines.limits import Limits
from probatum.evaluator.engines.select import engine_named
from probatum.evaluator.graph import Graph, Subject
from probatum.evaluator.policies import PolicySet
from probatum.reports.format import Format
from probatum.reports.trial import render_trial
from probatum.workbench import simulator, trial
from probatum.workbench.bodies import read_bodies
from probatum.workbench.opa_trace import MOST_LINES, check_trace, trace_control
from probatum.workbench.stepping import farthest
from probatum.workbench.trial import MOST_SUBJECTS, control_named, try_control

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(params=["regorus", pytest.param("opa", marks=needs_opa)], scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with engine_named(request.param) as made:
        yield made


@pytest.fixture(scope="module")
def embedded() -> Iterator[Engine]:
    with engine_named("regorus") as made:
        yield made


def tried(
    engine: Engine, graph: Graph | None = None, of: PolicySet | None = None, *subjects: str, **fields: Any
) -> dict[str, Any]:
    found = of or policy_set()
    about = control_named(next(iter(found.controls)), found)
    return try_control(
        about,
        graph or evidence(),
        policies=found,
        circumstances=circumstances(**fields),
        engine=engine,
        subjects=subjects,
    )


def about(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in document["subjects"] if one["subject"] == f"model:{name}")


def stops(document: Mapping[str, Any], name: str) -> dict[str, tuple[int, str]]:
    """Rule and line of each body that stops, to the line and the statement."""
    return {
        f"{stop['rule']}:{stop['at'].rpartition(':')[2]}": (stop["line"], stop["statement"].split("{")[0].strip())
        for stop in about(document, name)["stopped"]
    }


def line_of(text: str, number: int = 1) -> int:
    """The line of the control on which some text stands for the nth time."""
    lines = [n for n, line in enumerate(control().splitlines(), start=1) if text in line]
    return lines[number - 1]


@pytest.fixture(scope="module")
def document(engine: Engine) -> dict[str, Any]:
    return tried(engine)


def test_outcomes_are_those_of_a_gate(document: dict[str, Any], embedded: Engine) -> None:
    found = policy_set()
    graph = evidence()
    judged = evaluate(
        graph, policies=found, checklist=circumstances().checklist(found), now=NOW, engine=embedded
    ).document["controls"][0]
    assert document["outcome"] == judged["outcome"] == "fail"
    for entry in judged["subjects"]:
        mine = next(one for one in document["subjects"] if one["subject"] == entry["subject"])
        assert mine["outcome"] == entry["outcome"]
        assert [finding["message"] for finding in mine["findings"]] == [one["message"] for one in entry["findings"]]
        assert mine["reasons"] == entry["reasons"]
    assert {one["subject"].split(":")[1]: one["outcome"] for one in document["subjects"]} == {
        "high": "fail", "many": "fail", "good": "pass", "open": "inconclusive", "old": "inconclusive",
        "partial": "inconclusive", "odd": "inconclusive", "none": "inconclusive",
    }  # fmt: skip


def test_a_deny_tells_its_body_and_its_values(document: dict[str, Any]) -> None:
    high, many = about(document, "many")["findings"]
    assert high["message"] == "b is high"
    assert [source["at"] for source in high["from"]] == [f"controls/TINY-01/control.rego:{line_of('deny contains')}"]
    assert high["from"][0]["variables"]["issue"] == HIGH
    assert high["from"][0]["variables"]["id"] == "model:many"
    assert [source["at"] for source in many["from"]] == [f"controls/TINY-01/control.rego:{line_of('deny contains', 2)}"]


def test_a_proof_tells_that_it_is_accepted(document: dict[str, Any]) -> None:
    (proof,) = about(document, "good")["proofs"]
    assert proof["accepted"]
    assert proof["why"] == []
    assert proof["from"][0]["variables"]["id"] == "model:good"


def test_where_nothing_stands_against_it_denies_stop_because_the_proof_holds(document: dict[str, Any]) -> None:
    found = stops(document, "good")
    suspect = line_of("some [id, obs] in suspect")
    assert found[f"deny:{line_of('deny contains')}"] == (suspect, "some [id, obs] in suspect")
    assert found[f"suspect:{line_of('suspect contains')}"][1] == "not [id, obs] in sound"
    assert not any(key.startswith(("proof", "sound")) for key in found)


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("many", "count(result.issues) <= limit"),
        ("open", "every issue in result.issues"),
        ("old", "some obs in input.usable[id].scan"),
        ("partial", "some obs in input.usable[id].scan"),
        ("none", "some obs in input.usable[id].scan"),
    ],
)
def test_a_missing_proof_is_followed_to_the_statement_that_fails(
    document: dict[str, Any], name: str, statement: str
) -> None:
    found = stops(document, name)
    assert found[f"proof:{line_of('proof contains')}"][1] == "some [id, obs] in sound"
    assert found[f"sound:{line_of('sound contains')}"] == (line_of(statement), statement)


def test_the_values_at_a_stop_are_those_of_the_subject(document: dict[str, Any]) -> None:
    (stop,) = (stop for stop in about(document, "many")["stopped"] if stop["rule"] == "sound")
    values = {value["expression"]: value["value"] for value in stop["bindings"][0]["values"]}
    assert values["count(result.issues)"] == 3
    assert values["limit"] == 2
    assert stop["bindings"][0]["variables"]["id"] == "model:many"
    (stop,) = (stop for stop in about(document, "none")["stopped"] if stop["rule"] == "sound")
    assert stop["bindings"][0]["values"] == [{"expression": "input.usable[id].scan", "defined": False, "value": None}]
    (stop,) = (stop for stop in about(document, "high")["stopped"] if stop["rule"] == "deny")
    assert stop["holds"] == ["some [id, obs] in suspect"]


def test_of_every_the_failing_element_is_told(document: dict[str, Any]) -> None:
    (stop,) = (stop for stop in about(document, "open")["stopped"] if stop["rule"] == "sound")
    element = stop["element"]
    assert element["statement"] == "issue.fixed == true"
    assert element["line"] == line_of("issue.fixed == true")
    assert element["variables"]["issue"]["name"] == "c"
    assert element["values"] == [{"expression": "issue.fixed", "defined": True, "value": False}]
    assert element["count"] == 2
    (stop,) = (stop for stop in about(document, "high")["stopped"] if stop["rule"] == "sound")
    assert stop["element"]["statement"] == 'issue.severity != "high"'
    assert stop["element"]["count"] == 1


def test_the_statement_that_raises_is_told(embedded: Engine) -> None:
    """On this engine, counting nothing but a number raises; the other one takes it for undefined."""
    about_odd = observation("scan", result={"issues": 3})
    document = tried(embedded, Graph.of({"name": "tiny"}, [subject()], [about_odd]))
    assert "count" in document["error"]
    (stop,) = (stop for stop in about(document, "net")["stopped"] if stop["rule"] == "sound")
    assert "count" in stop["error"]
    assert "control.rego" not in stop["error"]
    assert stop["statement"] == "count(result.issues) <= limit"
    assert stop["bindings"][0]["variables"]["result"] == {"issues": 3}
    assert "it raises:" in render_trial(document, Format.TEXT)


def test_a_beginning_that_alone_is_refused_is_passed_over() -> None:
    """As an engine may refuse a negation over what may be missing, and not where a later statement asks for it."""
    text = "package a\n\nimport rego.v1\n\np if {\n\tx := input.a\n\tnot x.b == 1\n\tx.b\n\tx.c\n}\n"
    (body,) = read_bodies({"a.rego": text})
    refused, holds, not_held = RuleResult(error="a.rego:7:2: refused"), RuleResult([[]]), RuleResult([])
    for answers, cut, error in (
        ((holds, refused, holds, holds), 4, None),
        ((holds, refused, not_held, not_held), 1, None),
        ((holds, refused, refused, refused), 1, "refused"),
        ((holds, refused, holds, refused), 3, "refused"),
    ):
        reached = {(body, number): answer for number, answer in enumerate(answers, start=1)}
        stop = farthest(body, "model:m", reached)
        assert (stop.cut, stop.error) == (cut, error)


def test_values_of_rules_are_told_for_the_subject_alone(document: dict[str, Any]) -> None:
    assert document["values"] == {"limit": 2}
    rules = about(document, "good")["rules"]
    assert [item[0] for item in rules["sound"]["items"]] == ["model:good"]
    assert rules["suspect"] == {"count": 0, "items": []}
    assert about(document, "many")["rules"]["suspect"]["count"] == 1


def test_parameters_and_waivers_count(embedded: Engine) -> None:
    waiver = {
        "id": "W-1", "control": "TINY-01", "subjects": ["model:many"], "owner": "a@example.org",
        "approver": "b@example.org", "ticket": "T-1", "reason": "known", "expires": "2027-01-01",
    }  # fmt: skip
    parameters = {"TINY-01": {"limit": 7}, "GONE-01": {"x": 1}}
    document = tried(embedded, evidence("many"), parameters=parameters, waivers=[waiver])
    assert document["parameters"]["limit"] == {"value": 7, "origin": "manifest"}
    found = about(document, "many")
    assert found["outcome"] == "waived"
    assert found["waiver"]["id"] == "W-1"
    assert [finding["message"] for finding in found["findings"]] == ["b is high"]
    with pytest.raises(PolicyError, match="limit"):
        tried(embedded, parameters={"TINY-01": {"limit": "many"}})


def test_proofs_that_are_not_accepted_say_why(embedded: Engine) -> None:
    rules = APPLIES + PROOF.replace("input.usable", "input.observed") + "deny := set()\n"
    stale = observation("scan", observed_at="2026-01-01T00:00:00Z")
    document = tried(embedded, Graph.of({"name": "p"}, [subject()], [stale]), policy_set(rules))
    (proof,) = about(document, "net")["proofs"]
    assert not proof["accepted"]
    assert "not usable" in proof["why"][0]
    assert "not accepted: a proof cites" in render_trial(document, Format.TEXT, width=200)


def test_a_subject_that_the_control_does_not_apply_to_is_told_where_applies_stops(embedded: Engine) -> None:
    document = tried(embedded, evidence(), policy_set(), "pipeline:tiny")
    (found,) = document["subjects"]
    assert found["outcome"] == "not_applicable"
    assert [stop["rule"] for stop in found["stopped"]] == ["applies"]
    assert found["stopped"][0]["bindings"][0]["values"][0]["expression"] == "input.ids.model"


def test_only_so_many_subjects_are_looked_into_the_worst_first(embedded: Engine) -> None:
    subjects = [Subject("model", f"m{number:02}", {"sha256": "a" * 64}, f"m{number}") for number in range(30)]
    made = [observation("scan", one, result={"issues": [HIGH] if one.name == "m29" else []}) for one in subjects]
    document = tried(embedded, Graph.of({"name": "p"}, subjects, made))
    assert len(document["subjects"]) == MOST_SUBJECTS
    assert document["subjects"][0]["subject"] == "model:m29"
    assert len(document["left_out"]) == 30 - MOST_SUBJECTS
    assert "not looked into: model:m" in render_trial(document, Format.TEXT)
    (one,) = tried(embedded, Graph.of({"name": "p"}, subjects, made), None, "model:m28")["subjects"]
    assert one["outcome"] == "pass"


def test_whoever_is_named_is_looked_into(embedded: Engine) -> None:
    names = [f"m{number:02}" for number in range(MOST_SUBJECTS + 2)]
    document = tried(embedded, evidence(*names), None, *(f"model:{name}" for name in names))
    assert [one["subject"] for one in document["subjects"]] == [f"model:{name}" for name in names]
    assert document["left_out"] == []


def test_a_stage_that_the_control_has_no_part_in_does_not_hide_it(embedded: Engine) -> None:
    rules = RULES.replace("count(result.issues) <= limit", 'input.stage == "training"')
    for stage, outcome in (("training", "pass"), ("monitoring", "inconclusive"), (None, "inconclusive")):
        document = tried(embedded, evidence("good"), policy_set(rules), stage=stage)
        assert document["outcome"] == outcome
        assert any(key.startswith("sound") for key in stops(document, "good")) is (outcome != "pass")


def test_nothing_to_apply_to(embedded: Engine) -> None:
    document = tried(embedded, Graph.of({"name": "p"}, [Subject("pipeline", "p")], []))
    assert document["outcome"] == "not_applicable"
    assert document["subjects"] == []


def test_names_are_found_in_any_case_and_near_ones_are_offered() -> None:
    found = policy_set()
    assert control_named("tiny-01", found).id == "TINY-01"
    with pytest.raises(UsageError) as raised:
        control_named("TINI-01", found)
    assert "TINY-01" in raised.value.remedy
    with pytest.raises(UsageError, match="no subject"), engine_named("regorus") as engine:
        tried(engine, evidence(), found, "model:gone")


def test_a_control_that_is_no_rego_is_refused_with_the_place(embedded: Engine) -> None:
    with pytest.raises(PolicyError) as raised:
        tried(embedded, evidence(), policy_set(RULES.replace("issue.fixed == true", "issue.fixed == ]")))
    assert f"control.rego:{line_of('issue.fixed')}:" in raised.value.what
    assert "^" in raised.value.why


def test_a_control_that_cannot_be_compiled_is_told_and_not_looked_into(engine: Engine) -> None:
    document = tried(engine, evidence("good"), policy_set(RULES.replace("count(result.issues)", "count(unheard_of)")))
    assert document["outcome"] == "inconclusive"
    assert "unheard_of" in document["error"]
    assert about(document, "good")["stopped"] == []


def test_a_control_that_takes_too_long_ends() -> None:
    slow = "\tsome a in numbers.range(1, 9000)\n\tsome b in numbers.range(1, 9000)\n\ta * b == 7\n"
    rules = RULES.replace("\tcount(result.issues) <= limit\n", slow)
    with engine_named("regorus", limits=Limits(seconds=0.5)) as engine:
        document = tried(engine, evidence("good"), policy_set(rules))
    assert document["outcome"] == "inconclusive"
    assert document["error"]


def test_what_takes_long_is_not_taken_apart(embedded: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "LONGEST_SECONDS", 0.0)
    document = tried(embedded, evidence("high"))
    assert document["outcome"] == "fail"
    assert about(document, "high")["stopped"] == []
    assert [finding["from"] for finding in about(document, "high")["findings"]] == [[]]
    assert "try it on less evidence" in render_trial(document, Format.TEXT, width=200)


def test_two_rules_of_one_package_in_two_files(engine: Engine) -> None:
    body = "\tsome id in applies\n\tdata.tiny.tiny_01.applies\n"
    more = f"package tiny.tiny_01\n\nimport rego.v1\n\nmore contains id if {{\n{body}}}\n"
    rules = RULES.replace(
        "some id in applies\n\tsome obs in input.usable", "some id in more\n\tsome obs in input.usable"
    )
    found = PolicySet({**policy_set(rules).sources, "controls/TINY-01/more.rego": more.encode()})
    document = tried(engine, evidence("good"), found)
    assert about(document, "good")["outcome"] == "pass"
    assert about(document, "good")["rules"]["more"]["items"] == ["model:good"]


@pytest.mark.parametrize("defect", ["MODEL-01: header", "TRAIN-12: unknown builder", "SUPPLY-02: critical"])
def test_built_in_controls_are_looked_into(defect: str, embedded: Engine) -> None:
    graph = next(graph for name, graph, _, _ in simulator.bad_graphs(NOW) if name == defect)
    found = PolicySet.built_in()
    given = circumstances(parameters=simulator.parameters())
    about_it = control_named(defect.partition(":")[0], found)
    document = try_control(about_it, graph, policies=found, circumstances=given, engine=embedded)
    assert document["outcome"] == "fail"
    (only,) = document["subjects"]
    assert all(finding["from"] for finding in only["findings"])
    assert [stop["rule"] for stop in only["stopped"]].count("proof") == 1
    assert not any(stop["error"] for stop in only["stopped"])
    json.dumps(document)


@needs_opa
def test_both_engines_see_the_same(embedded: Engine) -> None:
    with engine_named("opa") as other:
        one, two = tried(embedded, evidence("open", "high")), tried(other, evidence("open", "high"))
    assert one.pop("engine")["name"] == "regorus"
    assert two.pop("engine")["name"] == "opa"
    assert one == two


@needs_opa
@pytest.mark.parametrize(("mode", "text"), [("fails", "Fail"), ("full", "Eval"), ("notes", "Note")])
def test_opa_explains(mode: str, text: str) -> None:
    found = policy_set(RULES.replace("result.issues) <= limit", 'result.issues) <= limit\n\ttrace("seen")'))
    about_it = control_named("tiny-01", found)
    graph = evidence("many") if mode != "notes" else evidence("good")
    said = trace_control(about_it, graph, policies=found, circumstances=circumstances(), mode=mode)
    assert any(text in line for line in said["lines"])
    assert any("controls/TINY-01/control.rego:" in line for line in said["lines"])
    assert len(said["lines"]) <= MOST_LINES
    assert said["left_out"] == 0


@needs_opa
def test_a_trace_of_what_opa_refuses_says_why() -> None:
    found = policy_set(RULES.replace("count(result.issues)", "count(unheard_of)"))
    with pytest.raises(EngineError, match="unheard_of"):
        trace_control(
            control_named("tiny-01", found), evidence(), policies=found, circumstances=circumstances(), mode="fails"
        )


def test_a_trace_needs_opa_and_a_mode() -> None:
    check_trace(None, "regorus")
    check_trace("full", "opa")
    with pytest.raises(UsageError, match="--engine opa"):
        check_trace("full", "regorus")
    with pytest.raises(UsageError, match="no trace"):
        check_trace("loud", "opa")


def test_old_evidence_is_fresh_at_its_time(embedded: Engine) -> None:
    document = tried(embedded, evidence("good"), now=NOW + timedelta(days=90))
    assert [reason["code"] for reason in about(document, "good")["reasons"]] == ["stale"]


def test_the_text_is_as_recorded(embedded: Engine) -> None:
    path = GOLDEN / "trial.txt"
    document = tried(embedded)
    document["engine"]["version"] = "0.0.0"
    text = render_trial(document, Format.TEXT)
    if os.environ.get("PROBATUM_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_other_formats(embedded: Engine) -> None:
    document = tried(embedded, evidence("good"))
    assert json.loads(render_trial(document, Format.JSON)) == document
    with pytest.raises(UsageError):
        render_trial(document, Format.SARIF)


def test_what_evidence_says_cannot_move_the_cursor(embedded: Engine) -> None:
    odd = observation("scan", result={"issues": [{"name": "\x1b[2Jx", "severity": "high"}]})
    document = tried(embedded, Graph.of({"name": "\x1b[1m"}, [subject()], [odd]))
    assert "\x1b" not in render_trial(document, Format.TEXT)
