"""Evidence of other machines, joined with what this run observes (decision 0017)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evidence_case import DATA, MODEL, graph, joined, observed, plain, provenance, read, signed, tiers, trusting
from signing_case import NOW, ed_key

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.evidence_statement import made_here
from probatum.attestations.vsa import used_attestations
from probatum.collectors.report_store import ReportStore
from probatum.collectors.run import Collected
from probatum.errors import EvidenceError
from probatum.evaluator.graph import Graph, Relation, Subject, Tier
from probatum.evaluator.graph_document import dump_graph, load_graph
from probatum.evaluator.origins import Standing, credited_tier, origins
from probatum.jobs.evidence import join, write_evidence

KEY = ed_key("cluster")
OTHER = ed_key("platform")
TRUST = trusting({"cluster": KEY, "platform": OTHER})


def test_signed_evidence_is_attested_and_says_which_machine_said_it(tmp_path: Path) -> None:
    path = signed(tmp_path, "c.dsse.json", graph(observed()), KEY, machine="cluster-7")
    of = joined(TRUST, graph(), path)
    (item,) = of.observations.values()
    origin = item.extra["origin"]
    assert item.tier is Tier.ATTESTED
    assert origin["machine"] == "cluster-7"
    assert origin["signers"] == ["key:cluster"]
    assert origin["roles"] == ["evidence"]
    assert origin["claimed_tier"] == "observed"
    assert origin["made_at"] == "2026-11-20T07:00:00Z"
    assert used_attestations(of) == [{"uri": "c.dsse.json", "digest": {"sha256": origin["sha256"]}}]
    assert load_graph(dump_graph(of), source="g").digest == of.digest
    (entry,) = origins(of)
    assert entry["tiers"] == {"attested": 1}
    assert entry["standings"] == {"independent": 1}


def test_what_this_run_observed_stays_as_it_is(tmp_path: Path) -> None:
    own = graph(observed(), observed(type="hashes", tier="attested"))
    assert join(own, read(None)) == own
    assert tiers(joined(None, own, plain(tmp_path, "g.json", graph(observed(type="other"))))) == [
        ("hashes", "attested", ""),
        ("other", "reported", "unsigned"),
        ("scan", "observed", ""),
    ]


CREDIT = [
    (Standing.UNSIGNED, ["declared", "reported", "reported", "reported", "reported"]),
    (Standing.OUT_OF_SCOPE, ["declared", "reported", "reported", "reported", "reported"]),
    (Standing.ACCEPTED_UNSIGNED, ["declared", "reported", "observed", "observed", "observed"]),
    (Standing.NOT_ISOLATED, ["declared", "reported", "observed", "observed", "observed"]),
    (Standing.SELF_SIGNED, ["declared", "reported", "observed", "observed", "observed"]),
    (Standing.INDEPENDENT, ["declared", "reported", "attested", "attested", "attested"]),
]


@pytest.mark.parametrize(("standing", "expected"), CREDIT)
def test_the_tier_follows_from_who_vouches(standing: Standing, expected: list[str]) -> None:
    assert [str(credited_tier(tier, standing)) for tier in Tier] == expected
    assert {item for item, _ in CREDIT} == set(Standing)


def test_unsigned_evidence_is_recorded_as_a_bypass(tmp_path: Path) -> None:
    plainly = plain(tmp_path, "g.json", graph(observed()))
    (strict,) = read(TRUST, plainly).bypasses
    (lenient,) = read(TRUST, plainly, allow_unsigned=True).bypasses
    assert strict["code"] == lenient["code"] == "unsigned_evidence"
    assert "reported at most" in strict["message"]
    assert "as if it had been observed here" in lenient["message"]
    assert read(TRUST, signed(tmp_path, "s.dsse.json", graph(observed()), KEY)).bypasses == []


def test_accepted_unsigned_evidence_counts_as_observed_at_most(tmp_path: Path) -> None:
    links = [Relation("model:m", "trained_on", "dataset:d")]
    of = graph(observed(tier="hardware"), subjects=[MODEL, DATA], relations=links)
    path = plain(tmp_path, "g.json", of)
    lenient, strict = joined(None, None, path, allow_unsigned=True), joined(None, None, path)
    assert tiers(lenient) == [("scan", "observed", "accepted_unsigned")]
    assert lenient.relations == of.relations
    assert tiers(strict) == [("scan", "reported", "unsigned")]
    assert strict.relations == ()
    assert strict.subjects == of.subjects


@pytest.mark.parametrize("field", ["resource_uri", "exposure"])
def test_only_this_run_speaks_of_the_pipeline_as_a_whole(tmp_path: Path, field: str) -> None:
    path = signed(tmp_path, "c.dsse.json", graph(observed(), **{field: "elsewhere"}), KEY)
    assert joined(TRUST, graph(), path).pipeline == {"name": "p"}
    assert joined(TRUST, None, path).pipeline == {"name": "p", field: "elsewhere"}
    with pytest.raises(EvidenceError, match=field):
        joined(TRUST, graph(**{field: "here"}), path)


def test_a_signer_of_the_provenance_does_not_vouch_independently(tmp_path: Path) -> None:
    path = signed(tmp_path, "c.dsse.json", graph(observed()), KEY)
    assert tiers(joined(TRUST, graph(provenance("key:cluster")), path))[1] == ("scan", "observed", "self_signed")
    assert tiers(joined(TRUST, graph(provenance("key:platform")), path))[1] == ("scan", "attested", "independent")


def test_whoever_signs_beside_the_maker_vouches_for_both(tmp_path: Path) -> None:
    path = signed(tmp_path, "c.dsse.json", graph(observed()), KEY, OTHER)
    assert tiers(joined(TRUST, graph(provenance("key:cluster")), path))[1] == ("scan", "attested", "independent")


def test_odd_provenance_makes_nobody_a_maker(tmp_path: Path) -> None:
    path = signed(tmp_path, "c.dsse.json", graph(observed()), KEY)
    odd = observed(type="provenance", result={"signers": [None, {"x": 1}]})
    none = observed(type="provenance", result={"signers": "key:cluster"})
    assert ("scan", "attested", "independent") in tiers(joined(TRUST, graph(odd, none), path))


def test_each_signer_speaks_of_its_own_subjects(tmp_path: Path) -> None:
    both = graph(observed(MODEL), observed(DATA, type="hashes"), subjects=[MODEL, DATA])
    trust = trusting({"cluster": KEY}, subjects={"key:cluster": ("dataset:*", "model:other")})
    of = joined(trust, None, signed(tmp_path, "c.dsse.json", both, KEY))
    assert tiers(of) == [("hashes", "attested", "independent"), ("scan", "reported", "out_of_scope")]
    exact = trusting({"cluster": KEY}, subjects={"key:cluster": ("model:m",)})
    of = joined(exact, None, signed(tmp_path, "c.dsse.json", both, KEY))
    assert tiers(of) == [("hashes", "reported", "out_of_scope"), ("scan", "attested", "independent")]


def test_as_many_signers_as_the_role_demands_must_speak_of_a_subject(tmp_path: Path) -> None:
    both = trusting({"cluster": KEY, "platform": OTHER}, threshold=2, subjects={"key:platform": ("dataset:*",)})
    path = signed(tmp_path, "c.dsse.json", graph(observed()), KEY, OTHER)
    assert tiers(joined(both, graph(), path)) == [("scan", "reported", "out_of_scope")]


def test_content_that_nobody_may_speak_of_is_not_what_a_verdict_is_about(tmp_path: Path) -> None:
    image = Subject("image", "i", {"sha256": "c" * 64}, "i")
    links = [Relation("image:i", "built_from", "model:m"), Relation("model:m", "deployed_as", "image:i")]
    of = graph(observed(), observed(image), subjects=[MODEL, image], relations=links)
    trust = trusting({"cluster": KEY}, subjects={"key:cluster": ("model:*",)})
    for path, kept in (
        (plain(tmp_path, "g.json", of), ()),
        (signed(tmp_path, "c.dsse.json", of, KEY), (links[1],)),
    ):
        found = joined(trust, graph(), path)
        assert found.subjects["image:i"].digest == {}
        assert found.subjects["model:m"] == MODEL
        assert found.relations == kept
    accepted = joined(trust, graph(), plain(tmp_path, "g.json", of), allow_unsigned=True)
    assert accepted.subjects["image:i"] == image


def test_a_subject_that_is_only_named_here_gets_its_content_from_who_may_say(tmp_path: Path) -> None:
    own = graph(subjects=[Subject("model", "m")])
    assert joined(TRUST, own, signed(tmp_path, "c.dsse.json", graph(observed()), KEY)).subjects["model:m"] == MODEL
    found = joined(TRUST, own, plain(tmp_path, "g.json", graph(observed())))
    assert found.subjects["model:m"].digest == {}


def test_machines_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    other = replace(MODEL, digest={"sha256": "d" * 64})
    for path in (
        signed(tmp_path, "c.dsse.json", graph(observed(other), subjects=[other]), KEY),
        plain(tmp_path, "g.json", graph(observed(other), subjects=[other])),
    ):
        with pytest.raises(EvidenceError, match=r"contradict each other about the subject model:m"):
            joined(TRUST, graph(), path)


def test_documents_are_kept_as_they_came(tmp_path: Path) -> None:
    path = signed(tmp_path, "c.dsse.json", graph(observed()), KEY)
    reports = ReportStore()
    elsewhere = read(TRUST, path)
    elsewhere.keep(reports)
    assert dict(reports) == {elsewhere.documents[0].origin.sha256: path.read_bytes()}


def test_every_signed_document_that_counted_is_an_input_of_the_verdict() -> None:
    one, two, three, four = ({"sha256": digit * 64} for digit in "1234")
    granted = {"signed": "w.dsse.json", "signed_sha256": three["sha256"], "signers": ["key:bo"]}
    of = graph(
        observed(type="verdict", result={"verdicts": [{"source": "v", **one}], "verdict_count": 1}),
        observed(type="approval", result={"approvals": [{"source": "a", **two}, 5], "approval_count": 2}),
        observed(
            type="waivers", result={"waivers": [granted, {"id": "W-2", "signed": "x", "signed_sha256": "4" * 64}]}
        ),
        observed(type="attestation", result={"documents": [{"source": "d", **four, "verified": False}]}),
    )
    assert used_attestations(of) == [
        {"uri": "a", "digest": two},
        {"uri": "v", "digest": one},
        {"uri": "w.dsse.json", "digest": three},
    ]


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    one = signed(tmp_path, "c.dsse.json", graph(observed()), KEY)
    two = signed(tmp_path, "p.dsse.json", graph(observed(DATA), subjects=[DATA]), OTHER)
    three = plain(tmp_path, "g.json", graph(observed(type="x")))
    assert joined(TRUST, graph(), one, two, three) == joined(TRUST, graph(), three, two, one)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("e.json", "e.dsse.json"), ("e.dsse.json", "e.dsse.json"), ("evidence", "evidence.dsse.json")],
)
def test_a_signed_graph_lies_beside_where_a_plain_one_would(tmp_path: Path, name: str, expected: str) -> None:
    reports = ReportStore()
    kept = reports.add(b"raw", "text/plain")["sha256"]
    collected = Collected(graph(observed()), reports)
    written = write_evidence(collected, tmp_path / name, tmp_path / "raw", now=NOW, attestor=KeyAttestor([KEY]))
    assert written == tmp_path / expected
    assert (tmp_path / "raw" / kept).read_bytes() == b"raw"
    assert tiers(joined(TRUST, None, written)) == [("scan", "attested", "independent")]


def test_a_plain_graph_says_where_it_was_made_and_nothing_else_changes(tmp_path: Path) -> None:
    collected = Collected(graph(observed()), ReportStore())
    written = write_evidence(collected, tmp_path / "e.json", now=NOW, machine="laptop")
    made = json.loads(written.read_bytes())["made"]
    assert made["machine"] == "laptop"
    assert made["at"] == "2026-11-20T07:00:00Z"
    (document,) = read(None, written).documents
    assert document.graph == graph(observed())
    assert document.origin.machine == "laptop"


@pytest.mark.parametrize("made", ["x", None, {"machine": 5, "at": []}, {"machine": "  "}])
def test_an_odd_place_of_origin_is_left_out(tmp_path: Path, made: Any) -> None:
    of = replace(graph(observed()), extra={"made": made})
    (document,) = read(None, plain(tmp_path, "g.json", of)).documents
    assert document.origin.machine is None
    assert document.origin.made_at is None


def test_nothing_at_all_is_an_error() -> None:
    with pytest.raises(EvidenceError, match="no graph"):
        join(None, read(None))


def test_made_here_leaves_an_unknown_machine_out() -> None:
    of: Graph = made_here(graph(), machine=None, now=NOW, version="1")
    assert of.extra == {"made": {"at": "2026-11-20T07:00:00Z", "probatum": "1"}}
