"""Signing with the identity of a CI job: the real sigstore library against services of our own, over real HTTP."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from signing_case import sha256, statement, write
from sigstore_package import trusting
from sigstore_service import GITHUB, WORKFLOW_REF, Service, running
from tuf_case import repository, serving

from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keyless import keyless, keyless_instance
from probatum.attestations.keyless.form import check_form
from probatum.attestations.keyless.keyless import KeylessAttestor, keyless_attestor
from probatum.attestations.keyless.keyless_instance import open_instance
from probatum.attestations.keyless.token import TOKEN, TOKEN_FILE, ambient_service, identity_token
from probatum.errors import TrustError, UsageError

PAYLOAD = json.dumps(statement("a" * 64, predicate_type="https://slsa.dev/provenance/v1")).encode()
SUBJECT = f"https://github.com/{WORKFLOW_REF}"
CI = ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "GOOGLE_SERVICE_ACCOUNT_NAME", TOKEN, TOKEN_FILE)


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No CI service of the machine that runs the tests is seen, and no home folder of it is written to."""
    for name in (*CI, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture(params=[(1, False), (1, True), (2, True)], ids=["rekor 1", "rekor 1 and a timestamp", "rekor 2"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    with running(Service(*request.param)) as found:
        yield found


@pytest.fixture
def plain() -> Iterator[Service]:
    with running(Service()) as found:
        yield found


def inside(service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """In a job of GitHub Actions; the path of the configuration."""
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    return str(write(tmp_path / "config.json", service.config()))


def test_a_statement_is_signed_and_verified(service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    attestor = keyless_attestor(inside(service, monkeypatch, tmp_path))
    assert (attestor.form, attestor.local, attestor.signers) == ("sigstore", False, (WORKFLOW_REF,))
    assert WORKFLOW_REF in attestor.origin
    bundle = attestor.attest(PAYLOAD)
    assert check_form(bundle, source="it")["mediaType"].endswith("v0.3+json")
    claims = {"runner": "github-hosted", "repository": "https://github.com/org/repo", "ref": "refs/heads/main"}
    policy = trusting(service.services, identity=SUBJECT, issuer=service.url, claims=claims)
    found = TrustVerifier(policy, service.services.at).verify(bundle, source="it")
    assert found.reason == ""
    assert found.statement == json.loads(PAYLOAD)
    assert found.identity["trigger"] == "push"
    assert found.signed_at is not None
    assert attestor.signers == (SUBJECT,)
    assert "entry 0" in attestor.origin
    attestor.attest(PAYLOAD)
    assert service.seen.count("/api/v2/signingCert") == 1, "two signatures in a row need one certificate"
    assert not (tmp_path / "home").exists(), "a cache was written"


def test_what_will_be_published_is_said_before(plain: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = keyless_attestor(inside(plain, monkeypatch, tmp_path)).announcement
    for part in (WORKFLOW_REF, plain.url, f"{plain.url}/api/v1", "GitHub Actions", "config.json"):
        assert part in said
    assert "everybody" not in said
    assert not {"/api/v2/signingCert", "/api/v1/log/entries"} & set(plain.seen)


def test_an_exact_copy_of_the_statement_is_signed(
    plain: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    odd = b' {"predicate":{},"predicateType":"x", "subject":[{"name":"a","digest":{"sha256":"%s"}}], ' % (b"a" * 64)
    odd += b'"_type":"https://in-toto.io/Statement/v1"}\n'
    bundle = keyless_attestor(inside(plain, monkeypatch, tmp_path)).attest(odd)
    assert base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"]) == odd


def test_a_library_that_signs_other_bytes_is_noticed(
    plain: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that writes statements anew would sign another digest than the package names."""
    from sigstore import dsse

    monkeypatch.setattr(dsse, "Statement", lambda payload, real=dsse.Statement: real(payload + b" "))
    with pytest.raises(TrustError, match="over something else"):
        keyless_attestor(inside(plain, monkeypatch, tmp_path)).attest(PAYLOAD)


def test_what_is_no_statement_is_not_signed(plain: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    attestor = keyless_attestor(inside(plain, monkeypatch, tmp_path))
    with pytest.raises(TrustError, match="cannot be signed"):
        attestor.attest(b"{}")
    assert "/api/v1/log/entries" not in plain.seen


def test_a_token_from_a_variable_or_a_file(plain: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in GitLab, in Jenkins with a plugin, or in a Kubernetes pod with a projected token."""
    config = str(write(tmp_path / "config.json", plain.config()))
    token = plain.token(sub="https://ci.example/jobs/train")
    monkeypatch.setenv(TOKEN, f"{token}\n")
    assert ambient_service() == f"the variable {TOKEN}"
    attestor = keyless_attestor(config)
    attestor.attest(PAYLOAD)
    assert attestor.signers == ("https://ci.example/jobs/train",)
    assert token not in attestor.announcement
    monkeypatch.setenv(TOKEN_FILE, str(write(tmp_path / "token", token)))
    with pytest.raises(UsageError, match="two identity tokens"):
        identity_token()
    monkeypatch.delenv(TOKEN)
    assert identity_token().origin == str(tmp_path / "token")
    monkeypatch.setenv(TOKEN_FILE, str(tmp_path / "absent"))
    with pytest.raises(UsageError):
        identity_token()


def test_gitlab_hands_the_token_in_a_variable(plain: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_CI", "true")
    assert ambient_service() == "GitLab CI/CD"
    with pytest.raises(TrustError) as error:
        identity_token()
    assert "id_tokens" in error.value.remedy
    monkeypatch.setenv(TOKEN, plain.token(sub="project_path:org/repo", ci_config_ref_uri="gitlab.example/x"))
    assert identity_token().holder == "gitlab.example/x"


@pytest.mark.parametrize(
    ("variable", "program", "service"),
    [("BUILDKITE", "buildkite-agent", "Buildkite"), ("CIRCLECI", "circleci", "CircleCI")],
)
def test_services_with_a_program_of_their_own(
    plain: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, program: str, service: str
) -> None:
    """The program is a stand-in that checks its arguments; the real library runs it."""
    token = plain.token(sub="https://ci.example/pipeline")
    script = f'#!/bin/sh\ncase "$*" in *sigstore*) echo "{token}";; *) exit 1;; esac\n'
    write(tmp_path / "bin" / program, script).chmod(0o755)
    monkeypatch.setenv(variable, "true")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert ambient_service() == service
    with pytest.raises(TrustError, match=f"{service} gives no identity"):
        identity_token()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.defpath}")
    found = identity_token()
    assert (found.origin, found.holder, found.issuer) == (service, "https://ci.example/pipeline", plain.url)


def test_google_cloud_by_its_metadata_service(plain: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The addresses of Google's services are fixed in the library, so here they lead to a stand-in of two answers."""
    from id._internal.oidc import ambient

    token = plain.token(sub="123", email="ci@project.iam.example")
    plain.faults = {
        "/keys": lambda _: b'{"access_token": "x"}',
        "/.well-known/openid-configuration": lambda _: json.dumps({"token": token}).encode(),
    }
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_NAME", "ci@project.iam.example")
    monkeypatch.setattr(ambient, "_GCP_TOKEN_REQUEST_URL", f"{plain.url}/keys")
    monkeypatch.setattr(
        ambient, "_GCP_GENERATEIDTOKEN_REQUEST_URL", f"{plain.url}/.well-known/openid-configuration?for={{}}"
    )
    assert ambient_service() == "Google Cloud"
    assert identity_token().holder == "ci@project.iam.example"


def test_a_job_without_the_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with pytest.raises(TrustError, match="GitHub Actions gives no identity") as error:
        identity_token()
    assert "id-token: write" in error.value.remedy


def test_outside_of_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    from id._internal.oidc import ambient

    monkeypatch.setattr(ambient, "_GCP_PRODUCT_NAME_FILE", "/nonexistent")  # the machine that runs this may be Google's
    assert ambient_service() is None
    with pytest.raises(TrustError, match="no identity to sign with") as error:
        identity_token()
    assert "--key" in error.value.remedy


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ({"lifetime": -60}, "has expired"),
        ({"audience": "other"}, "another audience"),
        ({"sub": ""}, ""),
    ],
)
def test_tokens_that_cannot_sign(
    plain: Service, monkeypatch: pytest.MonkeyPatch, token: dict[str, object], reason: str
) -> None:
    if reason:
        monkeypatch.setenv(TOKEN, plain.token(**token))  # type: ignore[arg-type]
    else:
        monkeypatch.setenv(TOKEN, "not.a.token")
    with pytest.raises(TrustError, match="cannot be used") as error:
        identity_token()
    assert reason in str(error.value)
    assert os.environ[TOKEN] not in str(error.value)


def test_a_token_that_expires_during_the_work_is_renewed(
    plain: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = inside(plain, monkeypatch, tmp_path)
    monkeypatch.setenv(TOKEN, plain.token(lifetime=1))
    early = identity_token()
    monkeypatch.delenv(TOKEN)
    attestor = KeylessAttestor(open_instance(config), early)
    time.sleep(1.1)
    assert not early.live
    assert attestor.attest(PAYLOAD)
    monkeypatch.setenv(TOKEN, plain.token(sub="https://ci.example/somebody-else"))
    again = KeylessAttestor(open_instance(config), early)
    with pytest.raises(TrustError, match="identity changed"):
        again.attest(PAYLOAD)


def test_an_old_certificate_is_replaced(plain: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    attestor = keyless_attestor(inside(plain, monkeypatch, tmp_path))
    attestor.attest(PAYLOAD)
    monkeypatch.setattr(keyless, "_SECONDS", -1)
    attestor.attest(PAYLOAD)
    assert plain.seen.count("/api/v2/signingCert") == 2


def test_a_token_of_another_issuer_is_refused_by_the_authority(
    plain: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = str(write(tmp_path / "config.json", plain.config()))
    other = Service()
    other.url = plain.url
    monkeypatch.setenv(TOKEN, other.token(**GITHUB))
    with pytest.raises(TrustError, match="cannot be signed") as error:
        keyless_attestor(config).attest(PAYLOAD)
    assert "answers 401" in str(error.value)
    assert "processing the identity token" in str(error.value)
    assert "audience" in error.value.remedy


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/v2/signingCert", b"not JSON"),
        ("/api/v2/signingCert", b"{}"),
        ("/api/v1/log/entries", b"[]"),
        ("/api/v1/log/entries", b"{}"),
        ("/api/v1/timestamp", b"x"),
    ],
)
def test_odd_answers_of_services(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str, answer: bytes) -> None:
    with running(Service(1, stamped=True)) as service:
        attestor = keyless_attestor(inside(service, monkeypatch, tmp_path))
        service.faults = {path: lambda _: answer}
        with pytest.raises(TrustError):
            attestor.attest(PAYLOAD)


def test_a_service_that_is_away(plain: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    attestor = keyless_attestor(inside(plain, monkeypatch, tmp_path))
    document = json.loads(plain.config())
    for part in ("caUrls", "rekorTlogUrls"):
        document["signingConfig"][part][0]["url"] = "http://127.0.0.1:1"
    away = open_instance(str(write(tmp_path / "away.json", json.dumps(document))))
    with pytest.raises(TrustError, match="cannot be signed") as error:
        KeylessAttestor(away, attestor._token).attest(PAYLOAD)
    assert "127.0.0.1" in str(error.value)


def test_a_configuration_by_its_digest(plain: Service, tmp_path: Path) -> None:
    path = write(tmp_path / "config.json", plain.config())
    assert open_instance(f"{path}#sha256={sha256(plain.config())}").log.startswith(plain.url)
    with pytest.raises(UsageError, match="not what its digest says"):
        open_instance(f"{path}#sha256={'0' * 64}")
    with pytest.raises(UsageError):
        open_instance(str(tmp_path / "absent"))


def without(document: dict[str, object], *path: str) -> dict[str, object]:
    part = document
    for name in path[:-1]:
        part = part[name]  # type: ignore[assignment]
    part.pop(path[-1])
    return document


def test_configurations_that_cannot_sign_safely(plain: Service, tmp_path: Path) -> None:
    def tried(document: object) -> str:
        with pytest.raises(TrustError) as error:
            open_instance(str(write(tmp_path / "c.json", json.dumps(document))))
        return str(error.value)

    assert tried(without(json.loads(plain.config()), "trustedRoot"))
    assert tried(without(json.loads(plain.config()), "signingConfig", "caUrls"))
    assert tried([])
    for part in ("caUrls", "rekorTlogUrls"):
        document = json.loads(plain.config())
        document["signingConfig"][part][0]["url"] = "http://sigstore.example"
        assert "not https" in tried(document)
    document = json.loads(plain.config())
    document["signingConfig"]["rekorTlogUrls"][0]["majorApiVersion"] = 2
    assert "keeps no times" in tried(document)


def test_the_public_instance_comes_from_its_repository_alone(
    plain: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its TUF repository is a stand-in with its own root key; the real client of the update framework reads it."""
    targets = {
        "trusted_root.json": plain.services.trusted_root(),
        "signing_config.v0.2.json": json.dumps(plain.signing_config()).encode(),
    }
    files = repository(targets)
    inside(plain, monkeypatch, tmp_path)
    with serving(files) as url:
        monkeypatch.setattr(keyless_instance, "PUBLIC", url)
        monkeypatch.setattr(keyless_instance, "_root_key", lambda _: files["/root.json"])
        attestor = keyless_attestor()
        assert "which everybody can read for ever" in attestor.announcement
        assert attestor.attest(PAYLOAD)
    assert not (tmp_path / "home").exists()
    with pytest.raises(TrustError, match="cannot be asked"):
        keyless_attestor()


@pytest.mark.parametrize("what", ["target", "metadata", "missing", "expired"])
def test_a_repository_that_was_altered(plain: Service, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    targets = {
        "trusted_root.json": plain.services.trusted_root(),
        "signing_config.v0.2.json": json.dumps(plain.signing_config()).encode(),
    }
    if what == "missing":
        targets.pop("trusted_root.json")
    files = repository(targets, days=-1 if what == "expired" else 30)
    root = files["/root.json"]
    if what == "target":
        files["/targets/trusted_root.json"] = Service().services.trusted_root()
    if what == "metadata":
        files |= repository({**targets, "trusted_root.json": Service().services.trusted_root()})
    with serving(files) as url:
        monkeypatch.setattr(keyless_instance, "PUBLIC", url)
        monkeypatch.setattr(keyless_instance, "_root_key", lambda _: root)
        with pytest.raises(TrustError, match="cannot be asked"):
            open_instance()


def test_the_library_carries_the_root_of_the_public_instance() -> None:
    assert b'"root"' in keyless_instance._root_key(keyless_instance.PUBLIC)


def test_a_service_that_says_nothing_is_given_up(
    plain: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The library itself would wait for ever."""
    attestor = keyless_attestor(inside(plain, monkeypatch, tmp_path))
    monkeypatch.setattr(keyless_instance, "_SECONDS", 0.2)
    for path in ("/api/v2/signingCert", "/api/v1/log/entries"):
        plain.faults = {path: slow}
        with pytest.raises(TrustError, match="cannot be signed") as error:
            attestor.attest(PAYLOAD)
        assert "timed out" in str(error.value)


def slow(honest: bytes) -> bytes:
    time.sleep(0.6)
    return honest
