"""A recorded evaluation can be repeated, on either engine, to the same bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opa_case import needs_opa, opa_binary
from policy_case import NOW, assess, checklist, graph, module, observation, policies, subject

from probatum import strict_json
from probatum.errors import EvidenceError, PolicyError
from probatum.evaluator import bundle
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.graph_document import dump_graph, load_graph
from probatum.evaluator.settings import evaluate_from, settings_document

BY = policies(module(), module(id="TINY-02"))
SEEN = graph(observation(result={"bad": True}), observation(of=subject("b")), subjects=[subject(), subject("b")])
GIVEN: dict[str, Any] = {
    "parameters": {"TINY-01": {"max_age_days": 2.5}},
    "waivers": [{"id": "W-1", "control": "TINY-02"}],
    "stage": "training",
    "trust_policy_digest": {"sha256": "ab"},
    "bypasses": [{"code": "c", "message": "m"}],
}


def recorded() -> Any:
    """Settings as they are read back from a package."""
    made = settings_document(checklist=checklist(BY), now=NOW, engine=Regorus(), **GIVEN)
    return json.loads(strict_json.canonical(made))


def test_a_replay_has_the_same_digest() -> None:
    first = assess(SEEN, BY, **GIVEN)
    evidence = load_graph(dump_graph(SEEN), source="evidence.json")
    again = evaluate_from(evidence, bundle.unpack(bundle.pack(BY), source="b"), recorded(), Regorus())
    assert strict_json.canonical(again.document) == strict_json.canonical(first.document)
    assert first.document["digests"]["trust_policy"] == {"sha256": "ab"}


@needs_opa
def test_a_replay_on_the_other_engine_has_the_same_digest() -> None:
    first = assess(SEEN, BY, **GIVEN)
    with Opa(binary=opa_binary()) as engine:
        again = evaluate_from(SEEN, BY, recorded(), engine)
    assert strict_json.digest(dict(again.document)) == strict_json.digest(dict(first.document))


def test_everything_that_matters_is_in_a_digest() -> None:
    first = assess(SEEN, BY, **GIVEN).document["digests"]
    for name, change in {
        "parameters": {"parameters": {"TINY-01": {"max_age_days": 3}}},
        "waivers": {"waivers": []},
        "trust_policy": {"trust_policy_digest": None},
        "checklist": {"checklist": checklist(BY, title="Other")},
    }.items():
        other = assess(SEEN, BY, **{**GIVEN, **change}).document["digests"]
        assert {key for key in first if first[key] != other[key]} == {name}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", "x"),
        ("evaluated_at", "2026-02-30T00:00:00Z"),
        ("evaluated_at", "2026-11-20"),
        ("stage", "production"),
        ("parameters", []),
        ("waivers", [1]),
        ("engine", {}),
        ("bypasses", [{}]),
        ("trust_policy", {}),
        ("more", 1),
    ],
)
def test_malformed_settings_are_refused(field: str, value: Any) -> None:
    with pytest.raises(EvidenceError, match="settings"):
        evaluate_from(SEEN, BY, {**recorded(), field: value}, Regorus())


def test_settings_for_other_policies_are_refused() -> None:
    with pytest.raises(PolicyError, match="no control"):
        evaluate_from(SEEN, policies(), recorded(), Regorus())
