"""Every outcome and every reason, over tiny policies."""

from __future__ import annotations

from typing import Any

import pytest
from policy_case import (
    APPLIES,
    DENY,
    DIGEST,
    PROOF,
    RULES,
    assess,
    checklist,
    codes,
    graph,
    inventory,
    module,
    observation,
    only,
    policies,
    subject,
)  # fmt: skip

from probatum.errors import EngineError, PolicyError, UsageError
from probatum.evaluator.engines.base import RuleResult
from probatum.evaluator.graph import Coverage, Graph, Relation, Skipped, Status, Subject, Tier


def test_a_proof_passes_and_cites_its_evidence() -> None:
    good = observation()
    found = assess(graph(good))
    assert found.result == "pass"
    assert only(found)["proofs"] == [{"evidence": [good.id]}]
    assert found.document["evidence"][good.id]["tier"] == "observed"
    assert found.document["counts"] == {"pass": 1, "fail": 0, "inconclusive": 0, "waived": 0, "not_applicable": 0}


def test_a_finding_fails_though_there_is_a_proof() -> None:
    bad = observation(result={"bad": True}, observed_at="2026-11-20T05:00:00Z")
    found = assess(graph(observation(), bad))
    assert found.result == "fail"
    finding = {"message": "bad", "evidence": [bad.id], "remediation": "Mend it."}
    assert only(found)["findings"] == [finding]


@pytest.mark.parametrize("status", list(Status))
def test_bad_news_counts_even_when_unusable(status: Status) -> None:
    bad = observation(result={"bad": True}, status=status, tier=Tier.DECLARED, observed_at="2020-01-01T00:00:00Z")
    assert assess(graph(bad)).result == "fail"


UNUSABLE: dict[str, tuple[dict[str, Any], str]] = {
    "old": ({"observed_at": "2026-10-20T06:59:59Z"}, "stale"),
    "future": ({"observed_at": "2026-11-20T07:05:01Z"}, "stale"),
    "no such day": ({"observed_at": "2026-02-30T07:00:00Z"}, "stale"),
    "reported": ({"tier": Tier.REPORTED}, "untrusted"),
    "declared": ({"tier": Tier.DECLARED}, "untrusted"),
    "partial": ({"status": Status.PARTIAL, "coverage": Coverage(2, 1, (Skipped("x", "odd"),))}, "incomplete"),
    "coverage contradicts": ({"coverage": Coverage(2, 1)}, "incomplete"),
    "skipped items": ({"coverage": Coverage(1, 1, (Skipped("x", "odd"),))}, "incomplete"),
    "failed": ({"status": Status.FAILED, "coverage": Coverage(0, 0)}, "collector_failed"),
    "skipped": ({"status": Status.SKIPPED, "coverage": Coverage(0, 0)}, "collector_failed"),
    "other content": ({"inputs": {"models/net": {"sha256": "b" * 64}}}, "other_digest"),
    "fewer algorithms": ({"inputs": {"models/net": {}}}, "other_digest"),
    "more algorithms": ({"inputs": {"models/net": {**DIGEST, "md5": "00"}}}, "other_digest"),
    "no inputs": ({"inputs": {}}, "other_digest"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable_evidence_is_inconclusive_with_its_reason(name: str) -> None:
    fields, code = UNUSABLE[name]
    seen = observation(**fields)
    found = assess(graph(seen))
    assert found.result == "inconclusive"
    reasons = only(found)["reasons"]
    assert [reason["code"] for reason in reasons] == [code]
    assert reasons[0]["evidence"] == [seen.id]
    assert reasons[0]["type"] == "scan"


def test_what_was_not_seen_is_said() -> None:
    skipped = tuple(Skipped(f"file-{number}", "encrypted") for number in range(5))
    found = assess(graph(observation(status=Status.PARTIAL, coverage=Coverage(6, 1, skipped))))
    message = only(found)["reasons"][0]["message"]
    assert "1 of 6" in message
    assert "file-0: encrypted" in message
    assert "and 2 more" in message


def test_evidence_on_the_edge_of_its_limits_counts() -> None:
    assert assess(graph(observation(observed_at="2026-10-21T07:00:00Z"))).result == "pass"
    assert assess(graph(observation(observed_at="2026-11-20T07:05:00Z"))).result == "pass"


@pytest.mark.parametrize(
    ("about", "inputs", "usable"),
    [
        (Subject("model", "net", DIGEST), {"models/net": DIGEST}, False),
        (Subject("model", "net", {}, "models/net"), {"models/net": {}}, False),
        (Subject("model", "net", {}, "models/net"), {}, False),
        (Subject("gpu", "net"), {}, True),
        (Subject("gpu", "net"), {"a": DIGEST}, False),
        (Subject("gpu", "net", DIGEST, "smi.xml"), {"smi.xml": DIGEST}, True),
        (Subject("gpu", "net", DIGEST, "smi.xml"), {}, False),
    ],
)
def test_evidence_is_about_the_present_content(about: Subject, inputs: dict[str, Any], usable: bool) -> None:
    text = module(RULES.replace("ids.model", f"ids.{about.kind}")).replace("[model]", f"[{about.kind}]")
    seen = observation(of=about, inputs=inputs)
    found = only(assess(graph(seen, subjects=[about]), policies(text)), subject=about.id)
    assert found["outcome"] == ("pass" if usable else "inconclusive")


def test_missing_evidence_is_inconclusive() -> None:
    found = assess(graph())
    assert found.result == "inconclusive"
    assert [reason["code"] for reason in only(found)["reasons"]] == ["missing"]


def test_usable_evidence_without_proof_is_not_proven() -> None:
    found = assess(graph(observation(result={"bad": "perhaps"})))
    assert [reason["code"] for reason in only(found)["reasons"]] == ["not_proven"]


def test_groups_of_evidence_need_one_of_each() -> None:
    proof = PROOF.replace("input.usable[id].scan", "input.usable[id][_]")
    by = policies(module(APPLIES + DENY + proof, evidence="[[scan, audit], hashes]"))
    alone = only(assess(graph(observation("audit")), by))
    assert (alone["outcome"], [reason["code"] for reason in alone["reasons"]]) == ("inconclusive", ["missing"])
    assert alone["reasons"][0]["type"] == "hashes"
    assert assess(graph(observation("audit"), observation("hashes")), by).result == "pass"
    neither = only(assess(graph(observation("hashes")), by))
    assert {reason["type"] for reason in neither["reasons"]} == {"scan", "audit"}


WRONG_PROOFS = {
    "nothing": '{"subject": "model:net", "evidence": []}',
    "unknown": '{"subject": "model:net", "evidence": ["obs:0"]}',
    "undeclared type": '{"subject": "model:net", "evidence": input.observed["model:net"].other}',
    "unusable": '{"subject": "model:net", "evidence": input.observed["model:net"].scan}',
    "a string": '"model:net"',
    "no subject": '{"evidence": input.usable["model:net"].scan}',
    "other subject": '{"subject": "model:x", "evidence": input.usable["model:net"].scan}',
    "evidence is text": '{"subject": "model:net", "evidence": "obs"}',
    "evidence of numbers": '{"subject": "model:net", "evidence": [1]}',
}


@pytest.mark.parametrize("name", WRONG_PROOFS)
def test_a_wrong_proof_is_an_error_of_the_policy(name: str) -> None:
    """Even beside a right one."""
    by = policies(module(RULES + f"proof contains {WRONG_PROOFS[name]}\n"))
    old = observation(observed_at="2020-01-01T00:00:00Z")
    found = only(assess(graph(observation(), old, observation("other")), by))
    assert found["outcome"] == "inconclusive"
    assert {reason["code"] for reason in found["reasons"]} == {"policy_error"}


WRONG_RULES = {
    "deny is a string": 'deny contains "bad"\n',
    "deny without message": 'deny contains {"subject": "model:net", "evidence": []}\n',
    "deny with empty message": 'deny contains {"subject": "model:net", "message": " ", "evidence": []}\n',
    "deny of another subject": 'deny contains {"subject": "model:x", "message": "m", "evidence": []}\n',
    "deny without evidence": 'deny contains {"subject": "model:net", "message": "m"}\n',
    "deny with odd evidence": 'deny contains {"subject": "model:net", "message": "m", "evidence": {"a": 1}}\n',
    "deny raises": 'deny contains to_number("x")\n',
    "deny undefined": "deny := 1 if input.nothing\n",
    "deny is no set": 'deny := {"a": 1}\n',
    "deny missing": "",
    "deny of an unknown builtin": "deny contains crypto.x509.parse_certificates(input.x)\n",
    "syntax": "deny contains {\n",
    "unsafe": "deny contains x if y == 2\n",
}


@pytest.mark.parametrize("name", WRONG_RULES)
def test_a_wrong_rule_is_an_error_of_its_control_alone(name: str) -> None:
    by = policies(module(APPLIES + PROOF + WRONG_RULES[name]), module(id="TINY-02"))
    found = assess(graph(observation()), by)
    broken = found.document["controls"][0]
    assert (broken["outcome"], only(found)["outcome"]) == ("inconclusive", "inconclusive")
    assert broken["error"]
    assert "backtrace" not in broken["error"]
    assert only(found, "TINY-02")["outcome"] == "pass"
    assert found.result == "inconclusive"


def test_a_finding_beside_an_error_still_fails() -> None:
    by = policies(module(RULES + 'deny contains "odd"\n'))
    assert only(assess(graph(observation(result={"bad": True})), by))["outcome"] == "fail"


def test_a_finding_with_unknown_evidence_fails_and_shows_it() -> None:
    text = 'deny contains {"subject": "model:net", "message": "m", "evidence": ["obs:0"], "remediation": "do"}\n'
    found = assess(graph(observation()), policies(module(RULES + text)))
    assert only(found)["findings"] == [{"message": "m", "evidence": ["obs:0"], "remediation": "do"}]
    assert "obs:0" not in found.document["evidence"]


def test_a_finding_with_an_odd_remediation_still_fails() -> None:
    text = 'deny contains {"subject": "model:net", "message": "m", "evidence": [], "remediation": 7}\n'
    found = assess(graph(observation()), policies(module(RULES + text)))
    assert found.result == "fail"
    assert "remediation" in found.document["controls"][0]["error"]


@pytest.mark.parametrize(
    "applies",
    ["applies contains 7\n", 'applies contains "model:x"\n', 'applies contains "pipeline:p"\n', "applies := 3\n", ""],
)
def test_where_applies_is_wrong_every_subject_is_inconclusive(applies: str) -> None:
    by = policies(module(applies + DENY.replace("applies", "input.ids.model") + "proof contains 1 if input.no\n"))
    found = assess(graph(observation()), by)
    assert only(found)["outcome"] == "inconclusive"
    assert found.document["controls"][0]["error"].startswith("applies")


def test_an_error_without_subjects_is_inconclusive_all_the_same() -> None:
    by = policies(
        module("applies := 3\n"), module(id="TINY-02").replace("[model]", "[dataset]").replace(".model", ".dataset")
    )
    about = subject(kind="dataset")
    found = assess(graph(observation(of=about), subjects=[about]), by)
    outcomes = {item["id"]: item["outcome"] for item in found.document["controls"]}
    assert outcomes == {"TINY-01": "inconclusive", "TINY-02": "pass"}
    assert found.result == "inconclusive"


def test_nothing_applies_is_not_applicable_and_no_pass() -> None:
    about = subject(kind="dataset")
    found = assess(graph(observation(of=about), subjects=[about]))
    assert found.document["controls"][0]["outcome"] == "not_applicable"
    assert found.document["counts"]["not_applicable"] == 1
    assert (found.result, codes(found)) == ("inconclusive", ["nothing_passed"])


def test_no_subject_is_no_pass() -> None:
    about, inside = inventory()
    found = assess(Graph.of({"name": "p"}, [about], [inside]))
    assert (found.result, codes(found)) == ("inconclusive", ["no_subject", "nothing_passed"])


def test_a_required_kind_that_is_missing_is_no_pass() -> None:
    by = policies()
    found = assess(graph(observation()), by, checklist=checklist(by, requires=["model", "gpu"]))
    assert (found.result, codes(found)) == ("inconclusive", ["required_kind_missing"])


INVENTORIES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "undeclared blocks": ({"undeclared": [{"path": "x.pkl"}], "undeclared_count": 1}, ["undeclared"]),
    "undeclared warns": ({"undeclared": ["x"], "undeclared_count": 1, "policy": "warn"}, []),
    "odd policy": ({"undeclared": ["x"], "undeclared_count": 1, "policy": "Warn"}, ["undeclared"]),
    "miscounted": ({"undeclared": [], "undeclared_count": 1}, ["inventory_missing"]),
    "no list": ({"undeclared": None, "undeclared_count": 0}, ["inventory_missing"]),
}


@pytest.mark.parametrize("name", INVENTORIES)
def test_the_inventory_decides_about_the_run(name: str) -> None:
    result, expected = INVENTORIES[name]
    about, inside = inventory(**result)
    found = assess(Graph.of({"name": "p"}, [subject(), about], [observation(), inside]))
    assert codes(found) == expected
    assert found.result == ("inconclusive" if expected else "pass")
    bypassed = [item["code"] for item in found.document["bypasses"]]
    assert bypassed == (["undeclared_allowed"] if result.get("policy") == "warn" else [])


def test_no_inventory_is_no_pass() -> None:
    assert codes(assess(graph(observation(), with_inventory=False))) == ["inventory_missing"]


def test_a_stage_filters_controls() -> None:
    by = policies(module(), module(id="TINY-02").replace("training, deployment", "monitoring"))
    found = assess(graph(observation()), by, stage="training")
    assert [item["id"] for item in found.document["controls"]] == ["TINY-01"]
    assert codes(assess(graph(observation()), by, stage="pre-commit")) == ["nothing_passed"]
    with pytest.raises(UsageError, match="no stage"):
        assess(graph(observation()), by, stage="production")


def test_rows_take_the_worst_of_their_controls() -> None:
    by = policies(module(), module(DENY + APPLIES + "proof contains 1 if input.no\n", id="TINY-02"))
    rows = [
        {"row": "R1", "title": "one", "controls": ["TINY-01"]},
        {"row": "R2", "title": "both", "controls": ["TINY-01", "TINY-02"]},
        {"row": "R3", "title": "none", "controls": []},
    ]
    found = assess(graph(observation()), by, checklist=checklist(by, rows=rows))
    assert [row["outcome"] for row in found.document["rows"]] == ["pass", "inconclusive", "not_applicable"]


def test_the_policy_sees_the_indexes() -> None:
    rules = (
        APPLIES
        + """proof contains 1 if input.no
deny contains {"subject": id, "message": json.marshal(seen), "evidence": []} if {
	some id in applies
	seen := [input.now_ns, input.stage, input.pipeline.name, input.parameters["TINY-01"].min_tier, input.out[id],
		input["in"]["dataset:d"].trained_on, input.ids.gpu,
		count(input.observed[id].scan), count(input.usable[id].scan)]
}
"""
    )
    data = subject("d", "dataset")
    old = observation(observed_at="2020-01-01T00:00:00Z")
    world = graph(observation(), old, subjects=[subject(), data])
    world = Graph.of(world.pipeline, world.subjects.values(), world.observations.values(),
                     [Relation("model:net", "trained_on", "dataset:d")])  # fmt: skip
    found = only(assess(world, policies(module(rules)), stage="training"))
    expected = '[1795158000000000000,"training","p","observed",{"trained_on":["dataset:d"]},["model:net"],[],2,1]'
    assert found["findings"][0]["message"] == expected


class Broken:
    """An engine that misbehaves."""

    name, version = "broken", "0"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def run(self, modules: Any, batches: Any) -> Any:
        """Give the answer, or raise it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_an_engine_that_cannot_run_makes_everything_inconclusive() -> None:
    found = assess(graph(observation()), engine=Broken(EngineError("down", why="refused")))
    assert (found.result, codes(found)) == ("inconclusive", ["engine_error", "nothing_passed"])
    assert only(found)["outcome"] == "inconclusive"


@pytest.mark.parametrize("answer", [[], [{}], [{"tiny.tiny_01": {}}], [{"tiny.tiny_01": {"applies": RuleResult([])}}]])
def test_an_engine_that_leaves_answers_out_makes_nothing_pass(answer: Any) -> None:
    assert assess(graph(observation()), engine=Broken(answer)).result == "inconclusive"


@pytest.mark.parametrize("left_out", ["applies", "deny", "proof"])
def test_an_engine_that_leaves_one_rule_out_is_not_taken_to_have_found_nothing(left_out: str) -> None:
    good = observation()
    proof = {"subject": "model:net", "evidence": [good.id]}
    whole = {"applies": RuleResult(["model:net"]), "deny": RuleResult([]), "proof": RuleResult([proof])}
    assert assess(graph(good), engine=Broken([{"tiny.tiny_01": whole}])).result == "pass"
    found = assess(graph(good), engine=Broken([{"tiny.tiny_01": {**whole, left_out: RuleResult(error="x")}}]))
    del whole[left_out]
    silent = assess(graph(good), engine=Broken([{"tiny.tiny_01": whole}]))
    assert (found.result, only(found)["outcome"]) == ("inconclusive", "inconclusive")
    assert (silent.result, only(silent)["outcome"]) == ("inconclusive", "inconclusive")
    assert "gave no answer" in str(silent.document["controls"])


def test_the_order_of_an_engine_s_answers_does_not_matter() -> None:
    one, two = observation(), observation(observed_at="2026-11-20T05:00:00Z")
    denied = [{"subject": "model:net", "message": word, "evidence": []} for word in ("b", "a", "c")]
    proven = [{"subject": "model:net", "evidence": [key]} for key in (one.id, two.id)]
    for deny, proof in ((denied, []), ([], proven)):
        told = [
            {"applies": RuleResult(["model:net"]), "deny": RuleResult(deny[::step]), "proof": RuleResult(proof[::step])}
            for step in (1, -1)
        ]
        first, again = (assess(graph(one, two), engine=Broken([{"tiny.tiny_01": answer}])) for answer in told)
        assert only(first)["findings" if deny else "proofs"]
        assert first == again


def test_evaluation_is_deterministic() -> None:
    one, two = observation(), observation(observed_at="2026-11-20T05:00:00Z", result={"bad": True})
    first = assess(graph(one, two, subjects=[subject(), subject("other")]))
    again = assess(graph(two, one, subjects=[subject("other"), subject()]))
    assert first == again


def test_parameters_that_are_wrong_are_refused() -> None:
    with pytest.raises(PolicyError, match="no control"):
        assess(graph(), parameters={"TINY-1": {}})
