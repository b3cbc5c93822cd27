"""Attacks on evidence that comes from elsewhere: each of these passed, or counted for more, without the defence."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from evidence_case import DATA, MODEL, graph, joined, observed, plain, provenance, read, signed, tiers, trusting
from policy_case import assess
from signing_case import NOW, ed_key, envelope, policy, sha256, statement
from sigstore_case import ISSUER, SIGNED_AT, Services

from probatum import strict_json
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.evidence_statement import evidence_statement, read_evidence
from probatum.attestations.keyless.isolation import isolated
from probatum.attestations.statement import subjects_of
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES
from probatum.attestations.trust.trusted import Identity, SigstoreRoot
from probatum.attestations.vsa import resource_uri, used_attestations
from probatum.errors import EvidenceError, TrustError
from probatum.evaluator.graph import Graph, Subject
from probatum.evaluator.graph_document import dump_graph

KEY, OTHER = ed_key("cluster"), ed_key("platform")
TRUST = trusting({"cluster": KEY})


@pytest.mark.parametrize("tier", ["observed", "attested", "hardware"])
def test_a_forged_graph_whose_tier_fields_say_attested(tmp_path: Path, tier: str) -> None:
    """Whoever can write a file writes tiers into it; without a signature they are worth `reported`."""
    forged = plain(tmp_path, "g.json", graph(observed(tier=tier)))
    assert tiers(joined(TRUST, graph(), forged)) == [("scan", "reported", "unsigned")]
    assert tiers(joined(None, None, forged)) == [("scan", "reported", "unsigned")]


def test_a_forged_graph_that_brings_its_own_origin(tmp_path: Path) -> None:
    """A graph says of itself that somebody verified it."""
    origin = {
        "verified": True,
        "signers": ["key:cluster"],
        "standing": "independent",
        "document": "x",
        "sha256": "e" * 64,
    }
    forged = graph(observed(tier="attested", extra={"origin": origin}))
    found = joined(TRUST, graph(), plain(tmp_path, "g.json", forged))
    (item,) = found.observations.values()
    assert item.extra["origin"]["verified"] is False
    assert item.extra["origin"]["signers"] == []
    assert used_attestations(found) == []


def test_a_forged_list_of_verified_documents(tmp_path: Path) -> None:
    """An unsigned graph names attestations as verified, to have the verdict list them among its inputs."""
    for type, field in (("attestation", "documents"), ("verdict", "verdicts")):
        result = {field: [{"source": "x", "sha256": "e" * 64, "verified": True}]}
        forged = graph(observed(type=type, tier="attested", result=result))
        assert used_attestations(joined(TRUST, graph(), plain(tmp_path, "g.json", forged))) == []


def test_a_signature_that_is_taken_off(tmp_path: Path) -> None:
    """The graph inside a signed document, given as a plain one, counts as any unsigned graph."""
    path = signed(tmp_path, "c.dsse.json", graph(observed()), KEY)
    payload = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    bare = tmp_path / "bare.json"
    bare.write_bytes(strict_json.canonical(payload["predicate"]))
    assert tiers(joined(TRUST, graph(), bare)) == [("scan", "reported", "unsigned")]


@pytest.mark.parametrize("allow_unsigned", [False, True])
def test_a_signature_that_does_not_hold_is_no_missing_signature(tmp_path: Path, allow_unsigned: bool) -> None:
    """A signed document whose signature is spoilt, or of a stranger, is refused and never read as if it had none."""
    path = signed(tmp_path, "c.dsse.json", graph(observed()), ed_key("stranger"))
    with pytest.raises(TrustError, match="signed by nobody who may sign evidence"):
        read(TRUST, path, allow_unsigned=allow_unsigned)
    with pytest.raises(TrustError, match="nobody is trusted"):
        read(None, path, allow_unsigned=allow_unsigned)


@pytest.mark.parametrize("change", [b'"bad":true', b'"bad": false'])
def test_signed_bytes_are_the_bytes_that_are_read(tmp_path: Path, change: bytes) -> None:
    """The payload is changed behind the signature, once in what it means and once only in its spaces."""
    path = signed(tmp_path, "c.dsse.json", graph(observed()), KEY)
    document = json.loads(path.read_bytes())
    payload = base64.b64decode(document["payload"]).replace(b'"bad":false', change)
    document["payload"] = base64.b64encode(payload).decode()
    path.write_text(json.dumps(document))
    with pytest.raises(TrustError):
        read(TRUST, path)


def test_a_signed_graph_of_another_pipeline(tmp_path: Path) -> None:
    """Good evidence of one pipeline, replayed for another."""
    path = signed(tmp_path, "c.dsse.json", graph(observed(), name="q"), KEY)
    with pytest.raises(EvidenceError, match=r'about the pipeline.*"p".*"q"'):
        joined(TRUST, graph(), path)


def test_a_signed_graph_of_other_content(tmp_path: Path) -> None:
    """Good evidence about yesterday's model, replayed for today's, with and without a claim to be about it."""
    old = replace(MODEL, digest={"sha256": "d" * 64})
    path = signed(tmp_path, "c.dsse.json", graph(observed(old), subjects=[old]), KEY)
    with pytest.raises(EvidenceError, match=r"contradict each other about the subject model:m"):
        joined(TRUST, graph(), path)
    silent = signed(tmp_path, "s.dsse.json", graph(observed(old), subjects=[Subject("model", "m")]), KEY)
    assert outcome_of(joined(TRUST, graph(), silent)) == ("inconclusive", "other_digest")


def test_stale_signed_evidence(tmp_path: Path) -> None:
    """Old evidence is signed anew, or an old document is replayed."""
    old = signed(tmp_path, "c.dsse.json", graph(observed(observed_at="2026-01-01T00:00:00Z")), KEY)
    assert outcome_of(joined(TRUST, graph(), old)) == ("inconclusive", "stale")
    late = TrustVerifier(trusting({"cluster": KEY}, max_age_days=7), NOW + timedelta(days=8))
    fresh = signed(tmp_path, "f.dsse.json", graph(observed()), KEY)
    with pytest.raises(TrustError, match="older than 7 days"):
        read_evidence(fresh.read_bytes(), source="f", verifier=late)


def test_evidence_signed_by_a_key_for_verdicts_only(tmp_path: Path) -> None:
    """A key that may sign verdicts, or model signatures, may not therefore sign evidence."""
    path = signed(tmp_path, "c.dsse.json", graph(observed()), KEY)
    for role in ("verdict", "model", "provenance"):
        with pytest.raises(TrustError, match="signed by nobody who may sign evidence"):
            read(policy({"cluster": KEY}, **{role: {}}), path)


def test_evidence_under_a_role_that_was_widened(tmp_path: Path) -> None:
    """Another role's predicate types were widened to evidence: its signers still do not speak as `evidence`."""
    path = signed(tmp_path, "c.dsse.json", graph(observed()), KEY)
    wide = policy({"cluster": KEY}, provenance={"predicate_types": ("https://probatum.dev/evidence-graph/v1",)})
    with pytest.raises(TrustError, match="of the role provenance"):
        read(wide, path)


@pytest.mark.parametrize("kind", ["https://slsa.dev/provenance/v1", "https://probatum.dev/waiver/v1"])
def test_another_statement_of_an_allowed_signer(tmp_path: Path, kind: str) -> None:
    """A signer with several roles signed something else whose predicate looks like a graph."""
    body = statement("a" * 64, predicate_type=kind, predicate=graph(observed()).to_document())
    path = tmp_path / "x.dsse.json"
    path.write_bytes(envelope(body, KEY))
    with pytest.raises(TrustError, match="it is " + kind):
        read(policy({"cluster": KEY}), path)


def test_a_statement_about_other_content_than_its_graph(tmp_path: Path) -> None:
    """Subjects for one thing, evidence about another: who looks at the subjects alone is deceived."""
    body = json.loads(evidence_statement(graph(observed())))
    body["subject"] = [{"name": "model:m", "digest": {"sha256": "d" * 64}}]
    path = tmp_path / "x.dsse.json"
    path.write_bytes(envelope(body, KEY))
    with pytest.raises(EvidenceError, match="not about the content of its own evidence"):
        read(TRUST, path)


def test_duplicate_ids_with_other_content(tmp_path: Path) -> None:
    """Two observations under one id: a duplicate key, and an id that is not that of the content."""
    good, bad = observed(), observed(result={"bad": True})
    text = dump_graph(graph(good)).decode()
    twice = text.replace('"observations":{', f'"observations":{{"{good.id}":{bad.canonical.decode()},')
    swapped = dump_graph(graph(bad)).decode().replace(bad.id, good.id)
    for forged, words in ((twice, "not strict JSON"), (swapped, "not what its id says")):
        path = tmp_path / "g.json"
        path.write_text(forged)
        with pytest.raises(EvidenceError, match=words):
            read(None, path)
        body = {**statement("a" * 64, predicate_type="https://probatum.dev/evidence-graph/v1")}
        payload = json.dumps(body).replace('"predicate": {}', f'"predicate": {forged}').encode()
        (tmp_path / "x.dsse.json").write_bytes(envelope(payload, KEY))
        with pytest.raises((EvidenceError, TrustError), match=words):
            read(TRUST, tmp_path / "x.dsse.json")


def test_one_machine_signs_for_the_subjects_of_another(tmp_path: Path) -> None:
    """The key of the data platform is stolen; it vouches for the served model."""
    trust = trusting({"platform": OTHER}, subjects={"key:platform": ("dataset:*",)})
    of = graph(observed(MODEL), observed(DATA), subjects=[MODEL, DATA])
    found = joined(trust, graph(), signed(tmp_path, "p.dsse.json", of, OTHER))
    assert tiers(found) == [("scan", "attested", "independent"), ("scan", "reported", "out_of_scope")]
    assert outcome_of(found) == ("inconclusive", "untrusted")


def test_a_signer_of_another_role_lifts_no_limit(tmp_path: Path) -> None:
    """The platform may speak of data alone; a second signature, by a role widened to such statements, has no limit."""
    trust = trusting({"platform": OTHER, "bom": KEY}, subjects={"key:platform": ("dataset:*",)})
    narrow = replace(trust.roles["evidence"], signers=("key:platform",))
    wide = Role("bom", ("key:bom",), DEFAULT_TYPES["evidence"])
    trust = replace(trust, roles={"evidence": narrow, "bom": wide})
    of = graph(observed(MODEL), subjects=[MODEL])
    path = signed(tmp_path, "p.dsse.json", of, OTHER, KEY)
    assert tiers(joined(trust, graph(), path)) == [("scan", "reported", "out_of_scope")]
    made = graph(provenance("key:platform"))
    everything = replace(trust, roles={"evidence": replace(narrow, subjects={}), "bom": wide})
    assert ("scan", "observed", "self_signed") in tiers(joined(everything, made, path))


def test_content_is_smuggled_into_the_verdict(tmp_path: Path) -> None:
    """A subject that no control asks about, in a file that nobody signed, would be vouched for by the verdict."""
    evil = Subject("image", "evil", {"sha256": "e" * 64}, "evil")
    found = joined(TRUST, graph(), plain(tmp_path, "g.json", graph(observed(), subjects=[MODEL, evil])))
    assert [item["name"] for item in subjects_of(found)] == ["model:m"]


def test_the_name_of_the_resource_is_smuggled_in(tmp_path: Path) -> None:
    """Another machine states the resource that the verdict is said to be about."""
    path = plain(tmp_path, "g.json", graph(observed(), resource_uri="https://bank.example/other"))
    assert resource_uri(joined(TRUST, graph(), path).pipeline) == "urn:probatum:pipeline:p"


def test_whoever_made_the_model_vouches_for_it_too(tmp_path: Path) -> None:
    """A compromised builder signs provenance and the evidence about its own run."""
    path = signed(tmp_path, "c.dsse.json", graph(observed(), provenance("key:cluster")), KEY)
    assert {standing for _, _, standing in tiers(joined(TRUST, None, path))} == {"self_signed"}


REPOSITORY = "https://github.com/acme/training"
TRAIN = f"{REPOSITORY}/.github/workflows/train.yml@refs/heads/main"
ISOLATED = {
    "issuer": "https://token.actions.githubusercontent.com",
    "workflow": "https://github.com/acme/trusted/.github/workflows/collect.yml@refs/tags/v1",
    "build_config": TRAIN,
    "repository": REPOSITORY,
    "runner": "github-hosted",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"workflow": TRAIN}, False),
        ({"workflow": TRAIN.replace("main", "other")}, False),
        ({"workflow": f"{REPOSITORY}/.github/workflows/collect.yml@refs/heads/main"}, False),
        ({"workflow": ISOLATED["workflow"], "build_config": ISOLATED["workflow"]}, False),
        ({"workflow": f"{REPOSITORY.upper()}/.github/workflows/collect.yml@refs/heads/main"}, False),
        ({"workflow": f"{REPOSITORY}-trusted/.github/workflows/collect.yml@refs/tags/v1"}, True),
        ({"runner": "self-hosted"}, False),
        ({"runner": None}, False),
        ({"build_config": None}, False),
        ({"repository": None}, False),
        ({"workflow": None}, None),
    ],
)
def test_a_runner_that_signs_its_own_evidence(changes: dict[str, str | None], expected: bool | None) -> None:
    """The workflow that is assessed signs: told by the workflow, as every workflow of a repository has its name."""
    claims = {key: value for key, value in {**ISOLATED, **changes}.items() if value is not None}
    assert isolated(claims) is expected


@pytest.mark.parametrize(
    ("workflow", "standing", "tier"),
    [(ISOLATED["workflow"], "independent", "attested"), (TRAIN, "not_isolated", "observed")],
)
def test_evidence_of_a_job_about_itself_is_not_attested(
    tmp_path: Path, workflow: str, standing: str, tier: str
) -> None:
    """The assessed workflow signs with a real certificate of its own: as if it had been observed here, not attested."""
    services = Services()
    root = services.trusted_root()
    trust = TrustPolicy(
        {},
        {"evidence": Role("evidence", ("identity:ci",), DEFAULT_TYPES["evidence"])},
        {"ci": Identity(ISSUER, workflow, roots=("sigstore",))},
        {"sigstore": SigstoreRoot(sha256(root), root)},
    )
    claims = {key: value for key, value in {**ISOLATED, "workflow": workflow}.items() if key != "issuer"}
    path = tmp_path / "c.sigstore.json"
    path.write_bytes(services.sign_statement(evidence_statement(graph(observed())), identity=workflow, claims=claims))
    found = joined(trust, graph(), path)
    assert tiers(found) == [("scan", tier, standing)]
    (item,) = found.observations.values()
    origin = item.extra["origin"]
    assert origin["identity"].items() >= claims.items()
    assert origin["identity"]["subject"] == workflow
    assert origin["signers"] == ["identity:ci"]
    assert origin["signed_at"] == SIGNED_AT.strftime("%Y-%m-%dT%H:%M:%SZ")


def outcome_of(of: Graph) -> tuple[str, str]:
    """Outcome, and first reason, of a control that passes on one usable scan of the model."""
    (control,) = assess(of).document["controls"]
    (about,) = control["subjects"]
    return about["outcome"], next((reason["code"] for reason in about["reasons"]), "")


def test_what_is_attacked_here_passes_when_it_is_genuine(tmp_path: Path) -> None:
    path = signed(tmp_path, "c.dsse.json", graph(observed()), KEY)
    assert outcome_of(joined(TRUST, graph(), path)) == ("pass", "")
    assert outcome_of(joined(TRUST, graph(), plain(tmp_path, "g.json", graph(observed())))) == (
        "inconclusive",
        "untrusted",
    )
