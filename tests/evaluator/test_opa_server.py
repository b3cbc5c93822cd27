"""The Open Policy Agent that is started for a run: ours alone, of a tested version, gone afterwards in any event."""

from __future__ import annotations

import gc
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from opa_case import needs_opa, opa_binary
from policy_case import RULES, assess, codes, graph, module, observation, policies

from probatum.errors import EngineError, UsageError
from probatum.evaluator.engines.base import Batch
from probatum.evaluator.engines.diagnosis import diagnose
from probatum.evaluator.engines.limits import Limits
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.engines.opa_places import OwnServer
from probatum.evaluator.engines.opa_server import RunningServer, binary_version, find_binary

SMALL = "package small\n\napplies := 1\ndeny := 2\nproof := 3\n"
ASK = [Batch({}, ("small",))]


def running(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def gone(process: int) -> bool:
    """Whether a process ends within seconds."""
    deadline = time.monotonic() + 10
    while running(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not running(process)


def servers_of(parent: int) -> list[int]:
    """Children of a process that are Open Policy Agents by now."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"PPid:\t{parent}\n" in (entry / "status").read_text() and "run" in (entry / "cmdline").read_text():
                found.append(int(entry.name))
    return found


@pytest.fixture
def started() -> Callable[[], list[int]]:
    """Tells the servers that were started since; engines of other tests may still have theirs."""
    gc.collect()
    before = set(servers_of(os.getpid()))
    return lambda: [process for process in servers_of(os.getpid()) if process not in before]


@needs_opa
def test_the_server_is_ours_alone_and_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import requests

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    server = RunningServer(str(opa_binary()), {"a": SMALL}, Limits())
    address = f"http://127.0.0.1:{server.connection._client.port}/v1/data/small"
    stranger = requests.Session()
    stranger.trust_env = False
    try:
        assert stranger.get(address, timeout=5).status_code == 401
        assert server.connection.query({}, "small", "proof", 5) == {"result": 3}
        assert server.connection.version() == binary_version(str(opa_binary()))
        assert not list(tmp_path.iterdir())
    finally:
        server.stop()
    with pytest.raises(requests.ConnectionError):
        stranger.get(address, timeout=5)


@needs_opa
def test_a_policy_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_BUILD", "x")
    server = RunningServer(str(opa_binary()), {"a": "package a\n\nseen := opa.runtime().env\n"}, Limits())
    try:
        seen = server.connection.query({}, "a", "seen", 5)["result"]
    finally:
        server.stop()
    assert set(seen) == {"GOGC", "GOMEMLIMIT"}


@needs_opa
def test_one_server_serves_many_runs_and_ends_with_the_engine(started: Callable[[], list[int]]) -> None:
    with Opa(binary=opa_binary()) as engine:
        seen = set()
        for _ in range(3):
            assert engine.run({"a": SMALL}, ASK)[0]["small"]["proof"].value == 3
            seen.update(started())
        assert len(seen) == 1
        other = engine.run({"a": SMALL.replace("3", "4")}, ASK)
        assert other[0]["small"]["proof"].value == 4
    assert all(gone(process) for process in seen)
    engine.close()
    assert engine.run({"a": SMALL}, ASK)[0]["small"]["deny"].value == 2, "a closed engine starts anew"
    engine.close()
    assert not started()


@needs_opa
def test_packages_that_come_later_are_asked_too() -> None:
    modules = {"a": SMALL, "b": SMALL.replace("package small", "package other")}
    with Opa(binary=opa_binary()) as engine:
        engine.run(modules, ASK)
        found = engine.run(modules, [Batch({}, ("other",)), Batch({}, ())])
        assert (found[0]["other"]["proof"].value, found[1]) == (3, {})
        assert engine.run(modules, []) == []


@needs_opa
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_the_server_ends_when_the_run_raises(error: type[BaseException], started: Callable[[], list[int]]) -> None:
    processes = []
    with suppress(error), Opa(binary=opa_binary()) as engine:
        engine.run({"a": SMALL}, ASK)
        processes = started()
        raise error
    assert [gone(process) for process in processes] == [True]


@needs_opa
def test_an_engine_that_nobody_closes_takes_its_server_along(started: Callable[[], list[int]]) -> None:
    engine = Opa(binary=opa_binary())
    engine.run({"a": SMALL}, ASK)
    (process,) = started()
    del engine
    gc.collect()
    assert gone(process)


@needs_opa
@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_server_outlives_us(signal_number: signal.Signals, tmp_path: Path) -> None:
    code = f"""
import sys, time
from probatum.evaluator.engines.base import Batch
from probatum.evaluator.engines.opa import Opa
engine = Opa(binary={opa_binary()!r})
engine.run({{"a": {SMALL!r}}}, [Batch({{}}, ("small",))])
print("ready", flush=True)
time.sleep(60)
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as us:
        assert us.stdout is not None
        assert us.stdout.readline() == b"ready\n"
        (process,) = servers_of(us.pid)
        us.send_signal(signal_number)
        assert gone(process)
    assert not list(tmp_path.iterdir())


@needs_opa
def test_a_server_that_was_killed_is_started_again(started: Callable[[], list[int]]) -> None:
    with Opa(binary=opa_binary()) as engine:
        engine.run({"a": SMALL}, ASK)
        (process,) = started()
        os.kill(process, signal.SIGKILL)
        assert gone(process)
        assert engine.run({"a": SMALL}, ASK)[0]["small"]["proof"].value == 3


@needs_opa
def test_an_engine_may_be_used_in_a_thread_that_ends() -> None:
    """The kernel then takes the server away, and the next run starts one."""
    found = []
    with Opa(binary=opa_binary()) as engine:
        thread = threading.Thread(target=lambda: found.append(engine.run({"a": SMALL}, ASK)))
        thread.start()
        thread.join()
        found.append(engine.run({"a": SMALL}, ASK))
    assert [item[0]["small"]["proof"].value for item in found] == [3, 3]


def fake(folder: Path, script: str) -> str:
    """An executable."""
    path = folder / "opa"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize("script", ["exit 1", "echo hello", "exit 0", "printf '\\377'"])
def test_an_executable_that_is_not_opa_is_refused(tmp_path: Path, script: str) -> None:
    binary = fake(tmp_path, script)
    with pytest.raises(EngineError):
        binary_version(binary)
    found = assess(graph(observation()), engine=Opa(binary=binary))
    assert (found.result, codes(found)[0]) == ("inconclusive", "engine_error")
    assert found.document["engine"]["version"] == "unknown"


@pytest.mark.parametrize("version", ["0.70.0", "2.0.0", "10.0.0", "1", "one"])
def test_a_version_that_was_not_tested_is_refused(
    tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = fake(tmp_path, f"echo Version: {version}")
    with pytest.raises(EngineError, match=version):
        binary_version(binary)
    found = assess(graph(observation()), engine=Opa(binary=binary))
    assert found.result == "inconclusive"
    assert version in found.document["reasons"][0]["message"]
    assert found.document["engine"]["version"] == version
    monkeypatch.setenv("PROBATUM_OPA", binary)
    row = diagnose()[1]
    assert (row["name"], row["ready"]) == ("opa", False)
    assert version in row["reason"]
    assert row["remedy"]


@pytest.mark.parametrize("does", ["exit 3", "echo broken >&2; exit 1", "sleep 60"])
def test_a_server_that_does_not_come_up_is_an_engine_error(
    tmp_path: Path, does: str, monkeypatch: pytest.MonkeyPatch, started: Callable[[], list[int]]
) -> None:
    monkeypatch.setattr("probatum.evaluator.engines.opa_server._START_SECONDS", 0.5)
    binary = fake(tmp_path, f"if [ $1 = version ]; then echo Version: 1.10.1; else {does}; fi")
    with pytest.raises(EngineError, match="did not start"):
        Opa(binary=binary).run({"a": SMALL}, ASK)
    assert not started()


@needs_opa
def test_a_port_that_is_taken_is_tried_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    from probatum.evaluator.engines import opa_server

    free = opa_server._free_port
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ports = iter([other.getsockname()[1], free()])
        monkeypatch.setattr(opa_server, "_free_port", lambda: next(ports))
        server = RunningServer(str(opa_binary()), {"a": SMALL}, Limits())
        server.stop()
    assert next(ports, None) is None


def test_no_executable_is_an_engine_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PROBATUM_OPA", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="no opa executable"):
        find_binary()
    assert Opa().version == "unknown"
    assert OwnServer(None, Limits()).version == "unknown"


@needs_opa
def test_an_executable_may_be_named_from_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "opa").symlink_to(str(Path(str(opa_binary())).resolve()))
    monkeypatch.chdir(tmp_path)
    with Opa(binary="./opa") as engine:
        assert engine.run({"a": SMALL}, ASK)[0]["small"]["proof"].value == 3


@needs_opa
def test_paths_of_modules_lead_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x.rego"
    with Opa(binary=opa_binary()) as engine:
        found = engine.run({str(target): SMALL, "../y.rego": "package y\n"}, ASK)
    assert found[0]["small"]["proof"].value == 3
    assert not target.exists()


@needs_opa
def test_the_same_policies_say_the_same_twice() -> None:
    """Messages name no nonce, no port and no folder."""
    bad = module(RULES.replace("input.observed[id].scan", '[to_number("x")]'))
    refused = module("deny contains {\n", id="TINY-02")
    by = policies(bad, refused)
    documents = []
    for _ in range(2):
        with Opa(binary=opa_binary()) as engine:
            documents.append(assess(graph(observation()), by, engine=engine).document)
    assert documents[0] == documents[1]
    text = str([control["error"] for control in documents[0]["controls"]])
    assert "to_number" in text
    assert "controls/TINY-02" in text
    assert "probatum_runs" not in text


def test_settings_of_the_user_are_refused_as_such() -> None:
    from probatum.evaluator.engines.opa_address import OpaServer

    with pytest.raises(UsageError, match="address"):
        Opa(server=OpaServer("ftp://x")).run({}, [])


def test_a_server_whose_parent_is_gone_does_not_start(tmp_path: Path) -> None:
    """It ended before the kernel could be asked to tell."""
    from probatum.evaluator.engines import opa_child

    mark = tmp_path / "mark"
    command = ["/bin/sh", "-c", f"touch {mark}"]
    subprocess.run([sys.executable, opa_child.__file__, "1", "64", *command], check=True)
    assert not mark.exists()
    subprocess.run([sys.executable, opa_child.__file__, str(os.getpid()), "64", *command], check=True)
    assert mark.exists()


@needs_opa
def test_a_system_that_does_not_let_us_limit_memory_is_an_engine_error(
    monkeypatch: pytest.MonkeyPatch, started: Callable[[], list[int]]
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "not permitted")

    with Opa(binary=opa_binary()) as engine:
        monkeypatch.setattr("resource.prlimit", refused)
        with pytest.raises(EngineError, match="memory cannot be limited"):
            engine.run({"a": SMALL}, ASK)
    assert not started()


@needs_opa
def test_an_answer_that_fails_while_the_server_lives_is_an_engine_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policies are not to blame then."""
    from probatum.evaluator.engines import opa_connection, opa_server

    def broken(*_: object) -> None:
        raise EngineError("the connection broke")

    monkeypatch.setattr(opa_server, "_SETTLE_SECONDS", 0.05)
    with Opa(binary=opa_binary()) as engine:
        engine.run({"a": SMALL}, ASK)
        monkeypatch.setattr(opa_connection.Connection, "query", broken)
        with pytest.raises(EngineError, match="the connection broke"):
            engine.run({"a": SMALL}, ASK)


@needs_opa
def test_no_interpreter_for_the_child_is_an_engine_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(EngineError, match="does not start"):
        Opa(binary=opa_binary()).run({"a": SMALL}, ASK)


@needs_opa
def test_an_interrupt_while_the_server_starts_leaves_none(
    monkeypatch: pytest.MonkeyPatch, started: Callable[[], list[int]]
) -> None:
    from probatum.evaluator.engines import opa_connection

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(opa_connection.Connection, "says", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Opa(binary=opa_binary()).run({"a": SMALL}, ASK)
    assert not started()
