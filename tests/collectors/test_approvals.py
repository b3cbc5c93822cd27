"""Approvals: `probatum approve` writes them, the collector tells those of allowed signers about what is here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from package_case import KEY, pipeline
from signing_case import NOW, ed_key, envelope, policy, sha256, statement

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.grants import Approval
from probatum.collectors.approvals import Approvals
from probatum.collectors.manifest import load_manifest
from probatum.collectors.run import Run, collect, prepare
from probatum.collectors.signed.named_files import media_type
from probatum.errors import UsageError
from probatum.evaluator.graph import Observation, Status, Tier
from probatum.jobs.granting import approve

TRUST = policy({"ana": KEY}, approval={})
MANIFEST = """\
pipeline: {name: p}
subjects:
  - {kind: model, name: m, location: m.bin}
  - {kind: dataset, name: d, location: data}
  - {kind: endpoint, name: e}
collectors: {approvals: {paths: [approvals]}}
"""
YES = Approval("deployment", "approved", "ana@example.com", "p", "SEC-1")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = pipeline(tmp_path / "pipeline")
    (folder / "probatum.yaml").write_text(MANIFEST)
    return folder


def observe(root: Path, trust: Any = TRUST) -> dict[str, Observation]:
    verifier = None if trust is None else TrustVerifier(trust, NOW)
    graph = collect(
        load_manifest(root / "probatum.yaml"), {"approvals": Approvals()}, Run(NOW, verifier=verifier)
    ).graph
    return {item.subject: item for item in graph.observations.values()}


def approved(root: Path, *names: str, approval: Approval = YES, file: str = "a.json") -> Path:
    manifest = load_manifest(root / "probatum.yaml")
    return approve(manifest, names, approval, KeyAttestor([KEY]), root / "approvals" / file, NOW)


def test_an_approval_is_told_of_the_content_that_it_is_about(root: Path) -> None:
    path = approved(root, "model:m", "model:m")
    assert path == root / "approvals" / "a.dsse.json"
    found = observe(root)
    (entry,) = found["model:m"].result["approvals"]
    assert entry == {
        "source": "approvals/a.dsse.json",
        "sha256": sha256(path.read_bytes()),
        "signers": ["key:ana"],
        "same_content": True,
        "stage": "deployment",
        "decision": "approved",
        "approver": "ana@example.com",
        "pipeline": "p",
        "time": "2026-11-20T07:00:00Z",
    }
    assert found["model:m"].tier is Tier.ATTESTED
    assert media_type("a.dsse.json") != media_type("a.sigstore.json")
    assert found["dataset:d"].result == {"approvals": [], "approval_count": 0}
    assert found["dataset:d"].tier is Tier.OBSERVED
    assert found["dataset:d"].status is Status.COMPLETE
    (root / "m.bin").write_bytes(b"other")
    assert observe(root)["model:m"].result["approvals"][0]["same_content"] is False


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        (None, "nobody is trusted"),
        (policy({"ana": ed_key()}, approval={}), "it is not verified"),
        (policy({"ana": KEY}, waiver={}), "it is not verified"),
        (policy({"ana": KEY}, waiver={"predicate_types": ("https://probatum.dev/approval/v1",)}), "it is no approval"),
    ],
)
def test_an_approval_of_nobody_who_may_makes_the_evidence_partial(root: Path, trust: Any, words: str) -> None:
    approved(root, "model:m", "dataset:d")
    for item in observe(root, trust).values():
        (entry,) = item.coverage.skipped
        assert words in entry.reason
        assert item.status is Status.PARTIAL
        assert item.result["approval_count"] == 0


@pytest.mark.parametrize(
    "change",
    [{"stage": None}, {"decision": "perhaps"}, {"decided_at": "soon"}, {"approver": 5}, {"pipeline": None}],
)
def test_a_malformed_approval_says_nothing(root: Path, change: dict[str, Any]) -> None:
    good = {
        "stage": "deployment",
        "decision": "approved",
        "approver": "a",
        "pipeline": "p",
        "decided_at": "2026-11-20T07:00:00Z",
    }
    body = statement(
        sha256(b"weights"), predicate_type="https://probatum.dev/approval/v1", predicate={**good, **change}
    )
    (root / "approvals").mkdir()
    (root / "approvals" / "a.dsse.json").write_bytes(envelope(body, KEY))
    (entry,) = observe(root)["model:m"].coverage.skipped
    assert "malformed" in entry.reason


def test_a_folder_without_approvals_and_a_file_that_cannot_be_read(root: Path) -> None:
    (entry,) = observe(root)["model:m"].coverage.skipped
    assert entry.reason == "there is no approval"
    approved(root, "model:m").write_bytes(b"x" * (4 * 1024 * 1024 + 1))
    (entry,) = observe(root)["model:m"].coverage.skipped
    assert "over" in entry.reason
    assert str(root) not in entry.reason


@pytest.mark.parametrize(("name", "words"), [("endpoint:e", "has no content"), ("model:x", "is no subject")])
def test_only_content_can_be_approved(root: Path, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        approved(root, name)


def test_it_says_what_it_runs_without(root: Path) -> None:
    verifier = TrustVerifier(TRUST, NOW)
    manifest = load_manifest(root / "probatum.yaml")
    assert "no trust policy" in Approvals().available(prepare(manifest, Run(NOW))).reason
    assert not Approvals().available(prepare(manifest, Run(NOW, verifier=verifier))).reason
