"""An auditor holds evidence of other machines against the documents that it came in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evidence_case import TIME, graph, joined, observed, plain, signed
from signing_case import NOW, ed_key, policy, sha256, write

from probatum.attestations.package.files import PackageFiles
from probatum.attestations.trust.policy import TrustPolicy
from probatum.attestations.verify.check_origins import check_origins
from probatum.attestations.verify.package import CheckedPackage
from probatum.attestations.verify.report import Row
from probatum.evaluator.graph import Graph, Observation, Tier
from probatum.evaluator.policies import PolicySet

KEY = ed_key("cluster")
TRUST = policy({"cluster": KEY}, evidence={})
GOOD = graph(observed(), observed(type="hashes"))
Change = Callable[[Observation], Observation]


def rows(folder: Path, of: Graph, *documents: Path, trust: TrustPolicy = TRUST, time: Any = TIME) -> list[Row]:
    for document in documents:
        write(folder / "raw" / sha256(document.read_bytes()), document.read_bytes())
    write(folder / "evidence.json", "{}")
    assessment = {"predicate": {"evaluated_at": time}}
    package = CheckedPackage(PackageFiles.open(folder), b"", {}, assessment, of, PolicySet({}), ())
    return list(check_origins(trust, NOW)(package))


def changed(of: Graph, change: Change) -> Graph:
    observations = [change(item) for item in of.observations.values()]
    return replace(of, observations={item.id: item for item in observations})


def origin(**fields: Any) -> Change:
    def change(item: Observation) -> Observation:
        return replace(item, extra={"origin": {**item.extra["origin"], **fields}})

    return change


def test_what_the_documents_say_is_what_the_graph_says(tmp_path: Path) -> None:
    documents = [signed(tmp_path, "c.dsse.json", GOOD, KEY), plain(tmp_path, "g.json", graph(observed(type="x")))]
    of = joined(TRUST, graph(observed(type="own")), *documents)
    found = rows(tmp_path / "v", of, *documents)
    assert [(row.check, row.ok) for row in found] == [
        ("evidence of other machines: c.dsse.json", True),
        ("evidence of other machines: g.json", True),
    ]
    assert "2 observations, signed by key:cluster" in found[0].detail
    assert "1 observations, signed by nobody" in found[1].detail


def test_evidence_of_this_run_alone_makes_no_row(tmp_path: Path) -> None:
    assert rows(tmp_path / "v", graph(observed())) == []


def test_an_auditor_who_trusts_nobody_for_evidence_is_told(tmp_path: Path) -> None:
    path = signed(tmp_path, "c.dsse.json", GOOD, KEY)
    (row,) = rows(tmp_path / "v", joined(TRUST, graph(), path), path, trust=policy({"cluster": KEY}, verdict={}))
    assert row.ok is None
    assert "was not checked" in row.detail


def test_what_nobody_signed_is_held_against_its_document_whoever_is_trusted(tmp_path: Path) -> None:
    """Without a signature there is nothing to trust, and hence nothing to leave unchecked."""
    path = plain(tmp_path, "g.json", graph(observed()))
    of, nobody = joined(TRUST, graph(), path), policy({"cluster": KEY}, verdict={})
    (row,) = rows(tmp_path / "v", of, path, trust=nobody)
    assert row.ok is True
    lie = changed(of, lambda item: replace(item, result={"bad": True}))
    (row,) = rows(tmp_path / "w", lie, path, trust=nobody)
    assert row.ok is False


def test_an_auditor_who_trusts_others_for_evidence_refuses(tmp_path: Path) -> None:
    path = signed(tmp_path, "c.dsse.json", GOOD, KEY)
    of = joined(TRUST, graph(), path)
    (row,) = rows(tmp_path / "v", of, path, trust=policy({"cluster": ed_key()}, evidence={}))
    assert row.ok is False
    assert "signed by nobody who may" in row.detail


@pytest.mark.parametrize("time", ["2026-11-20T07:00:00Z", None])
def test_a_document_is_as_old_as_it_was_at_the_evaluation(tmp_path: Path, time: Any) -> None:
    path = signed(tmp_path, "c.dsse.json", GOOD, KEY)
    of = joined(TRUST, graph(), path)
    assert rows(tmp_path / "v", of, path, trust=policy({"cluster": KEY}, evidence={"max_age_days": 0.5}), time=time)[
        0
    ].ok


def test_a_document_that_is_gone_is_missed(tmp_path: Path) -> None:
    path = signed(tmp_path, "c.dsse.json", GOOD, KEY)
    (row,) = rows(tmp_path / "v", joined(TRUST, graph(), path))
    assert row.ok is False
    assert "is not in the package" in row.detail


CHANGES: list[tuple[str, Change, str]] = [
    ("content", lambda item: replace(item, result={"bad": True}), "does not say"),
    ("tier", lambda item: replace(item, tier=Tier.HARDWARE), "counts for more"),
    ("claimed tier", origin(claimed_tier="hardware"), "does not say"),
    ("odd claim", origin(claimed_tier=5), "does not say"),
    ("standing", origin(standing="unsigned"), "counts for more"),
    ("odd standing", origin(standing="beyond doubt"), "counts for more"),
]


@pytest.mark.parametrize(("change", "words"), [item[1:] for item in CHANGES], ids=[item[0] for item in CHANGES])
def test_a_graph_that_says_otherwise_is_refused(tmp_path: Path, change: Change, words: str) -> None:
    path = signed(tmp_path, "c.dsse.json", graph(observed()), KEY)
    (row,) = rows(tmp_path / "v", changed(joined(TRUST, graph(), path), change), path)
    assert row.ok is False
    assert words in row.detail


def test_unsigned_evidence_that_is_said_to_be_vouched_for_is_refused(tmp_path: Path) -> None:
    path = plain(tmp_path, "g.json", graph(observed()))
    of = changed(joined(TRUST, graph(), path), origin(standing="independent"))
    of = changed(of, lambda item: replace(item, tier=Tier.ATTESTED))
    (row,) = rows(tmp_path / "v", of, path)
    assert row.ok is False
    assert "counts for more" in row.detail
    (row,) = rows(tmp_path / "w", changed(of, origin(verified=True)), path)
    assert row.ok is False


def test_bad_news_that_is_left_out_is_missed(tmp_path: Path) -> None:
    many = graph(*(observed(type=f"t{number}") for number in range(8)))
    path = signed(tmp_path, "c.dsse.json", many, KEY)
    of = joined(TRUST, graph(), path)
    kept = dict(list(of.observations.items())[:1])
    (row,) = rows(tmp_path / "v", replace(of, observations=kept), path)
    assert row.ok is False
    assert "left out is obs:" in row.detail
    assert row.detail.endswith("and 2 more")


def test_an_origin_that_is_none_is_refused(tmp_path: Path) -> None:
    of = graph(observed(extra={"origin": "somewhere"}))
    (row,) = rows(tmp_path / "v", of)
    assert row.ok is False
