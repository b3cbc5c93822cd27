"""A server over TLS: whose certificate is believed, how we show ours, and what never travels in clear."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from opa_case import TOKEN, needs_opa, real_server

from probatum.errors import EngineError, UsageError
from probatum.evaluator.engines.base import Batch
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.engines.opa_address import OpaServer

SMALL = {"a": "package small\n\napplies := 1\n\ndeny := 2\n\nproof := 3\n"}
ASK = [Batch({}, ("small",))]
NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Authority:
    """Who signs certificates.

    Args:
        folder: for the files.
        name: of the authority, and of its file.
    """

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls, folder: Path, name: str) -> Authority:
        """One with its own certificate in ``name.pem``."""
        made = cls(folder, name, ec.generate_private_key(ec.SECP256R1()))
        made.sign(name, made.key, is_authority=True)
        return made

    @property
    def file(self) -> Path:
        """Its certificate."""
        return self.folder / f"{self.name}.pem"

    def issue(self, name: str, *, days: int = 30) -> OpaServer:
        """A certificate and key for 127.0.0.1, as files, valid from two months ago until some days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        target = self.folder / f"{name}.key"
        target.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
        locked = serialization.BestAvailableEncryption(b"secret")
        (self.folder / f"{name}.locked").write_bytes(key.private_bytes(encoding, form, locked))
        self.sign(name, key, days=days)
        return OpaServer("", self.file, self.folder / f"{name}.pem", target)

    def sign(self, name: str, key: ec.EllipticCurvePrivateKey, *, days: int = 30, is_authority: bool = False) -> None:
        """Write a certificate."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=60))
            .not_valid_after(NOW + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
            )
        )
        found = builder.sign(self.key, hashes.SHA256())
        (self.folder / f"{name}.pem").write_bytes(found.public_bytes(serialization.Encoding.PEM))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Ours."""
    return Authority.new(tmp_path_factory.mktemp("tls"), "ours")


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[str]:
    """A server with a certificate of our authority."""
    issued = authority.issue("server")
    with real_server(authority.folder, *_shows(issued), secure=True) as url:
        yield url


def _shows(issued: OpaServer) -> list[str]:
    return [f"--tls-cert-file={issued.certificate}", f"--tls-private-key-file={issued.key}"]


def proof(server: OpaServer, token: str | None = None) -> object:
    """The value of a rule on a server."""
    with Opa(server=server, token=token) as engine:
        return engine.run(SMALL, ASK)[0]["small"]["proof"].value


@needs_opa
def test_a_certificate_of_a_known_authority_is_believed(
    secure: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert proof(OpaServer(secure, authority.file)) == 3
    assert proof(OpaServer(secure, authority.file), "a-token-that-nobody-asks-for") == 3
    other = Authority.new(authority.folder, "another")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.file))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(other.file))
    assert proof(OpaServer(secure, authority.file)) == 3, "what the user says counts, not the environment"


@needs_opa
def test_a_certificate_of_an_unknown_authority_is_refused(
    secure: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Authority.new(authority.folder, "theirs")
    for ca in (None, other.file):
        with pytest.raises(EngineError, match="certificate verify failed"):
            proof(OpaServer(secure, ca))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
    with pytest.raises(EngineError, match="certificate verify failed"):
        proof(OpaServer(secure, other.file))


@needs_opa
def test_a_certificate_of_another_name_is_refused(secure: str, authority: Authority) -> None:
    with pytest.raises(EngineError, match=r"(?i)hostname|not valid for"):
        proof(OpaServer(secure.replace("127.0.0.1", "localhost"), authority.file))


@needs_opa
def test_an_expired_certificate_is_refused(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue("expired", days=-1)
    with (
        real_server(tmp_path, *_shows(issued), secure=True) as url,
        pytest.raises(EngineError, match="expired"),
    ):
        proof(OpaServer(url, authority.file))


@needs_opa
def test_the_wrong_protocol_is_an_engine_error(secure: str, authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        proof(OpaServer(secure.replace("https", "http")))
    with real_server(tmp_path) as plain, pytest.raises(EngineError):
        proof(OpaServer(plain.replace("http", "https"), authority.file))


@needs_opa
def test_a_server_may_ask_for_our_certificate(authority: Authority, tmp_path: Path) -> None:
    ours, stranger = authority.issue("client"), Authority.new(authority.folder, "stranger").issue("somebody")
    both = tmp_path / "both.pem"
    assert ours.certificate is not None
    assert ours.key is not None
    both.write_bytes(ours.certificate.read_bytes() + ours.key.read_bytes())
    wants = ["--authentication=tls", f"--tls-ca-cert-file={authority.file}", *_shows(authority.issue("picky"))]
    with real_server(tmp_path, *wants, secure=True) as url:
        assert proof(OpaServer(url, authority.file, ours.certificate, ours.key)) == 3
        assert proof(OpaServer(url, authority.file, both)) == 3
        for server in (
            OpaServer(url, authority.file),
            OpaServer(url, authority.file, stranger.certificate, stranger.key),
        ):
            with pytest.raises(EngineError):
                proof(server)


def test_files_that_cannot_be_used_are_named(authority: Authority, tmp_path: Path) -> None:
    issued, other = authority.issue("used"), authority.issue("other")
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    locked = authority.folder / "used.locked"
    wrong = {
        tmp_path / "none.pem": OpaServer("https://127.0.0.1:1", tmp_path / "none.pem"),
        junk: OpaServer("https://127.0.0.1:1", junk),
        f"the key in {junk}": OpaServer("https://127.0.0.1:1", None, issued.certificate, junk),
        locked: OpaServer("https://127.0.0.1:1", None, issued.certificate, locked),
        other.key: OpaServer("https://127.0.0.1:1", None, issued.certificate, other.key),
        "without its certificate": OpaServer("https://127.0.0.1:1", None, None, issued.key),
        "without TLS": OpaServer("http://127.0.0.1:1", issued.ca),
        authority.folder: OpaServer("https://127.0.0.1:1", authority.folder),
    }
    for name, server in wrong.items():
        with pytest.raises(UsageError) as caught:
            proof(server)
        text = f"{caught.value} {caught.value.remedy}"
        assert str(name) in text, text
        assert caught.value.remedy


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "http://",
        "localhost:8181",
        "http://x:port",
        "http://x/path",
        "http://x?q=1",
        "http://x#y",
        "",
        "http://[::1",
        "http://x:99999",
    ],
)
def test_a_wrong_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="address"):
        proof(OpaServer(url))


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="address") as caught:
        proof(OpaServer("https://me:hunter2@opa.example"))
    assert "hunter2" not in f"{caught.value}{caught.value.remedy}"


@pytest.mark.parametrize("url", ["http://opa.example:8181", "http://10.0.0.1:8181", "http://127.0.0.1.example"])
def test_a_token_never_travels_in_clear(url: str) -> None:
    with pytest.raises(UsageError, match="in clear") as caught:
        proof(OpaServer(url), TOKEN)
    assert "https://" in caught.value.remedy
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "", "ünsafe", " x"])
def test_a_token_that_is_none_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(UsageError, match="token") as caught:
        proof(OpaServer("https://opa.example"), token)
    assert not token.strip() or token not in f"{caught.value}{caught.value.remedy}"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "http://127.9.9.9:1"])
def test_on_this_machine_a_token_may_go_without_tls(url: str) -> None:
    with pytest.raises(EngineError, match="failed while asking for the version"):
        proof(OpaServer(url), TOKEN)
