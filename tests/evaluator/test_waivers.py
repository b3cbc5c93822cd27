"""Waivers, parameters and bypasses, and what an assessment says of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from policy_case import assess, checklist, graph, module, observation, only, policies

from probatum.errors import PolicyError
from probatum.evaluator.checklist import parameters_of
from probatum.evaluator.graph import Coverage, Status, Tier
from probatum.evaluator.times import end_of, seconds, stamp
from probatum.evaluator.waivers import judge

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
WAIVER: dict[str, Any] = {
    "id": "W-1",
    "control": "TINY-01",
    "subjects": ["model:net"],
    "owner": "ann",
    "approver": "bob",
    "ticket": "SEC-1",
    "reason": "until the move",
    "expires": "2026-11-20",
}
BAD = observation(result={"bad": True})


def test_a_live_waiver_covers_a_fail_and_keeps_its_findings() -> None:
    found = assess(graph(BAD), waivers=[WAIVER])
    entry = only(found)
    assert (entry["outcome"], entry["waiver"]) == ("waived", WAIVER)
    assert entry["findings"][0]["message"] == "bad"
    assert found.document["waivers"][0]["state"] == "applied"
    assert {"code": "waiver", "message": "the waiver W-1 was applied 1 times"} in found.document["bypasses"]


def test_a_waiver_alone_is_no_pass() -> None:
    found = assess(graph(BAD), waivers=[WAIVER])
    assert found.result == "inconclusive"
    assert [reason["code"] for reason in found.document["reasons"]] == ["nothing_passed"]


def test_a_pass_beside_a_waived_fail_is_a_pass() -> None:
    by = policies(module(), module(id="TINY-02").replace("scan", "audit"))
    assert assess(graph(BAD, observation("audit")), by, waivers=[{**WAIVER, "subjects": ["*"]}]).result == "pass"


def test_a_waiver_covers_inconclusive() -> None:
    entry = only(assess(graph(), waivers=[WAIVER]))
    assert (entry["outcome"], entry["reasons"][0]["code"]) == ("waived", "missing")


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"subjects": ["model:other"]}, "unused"),
        ({"control": "TINY-02"}, "unused"),
        ({"control": "TINY-20"}, "invalid"),
        ({"expires": "2026-11-19"}, "expired"),
        ({"expires": "2026-11-20T06:59:59Z"}, "expired"),
        ({"expires": "2026-11-20T07:59:59+01:00"}, "expired"),
        ({"expires": "soon"}, "invalid"),
        ({"expires": "2026-11-21T00:00:00"}, "invalid"),
        ({"expires": "2026-02-30"}, "invalid"),
        ({"expires": 20261120}, "invalid"),
        ({"approver": " ANN "}, "invalid"),
        ({"approver": ""}, "invalid"),
        ({"owner": None}, "invalid"),
        ({"ticket": "  "}, "invalid"),
        ({"reason": 7}, "invalid"),
        ({"subjects": []}, "invalid"),
        ({"subjects": "model:net"}, "invalid"),
        ({"subjects": [1]}, "invalid"),
    ],
)
def test_what_does_not_hold_waives_nothing(change: dict[str, Any], state: str) -> None:
    by = policies(module(), module(id="TINY-02").replace("scan", "audit"))
    found = assess(graph(BAD, observation("audit")), by, waivers=[{**WAIVER, **change}])
    assert only(found)["outcome"] == "fail"
    assert found.document["waivers"][0]["state"] == state
    assert bool(found.document["waivers"][0]["problems"]) == (state != "unused")


@pytest.mark.parametrize("name", WAIVER)
def test_every_field_of_a_waiver_is_needed(name: str) -> None:
    found = judge({key: value for key, value in WAIVER.items() if key != name}, NOW)
    assert found.state == "invalid"
    assert any(name in problem for problem in found.problems)


def test_times() -> None:
    assert seconds("2026-11-20T07:00:00Z") == 1795158000
    assert seconds("2026-11-20T07:00:00+00:00") is None
    assert stamp(datetime(2026, 11, 20, 8, 0, 0, 999, timezone(timedelta(hours=1)))) == "2026-11-20T07:00:00Z"
    assert end_of("2026-11-20") == datetime(2026, 11, 20, 23, 59, 59, 999999, UTC)
    with pytest.raises(ValueError, match="zone"):
        stamp(datetime(2026, 11, 20))  # noqa: DTZ001  on purpose


PARTIAL = observation(status=Status.PARTIAL, coverage=Coverage(2, 1))
OLD = observation(observed_at="2025-11-20T07:00:00Z")


@pytest.mark.parametrize(
    ("seen", "values", "code"),
    [
        (PARTIAL, {"accept_partial": True}, "accepted_partial"),
        (observation(tier=Tier.DECLARED), {"min_tier": "declared"}, "lowered_tier"),
        (OLD, {"max_age_days": None}, "raised_age"),
        (OLD, {"max_age_days": 365}, "raised_age"),
    ],
)
@pytest.mark.parametrize("origin", ["checklist", "manifest"])
def test_what_weakens_a_run_works_and_is_recorded(seen: Any, values: dict[str, Any], code: str, origin: str) -> None:
    by = policies()
    listed = checklist(by, controls=[{"id": "TINY-01", "parameters": values if origin == "checklist" else {}}])
    given = {"TINY-01": values} if origin == "manifest" else {}
    found = assess(graph(seen), by, checklist=listed, parameters=given)
    assert found.result == "pass"
    assert [item["code"] for item in found.document["bypasses"]] == [code]
    assert assess(graph(seen), by).result == "inconclusive"


def test_accepting_partial_evidence_does_not_accept_none() -> None:
    failed = observation(status=Status.FAILED, coverage=Coverage(0, 0))
    assert assess(graph(failed), parameters={"TINY-01": {"accept_partial": True}}).result == "inconclusive"


def test_what_strengthens_a_run_is_no_bypass() -> None:
    strict = {"TINY-01": {"max_age_days": 1, "min_tier": "attested"}}
    found = assess(graph(observation()), parameters=strict)
    assert (found.result, found.document["bypasses"]) == ("inconclusive", [])


def test_given_bypasses_are_recorded_sorted_and_once() -> None:
    given = [{"code": "b", "message": "2"}, {"code": "a", "message": "1"}, {"code": "b", "message": "2"}]
    assert assess(graph(observation()), bypasses=given).document["bypasses"] == [given[1], given[0]]


LIMITED = module(
    parameters="{limit: {type: integer, minimum: 0, unit: items, default: 5, description: x}, "
    "min_tier: {default: reported}}"
)


def test_the_origin_of_every_parameter_is_kept() -> None:
    by = policies(LIMITED)
    listed = checklist(by, controls=[{"id": "TINY-01", "parameters": {"limit": 3, "max_age_days": 7}}])
    found = parameters_of(listed, by, {"TINY-01": {"limit": 1}})["TINY-01"]
    values = {name: (parameter.value, parameter.origin) for name, parameter in found.items()}
    assert values == {
        "limit": (1, "manifest"),
        "max_age_days": (7, "checklist"),
        "min_tier": ("reported", "default"),
        "accept_partial": (False, "default"),
    }


@pytest.mark.parametrize(
    "values",
    [{"limt": 1}, {"limit": -1}, {"limit": "1"}, {"max_age_days": -1}, {"min_tier": "best"}, {"accept_partial": 1}, 7],
)
def test_wrong_parameters_are_refused_wherever_they_are_set(values: Any) -> None:
    by = policies(LIMITED)
    with pytest.raises(PolicyError):
        assess(graph(), by, parameters={"TINY-01": values})
    with pytest.raises(PolicyError):
        checklist(by, controls=[{"id": "TINY-01", "parameters": values}])
