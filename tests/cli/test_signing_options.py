"""Who signs is what the user said (`--sign`, `--key`), and what will be published is told before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_case import last_line
from cryptography.hazmat.primitives.serialization import Encoding
from signing_case import write
from sigstore_service import WORKFLOW_REF, Service, running

from probatum.attestations.keyless.token import TOKEN, TOKEN_FILE
from probatum.attestations.keys.files import write_key_pair

CI = ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "GOOGLE_SERVICE_ACCOUNT_NAME", TOKEN, TOKEN_FILE)


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*CI, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "PROBATUM_SIGSTORE_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def service() -> Iterator[Service]:
    with running(Service()) as found:
        yield found


@pytest.fixture
def config(service: Service, tmp_path: Path) -> Path:
    return write(tmp_path / "sigstore.json", service.config())


def in_ci(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)


def trust(service: Service, folder: Path) -> Path:
    """The trust policy of an auditor of this instance."""
    root = service.services.trusted_root()
    chain = b"".join(item.public_bytes(Encoding.PEM) for item in service.services.tsa.chain)
    write(folder / "root.json", root)
    write(folder / "tsa.pem", chain)
    document = {
        "version": 1,
        "sigstore": {"own": {"trusted_root": "root.json", "sha256": hashlib.sha256(root).hexdigest()}},
        "timestamp_authorities": {"tsa": {"certificates": "tsa.pem", "sha256": hashlib.sha256(chain).hexdigest()}},
        "identities": {"ci": {"issuer": service.url, "identity": f"https://github.com/{WORKFLOW_REF}"}},
        "roles": {"verdict": {"signers": ["ci"], "require_log": True, "require_timestamp": True}},
    }
    return write(folder / "trust.yaml", json.dumps(document))


@pytest.mark.parametrize("how", ["keyless", "auto"])
def test_a_verdict_is_signed_by_the_job_and_verified(
    run, pipeline: Path, service: Service, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    in_ci(service, monkeypatch)
    out = tmp_path / "verdict"
    stamp = f"{service.url}/api/v1/timestamp"
    made = run(
        "gate", pipeline, "--out", out, "--sign", how, "--sigstore-config", config, "--timestamp", stamp, "--quiet"
    )
    assert made.exit_code in (1, 3)
    assert f"the identity {WORKFLOW_REF}" in made.stderr, "said even to those who asked for quiet"
    assert ("--sign auto: without a key, because GitHub Actions" in made.stderr) == (how == "auto")
    names = {path.name for path in out.iterdir()}
    assert {"verdict.sigstore.json", "assessment.sigstore.json", "verdict.tsr"} <= names
    assert not {"verdict.dsse.json", "assessment.dsse.json"} & names
    checked = run("verify", out, "--trust", trust(service, tmp_path), "--format", "json")
    document = json.loads(checked.stdout)
    assert document["verified"] is True
    rows = {row["check"]: row for row in document["rows"]}
    assert rows["verdict.tsr"]["ok"] is True
    assert rows["verdict.sigstore.json: certificate"]["ok"] is True
    assert run("verify", out, "--public-key", write_key_pair(tmp_path / "k", "ed25519", None)[0]).exit_code == 1
    assert run("report", out, "--format", "markdown").stdout


def test_the_instance_by_a_variable(
    run, pipeline: Path, service: Service, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_ci(service, monkeypatch)
    monkeypatch.setenv("PROBATUM_SIGSTORE_CONFIG", str(config))
    made = run("collect", pipeline, "--out", tmp_path / "e.json", "--sign", "keyless")
    assert made.exit_code == 0
    assert (tmp_path / "e.sigstore.json").is_file()


def test_revocations_and_approvals_can_be_signed_without_a_key(
    run, pipeline: Path, service: Service, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they are about has digests of kinds that the sigstore library takes."""
    in_ci(service, monkeypatch)
    monkeypatch.setenv("PROBATUM_SIGSTORE_CONFIG", str(config))
    public = write_key_pair(tmp_path / "k.pem", "ed25519", None)[0]
    run("gate", pipeline, "--out", tmp_path / "v")
    targets = (("key", public), ("verdict", tmp_path / "v"), ("identity", "https://i.example https://x.example/y"))
    for at, (kind, target) in enumerate(targets):
        out = tmp_path / f"r{at}"
        out.mkdir()
        arguments = target.split() if isinstance(target, str) else [target]
        made = run("revoke", kind, *arguments, "--reason", "other", "--out", out, "--sign", "keyless")
        assert made.exit_code == 0, made.stderr
        assert [path.name.endswith(".sigstore.json") for path in out.iterdir()] == [True]
    out = tmp_path / "approval.sigstore.json"
    arguments = ("--stage", "deployment", "--subject", "model:m", "--approver", "a", "--out", out, "--sign", "keyless")
    made = run("approve", pipeline, *arguments)
    assert made.exit_code == 0, made.stderr
    assert service.seen.count("/api/v1/log/entries") == 4


def test_auto_takes_the_key_that_was_given_also_in_ci(
    run, pipeline: Path, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_ci(service, monkeypatch)
    key = tmp_path / "release.pem"
    write_key_pair(key, "ed25519", None)
    made = run("gate", pipeline, "--out", tmp_path / "v", "--sign", "auto", "--key", key)
    assert "--sign auto: with --key" in made.stderr
    assert (tmp_path / "v/verdict.dsse.json").is_file()
    assert service.seen == []


def test_auto_outside_of_ci_is_the_local_key(run, pipeline: Path, tmp_path: Path) -> None:
    made = run("gate", pipeline, "--out", tmp_path / "v", "--sign", "auto")
    assert "with your local key, because no CI service offers an identity here" in made.stderr
    assert "nobody else trusts it" in made.stderr
    assert (tmp_path / "v/verdict.dsse.json").is_file()


def test_auto_in_ci_without_the_permission_does_not_fall_back(
    run, pipeline: Path, tmp_path: Path, own_configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who takes the permission away must not get verdicts signed by a key that was made a moment ago."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    made = run("gate", pipeline, "--out", tmp_path / "v", "--sign", "auto")
    assert made.exit_code == 2
    assert "id-token: write" in made.stderr
    assert not (tmp_path / "v").exists()
    assert not list(own_configuration.rglob("*"))


def test_a_key_stays_the_default_in_ci(
    run, pipeline: Path, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_ci(service, monkeypatch)
    run("gate", pipeline, "--out", tmp_path / "v")
    assert (tmp_path / "v/verdict.dsse.json").is_file()
    assert service.seen == []


@pytest.mark.parametrize(
    "options",
    [
        ("--sign", "keyless", "--key", "x.pem"),
        ("--sign", "none", "--key", "x.pem"),
        ("--no-sign", "--key", "x.pem"),
        ("--no-sign", "--timestamp", "http://127.0.0.1:1/"),
    ],
)
def test_contradictions_are_refused(run, pipeline: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    made = run("gate", pipeline, "--out", tmp_path / "v", *options)
    assert made.exit_code == 2
    assert "contradict each other" in made.stderr
    assert not (tmp_path / "v").exists()


def test_a_timestamp_authority_that_is_away_leaves_the_old_verdict(run, pipeline: Path, tmp_path: Path) -> None:
    out = tmp_path / "v"
    run("gate", pipeline, "--out", out)
    before = (out / "verdict.dsse.json").read_bytes()
    made = run("gate", pipeline, "--out", out, "--timestamp", "http://127.0.0.1:1/")
    assert made.exit_code == 2
    assert "gives no timestamp" in last_line(made) + made.stderr
    assert (out / "verdict.dsse.json").read_bytes() == before
    assert run("gate", pipeline, "--out", out, "--timestamp", "nonsense").exit_code == 2


def test_a_timestamp_after_the_last_signature(run, pipeline: Path, service: Service, tmp_path: Path) -> None:
    out, url = tmp_path / "v", f"{service.url}/api/v1/timestamp"
    run("gate", pipeline, "--out", out)
    made = run("timestamp", out, url)
    assert (made.exit_code, (out / "verdict.tsr").is_file()) == (0, True), made.stderr
    again = run("timestamp", out, url)
    assert again.exit_code == 2
    assert "there already" in again.stderr
    for folder in (pipeline, tmp_path / "absent"):
        assert run("timestamp", folder, url).exit_code == 2
    assert run("timestamp", out, "nonsense").exit_code == 2
    rows = json.loads(run("verify", out, "--format", "json").stdout)["rows"]
    assert [row["ok"] for row in rows if row["check"] == "verdict.tsr"] == ["skipped"]


def test_a_configuration_that_is_not_what_its_digest_says(
    run, pipeline: Path, service: Service, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_ci(service, monkeypatch)
    options = ("--sign", "keyless", "--sigstore-config", f"{config}#sha256={'0' * 64}")
    made = run("gate", pipeline, "--out", tmp_path / "v", *options)
    assert made.exit_code == 2
    assert "not what its digest says" in made.stderr


def test_two_jobs_sign_one_verdict(
    run, pipeline: Path, service: Service, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate's job, then one of another workflow; each with a key of its own that is forgotten."""
    in_ci(service, monkeypatch)
    out, policy = tmp_path / "verdict", trust(service, tmp_path)
    document = json.loads(policy.read_text())
    second = WORKFLOW_REF.replace("verdict.yml", "release.yml")
    document["identities"]["release"] = {"issuer": service.url, "identity": f"https://github.com/{second}"}
    document["roles"]["verdict"] = {"signers": ["ci", "release"], "threshold": 2, "require_log": True}
    write(policy, json.dumps(document))
    run("gate", pipeline, "--out", out, "--sign", "keyless", "--sigstore-config", config, "-q")
    before = (out / "verdict.sigstore.json").read_bytes()
    assert "1 of the 2" in run("verify", out, "--trust", policy).stdout
    look = ("sign", out, "--trust", policy, "--sign", "auto", "--sigstore-config", config)
    again = run(*look)
    assert again.exit_code == 2
    assert "has signed already" in last_line(again)
    blind = run("sign", out, "--public-key", write_key_pair(tmp_path / "k", "ed25519", None)[0], "--sign", "keyless")
    assert blind.exit_code == 1
    monkeypatch.setenv(TOKEN, service.token(job_workflow_ref=second))
    monkeypatch.delenv("GITHUB_ACTIONS")
    stamp = f"{service.url}/api/v1/timestamp"
    signed = run(*look, "--timestamp", stamp)
    assert signed.exit_code == 0, signed.stderr
    assert f"the identity {second}" in signed.stderr.replace("https://github.com/", "")
    assert "trust.yaml accepts it now" in signed.stderr
    checked = run("verify", out, "--trust", policy, "--format", "json")
    report = json.loads(checked.stdout)
    assert report["verified"] is True
    (path,) = (out / "countersignatures").glob("*.sigstore.json")
    rows = {row["check"]: row for row in report["rows"]}
    assert rows[f"countersignatures/{path.name}: log entry"]["ok"] is True
    assert rows[f"countersignatures/{path.name}.tsr"]["ok"] is True
    assert (out / "verdict.sigstore.json").read_bytes() == before


def test_an_identity_countersigns_under_a_policy_alone(
    run, pipeline: Path, service: Service, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is published cannot be taken back; whether it would count is known before."""
    in_ci(service, monkeypatch)
    public, _ = write_key_pair(tmp_path / "k.pem", "ed25519", None)
    run("gate", pipeline, "--out", tmp_path / "v", "--key", tmp_path / "k.pem", "-q")
    seen = len(service.seen)
    look = ("sign", tmp_path / "v", "--public-key", public, "--sign", "keyless", "--sigstore-config", config)
    refused = run(*look)
    assert refused.exit_code == 2
    assert "without a trust policy only keys sign" in refused.stderr
    assert not [path for path in service.seen[seen:] if "log" in path]
