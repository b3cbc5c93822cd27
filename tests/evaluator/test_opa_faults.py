"""Servers that are dead, slow, of another version or lying make everything inconclusive, in bounded time.

Most servers here are stand-ins on loopback: no real Open Policy Agent forgets its policies, drips its answers or lies
when asked to.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from opa_case import Answer, holds, pretender, says, states
from policy_case import assess, codes, graph, observation

from probatum.errors import EngineError
from probatum.evaluator.engines import opa_connection, opa_transport
from probatum.evaluator.engines.base import Batch
from probatum.evaluator.engines.limits import Limits
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.engines.opa_address import OpaServer
from probatum.strict_json import Limits as Size

SMALL = {"a": "package small\n\napplies := 1\n\ndeny := 2\n\nproof := 3\n"}
ASK = [Batch({}, ("small",))]


def judged(url: str, seconds: float = 5) -> Any:
    """An evaluation of evidence that a real engine passes."""
    with Opa(server=OpaServer(url), limits=Limits(seconds)) as engine:
        return assess(graph(observation()), engine=engine)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chores of the connection are given up sooner than a user would."""
    monkeypatch.setattr(opa_connection, "_CHORE_SECONDS", 1.0)


def sleeps(method: str, path: str, asked: bytes) -> tuple[int, bytes]:
    """Answers too late."""
    time.sleep(3)
    return 200, states("1.10.1")


SERVERS: dict[str, Answer] = {
    "html": says(200, b"<html>"),
    "nothing": says(200, b""),
    "forbidden": says(403, b'{"code": "unauthorized"}'),
    "crash": says(500, b"oops"),
    "null": says(200, b"null"),
    "list": says(200, b"[]"),
    "elsewhere": says(302, b""),
    "no version": says(200, b'{"result": []}'),
    "odd version": says(200, b'{"result": {"version": "1.0.0"}}'),
    "deep": says(200, b"[" * 100_000),
    "not a number": says(200, b'{"result": NaN}'),
    "twice": says(200, b'{"result": [{"version": "0.1.0", "version": "1.0.0"}]}'),
    "slow": sleeps,
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_that_is_not_opa_makes_everything_inconclusive(name: str) -> None:
    with pretender(SERVERS[name]) as url:
        found = judged(url)
    assert (found.result, codes(found)) == ("inconclusive", ["engine_error", "nothing_passed"])
    assert found.document["engine"]["version"] == "unknown"


@pytest.mark.parametrize("version", ["0.70.0", "2.0.0", "", "1", None, 1.5, {"a": 1}])
def test_a_server_of_another_version_is_refused_before_anything_is_sent(version: object) -> None:
    asked = []
    answers = holds(lambda asked: {}, version=version)

    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        asked.append((method, path))
        return answers(method, path, body)

    with pretender(answer) as url:
        found = judged(url)
    assert (found.result, codes(found)) == ("inconclusive", ["engine_error", "nothing_passed"])
    assert str(version) in found.document["reasons"][0]["message"] or not isinstance(version, str)
    assert set(asked) == {("POST", "/v1/query")}


def test_a_dead_server_makes_everything_inconclusive() -> None:
    with pretender(says(200, b"")) as url:
        pass
    found = judged(url)
    assert (found.result, codes(found)) == ("inconclusive", ["engine_error", "nothing_passed"])
    assert "refused" in found.document["reasons"][0]["message"]
    assert "0x" not in found.document["reasons"][0]["message"], "nothing that differs from run to run"


def honest(asked: dict[str, Any]) -> Any:
    """The answer that a real server would give to ``ASK``."""
    values = {rule: [number] for number, rule in enumerate(asked["rules"], 1)}
    batches = [dict.fromkeys(batch["packages"], values) for batch in asked["batches"]]
    return {"result": {"nonce": asked["nonce"], "batches": batches}}


def test_the_stand_in_is_believed_when_it_behaves() -> None:
    """Otherwise the tests here would prove nothing."""
    with pretender(holds(honest)) as url, Opa(server=OpaServer(url)) as engine:
        assert engine.run(SMALL, ASK)[0]["small"]["proof"].value == 3


@pytest.mark.parametrize("changes", ["\n", "\ndeny contains 1 if false\n", "# more"])
def test_a_server_that_holds_something_else_is_refused(changes: str) -> None:
    with (
        pretender(holds(honest, changes=changes)) as url,
        Opa(server=OpaServer(url)) as engine,
        pytest.raises(EngineError, match="does not hold the policies"),
    ):
        engine.run(SMALL, ASK)


def test_a_server_that_forgets_policies_is_refused() -> None:
    keeps = holds(honest)

    def answer(method: str, path: str, asked: bytes) -> tuple[int, bytes]:
        return (404, b'{"code": "resource_not_found"}') if method == "GET" else keeps(method, path, asked)

    with pretender(answer) as url:
        found = judged(url)
    assert (found.result, codes(found)) == ("inconclusive", ["engine_error", "nothing_passed"])


OTHERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no result": lambda asked: {},
    "a number": lambda asked: {"result": 7},
    "a list": lambda asked: {"result": []},
    "no nonce": lambda asked: {"result": {"batches": honest(asked)["result"]["batches"]}},
    "kept from another question": lambda asked: {"result": {**honest(asked)["result"], "nonce": "0" * 16}},
    "too few": lambda asked: {"result": {"nonce": asked["nonce"], "batches": []}},
    "too many": lambda asked: {"result": {"nonce": asked["nonce"], "batches": [{}, {}]}},
    "no batches": lambda asked: {"result": {"nonce": asked["nonce"]}},
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_answer_to_another_question_is_refused(name: str) -> None:
    with (
        pretender(holds(OTHERS[name])) as url,
        Opa(server=OpaServer(url)) as engine,
        pytest.raises(EngineError, match="answers another question"),
    ):
        engine.run(SMALL, ASK)


PROOF = [{"subject": "model:net", "evidence": ["obs:0"]}]
MADE_UP: dict[str, Any] = {
    "no packages": {},
    "no rules": {"tiny.tiny_01": 3},
    "a list": [],
    "too many values": {"tiny.tiny_01": {"applies": [[], []], "deny": [[], []], "proof": [[], []]}},
    "odd values": {"tiny.tiny_01": {"applies": ["x"], "deny": [7], "proof": [None]}},
    "made-up proof": {"tiny.tiny_01": {"applies": [["model:net"]], "deny": [[]], "proof": [PROOF]}},
}


@pytest.mark.parametrize("name", MADE_UP)
def test_a_server_that_makes_up_answers_cannot_make_a_pass_without_evidence(name: str) -> None:
    def answer(asked: dict[str, Any]) -> Any:
        return {"result": {"nonce": asked["nonce"], "batches": [MADE_UP[name]]}}

    with pretender(holds(answer)) as url:
        found = judged(url)
    assert found.result == "inconclusive"
    assert found.document["controls"][0]["outcome"] == "inconclusive"


ERRORS = [
    b"oops",
    b'{"errors": "x"}',
    b'{"errors": []}',
    b'{"errors": [7, {"message": 3}]}',
    b'{"code": "internal_error"}',
    b"[]",
]


@pytest.mark.parametrize("body", ERRORS)
def test_an_odd_complaint_is_no_value(body: bytes) -> None:
    keeps = holds(honest)

    def answer(method: str, path: str, asked: bytes) -> tuple[int, bytes]:
        return (500, body) if method == "POST" and path != "/v1/query" else keeps(method, path, asked)

    with pretender(answer) as url:
        found = judged(url)
    assert found.result == "inconclusive"
    assert found.document["controls"][0]["error"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b'{"code": "unauthorized", "message": "no"}'),
        (500, b"oops"),
        (400, b'{"code": "invalid_parameter", "errors": [3, {"location": 4, "message": 5}]}'),
        (400, b'{"code": "invalid_parameter", "message": "odd", "errors": {}}'),
    ],
)
def test_a_server_that_takes_no_policies_is_an_error(status: int, body: bytes) -> None:
    keeps = holds(honest)

    def answer(method: str, path: str, asked: bytes) -> tuple[int, bytes]:
        return (status, body) if method == "PUT" else keeps(method, path, asked)

    with pretender(answer) as url:
        found = judged(url)
    assert found.result == "inconclusive"
    assert found.document["controls"][0]["outcome"] == "inconclusive"


@contextmanager
def dripping(head: bytes, drip: bytes) -> Iterator[str]:
    """A server that begins an answer to whatever it is asked, and sends a little more of it again and again."""
    stop = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.05)

    def serve() -> None:
        talking = []
        while not stop.is_set():
            with suppress(OSError):
                talking.append(listening.accept()[0])
                talking[-1].recv(65536)
                talking[-1].sendall(head)
            for one in talking:
                with suppress(OSError):
                    one.sendall(drip)
        for one in talking:
            one.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stop.set()
        thread.join()
        listening.close()


DRIPS = {
    "status": (b"", b"H"),
    "head": (b"HTTP/1.1 200 OK\r\n", b"X"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "until closed": (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
}


@pytest.mark.parametrize("name", DRIPS)
def test_a_dripping_server_is_given_up(name: str) -> None:
    """Every byte would start a timeout of a read anew."""
    with dripping(*DRIPS[name]) as url:
        start = time.monotonic()
        found = judged(url)
        took = time.monotonic() - start
    assert (found.result, codes(found)) == ("inconclusive", ["engine_error", "nothing_passed"])
    assert took < 5


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opa_transport, "_LIMITS", Size(max_bytes=100_000))
    monkeypatch.setattr(opa_transport, "_CHUNK", 1000)
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", b" " * 60_000) as url:
        found = judged(url)
    assert found.result == "inconclusive"
    assert "over 100000 bytes" in found.document["reasons"][0]["message"]


def test_a_packed_answer_does_not_blow_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    monkeypatch.setattr(opa_transport, "_LIMITS", Size(max_bytes=100_000))
    bomb = gzip.compress(b" " * 50_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    with dripping(head + bomb, b"") as url:
        found = judged(url)
    assert "over 100000 bytes" in found.document["reasons"][0]["message"]


def test_a_slow_question_is_told_from_a_slow_server() -> None:
    """A stand-in that is quick but for one package: the others are decided."""

    def answer(asked: dict[str, Any]) -> Any:
        if any("slow" in batch["packages"] for batch in asked["batches"]):
            time.sleep(1)
        return honest(asked)

    modules = {**SMALL, "b": SMALL["a"].replace("small", "slow")}
    with pretender(holds(answer)) as url, Opa(server=OpaServer(url), limits=Limits(0.4)) as engine:
        found = engine.run(modules, [Batch({}, ("slow", "small"))])[0]
    assert found["small"]["proof"].value == 3
    assert all("longer than 0.4 s" in str(result.error) for result in found["slow"].values())


def test_a_server_that_becomes_slow_is_an_engine_error() -> None:
    keeps, started = holds(honest), []

    def answer(method: str, path: str, asked: bytes) -> tuple[int, bytes]:
        if started and method != "DELETE":
            time.sleep(2)
        if path.endswith("/answer"):
            started.append(path)
            time.sleep(2)
        return keeps(method, path, asked)

    with (
        pretender(answer) as url,
        Opa(server=OpaServer(url), limits=Limits(0.4)) as engine,
        pytest.raises(EngineError, match=r"no whole answer within 0.4 s"),
    ):
        engine.run(SMALL, ASK)


def test_an_answer_of_a_package_alone_may_be_an_error_while_all_together_are_none() -> None:
    """Rule by rule: the sound ones keep their values."""

    def answer(method: str, path: str, asked: bytes) -> tuple[int, bytes]:
        if path.endswith("/answer"):
            question = json.loads(asked)["input"]
            if "deny" in question["rules"]:
                return 500, b'{"errors": [{"message": "a builtin"}]}'
        return keeps(method, path, asked)

    keeps = holds(honest)
    with pretender(answer) as url, Opa(server=OpaServer(url)) as engine:
        found = engine.run(SMALL, ASK)[0]["small"]
    assert found["deny"].error == "a builtin"
    assert (found["applies"].value, found["proof"].value) == (1, 1)


def test_a_rule_alone_may_be_slow() -> None:
    def answer(method: str, path: str, asked: bytes) -> tuple[int, bytes]:
        if path.endswith("/answer"):
            rules = json.loads(asked)["input"]["rules"]
            if len(rules) > 1:
                return 500, b'{"errors": [{"message": "a builtin"}]}'
            if rules == ["deny"]:
                time.sleep(1)
        return keeps(method, path, asked)

    keeps = holds(honest)
    with pretender(answer) as url, Opa(server=OpaServer(url), limits=Limits(0.4)) as engine:
        found = engine.run(SMALL, ASK)[0]["small"]
    assert "longer than 0.4 s" in str(found["deny"].error)
    assert found["proof"].value == 1


def test_a_proxy_of_the_environment_is_used_for_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent whole addresses; the stand-in plays proxy and server at once."""
    keeps, asked_for = holds(honest), set()

    def answer(method: str, path: str, asked: bytes) -> tuple[int, bytes]:
        parts = urlsplit(path)
        asked_for.add(parts.netloc)
        return keeps(method, parts.path, asked)

    with pretender(answer) as url:
        monkeypatch.setenv("http_proxy", url)
        with Opa(server=OpaServer("http://opa.example:8181")) as engine:
            assert engine.run(SMALL, ASK)[0]["small"]["proof"].value == 3
    assert asked_for == {"opa.example:8181"}
