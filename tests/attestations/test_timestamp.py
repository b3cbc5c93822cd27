"""RFC 3161 timestamps: tokens of our own authority, checked by the real library; requests over real HTTP."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import decode_timestamp_response
from sigstore_package import authority
from sigstore_service import Service, running
from timestamp_case import STAMPED_AT, Authority, integer, sequence, set_of

from probatum.attestations.keys.ecdsa_form import ORDERS, one_form
from probatum.attestations.keys.public_key import _CURVES
from probatum.attestations.timestamps.timestamp import (
    check_stamp,
    check_url,
    claimed_time,
    request_timestamp,
    verify_timestamp,
)
from probatum.attestations.timestamps.token_form import check_form, only_form
from probatum.attestations.trust.trusted import Certificates, TimestampAuthority
from probatum.errors import TrustError, UsageError

DATA = b"the signed verdict"
IMPRINT = hashlib.sha256(DATA).digest()
TSA = Authority()
TWINS = Authority(twins=True)
ROOT_ONLY = TimestampAuthority(Certificates(authority(TSA).certificates.der[1:]), "")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running(Service()) as found:
        yield found


def nonce_of(response: bytes) -> int:
    nonce: int = decode_timestamp_response(response).tst_info.nonce
    return nonce


def verified(response: bytes, data: bytes = DATA, tsa: Authority = TSA) -> str:
    """The name that it verifies for; empty, and the reason is printed, when it does not."""
    try:
        (name,) = verify_timestamp(response, data, {"tsa": authority(tsa)}, source="it").authorities
    except TrustError as error:
        print(error)
        return ""
    return name


def test_a_timestamp_is_verified_with_its_time() -> None:
    known = {"full": authority(TSA), "root": ROOT_ONLY, "other": authority(Authority())}
    stamp = verify_timestamp(TSA.stamp(DATA), DATA, known, source="it")
    assert (stamp.authorities, stamp.time) == (("full", "root"), STAMPED_AT)
    assert claimed_time(TSA.stamp(DATA), source="it") == STAMPED_AT


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_no_bit_of_a_timestamp_is_free() -> None:
    response, known = TSA.stamp(DATA), {"tsa": authority(TSA)}
    for at in range(len(response)):
        changed = bytearray(response)
        changed[at] ^= 1 << (at % 8)
        with pytest.raises(TrustError):
            verify_timestamp(bytes(changed), DATA, known, source="it")


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (TSA.stamp(b"something else"), "Mismatch"),
        (Authority().stamp(DATA), "certificate verify error"),
        (TSA.stamp(DATA) + b"\0", "not DER"),
        (TSA.stamp(DATA) + b"\x05\x00", "bytes follow it"),
        (TSA.stamp(DATA)[:-1], "cut short"),
        (b"", "empty"),
        (b"\x30\x80\x00\x00", "not DER"),
        (b"\x30\x85\x00\x00\x00\x00\x01\x00", "not DER"),
        (b"\x30", "not DER"),
        (TSA.respond(IMPRINT, status=1), "bare 'granted'"),
        (TSA.respond(IMPRINT, status=2), "bare 'granted'"),
        (TSA.respond(IMPRINT, text="Operation Okay"), "bare 'granted'"),
        (TSA.respond(IMPRINT, unsigned=sequence(integer(1), set_of(integer(1)))), "unsigned attributes"),
        (TSA.respond(IMPRINT, certificates=(TSA.leaf, Authority().root)), "does not belong"),
        (TSA.respond(IMPRINT, certificates=(TSA.root,)), "No leaf certificate"),
        (TSA.respond(IMPRINT[:20], algorithm=bytes.fromhex("06052b0e03021a")), "Unsupported hash"),
        (TSA.stamp(DATA, STAMPED_AT + timedelta(days=4000)), "expired"),
        (TSA.stamp(DATA, STAMPED_AT - timedelta(days=2)), "not yet valid"),
        (sequence(sequence(integer(0)), sequence(integer(5))), "no signed data"),
    ],
)
def test_what_is_not_a_timestamp_over_this_by_a_trusted_authority(response: bytes, reason: str) -> None:
    with pytest.raises(TrustError) as error:
        verify_timestamp(response, DATA, {"tsa": authority(TSA)}, source="it")
    assert reason in str(error.value)


def test_a_certificate_for_another_purpose_signs_no_times() -> None:
    signer = Authority(purpose=ExtendedKeyUsageOID.CODE_SIGNING)
    assert not verified(signer.stamp(DATA), tsa=signer)


def test_the_whole_chain_may_travel_with_it() -> None:
    assert verified(TSA.respond(IMPRINT, certificates=(TSA.leaf, TSA.root))) == "tsa"


def test_an_expired_certificate_counts_for_what_it_signed_before() -> None:
    short = Authority(days=2)
    assert verified(short.stamp(DATA), tsa=short)
    assert not verified(short.stamp(DATA, STAMPED_AT + timedelta(days=3)), tsa=short)


def test_without_a_trusted_authority_nothing_is_verified() -> None:
    with pytest.raises(TrustError, match="does not hold") as error:
        verify_timestamp(TSA.stamp(DATA), DATA, {}, source="it")
    assert "names no timestamp authority" in str(error.value)
    with pytest.raises(TrustError, match="does not hold"):
        check_stamp(TSA.stamp(DATA), DATA, {}, source="it")


def test_words_of_the_status_are_left_out() -> None:
    made = only_form(TSA.respond(IMPRINT, text="Operation Okay"), source="it")
    check_form(made, source="it")
    assert verified(made) == "tsa"
    with pytest.raises(TrustError, match="did not grant"):
        only_form(TSA.respond(IMPRINT, status=2), source="it")


def test_a_signature_has_one_form() -> None:
    """Anybody can make the twin of an ECDSA signature; what real authorities make is brought into one form."""
    assert {item for _, _, item in _CURVES.values()} == set(ORDERS)
    answers = [Authority.respond(TWINS, IMPRINT) for _ in range(40)]
    refused = [answer for answer in answers if not verified(answer, tsa=TWINS)]
    assert 0 < len(refused) < 40
    for answer in refused:
        assert verified(only_form(answer, source="it"), tsa=TWINS)
    assert one_form(b"no signature") == b"no signature"
    assert one_form(encode_dss_signature(1 << 600, 1)) == encode_dss_signature(1 << 600, 1)
    with pytest.raises(TrustError, match="is refused"):
        only_form(sequence(sequence(integer(0)), sequence(integer(5))), source="it")


def test_signature_algorithms_belong_to_their_digest() -> None:
    other = TSA.stamp(DATA).replace(bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d040303"))
    assert other != TSA.stamp(DATA)
    assert not verified(other)


def test_a_timestamp_is_asked_for(service: Service) -> None:
    response = request_timestamp(f"{service.url}/api/v1/timestamp", DATA)
    tsa = service.services.tsa
    stamp = verify_timestamp(response, DATA, {"tsa": authority(tsa)}, source="it")
    assert abs(stamp.time - tsa.at) < timedelta(hours=1)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _: TSA.stamp(b"something else"), "over something else"),
        (lambda _: TSA.stamp(DATA), "over something else"),  # of another request: the nonce is missing
        (lambda honest: TSA.respond(b"\0" * 32, nonce=nonce_of(honest)), "over something else"),
        (lambda _: b"<html>", "cut short"),
        (lambda _: b"\0" * 70_000, "more than"),
        (lambda _: TSA.respond(IMPRINT, status=2), "did not grant"),
    ],
)
def test_odd_answers_are_refused(service: Service, answer: object, reason: str) -> None:
    service.faults = {"/api/v1/timestamp": answer}  # type: ignore[dict-item]
    try:
        with pytest.raises(TrustError) as error:
            request_timestamp(f"{service.url}/api/v1/timestamp", DATA)
    finally:
        service.faults = {}
    assert reason in str(error.value)


def test_a_service_that_is_not_there_or_refuses(service: Service) -> None:
    with pytest.raises(TrustError, match="gives no timestamp"):
        request_timestamp("http://127.0.0.1:1/", DATA)
    with pytest.raises(TrustError, match="gives no timestamp") as error:
        request_timestamp(f"{service.url}/github/token", DATA)
    assert "answers 403" in str(error.value)


@pytest.mark.parametrize(
    "url", ["", "tsa", "ftp://tsa.example", "file:///etc/passwd", "http://", "http://a:b/", "http://[x"]
)
def test_addresses_are_checked_before_the_work(url: str) -> None:
    with pytest.raises(UsageError, match="no timestamp authority"):
        check_url(url)


def test_a_real_response_of_openssl_is_accepted(tmp_path: Path) -> None:
    """Not our stand-in's bytes: a response that `openssl ts` made of our request, where it is installed."""
    import shutil
    import subprocess

    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    tsa = Authority(at=datetime.now(UTC))
    (tmp_path / "tsa.pem").write_bytes(tsa.leaf.public_bytes(Encoding.PEM))
    (tmp_path / "tsa.key").write_bytes(tsa.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "serial").write_text("01\n")
    (tmp_path / "cnf").write_text(
        "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\nsigner_cert = tsa.pem\nsigner_key = tsa.key\n"
        "signer_digest = sha256\ndefault_policy = 1.2.3.4\ndigests = sha256\ness_cert_id_alg = sha256\n"
    )
    for arguments in (
        "-query -data data -sha256 -cert -out q",
        "-reply -config cnf -queryfile q -out r",
    ):
        subprocess.run(["openssl", "ts", *arguments.split()], cwd=tmp_path, check=True, capture_output=True)
    response = only_form((tmp_path / "r").read_bytes(), source="it")
    assert verified(response, tsa=tsa) == "tsa"


def test_an_answer_that_is_cut_off() -> None:
    """A server of one answer, which promises more bytes than it sends."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(TrustError, match="gives no timestamp"):
            request_timestamp(f"http://127.0.0.1:{server.getsockname()[1]}/", DATA)
        thread.join()
