"""Graphs in and out: strict, canonical, nothing lost, nothing forged."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_case import DIGEST, graph, observation, subject

from probatum import strict_json
from probatum.errors import EvidenceError
from probatum.evaluator.graph import Coverage, Graph, Relation, Skipped, Status, Subject, observation_id
from probatum.evaluator.graph_document import dump_graph, graph_from_document, load_graph
from probatum.evaluator.merge import merge_graphs
from probatum.evaluator.plain_shapes import is_plain_observation, is_plain_relation, is_plain_subject
from probatum.evaluator.schema_check import first_problem, validator
from probatum.strict_json import Limits

FULL = observation(
    tool={"name": "t", "version": "1"},
    report={"sha256": "a" * 64, "media_type": "application/json"},
    coverage=Coverage(3, 1, (Skipped("x", "odd", {"why": 1}),), {"unit": "files"}),
    status=Status.PARTIAL,
    result={"score": 7.5, "text": "é", "exact": 1.0},
    extra={"later": [1]},
)


def document() -> dict[str, Any]:
    """A graph with an unknown field at every level."""
    about = Subject("dataset", "d", extra={"owner": "x"}, attributes={"rows": 3})
    links = [Relation("model:net", "trained_on", "dataset:d", {"share": 0.5})]
    made = Graph.of({"name": "p", "team": "t"}, [subject(), about], [observation(), FULL], links)
    return {**made.to_document(), "note": "unknown", "a_first": True}


def test_a_round_trip_keeps_every_field() -> None:
    data = strict_json.canonical(document())
    found = load_graph(data, source="g")
    assert dump_graph(found) == data
    assert found.digest == strict_json.digest(document())
    assert found.observations[FULL.id] == FULL
    assert found.relations[0].extra == {"share": 0.5}
    assert found.extra == {"note": "unknown", "a_first": True}


def test_a_graph_without_further_fields_is_canonical_too() -> None:
    made = graph(observation())
    assert made.canonical == strict_json.canonical(made.to_document())
    assert load_graph(dump_graph(made), source="g") == made


def test_the_order_of_relations_is_not_the_order_in_which_they_were_told() -> None:
    links = [Relation("model:net", name, "pipeline:p") for name in ("produced_by", "derived_from", "trained_on")]
    told = [Graph.of({"name": "p"}, [subject(), Subject("pipeline", "p")], (), order) for order in (links, links[::-1])]
    twice = Graph.of({"name": "p"}, [subject(), Subject("pipeline", "p")], (), links * 2)
    assert len({made.digest for made in (*told, twice)}) == 1
    assert [link.relation for link in twice.relations] == ["derived_from", "produced_by", "trained_on"]


def forged(path: str, value: Any, *, reseal: bool = False) -> bytes:
    """The document with one field changed; resealed under the observation's new id."""
    made = copy.deepcopy(document())
    place: Any = made
    *parents, last = [FULL.id if part == "OBS" else part for part in path.split("/")]
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    if reseal:
        body = made["observations"].pop(FULL.id)
        made["observations"][observation_id(body)] = body
    return json.dumps(made).encode()


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        ("schema", "https://probatum.dev/evidence-graph/v2", "schema"),
        ("pipeline", None, "pipeline"),
        ("pipeline/name", None, "name"),
        ("subjects", [], "subjects"),
        ("subjects/model:net/kind", "modle", "subjects.model:net"),
        ("subjects/model:net/name", "other", "says that it is"),
        ("subjects/model:net/name", "", "name"),
        ("subjects/model:net/digest", {"sha256": "XYZ"}, "digest"),
        ("subjects/model:net", None, "not in the graph"),
        ("observations/OBS/result", {"score": 0}, FULL.id),
        ("observations/OBS/later", 2, FULL.id),
        ("observations/OBS/coverage/unit", "x", FULL.id),
        ("observations/OBS/status", None, FULL.id),
        ("observations/OBS/coverage/seen", -1, "coverage.seen"),
        ("observations/OBS/observed_at", "yesterday", "observed_at"),
        ("observations", None, "observations"),
        ("relations/0/to", "dataset:x", "dataset:x"),
        ("relations/0/relation", None, "relation"),
    ],
)
def test_what_contradicts_itself_is_refused(path: str, value: Any, word: str) -> None:
    with pytest.raises(EvidenceError) as raised:
        load_graph(forged(path, value), source="g.json")
    assert "g.json" in str(raised.value)
    assert word in str(raised.value)


@pytest.mark.parametrize(
    "path", ["type", "subject", "tier", "collector", "status", "coverage", "observed_at", "result"]
)
def test_required_fields_are_required_whatever_the_id(path: str) -> None:
    with pytest.raises(EvidenceError, match=path):
        load_graph(forged(f"observations/OBS/{path}", None, reseal=True), source="g")


def test_an_observation_of_nothing_is_refused() -> None:
    with pytest.raises(EvidenceError, match="not in the graph"):
        load_graph(forged("observations/OBS/subject", "model:x", reseal=True), source="g")


@pytest.mark.parametrize("data", [b"", b"[]", b"7", b'{"a":1,"a":2}', b"\xff", b"[" * 100, b"null"])
def test_what_is_no_graph_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        load_graph(data, source="g")


def test_limits_hold() -> None:
    data = dump_graph(graph(observation()))
    with pytest.raises(EvidenceError, match="too large"):
        load_graph(data, source="g", limits=Limits(max_bytes=100))
    with pytest.raises(EvidenceError, match="deep"):
        load_graph(data, source="g", limits=Limits(max_depth=3))


def test_writing_checks_too() -> None:
    stray = Graph.of({"name": "p"}, [], [observation()])
    with pytest.raises(EvidenceError, match="not in the graph"):
        dump_graph(stray)
    with pytest.raises(EvidenceError, match="observed_at"):
        dump_graph(graph(observation(observed_at="now")))


ODD = (
    st.none() | st.booleans() | st.integers(-1, 3) | st.text(max_size=3) | st.just([]) | st.just({}) | st.just({"a": 1})
)
PATHS = [
    "from", "relation", "to",
    "kind", "name", "digest", "location", "attributes", "type", "subject", "tier", "collector", "tool", "status",
    "coverage", "observed_at", "result", "inputs", "report", "coverage/seen", "coverage/examined", "coverage/skipped",
    "coverage/skipped/0", "coverage/skipped/0/item", "collector/name", "collector/more", "tool/version",
    "report/sha256",
    "inputs/models\\net", "inputs/models\\net/sha256", "digest/sha256",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PATHS), ODD, st.booleans())
def test_the_fast_shapes_accept_only_what_the_schema_accepts(path: str, value: Any, drop: bool) -> None:
    for made, plain, name in (
        (FULL.to_document(), is_plain_observation, "observation"),
        (subject().to_document(), is_plain_subject, "subject"),
        (Relation("a", "b", "c").to_document(), is_plain_relation, "relation"),
    ):
        spoilt: Any = copy.deepcopy(made)
        assert plain(spoilt)
        place: Any = spoilt
        *parents, last = [part.replace("\\", "/") for part in path.split("/")]
        try:
            for part in parents:
                place = place[int(part)] if isinstance(place, list) else place[part]
            if drop:
                del place[last if isinstance(place, dict) else int(last)]
            else:
                place[last if isinstance(place, dict) else int(last)] = value
        except (KeyError, IndexError):
            continue
        assert not plain(spoilt) or first_problem(validator("evidence-graph", name), spoilt) is None
    assert not is_plain_observation([])
    assert not is_plain_subject(None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_the_fast_encoder_writes_what_the_standard_says(value: Any) -> None:
    try:
        expected: bytes | None = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        expected = None
    if expected is None:
        with pytest.raises(EvidenceError):
            strict_json.canonical(value)
    else:
        assert strict_json.canonical(value) == expected


def test_merging_joins_what_agrees() -> None:
    data = subject("d", "dataset")
    link = Relation("model:net", "trained_on", "dataset:d")
    one = Graph.of({"name": "p", "exposure": "internal"}, [subject()], [observation()])
    two = Graph.of({"name": "p", "commit": "c"}, [subject(), data], [observation(), FULL], [link, link])
    merged = merge_graphs([one, two])
    assert merged == merge_graphs([two, one])
    assert merged.pipeline == {"name": "p", "exposure": "internal", "commit": "c"}
    assert set(merged.observations) == {observation().id, FULL.id}
    assert merged.relations == (link,)
    assert merge_graphs([merged, merged]) == merged


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (Subject("model", "net", {"sha256": "b" * 64}, "models/net"), ("model:net", "a" * 64, "b" * 64)),
        (Subject("model", "net", DIGEST, "elsewhere"), ("model:net", '"models/net"', '"elsewhere"')),
        (Subject("model", "net", location="models/net"), ("digest", "absent")),
    ],
)
def test_merging_refuses_contradictions_and_names_both(other: Subject, words: tuple[str, ...]) -> None:
    one, two = Graph.of({"name": "p"}, [subject()]), Graph.of({"name": "p"}, [other])
    with pytest.raises(EvidenceError) as raised:
        merge_graphs([one, two])
    assert all(word in str(raised.value) for word in words)


def test_merging_completes_a_subject_that_is_only_named() -> None:
    one, two = Graph.of({"name": "p"}, [subject()]), Graph.of({"name": "p"}, [Subject("model", "net")])
    assert merge_graphs([one, two]) == merge_graphs([two, one]) == one
    assert merge_graphs([two, two]) == two


def test_merging_refuses_two_pipelines_and_none() -> None:
    with pytest.raises(EvidenceError, match=r'"p".*"q"'):
        merge_graphs([Graph.of({"name": "p"}, []), Graph.of({"name": "q"}, [])])
    with pytest.raises(EvidenceError, match="no graph"):
        merge_graphs([])


def test_a_document_may_be_given_parsed() -> None:
    assert graph_from_document(document(), source="g").digest == strict_json.digest(document())
