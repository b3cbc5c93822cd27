"""Keys that never leave their token or service: SoftHSM for real, AWS KMS and Vault as stand-ins on loopback."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from service_case import aws_kms, vault
from signing_case import ec_key, write
from token_case import PIN, Token, make_token, signed_by_tool

from probatum.attestations.documents import dsse
from probatum.attestations.keys import remote_key
from probatum.attestations.keys.choose import choose_signer
from probatum.attestations.keys.files import write_key_pair
from probatum.attestations.keys.public_half import public_half
from probatum.attestations.keys.public_key import PublicKey
from probatum.errors import TrustError, UsageError

PAYLOAD = b'{"a": 1}'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Token:
    return make_token(tmp_path_factory.mktemp("token"))


@pytest.fixture
def token(made: Token, monkeypatch: pytest.MonkeyPatch) -> Token:
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


def needs(module: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(importlib.util.find_spec(module) is None, reason=f"{module} is not installed")


def test_each_key_of_a_token_signs_under_its_own_name(token: Token, tmp_path: Path) -> None:
    keys = {n: choose_signer(f"hsm:{n}?label=release", passphrase=PIN.encode) for n in (2, 3)}
    assert [key.public.kind for key in keys.values()] == ["ecdsa-p256", "ecdsa-p384"]
    for number, key in keys.items():
        digest = hashlib.new("sha256" if number == 2 else "sha384", PAYLOAD).digest()
        assert key.public.verifies(signed_by_tool(token, number, digest, tmp_path), PAYLOAD)
        envelope = dsse.sign(PAYLOAD, [key])
        assert envelope.signers(other.public for other in keys.values()) == (key.public,)
        assert envelope.signatures[0][0] == key.public.id


def test_one_key_of_a_token_is_not_taken_for_another(token: Token) -> None:
    """The URI's id decides, not the default slot."""
    assert public_half("hsm:") == public_half("hsm:2") != public_half("hsm:3")


def test_a_pin_is_asked_for_once(token: Token) -> None:
    asked: list[int] = []

    def pin() -> bytes:
        asked.append(1)
        return PIN.encode()

    key = choose_signer("hsm:2?label=release", passphrase=pin)
    for payload in (b"1", b"2", b"3"):
        dsse.sign(payload, [key])
    assert asked == [1]


def test_the_token_is_not_asked_for_a_public_key_that_is_given(token: Token, tmp_path: Path) -> None:
    public = public_half("hsm:3?label=release")
    path = write(tmp_path / "k.pub", public.pem)
    key = choose_signer("hsm:3?label=release", passphrase=PIN.encode, public_key=path)
    assert dsse.sign(PAYLOAD, [key]).signers([public]) == (public,)
    other = choose_signer("hsm:2?label=release", passphrase=PIN.encode, public_key=path)
    with pytest.raises(TrustError, match=r"signature that its public key does not verify|cannot sign"):
        dsse.sign(PAYLOAD, [other])


@pytest.mark.parametrize("pin", [None, b"", b"000000"])
def test_a_wrong_pin(token: Token, pin: bytes | None) -> None:
    key = choose_signer("hsm:2?label=release", passphrase=lambda: pin)
    with pytest.raises(TrustError, match=r"hsm:2\?label=release cannot sign") as error:
        dsse.sign(PAYLOAD, [key])
    assert error.value.why


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("hsm:9?label=release", "could not find ECDSA key"),
        ("hsm:2?label=other", "No PKCS#11 token found for label other"),
        ("hsm:slot9c", "expected hsm:NUMBER"),
    ],
)
def test_a_key_that_is_not_there(token: Token, uri: str, why: str) -> None:
    with pytest.raises((TrustError, UsageError)) as error:
        choose_signer(uri, passphrase=PIN.encode)
    assert why in error.value.why


def test_a_token_without_its_library(token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYKCS11LIB")
    with pytest.raises(TrustError, match="cannot use the key hsm:2") as error:
        choose_signer("hsm:2")
    assert "PYKCS11LIB" in error.value.why


def test_a_whole_verdict_signed_in_a_token_in_processes_of_its_own(token: Token, tmp_path: Path) -> None:
    pipeline = tmp_path / "pipeline"
    write(pipeline / "probatum.yaml", "pipeline: {name: small, criticality: low, exposure: internal}\nsubjects: []\n")
    public = write(tmp_path / "k.pub", public_half("hsm:3?label=release").ssh)

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **token.environment}
        command = [sys.executable, "-m", "probatum", *args]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    verdict = str(tmp_path / "verdict")
    gated = run("gate", str(pipeline), "--out", verdict, "--key", "hsm:3?label=release")
    assert "is signed by hsm:3?label=release" in gated.stderr, gated.stderr
    checked = run("verify", verdict, "--public-key", str(public))
    assert "VERIFIED" in checked.stderr, checked.stdout + checked.stderr
    assert checked.returncode == gated.returncode == 3
    stranger = write(tmp_path / "other.pub", ec_key().public.pem)
    assert run("verify", verdict, "--public-key", str(stranger)).returncode == 1
    signed = run("sign", verdict, "--key", "hsm:2?label=release", "--public-key", str(public))
    assert "countersignatures/" in signed.stderr, signed.stdout + signed.stderr
    second = write(tmp_path / "second.pub", public_half("hsm:2?label=release").pem)
    both = ("--public-key", str(public), "--public-key", str(second))
    assert "VERIFIED" in run("verify", verdict, *both).stderr


@needs("boto3")
def test_aws_signs_rsa_as_stock_verifiers_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service offers PSS first; stock SLSA verification refuses it."""
    keys = {"alias/rsa": rsa.generate_private_key(65537, 3072), "alias/ec": ec.generate_private_key(ec.SECP256R1())}
    with aws_kms(keys) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        for name, private in keys.items():
            key = choose_signer(f"awskms:{name}")
            assert key.public == PublicKey.of(private.public_key(), source="x")
            envelope = dsse.sign(PAYLOAD, [key])
            assert envelope.signers([key.public]) == (key.public,)
        assert choose_signer("awskms:alias/rsa").signer.public_key.scheme == "rsa-pkcs1v15-sha256"
        with pytest.raises(TrustError, match="cannot use the key awskms:alias/none"):
            choose_signer("awskms:alias/none")


@needs("boto3")
def test_a_weak_key_of_a_service_does_not_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_kms({"k": rsa.generate_private_key(65537, 2048)}) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(TrustError, match="awskms:k is too weak to sign"):
            choose_signer("awskms:k")


@needs("hvac")
def test_vault_signs_with_the_newest_version(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {str(number): ed25519.Ed25519PrivateKey.generate() for number in (2, 9, 10)}
    with vault(versions) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        for uri in ("hv:release", "hv:release/10"):
            key = choose_signer(uri)
            assert key.public == PublicKey.of(versions["10"].public_key(), source="x")
            assert dsse.sign(PAYLOAD, [key]).signers([key.public]) == (key.public,)
        with pytest.raises(TrustError, match="cannot use the key hv:release/9") as error:
            choose_signer("hv:release/9")
        assert "10" in error.value.why
        with pytest.raises(TrustError, match="cannot use the key hv:none"):
            choose_signer("hv:none")


def test_a_scheme_that_is_verified_nowhere_is_refused() -> None:
    public = ec_key().public
    known = remote_key.SSlibKey("x", "rsa", "rsassa-pss-sha512", {"public": public.pem})
    with pytest.raises(TrustError, match="cannot use the key gcpkms:k") as error:
        remote_key._scheme("gcpkms", known, "gcpkms:k")
    assert "rsassa-pss-sha512" in error.value.why


def test_the_public_half_of_whatever_is_given(tmp_path: Path) -> None:
    public_path, public = write_key_pair(tmp_path / "k.pem", "ecdsa-p384", b"pass")
    assert public_half(str(public_path)) == public
    assert public_half(str(tmp_path / "k.pem"), lambda: b"pass") == public
    assert public_half(f"file2:{tmp_path / 'k.pem'}", lambda: b"pass") == public
    assert public_half(str(write(tmp_path / "a:b.pub", public.ssh))) == public
    for bad in (tmp_path / "none", tmp_path):
        with pytest.raises(UsageError, match="cannot read"):
            public_half(str(bad))
    with pytest.raises(TrustError, match="not a public key"):
        public_half(str(write(tmp_path / "x", b"x")))
