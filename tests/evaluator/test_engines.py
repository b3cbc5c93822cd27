"""Both engines: what they say, what they refuse, and what becomes of servers that are dead, slow or lying."""

from __future__ import annotations

import json
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opa_case import needs_opa, opa_binary
from policy_case import APPLIES, PROOF, RULES, assess, codes, graph, module, observation, only, policies

from probatum.errors import EngineError, UsageError
from probatum.evaluator.engines.base import Batch, Engine
from probatum.evaluator.engines.limits import Limits
from probatum.evaluator.engines.namespaces import Namespace
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.engines.opa_address import OpaServer
from probatum.evaluator.engines.opa_server import binary_version, find_binary
from probatum.evaluator.engines.regorus import Regorus, plain
from probatum.evaluator.engines.select import engine_named

ENGINES = [pytest.param("regorus", id="regorus"), pytest.param("opa", id="opa", marks=needs_opa)]


def engine(name: str) -> Engine:
    """One of both."""
    return Regorus() if name == "regorus" else Opa(binary=opa_binary())


@pytest.mark.parametrize("name", ENGINES)
def test_errors_stay_with_their_control(name: str) -> None:
    lib = "package tiny.lib\n\nimport rego.v1\n\nimport data.tiny.other\n\nbad(x) if other.yes(x)\n"
    other = "package tiny.other\n\nimport rego.v1\n\nyes(x) if x == true\n"
    broken = {
        "TINY-02": APPLIES + PROOF + 'deny contains to_number("x")\n',
        "TINY-03": APPLIES + PROOF + "deny := 1 if input.nothing\n",
        "TINY-04": APPLIES + PROOF,
        "TINY-05": APPLIES + PROOF + "deny contains {\n",
        "TINY-06": APPLIES + PROOF + "deny contains x if y == 2\n",
        "TINY-07": APPLIES + PROOF + "deny contains no_such_builtin(1)\n",
        "TINY-08": APPLIES + PROOF + "deny := {1: 2}[_]\n",
        "TINY-09": APPLIES + "deny contains 1 if input.no\nproof := {1, 2} if true\nproof := {3} if true\n",
    }
    uses = "deny contains 1 if { some id in applies; data.tiny.lib.bad(input.subjects[id].name) }\n"
    good = {"TINY-01": APPLIES + PROOF + uses, "TINY-10": RULES}
    texts = [module(rules, id=key) for key, rules in {**good, **broken}.items()]
    found = assess(graph(observation()), policies(*texts, lib__lib=lib, lib__other=other), engine=engine(name))
    errors = {item["id"]: item["error"] for item in found.document["controls"]}
    assert {key for key, text in errors.items() if text is None} == set(good), errors
    assert all(only(found, key)["outcome"] == "pass" for key in good)
    assert all(only(found, key)["outcome"] == "inconclusive" for key in broken)
    assert "deny" in errors["TINY-04"]
    assert "number" in errors["TINY-02"]
    assert not any("backtrace" in str(text) or "\n" in str(text) for text in errors.values())


def test_an_unknown_construct_names_itself_and_the_other_engine() -> None:
    rules = APPLIES + PROOF + 'deny contains 1 if crypto.x509.parse_certificates("x")\n'
    found = assess(graph(observation()), policies(module(rules)))
    error = found.document["controls"][0]["error"]
    assert "crypto.x509.parse_certificates" in error
    assert "--engine opa" in error


def test_a_broken_library_is_an_error_of_those_who_use_it() -> None:
    uses = APPLIES + PROOF + "deny contains 1 if data.tiny.lib.f(1)\n"
    by = policies(module(uses), lib__lib="package tiny.lib\n\nf(x) if {\n")
    found = assess(graph(observation()), by)
    assert found.result == "inconclusive"
    assert "lib/lib.rego" in found.document["controls"][0]["error"]


def test_messages_are_one_line() -> None:
    text = "\n--> a.rego:1:2\n  |\n1 | x\nerror: could not find function f.g\n\nStack backtrace:\n   0: x"
    assert plain(RuntimeError(text)) == (
        "a.rego:1:2: f.g is unknown to the embedded engine: this construct needs --engine opa"
    )


@needs_opa
def test_the_server_is_ours_alone_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    from probatum.evaluator.engines import opa_server

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with opa_server.started(str(opa_binary()), 10) as client:
        address = f"http://127.0.0.1:{client.port}/v1/policies"
        stranger = requests.Session()
        stranger.trust_env = False
        assert stranger.get(address, timeout=5).status_code == 401
        assert client.get_policies_list()
    with pytest.raises(requests.ConnectionError):
        stranger.get(address, timeout=5)


@needs_opa
def test_the_server_ends_when_the_run_raises() -> None:
    from probatum.evaluator.engines import opa_server

    with pytest.raises(KeyboardInterrupt), opa_server.started(str(opa_binary()), 10) as client:
        raise KeyboardInterrupt
    assert not client.check_health()


@needs_opa
def test_two_policy_sets_share_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets with the same packages and different rules never see each other's."""
    from probatum.evaluator.engines import opa_server

    lenient = policies(module(RULES.replace("result.bad == true", 'result.bad == "never"')))
    bad = graph(observation(result={"bad": True}))
    with opa_server.started(str(opa_binary()), 10) as client:
        monkeypatch.setenv("PROBATUM_OPA_TOKEN", client.headers["Authorization"].removeprefix("Bearer "))
        shared = engine_named("opa", server=OpaServer(f"http://127.0.0.1:{client.port}"))
        results = [assess(bad, by, engine=shared).result for by in (policies(), lenient, policies(), lenient)]
        assert shared.version == binary_version(str(opa_binary()))
    assert results == ["fail", "inconclusive"] * 2


def test_a_namespace_renames_packages_and_references_only() -> None:
    texts = {"a": "package acme.x\n\nimport data.acme.lib\n\nx := data.acmeother.y", "b": "package acme.lib\n"}
    space = Namespace.of(texts)
    moved = f"acme_{space.tag}"
    assert space.rewritten(texts["a"]) == (f"package {moved}.x\n\nimport data.{moved}.lib\n\nx := data.acmeother.y")
    assert (space.moved("acme.x"), space.moved("other.x")) == (f"{moved}.x", "other.x")
    assert Namespace.of({**texts, "c": "x"}).tag != space.tag


Answer = Callable[[str, str, bytes], tuple[int, bytes]]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """A server that is not OPA: it answers (method, path, body) as it is told, with (status, body)."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            """Read the request and answer."""
            asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = answer(self.command, self.path.split("?")[0], asked)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = handle_any  # noqa: N815  what http.server looks for

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        listening.server_close()


def says(status: int, body: bytes) -> Answer:
    """One answer to everything."""
    return lambda method, path, asked: (status, body)


def holds(result: Any, *, keeps: bool = True) -> Answer:
    """Keeps policies as OPA does (or forgets them), and answers every query with the same."""
    held: dict[str, str] = {}

    def answer(method: str, path: str, asked: bytes) -> tuple[int, bytes]:
        if method == "PUT" and keeps:
            held[path] = asked.decode()
        made_up = {"result": {"raw": held.get(path)}} if method == "GET" else result
        return 200, json.dumps(made_up).encode()

    return answer


def sleeps(method: str, path: str, asked: bytes) -> tuple[int, bytes]:
    """Answers too late."""
    time.sleep(1)
    return 200, b"{}"


SERVERS = {
    "html": says(200, b"<html>"),
    "nothing": says(200, b""),
    "forbidden": says(403, b'{"code": "unauthorized"}'),
    "crash": says(500, b"oops"),
    "null": says(200, b"null"),
    "list": says(200, b"[]"),
    "forgets policies": holds({"result": {}}, keeps=False),
    "slow": sleeps,
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_that_is_not_opa_makes_everything_inconclusive(name: str) -> None:
    with server(SERVERS[name]) as url:
        found = assess(graph(observation()), engine=Opa(server=OpaServer(url), limits=Limits(0.3)))
    assert (found.result, codes(found)) == ("inconclusive", ["engine_error", "nothing_passed"])
    assert found.document["engine"]["version"] == "unknown"


def test_a_dead_server_makes_everything_inconclusive() -> None:
    with server(says(200, b"")) as url:
        pass
    found = assess(graph(observation()), engine=Opa(server=OpaServer(url), limits=Limits(1)))
    assert (found.result, codes(found)) == ("inconclusive", ["engine_error", "nothing_passed"])


MADE_UP = {
    "no result": {},
    "a number": {"result": 7},
    "a list": {"result": []},
    "no packages": {"result": {}},
    "no rules": {"result": {"tiny.tiny_01": 3}},
    "too many values": {"result": {"tiny.tiny_01": {"applies": [[], []], "deny": [[], []], "proof": [[], []]}}},
    "odd values": {"result": {"tiny.tiny_01": {"applies": ["x"], "deny": [7], "proof": [None]}}},
    "made-up proof": {
        "result": {
            "tiny.tiny_01": {
                "applies": [["model:net"]],
                "deny": [[]],
                "proof": [[{"subject": "model:net", "evidence": ["obs:0"]}]],
            }
        }
    },
}


@pytest.mark.parametrize("name", MADE_UP)
def test_a_server_that_makes_up_answers_cannot_make_a_pass_without_evidence(name: str) -> None:
    with server(holds(MADE_UP[name])) as url:
        found = assess(graph(observation()), engine=Opa(server=OpaServer(url), limits=Limits(5)))
    assert found.result == "inconclusive"
    assert found.document["controls"][0]["outcome"] == "inconclusive"


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://", "localhost:8181", "http://x:port", "http://x/path", "http://x?q=1"]
)
def test_a_wrong_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="address"):
        Opa(server=OpaServer(url)).run({}, [])


@pytest.mark.parametrize("script", ["exit 1", "echo hello", "sleep 0; exit 0"])
def test_an_executable_that_is_not_opa_is_refused(tmp_path: Path, script: str) -> None:
    fake = tmp_path / "opa"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(EngineError):
        binary_version(str(fake))
    found = assess(graph(observation()), engine=Opa(binary=str(fake)))
    assert (found.result, codes(found)[0]) == ("inconclusive", "engine_error")


def test_no_executable_is_an_engine_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PROBATUM_OPA", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="no opa executable"):
        find_binary()
    assert Opa().version == "unknown"


def test_engines_by_name() -> None:
    found = engine_named("regorus")
    assert (found.name, found.version) == ("regorus", Regorus().version)
    assert engine_named("opa", server=OpaServer("http://127.0.0.1:1")).name == "opa"
    with pytest.raises(UsageError, match="no engine"):
        engine_named("rego")


def test_inputs_that_share_a_document_decide_as_if_they_did_not() -> None:
    """Three limits: the second and third input differ from the first in what is usable."""
    strict = "{min_tier: {default: attested}}"
    fresh = "{max_age_days: {default: 0.01}}"
    sees = (
        RULES
        + """seen contains id if {
	some id, types in input.usable
	types.scan
}
deny contains {"subject": "model:net", "message": "unseen", "evidence": []} if count(seen) > 1
"""
    )
    by = policies(module(sees), module(sees, id="TINY-02", parameters=strict), module(id="TINY-03", parameters=fresh))
    found = assess(graph(observation()), by)
    outcomes = {item["id"]: item["outcome"] for item in found.document["controls"]}
    assert outcomes == {"TINY-01": "pass", "TINY-02": "inconclusive", "TINY-03": "inconclusive"}
    assert not any(item["error"] for item in found.document["controls"])
    observed = {"model:net": {"scan": ["o"]}}
    shared = {"ids": {"model": ["model:net"]}, "observed": observed, "observations": {"o": {"result": {"bad": False}}}}
    usable = ({}, observed, {"model:net": {}}, {"model:net": {"scan": ["o", "p"]}})
    names = ("tiny.tiny_01", "tiny.tiny_03", "tiny.none")
    batches = [Batch({**shared, "usable": item}, names) for item in usable]
    together = Regorus().run(by.modules, batches)
    assert together == [Regorus().run(by.modules, [batch])[0] for batch in batches]
    assert [len(answer["tiny.tiny_01"]["proof"].value) for answer in together] == [0, 1, 0, 1]


def test_a_package_that_nobody_has_gives_errors() -> None:
    found = Regorus().run({}, [Batch({}, ("tiny.none",))])
    assert all(result.error for result in found[0]["tiny.none"].values())
