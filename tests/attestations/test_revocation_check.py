"""Verdict packages held against what is revoked."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from package_case import KEY, POLICIES, assessment, contents, graph, pipeline, settings, written
from revocation_case import (
    BEFORE,
    HEX,
    SECURITY,
    STRANGER,
    entry,
    knowing,
    known,
    numbered,
    of_key,
    of_policy,
    of_verdict,
    revocation,
    row,
    trust,
    verified,
)
from signing_case import NOW, ed_key
from sigstore_case import ISSUER, SIGNED_AT, WORKFLOW, Services
from sigstore_package import signed_package, trusting

from probatum import strict_json
from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.package.write import write_package
from probatum.attestations.revocation.check import check_revocations
from probatum.attestations.revocation.entry import identity_target, sha256_target
from probatum.attestations.revocation.recorded_signers import ids_of, target_of, vouched
from probatum.attestations.trust.policy import TrustPolicy
from probatum.attestations.verify.package import CheckedPackage
from probatum.attestations.verify.report import Row
from probatum.evaluator.graph import Coverage, Graph, Observation, Status, Tier
from probatum.evaluator.origins import Origin, Standing, credited

BUILDER = ed_key("builder")


def test_no_list_is_said(tmp_path: Path) -> None:
    written(tmp_path)
    from package_case import check

    report = check(tmp_path, trust=trust(), checks=[check_revocations(trust(), NOW)])
    assert report.ok
    assert row(report, "revocations").ok is None
    assert "nothing is known" in row(report, "revocations").detail
    assert "revocations" not in report.settings


def test_a_package_of_which_nothing_is_revoked(tmp_path: Path) -> None:
    written(tmp_path)
    report = verified(tmp_path, numbered(4, of_policy(), days=3), revocation(of_key(STRANGER)))
    assert report.failures == ()
    found = {item.check: item for item in report.rows if item.check.startswith("revocations")}
    assert found["revocations"].found == "2 in 2 documents, the newest of 2026-11-20T07:00:00Z, acme number 4"
    assert set(found) == {
        "revocations", "revocations: verdict", "revocations: signers", "revocations: policies",
        "revocations: attestations",
        "revocations: evidence", "revocations: signers of evidence",
    }  # fmt: skip
    assert report.settings["revocations"]["sha256"] in found["revocations"].detail


def test_a_revoked_verdict_is_refused_in_any_envelope(tmp_path: Path) -> None:
    written(tmp_path)
    revoked = revocation(of_verdict(tmp_path))
    assert "evidence-wrong" in row(verified(tmp_path, revoked), "revocations: verdict").detail
    path = tmp_path / "verdict" / "verdict.dsse.json"
    from probatum.attestations.documents import dsse

    again = ed_key("another")
    two = replace(trust(), keys={**trust().keys, "again": again.public})
    roles = {**two.roles, "verdict": replace(two.roles["verdict"], signers=("key:release", "key:again"))}
    payload = dsse.parse(path.read_bytes(), source="x").payload
    path.write_bytes(dsse.sign(payload, [KEY, again]).to_bytes())
    report = verified(tmp_path, revoked, by=replace(two, roles=roles))
    assert [item.check for item in report.failures] == ["revocations: verdict"]


@pytest.mark.parametrize("digest", ["together", "pack"])
def test_revoked_policies_are_refused(tmp_path: Path, digest: str) -> None:
    of = graph(pipeline(tmp_path / "pipeline"))
    packs = [
        {"name": name, "source": "s", "digest": {"sha256": value}, "signers": [], "replaces": []}
        for name, value in (("a", "b" * 64), ("c", "d" * 64))
    ]
    made = {**assessment(of), "packs": packs}
    written(tmp_path, assessment=made, settings={**settings(), "packs": packs})
    target = POLICIES.digest if digest == "together" else "d" * 64
    failure = row(verified(tmp_path, revocation(of_policy(target))), "revocations: policies")
    assert failure.ok is False
    assert ("the policies together" if digest == "together" else "the pack c") in failure.detail
    assert verified(tmp_path, revocation(of_policy("e" * 64))).ok


def test_a_revoked_signer_does_not_count(tmp_path: Path) -> None:
    written(tmp_path)
    report = verified(tmp_path, revocation(of_key(KEY)))
    assert not report.ok
    assert "key:release does not count: revoked (key-compromise)" in row(report, "verdict.dsse.json: signer").detail


def test_two_of_three_remain_two(tmp_path: Path) -> None:
    keys = [KEY, ed_key("b"), ed_key("c")]
    made = trust()
    names = dict(zip("abc", keys, strict=True))
    role = replace(made.roles["verdict"], signers=tuple(f"key:{name}" for name in names), threshold=2)
    both = replace(
        made,
        keys={"security": SECURITY.public, **{name: key.public for name, key in names.items()}},
        roles={**made.roles, "verdict": role},
    )
    written(tmp_path, *keys)
    assert verified(tmp_path, revocation(of_key(keys[2])), by=both).ok
    report = verified(tmp_path, revocation(of_key(keys[2])), revocation(of_key(keys[1])), by=both)
    assert "1 of the 2" in row(report, "verdict.dsse.json: signer").detail


def test_a_verdict_of_an_identity_that_is_revoked(tmp_path: Path) -> None:
    services = Services()
    signed_package(tmp_path, services)
    policy = trusting(services)
    signers = {**policy.roles, "revocation": trust().roles["revocation"]}
    trusted = replace(policy, keys={"security": SECURITY.public}, roles=signers)
    assert verified(tmp_path, revocation(of_policy()), by=trusted).ok
    gone = revocation(entry(identity_target(ISSUER, WORKFLOW), "affiliation-changed"))
    report = verified(tmp_path, gone, by=trusted)
    assert "affiliation-changed" in row(report, "verdict.sigstore.json: signer").detail
    before = revocation(entry(identity_target(ISSUER, WORKFLOW), "superseded", since=SIGNED_AT + timedelta(hours=1)))
    assert verified(tmp_path, before, by=trusted).ok, "the log dates it before"


def evidence(tmp_path: Path) -> str:
    (only,) = graph(pipeline(tmp_path / "pipeline")).observations
    return only


def test_revoked_evidence_is_refused_unless_the_gate_knew(tmp_path: Path) -> None:
    written(tmp_path)
    revoked = revocation(entry(sha256_target("evidence", evidence(tmp_path)), "evidence-wrong"))
    failure = row(verified(tmp_path, revoked), "revocations: evidence")
    assert (failure.ok, failure.found) == (False, "1 of 1")
    assert evidence(tmp_path) in failure.detail
    record(tmp_path, knowing(revoked), [evidence(tmp_path)])
    report = verified(tmp_path, revoked)
    assert report.failures == ()
    assert row(report, "revocations: newest").ok
    assert row(report, "revocations: evidence").detail == "1 of them revoked, as the gate knew"


def record(tmp_path: Path, trusted: TrustPolicy, ids: list[str], **fields: Any) -> None:
    """The package as a gate writes it that knew what was revoked."""
    root = pipeline(tmp_path / "pipeline")
    assert trusted.revocations is not None
    recorded = {"sha256": trusted.revocations.digest, "evidence": ids, **fields}
    made = {**assessment(graph(root), trust=trusted), "revocations": recorded}
    kept = {**settings(trusted), "revocations": recorded}
    all_of = replace(contents(root, trust=trusted), assessment=made, settings=kept)
    write_package(tmp_path / "verdict", all_of, attestor=KeyAttestor([KEY]), version="0")


def test_what_the_gate_knew_is_part_of_the_package(tmp_path: Path) -> None:
    record(tmp_path, knowing(numbered(3)), [])
    data = (tmp_path / "verdict" / "revocations.json").read_bytes()
    assert hashlib.sha256(data).hexdigest() == known(numbered(3)).digest
    assert verified(tmp_path, numbered(3)).ok
    record(tmp_path, knowing(numbered(3)), [], sha256=HEX)
    assert row(verified(tmp_path, numbered(3)), "revocations: recorded").ok is False
    written(tmp_path, settings={**settings(), "revocations": {"sha256": HEX, "evidence": []}})
    assert row(verified(tmp_path, numbered(3)), "settings: revocations").ok is False


def test_an_older_list_than_the_gate_knew_is_refused(tmp_path: Path) -> None:
    record(tmp_path, knowing(numbered(3)), [])
    older = row(verified(tmp_path, numbered(2)), "revocations: newest")
    assert (older.ok, "rolled back" in older.detail) == (False, True)
    assert row(verified(tmp_path, revocation(of_policy())), "revocations: newest").ok is False
    assert verified(tmp_path, numbered(4)).ok


def test_problems_are_rows_that_refuse(tmp_path: Path) -> None:
    written(tmp_path)
    report = verified(tmp_path, revocation(of_policy(), by=[STRANGER]))
    assert [item.check for item in report.failures] == ["revocations"]
    assert "not believed" in report.failures[0].detail
    late = verified(tmp_path, numbered(1, days=1), now=NOW + timedelta(days=2))
    assert "out of date" in row(late, "revocations").detail


def observed(result: dict[str, Any], **fields: Any) -> Observation:
    return Observation(
        type="provenance",
        subject="model:m",
        tier=Tier.ATTESTED,
        collector={"name": "attestations", "version": "1"},
        status=Status.COMPLETE,
        coverage=Coverage(1, 1),
        observed_at="2026-11-20T06:00:00Z",
        result=result,
        **fields,
    )


def signed_evidence(tmp_path: Path, *observations: Observation) -> Graph:
    of = graph(pipeline(tmp_path / "pipeline"))
    return Graph.of(of.pipeline, of.subjects.values(), [*of.observations.values(), *observations])


def vouching(tmp_path: Path, result: dict[str, Any], *documents: bytes, signed_at: Any = None) -> Row:
    """The row about signers of evidence, of a package whose verdict somebody may have dated."""
    of = signed_evidence(tmp_path, observed(result))
    used = replace(trust(), keys={**trust().keys, "builder": BUILDER.public})
    written(tmp_path, graph=of, assessment=assessment(of, trust=used), settings=settings(used), trust=used)

    def dated(package: CheckedPackage) -> Any:
        trusted = knowing(*documents)
        return check_revocations(trusted, NOW)(replace(package, signed_at=signed_at))

    from package_case import check

    report = check(tmp_path, trust=trust(), checks=[dated])
    return row(report, "revocations: signers of evidence")


def test_evidence_of_a_revoked_signer_is_refused(tmp_path: Path) -> None:
    result = {"verified": True, "signers": ["key:builder", 3]}
    failure = vouching(tmp_path, result, revocation(of_key(BUILDER)))
    assert (failure.ok, failure.found) == (False, "1 of 1")
    assert "key:builder of obs:" in failure.detail
    assert vouching(tmp_path, result, revocation(of_key(STRANGER))).ok
    assert vouching(tmp_path, {"verified": False, "signers": ["key:builder"]}, revocation(of_key(BUILDER))).ok


def test_a_dated_verdict_shows_that_its_evidence_is_older(tmp_path: Path) -> None:
    result = {"documents": [{"verified": True, "signers": ["key:builder"]}]}
    since = revocation(of_key(BUILDER, since=BEFORE))
    assert vouching(tmp_path, result, since, signed_at=BEFORE - timedelta(days=1)).ok
    assert vouching(tmp_path, result, since, signed_at=BEFORE).ok is False
    assert vouching(tmp_path, result, since).ok is False
    stamped = {"signers": ["key:builder"], "signed_at": "2026-10-01T00:00:00Z"}
    assert vouching(tmp_path, stamped, since).ok


def test_a_signer_whom_nobody_can_tell_is_said(tmp_path: Path) -> None:
    found = vouching(tmp_path, {"signers": ["identity:ci"]}, revocation(of_policy()))
    assert (found.ok, found.detail) == (None, "nobody can tell who identity:ci is")


def test_who_a_name_stood_for() -> None:
    document = {"keys": {"k": {"id": KEY.public.id}}, "identities": {"i": {"issuer": "https://i", "identity": "a@b"}}}
    assert target_of("key:k", document) == of_key(KEY).target
    assert target_of("key:other", document) is None
    assert target_of("identity:i", document) == identity_target("https://i", "a@b")
    assert target_of("identity:i", document, {"subject": "c@d"}) == identity_target("https://i", "c@d")
    assert target_of("certificate:c", document) is None
    for odd in ({}, {"keys": 3}, {"keys": {"k": 3}}, {"keys": {"k": {"id": 3}}}):
        assert target_of("key:k", odd) is None
        assert target_of("identity:k", odd) is None


def test_evidence_from_elsewhere_has_the_id_of_its_machine_too(tmp_path: Path) -> None:
    own = observed({"signers": []})
    origin = Origin("data.dsse.json", HEX, signers=("key:builder",))
    (merged,) = credited(
        Graph.of({"name": "p"}, [], [own]), origin, lambda _: Standing.SELF_SIGNED
    ).observations.values()
    assert merged.id != own.id
    assert ids_of(merged) == {merged.id, own.id}
    assert ids_of(own) == {own.id}
    assert ids_of(replace(own, extra={"origin": {"claimed_tier": "gold"}})) == {
        replace(own, extra={"origin": {"claimed_tier": "gold"}}).id
    }
    of = Graph.of({"name": "p"}, [], [merged])
    (found,) = vouched(of, strict_json.loads(b'{"keys": {}}', source="x"))
    assert (found.signer, found.observation) == ("key:builder", merged.id)
