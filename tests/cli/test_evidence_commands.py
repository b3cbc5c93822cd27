"""Three machines, one gate; signed waivers and approvals; the chain of gates: as `docs/ci/evidence.md` tells it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from probatum.attestations.package.zip_package import zip_bytes

NOW = ("--now", "2026-11-20T07:00:00Z")
CHECKLIST = """\
schema: https://probatum.dev/checklist/v1
id: chain
version: "1.0.0"
title: The chain of gates
requires: [model]
controls:
  - id: MODEL-01
  - id: GOV-05
"""
TRUST = """\
version: 1
keys:
  cluster: {path: cluster.pem.pub}
  security: {path: security.pem.pub}
roles:
  evidence: {signers: [cluster], subjects: {cluster: ["model:*"]}}
  verdict: {signers: [security]}
  approval: {signers: [security]}
"""
CLUSTER = """\
pipeline: {name: small, criticality: low, exposure: internal}
subjects:
  - {kind: model, name: m, location: m.npy}
"""


@pytest.fixture
def keys(run: Any, tmp_path: Path) -> Path:
    """A folder with two keys, and a trust policy that names what each may sign."""
    for name in ("cluster", "security", "stranger"):
        assert run("keys", "new", tmp_path / "keys" / f"{name}.pem", "--no-encrypt").exit_code == 0
    (tmp_path / "keys" / "trust.yaml").write_text(TRUST)
    (tmp_path / "keys" / "chain.yaml").write_text(CHECKLIST)
    return tmp_path / "keys"


@pytest.fixture
def cluster(pipeline: Path, tmp_path: Path) -> Path:
    """What the training cluster has of the pipeline: the model alone."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    (folder / "m.npy").write_bytes((pipeline / "m.npy").read_bytes())
    (folder / "probatum.yaml").write_text(CLUSTER)
    return folder


def document(result: Any) -> dict[str, Any]:
    assert result.stdout, result.stderr
    value: dict[str, Any] = json.loads(result.stdout)
    return value


def cited(assessment: dict[str, Any], control: str) -> list[dict[str, Any]]:
    """What the proofs of a control rest on."""
    (found,) = [item for item in assessment["controls"] if item["id"] == control]
    ids = [key for subject in found["subjects"] for proof in subject["proofs"] for key in proof["evidence"]]
    return [assessment["evidence"][key] for key in ids]


def test_evidence_signed_on_the_cluster_counts_at_the_gate(
    run: Any, pipeline: Path, cluster: Path, keys: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cluster.json"
    made = run("collect", cluster, "--key", keys / "cluster.pem", "--machine", "cluster-7", "--out", out, *NOW)
    assert made.exit_code == 0
    assert "is signed by" in made.stderr
    assert not out.exists()
    signed = tmp_path / "cluster.dsse.json"
    (pipeline / "probatum.yaml").write_text(
        (pipeline / "probatum.yaml").read_text() + "parameters: {MODEL-01: {min_tier: attested}}\n"
    )
    given = (
        "gate",
        pipeline,
        "--trust",
        keys / "trust.yaml",
        "--checklist",
        keys / "chain.yaml",
        "--stage",
        "training",
        *NOW,
    )
    alone = document(run(*given, "-f", "json"))
    assert alone["result"] == "inconclusive"
    text = tmp_path / "report.txt"
    result = run(
        *given,
        "--evidence",
        signed,
        "--out",
        tmp_path / "v",
        "--key",
        keys / "security.pem",
        "-f",
        "json",
        "-f",
        f"text={text}",
    )
    found = document(result)
    assert (found["result"], result.exit_code) == ("pass", 0)
    (proof,) = cited(found, "MODEL-01")
    assert proof["tier"] == "attested"
    assert proof["origin"]["machine"] == "cluster-7"
    assert proof["origin"]["signers"] == ["key:cluster"]
    (origin,) = found["origins"]
    assert origin["standings"]["out_of_scope"] >= 1, (
        "what the cluster says of the pipeline as a whole is not its to say"
    )
    assert "cluster.dsse.json (machine cluster-7): signed by key:cluster as evidence" in text.read_text()
    assert (tmp_path / "v" / "raw" / origin["sha256"]).read_bytes() == signed.read_bytes()
    assert "cluster.dsse.json (machine cluster-7)" in (tmp_path / "v" / "reports" / "assessment.md").read_text()
    trusted = ("--trust", keys / "trust.yaml", "--subject", pipeline, "--replay", *NOW)
    verified = run("verify", tmp_path / "v", *trusted)
    assert verified.exit_code == 0, verified.stdout


def test_evidence_of_a_stranger_and_without_a_trust_policy_is_refused(
    run: Any, pipeline: Path, cluster: Path, keys: Path, tmp_path: Path
) -> None:
    out = tmp_path / "e.json"
    run("collect", cluster, "--key", keys / "stranger.pem", "--out", out, "--quiet", *NOW)
    for more in (("--trust", keys / "trust.yaml"), (), ("--allow-unsigned",)):
        refused = run("gate", pipeline, "--evidence", tmp_path / "e.dsse.json", *more)
        assert refused.exit_code == 2
        assert "e.dsse.json" in refused.stderr


def test_unsigned_evidence_proves_nothing_unless_that_is_allowed_and_recorded(
    run: Any, pipeline: Path, cluster: Path, keys: Path, tmp_path: Path
) -> None:
    out = tmp_path / "e.json"
    assert run("collect", cluster, "--out", out, *NOW).exit_code == 0
    manifest = cluster / "probatum.yaml"
    given = ("evaluate", out, "-m", manifest, "-c", keys / "chain.yaml", "--stage", "training", "-f", "json", *NOW)
    strict, lenient = document(run(*given)), document(run(*given, "--allow-unsigned"))
    assert strict["result"] == "inconclusive"
    assert lenient["result"] == "pass"
    for found in (strict, lenient):
        assert [item["code"] for item in found["bypasses"]].count("unsigned_evidence") == 1


@pytest.fixture
def chain(run: Any, pipeline: Path, keys: Path) -> Any:
    """Runs a gate with the checklist of the chain; its verdict goes where the manifest looks for it."""
    manifest = pipeline / "probatum.yaml"
    manifest.write_text(manifest.read_text() + "collectors: {verdicts: {paths: ['verdicts/*']}}\n")

    def gate(stage: str, *more: object, now: str = NOW[1], suffix: str = "") -> dict[str, Any]:
        given = ("--trust", keys / "trust.yaml", "--checklist", keys / "chain.yaml", "--key", keys / "security.pem")
        out = pipeline / "verdicts" / f"{stage}{suffix}"
        return document(
            run("gate", pipeline, "--stage", stage, *given, "--out", out, "-f", "json", "--now", now, *more)
        )

    return gate


def test_the_chain_of_gates(pipeline: Path, chain: Any) -> None:
    assert chain("training", now="2026-11-18T07:00:00Z")["result"] == "pass"
    deployed = chain("deployment", now="2026-11-19T07:00:00Z")
    assert deployed["result"] == "pass"
    assert {item["type"] for item in cited(deployed, "GOV-05")} == {"verdict"}
    assert {item["tier"] for item in cited(deployed, "GOV-05")} == {"attested"}
    monitored = chain("monitoring")
    assert {item["id"]: item["outcome"] for item in monitored["controls"]} == {"GOV-05": "pass"}


def test_the_chain_of_gates_from_packages_in_one_file(run: Any, pipeline: Path, keys: Path, chain: Any) -> None:
    """An archive could be a model: one that holds a verdict and nothing else is none."""
    assert chain("training", now="2026-11-18T07:00:00Z", suffix=".zip")["result"] == "pass"
    assert chain("deployment", now="2026-11-19T07:00:00Z", suffix=".zip")["result"] == "pass"
    (pipeline / "other.zip").write_bytes(zip_bytes({"verdict.dsse.json": b"{}", "x": b""}))
    (refused,) = chain("monitoring")["reasons"]
    assert "other.zip" in refused["message"]
    (pipeline / "other.zip").unlink()
    assert chain("monitoring")["result"] == "pass"
    verdict = pipeline / "verdicts" / "monitoring"
    done = run("verify", verdict, "--trust", keys / "trust.yaml", *NOW, "--format", "json")
    told = {row["check"]: row for row in json.loads(done.stdout)["rows"] if row["check"].startswith("earlier verdict")}
    place = "earlier verdict: verdicts/{0}.zip/verdict.dsse.json"
    assert {place.format("training"), place.format("deployment")} < told.keys()
    assert {row["ok"] for row in told.values()} == {True}
    assert "PASSED by the gate training" in told[place.format("training")]["detail"]


@pytest.mark.parametrize(("signer", "result"), [("key:security", "pass"), ("key:cluster", "fail")])
def test_the_chain_of_gates_takes_the_signers_that_a_checklist_names(
    keys: Path, chain: Any, signer: str, result: str
) -> None:
    checklist = keys / "chain.yaml"
    named = f"  - id: GOV-05\n    parameters: {{stage_signers: {{training: ['{signer}']}}}}\n"
    checklist.write_text(checklist.read_text().replace("  - id: GOV-05\n", named))
    chain("training", now="2026-11-18T07:00:00Z")
    assert chain("deployment")["result"] == result


def test_the_chain_of_gates_breaks_when_the_model_is_changed(pipeline: Path, chain: Any) -> None:
    chain("training", now="2026-11-18T07:00:00Z")
    model = pipeline / "m.npy"
    model.write_bytes(model.read_bytes()[:-8] + b"\x01" * 8)
    found = chain("deployment")
    assert found["result"] == "fail"
    (control,) = [item for item in found["controls"] if item["id"] == "GOV-05"]
    outcomes = {item["subject"]: item for item in control["subjects"]}
    assert outcomes["model:m"]["outcome"] == "fail"
    assert "passed the gate training" in outcomes["model:m"]["findings"][0]["message"]
    assert outcomes["dataset:d"]["outcome"] == "pass"


def test_the_chain_of_gates_breaks_when_a_verdict_is_spoilt(pipeline: Path, chain: Any) -> None:
    chain("training", now="2026-11-18T07:00:00Z")
    verdict = pipeline / "verdicts" / "training" / "verdict.dsse.json"
    verdict.write_bytes(verdict.read_bytes().replace(b'"sig":"', b'"sig":"AAAA'))
    assert chain("deployment")["result"] == "fail"


def test_the_chain_of_gates_breaks_when_a_verdict_is_revoked(
    run: Any, pipeline: Path, keys: Path, tmp_path: Path, chain: Any
) -> None:
    chain("training", now="2026-11-18T07:00:00Z")
    (keys / "trust.yaml").write_text(TRUST + "  revocation: {signers: [security]}\n")
    revoked = tmp_path / "revoked"
    made = run(
        "revoke", "verdict", pipeline / "verdicts" / "training", "--reason", "evidence-wrong", "--out", revoked,
        "--key", keys / "security.pem", "--now", "2026-11-19T07:00:00Z",
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    assert chain("deployment", "--revocations", revoked)["result"] == "fail"


WAIVER = """\
waivers:
  - {id: W-1, control: GOV-05, subjects: ["model:m", "dataset:d"], owner: ana, approver: bo, ticket: S-1, reason: first,
     expires: 2026-12-01, signed: waivers/W-1.dsse.json}
"""


def test_a_waiver_counts_when_somebody_signed_it_who_may(run: Any, pipeline: Path, keys: Path) -> None:
    manifest = pipeline / "probatum.yaml"
    manifest.write_text(manifest.read_text() + WAIVER)
    trust = keys / "trust.yaml"
    trust.write_text(TRUST + "  waiver: {signers: [security]}\n")
    given = ("--trust", trust, "--checklist", keys / "chain.yaml", "--stage", "deployment", "-f", "json", *NOW)

    def waived() -> tuple[str, str]:
        found = document(run("gate", pipeline, *given))
        (waiver,) = found["waivers"]
        return found["result"], waiver.get("refused", "") or ", ".join(waiver.get("signers", ["declared"]))

    assert waived()[0] == "fail"
    assert "cannot be read" in waived()[1]
    assert run("waive", pipeline, "W-1", "--key", keys / "security.pem", *NOW).exit_code == 0
    assert waived() == ("pass", "key:security")
    assert run("waive", pipeline, "W-1", "--key", keys / "stranger.pem", "--quiet", *NOW).exit_code == 0
    assert "nobody who may grant waivers" in waived()[1]
    trust.write_text(TRUST)
    manifest.write_text(manifest.read_text().replace(", signed: waivers/W-1.dsse.json", ""))
    assert waived() == ("pass", "declared")


def test_the_command_approves_and_rejects(run: Any, pipeline: Path, keys: Path, tmp_path: Path) -> None:
    given = ("approve", pipeline, "--stage", "deployment", "-s", "model:m", "--approver", "ana", *NOW)
    made = run(*given, "--key", keys / "security.pem", "--out", tmp_path / "a.json")
    assert made.exit_code == 0
    assert "approved for deployment" in made.stderr
    rejected = run(*given, "--key", keys / "security.pem", "--out", tmp_path / "b.json", "--reject", "--quiet")
    assert "rejected for deployment" in rejected.stderr
    assert json.loads((tmp_path / "b.dsse.json").read_bytes())["payloadType"] == "application/vnd.in-toto+json"
    refused = run(*given, "--sign", "none")
    assert refused.exit_code == 2
    assert "worth nothing unsigned" in refused.stderr
