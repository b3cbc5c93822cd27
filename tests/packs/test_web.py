"""Bundles over HTTP: by digest, with limits, and with redirects that lead nowhere else."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from registry_case import certificate, serving
from signing_case import ed_key, envelope, policy, statement
from source_case import files, wanted

from probatum.attestations.trust.predicates import POLICY_BUNDLE
from probatum.errors import PolicyError, UsageError
from probatum.evaluator.bundle import pack_entries
from probatum.evaluator.policies import PolicySet
from probatum.packs.lock import Lock
from probatum.packs.open import open_packs
from probatum.packs.web import Web

BUNDLE = pack_entries(files())
SHA256 = hashlib.sha256(BUNDLE).hexdigest()
OTHER = pack_entries(files(lib__x="package acme.x\n"))


def only(path: str = "/x.tar.gz", body: bytes = BUNDLE) -> Any:
    """Serves one file."""
    return lambda asked, headers: (200, {}, body) if asked.partition("?")[0] == path else (404, {}, b"")


def lock(base: Path, *sources: str) -> Lock:
    return Lock(open_packs(wanted(base, *sources, resolve=True, online=True)).entries, base / "probatum.lock")


def test_a_bundle_by_its_digest(tmp_path: Path) -> None:
    with serving(only()) as served:
        source = f"http://{served.host}/x.tar.gz#sha256={SHA256}"
        with pytest.raises(PolicyError, match="not in the cache"):
            open_packs(wanted(tmp_path, source))
        assert served.asked == []
        found = open_packs(wanted(tmp_path, source, online=True)).packs[0]
        assert (found.policies.digest, found.archive, found.pinned) == (PolicySet(files()).digest, SHA256, True)
        count = len(served.asked)
        assert open_packs(wanted(tmp_path, source, online=True)).packs[0].archive == SHA256
        assert len(served.asked) == count
    assert open_packs(wanted(tmp_path, source)).packs[0].archive == SHA256


def test_another_bundle_is_not_taken_and_not_kept(tmp_path: Path) -> None:
    raises = pytest.raises(PolicyError, match="not what its digest says")
    with serving(only(body=OTHER)) as served, raises as caught:
        open_packs(wanted(tmp_path, f"http://{served.host}/x.tar.gz#sha256={SHA256}", online=True))
    assert hashlib.sha256(OTHER).hexdigest() in caught.value.why
    assert not list(tmp_path.rglob(SHA256))


def test_an_address_without_digest_is_locked_first(tmp_path: Path) -> None:
    body = [BUNDLE]
    with serving(lambda path, headers: (200, {}, body[0]) if path == "/x.tar.gz" else (404, {}, b"")) as served:
        source = f"http://{served.host}/x.tar.gz"
        with pytest.raises(UsageError, match="not fixed"):
            open_packs(wanted(tmp_path, source, online=True))
        made = lock(tmp_path, source)
        assert (made.entries[0].pin, made.entries[0].archive) == (SHA256, SHA256)
        body[0] = OTHER
        assert open_packs(wanted(tmp_path, source, lock=made, locked=True)).packs[0].archive == SHA256
        (tmp_path / "cache" / SHA256).unlink()
        with pytest.raises(PolicyError, match="not what its digest says"):
            open_packs(wanted(tmp_path, source, lock=made, locked=True, online=True))


def test_signatures_beside_it_are_fetched_and_kept(tmp_path: Path) -> None:
    key = ed_key()
    made = envelope(statement(SHA256, predicate_type=POLICY_BUNDLE), key)
    there = {"/x.tar.gz": BUNDLE, "/x.tar.gz.dsse.json": made}
    with serving(lambda path, headers: (200, {}, there[path]) if path in there else (404, {}, b"")) as served:
        source, trust = f"http://{served.host}/x.tar.gz#sha256={SHA256}", policy({"a": key}, policy={})
        for online in (True, False):
            found = open_packs(wanted(tmp_path, source, trust=trust, online=online)).packs[0]
            assert found.signature.signers == ("key:a",)


def test_a_signature_that_came_later_is_found_by_lock(tmp_path: Path) -> None:
    key = ed_key()
    there = {"/x.tar.gz": BUNDLE}
    with serving(lambda path, headers: (200, {}, there[path]) if path in there else (404, {}, b"")) as served:
        source, trust = f"http://{served.host}/x.tar.gz#sha256={SHA256}", policy({"a": key}, policy={})
        assert open_packs(wanted(tmp_path, source, trust=trust, online=True)).packs[0].signature.signers == ()
        there["/x.tar.gz.dsse.json"] = envelope(statement(SHA256, predicate_type=POLICY_BUNDLE), key)
        lock(tmp_path, source)
    assert open_packs(wanted(tmp_path, source, trust=trust)).packs[0].signature.signers == ("key:a",)


def test_a_signature_that_is_too_large_is_refused(tmp_path: Path) -> None:
    there = {"/x.tar.gz": BUNDLE, "/x.tar.gz.sig": bytes(1024 * 1024 + 1)}
    answer = lambda path, headers: (200, {}, there[path]) if path in there else (404, {}, b"")  # noqa: E731
    with serving(answer) as served, pytest.raises(PolicyError, match=r"cannot fetch .*x\.tar\.gz\.sig"):
        lock(tmp_path, f"http://{served.host}/x.tar.gz")
    assert not list((tmp_path / "cache").glob("*.sig"))


def test_credentials_are_sent_and_never_shown(tmp_path: Path) -> None:
    def answer(path: str, headers: Any) -> Any:
        good = headers.get("Authorization") == "Basic bWU6czNjcmV0" and path.endswith("?sig=s3cret")
        return (200, {}, BUNDLE) if good and path.startswith("/x.tar.gz?") else (403, {}, b"")

    with serving(answer) as served:
        found = lock(tmp_path, f"http://me:s3cret@{served.host}/x.tar.gz?sig=s3cret")
        assert b"s3cret" not in found.to_bytes()
        with pytest.raises(PolicyError) as caught:
            lock(tmp_path, f"http://me:wr0ng@{served.host}/x.tar.gz?sig=wr0ng")
    assert "answers 403" in caught.value.why
    assert "wr0ng" not in f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("file:///etc/passwd", "redirects from http:// to file://"),
        ("ftp://127.0.0.1/x", "to ftp://"),
        ("http://192.0.2.1/x", "redirects from http:// to http://"),
        ("data:text/plain,x", "to data://"),
        ("/x.tar.gz", "more than 5 redirects"),
    ],
)
def test_a_redirect_leads_nowhere_else(tmp_path: Path, target: str, word: str) -> None:
    raises = pytest.raises(PolicyError, match="cannot fetch")
    with serving(lambda path, headers: (302, {"Location": target}, b"")) as served, raises as caught:
        lock(tmp_path, f"http://{served.host}/x.tar.gz")
    assert word in caught.value.why


def test_a_redirect_to_another_host_takes_no_credentials_along(tmp_path: Path) -> None:
    with (
        serving(only("/y")) as there,
        serving(lambda path, headers: (302, {"Location": f"http://{there.host}/y"}, b"")) as here,
    ):
        answer = Web().get(f"http://{here.host}/x", {"Authorization": "s3cret", "X-Kept": "1"}, shown="x")
        assert answer.body == BUNDLE
        assert here.asked[0][1]["Authorization"] == "s3cret"
        assert "Authorization" not in there.asked[0][1]
        assert there.asked[0][1]["X-Kept"] == "1"


def test_a_redirect_never_leaves_https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = certificate(tmp_path / "tls.pem")
    with serving(only()) as plain:
        target = f"http://{plain.host}/x.tar.gz"
        with serving(lambda path, headers: (302, {"Location": target}, b""), certificate=known) as secure:
            url = f"https://{secure.host}/x.tar.gz"
            with pytest.raises(PolicyError) as caught:
                Web().get(url, shown="x")
            assert "certificate" in caught.value.why.lower()
            monkeypatch.setenv("SSL_CERT_FILE", str(known))
            with pytest.raises(PolicyError) as caught:
                Web().get(url, shown="x")
            assert "from https:// to http://" in caught.value.why
        assert plain.asked == []
        with serving(only(), certificate=known) as secure:
            assert Web().get(f"https://{secure.host}/x.tar.gz", shown="x").body == BUNDLE


def test_too_much_is_refused() -> None:
    with serving(lambda path, headers: (200, {}, bytes(300_000))) as served, pytest.raises(PolicyError) as caught:
        Web(max_bytes=200_000).get(f"http://{served.host}/x", shown="x")
    assert "over 200000 bytes" in caught.value.why


def test_what_is_cut_short_is_refused() -> None:
    answer = (200, {"Content-Length": "100"}, b"short")
    with serving(lambda path, headers: answer) as served, pytest.raises(PolicyError) as caught:
        Web(seconds=5).get(f"http://{served.host}/x", shown="x")
    assert "cut short" in caught.value.why or "IncompleteRead" in caught.value.why


def test_a_slow_server_is_left() -> None:
    def slow(path: str, headers: Any) -> Any:
        time.sleep(1)
        return 200, {}, b"late"

    start = time.monotonic()
    with serving(slow) as served, pytest.raises(PolicyError) as caught:
        Web(seconds=0.2).get(f"http://{served.host}/x", shown="x")
    assert time.monotonic() - start < 5
    assert "timed out" in caught.value.why


def test_a_server_that_drips_is_left() -> None:
    """Each piece comes in time, and all of them do not."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        with pytest.raises(PolicyError) as caught:
            Web(seconds=0.4).get(f"http://127.0.0.1:{server.getsockname()[1]}/x", shown="x")
    assert "not there after 0.4 seconds" in caught.value.why


def test_a_proxy_of_the_environment_is_asked_for_others_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(only()) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.host}")
        monkeypatch.setenv("no_proxy", "")
        assert Web().get("http://packs.example/x.tar.gz", shown="x").status == 404
        assert [path for path, _ in proxy.asked] == ["http://packs.example/x.tar.gz"]
        with serving(only()) as served:
            assert Web().get(f"http://{served.host}/x.tar.gz", shown="x").status == 200
        assert len(proxy.asked) == 1


def test_a_redirect_may_lead_up_to_https() -> None:
    target = "https://127.0.0.1:1/x.tar.gz"
    with (
        serving(lambda path, headers: (302, {"Location": target}, b"")) as served,
        pytest.raises(PolicyError) as caught,
    ):
        Web().get(f"http://{served.host}/x.tar.gz", shown="x")
    assert "refused" in caught.value.why.lower()


def test_nobody_there_and_nonsense_are_named() -> None:
    with pytest.raises(PolicyError, match="cannot fetch it"):
        Web().get("http://127.0.0.1:1/x", shown="it")
    with serving(lambda path, headers: (302, {}, b"")) as served, pytest.raises(PolicyError, match="cannot fetch it"):
        Web().get(f"http://{served.host}/x", shown="it")


def test_a_bundle_that_is_none_is_refused(tmp_path: Path) -> None:
    with serving(only(body=b"<html>")) as served, pytest.raises(PolicyError, match="not a policy bundle"):
        lock(tmp_path, f"http://{served.host}/x.tar.gz")
