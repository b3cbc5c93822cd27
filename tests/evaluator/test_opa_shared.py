"""A server that others use too: runs never meet each other, and leave it as it was."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opa_case import TOKEN, holds, listed, needs_opa, opa_binary, pretender, real_server
from policy_case import RULES, assess, graph, module, observation, policies

from probatum.errors import EngineError
from probatum.evaluator.engines.base import Batch
from probatum.evaluator.engines.limits import Limits
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.engines.opa_address import OpaServer
from probatum.evaluator.engines.opa_server import binary_version
from probatum.evaluator.engines.select import TOKEN as TOKEN_VARIABLE
from probatum.evaluator.engines.select import engine_named
from probatum.evaluator.policies import PolicySet

BAD = graph(observation(result={"bad": True}))
LENIENT = policies(module(RULES.replace("result.bad == true", 'result.bad == "never"')))
SMALL = {"a": "package small\n\napplies := 1\n\ndeny := 2\n\nproof := 3\n"}
ASK = [Batch({}, ("small",))]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server with a policy of its own, for all tests here."""
    with real_server(tmp_path_factory.mktemp("opa")) as address:
        yield address


@needs_opa
def test_nothing_is_left_behind(url: str) -> None:
    before = listed(url)
    with Opa(server=OpaServer(url)) as engine:
        assert engine.version == binary_version(str(opa_binary()))
        assert assess(BAD, engine=engine).result == "fail"
        during = listed(url)
        assert assess(BAD, engine=engine).result == "fail"
        assert listed(url) == during, "a second run uploads nothing"
        assert assess(BAD, LENIENT, engine=engine).result == "inconclusive"
    added = set(during) - set(before)
    digests = {name.split("/")[1] for name in added}
    assert len(digests) == 1
    assert all(name.startswith("probatum/") for name in added)
    assert listed(url) == before
    engine.close()


@needs_opa
@pytest.mark.parametrize("error", [KeyboardInterrupt, EngineError])
def test_nothing_is_left_behind_when_an_upload_breaks_off(
    url: str, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    from probatum.evaluator.engines import opa_connection

    before, put = listed(url), opa_connection.Connection.put
    calls = []

    def interrupted(self: opa_connection.Connection, name: str, text: str) -> str | None:
        found = put(self, name, text)
        calls.append(name)
        if len(calls) == 2:
            raise error("now")
        return found

    monkeypatch.setattr(opa_connection.Connection, "put", interrupted)
    with pytest.raises(error), Opa(server=OpaServer(url)) as engine:
        engine.run(PolicySet.built_in().modules, [Batch({}, ("probatum.controls.model_01",))])
    assert len(calls) == 2
    assert listed(url) == before


@needs_opa
def test_nothing_is_left_behind_of_broken_policies(url: str) -> None:
    before = listed(url)
    broken = policies(module("deny contains {\n"), module(RULES, id="TINY-02"), lib__lib="package l\n\nf(x) if {\n")
    with Opa(server=OpaServer(url)) as engine:
        found = assess(BAD, broken, engine=engine).document["controls"]
    assert ["line" in str(item["error"]) for item in found] == [True, False]
    assert [item["outcome"] for item in found] == ["inconclusive", "fail"]
    assert listed(url) == before


@needs_opa
@pytest.mark.parametrize("sets", ["same", "different"])
def test_concurrent_runs_never_meet(url: str, sets: str) -> None:
    """One is closed while the others still ask."""
    before = listed(url)
    mine, theirs = policies(), policies() if sets == "same" else LENIENT
    expected = {"mine": "fail", "theirs": "fail" if sets == "same" else "inconclusive"}
    found: dict[str, list[str]] = {"mine": [], "theirs": []}
    barrier = threading.Barrier(2)

    def work(name: str, by: PolicySet) -> None:
        for _ in range(2):
            with Opa(server=OpaServer(url)) as engine:
                barrier.wait(60)
                found[name] += [assess(BAD, by, engine=engine).result for _ in range(8 if name == "mine" else 2)]

    threads = [threading.Thread(target=work, args=item) for item in (("mine", mine), ("theirs", theirs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: set(results) for name, results in found.items()} == {
        name: {result} for name, result in expected.items()
    }
    assert [len(found["mine"]), len(found["theirs"])] == [16, 4]
    assert listed(url) == before


@needs_opa
def test_policies_do_not_see_what_others_have_on_the_server(url: str) -> None:
    looks = "package small\n\napplies := 1\n\ndeny := data.theirs.secret\n\nproof := 3\n"
    with Opa(server=OpaServer(url)) as engine:
        found = engine.run({"a": looks}, ASK)[0]["small"]
    assert found["proof"].value == 3
    assert "undefined" in str(found["deny"].error)


@needs_opa
def test_both_kinds_of_server_decide_alike(url: str) -> None:
    documents = []
    for server in (None, OpaServer(url)):
        with Opa(server=server, binary=opa_binary()) as engine:
            documents.append(assess(BAD, engine=engine).document)
    assert documents[0] == documents[1]


@needs_opa
def test_a_guarded_server_wants_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with real_server(tmp_path, guarded=True) as address:
        before = listed(address, TOKEN)
        for token in ("wrong", ""):
            monkeypatch.setenv(TOKEN_VARIABLE, token)
            with (
                engine_named("opa", server=OpaServer(address)) as engine,
                pytest.raises(EngineError, match="HTTP status 401"),
            ):
                engine.run(SMALL, ASK)
        monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
        with engine_named("opa", server=OpaServer(address)) as engine:
            assert engine.run(SMALL, ASK)[0]["small"]["proof"].value == 3
        assert listed(address, TOKEN) == before


ALLOWED = """[input.method, array.slice(input.path, 0, 3)] in {
		["POST", ["v1", "query"]],
		["GET", ["v1", "policies", "probatum"]],
		["PUT", ["v1", "policies", "probatum"]],
		["DELETE", ["v1", "policies", "probatum"]],
		["POST", ["v1", "data", "probatum_gathering"]],
	}"""


@needs_opa
def test_we_need_no_more_than_the_documentation_says(tmp_path: Path) -> None:
    """docs/author/opa-server.md"""
    bad = 'package bad\n\napplies := 1\n\ndeny := to_number("x")\n\nproof := 3\n'
    with real_server(tmp_path, guarded=True, condition=ALLOWED) as address:
        with Opa(server=OpaServer(address), token=TOKEN) as engine:
            found = engine.run({**SMALL, "b": bad}, [Batch({}, ("small", "bad"))])[0]
        assert found["small"]["proof"].value == found["bad"]["proof"].value == 3
        assert "to_number" in str(found["bad"]["deny"].error)


@needs_opa
def test_a_server_that_goes_away_is_an_engine_error_and_closing_says_what_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "probatum"), Opa(server=None, binary=opa_binary()) as other:
        assert other.version
        with real_server(tmp_path) as address:
            engine = Opa(server=OpaServer(address))
            engine.run(SMALL, ASK)
        with pytest.raises(EngineError, match="refused"):
            engine.run(SMALL, ASK)
        engine.close()
    assert "policies remain on the OPA server" in caplog.text


def test_a_server_that_does_not_let_us_remove_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    """A stand-in: no real server takes policies and refuses to give them up."""
    keeps = holds(lambda asked: {"result": {"nonce": asked["nonce"], "batches": [{}]}})

    def answer(method: str, path: str, asked: bytes) -> tuple[int, bytes]:
        return (400, b'{"code": "no", "message": "never"}') if method == "DELETE" else keeps(method, path, asked)

    with (
        caplog.at_level(logging.WARNING, "probatum"),
        pretender(answer) as address,
        Opa(server=OpaServer(address)) as engine,
    ):
        engine.run({**SMALL, **{f"p{number}": f"package p{number}\n" for number in range(4)}}, ASK)
    assert "and 4 more (it refuses to remove them)" in caplog.text


@needs_opa
def test_an_interrupted_process_leaves_nothing_behind(url: str) -> None:
    before = listed(url)
    code = f"""
import time
from probatum.evaluator.engines.base import Batch
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.engines.opa_address import OpaServer
engine = Opa(server=OpaServer({url!r}))
engine.run({SMALL!r}, [Batch({{}}, ("small",))])
print("ready", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as us:
        assert us.stdout is not None
        assert us.stdout.readline() == b"ready\n"
        assert len(listed(url)) > len(before)
        us.send_signal(signal.SIGINT)
        us.wait(20)
    assert listed(url) == before


@needs_opa
def test_an_evaluation_that_is_given_up_ends_on_the_server(url: str) -> None:
    """Time is bounded there too, and the other controls are decided."""
    endless = "count([1 | some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j == -1])"
    loops = f"package loops\n\napplies := 1\n\ndeny := 2\n\nproof := {endless}\n"
    before = listed(url)
    with Opa(server=OpaServer(url), limits=Limits(0.7)) as engine:
        found = engine.run({**SMALL, "b": loops}, [Batch({}, ("loops", "small"))])[0]
        assert found["small"]["proof"].value == 3
        assert all("longer than 0.7 s" in str(result.error) for result in found["loops"].values())
    assert listed(url) == before
