"""Real Open Policy Agent servers for tests, and servers on loopback that only pretend to be one.

Where there is no executable, the tests that need one are skipped and say so.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from probatum.errors import EngineError
from probatum.evaluator.engines.opa_server import find_binary

TOKEN = "a-token-of-the-tests"
_AUTHORISATION = f"""package system.authz

default allow := false

allow if {{
	input.identity == "{TOKEN}"
	%s
}}
"""
Answer = Callable[[str, str, bytes], tuple[int, bytes]]


def opa_binary() -> str | None:
    """Path of the executable, or None."""
    try:
        return find_binary()
    except EngineError:
        return None


# The gate on landings asks for the second engine: there its absence fails these tests instead of skipping them.
needs_opa = pytest.mark.skipif(
    opa_binary() is None and not os.environ.get("PROBATUM_REQUIRE_OPA"),
    reason="NO OPA EXECUTABLE: nothing was tried on Open Policy Agent (set PROBATUM_OPA)",
)


@contextmanager
def real_server(
    folder: Path, *arguments: str, secure: bool = False, guarded: bool = False, condition: str = "true"
) -> Iterator[str]:
    """A server of somebody else's: the real thing, with its own policy in it; yields its address.

    Args:
        folder: for its files.
        arguments: more of them for ``opa run``.
        secure: it speaks TLS.
        guarded: it wants ``TOKEN``.
        condition: what else it wants, in Rego.
    """
    (folder / "theirs.rego").write_text("package theirs\n\nsecret := 42\n")
    command = [
        str(opa_binary()),
        "run",
        "--server",
        "--log-level=error",
        "--disable-telemetry",
        str(folder / "theirs.rego"),
    ]
    if guarded:
        (folder / "authz.rego").write_text(_AUTHORISATION % condition)
        command += ["--authentication=token", "--authorization=basic", str(folder / "authz.rego")]
    port = _free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--addr=127.0.0.1:{port}", *arguments], stdout=log, stderr=log)
        try:
            _wait_for(process, port, folder / "log")
            yield f"{'https' if secure else 'http'}://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def listed(url: str, token: str | None = None) -> list[str]:
    """Names of the policies on a server."""
    import requests

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with requests.Session() as session:
        session.trust_env = False
        body = session.get(f"{url}/v1/policies", headers=headers, timeout=10).json()
    return sorted(item["id"] for item in body["result"])


@contextmanager
def pretender(answer: Answer) -> Iterator[str]:
    """A server that is not OPA: it answers (method, path, body) as it is told, with (status, body).

    No real OPA forgets its policies, lies or stalls when asked to, so a stand-in does.
    """

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

        do_GET = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815  what http.server looks for

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        listening.server_close()


def says(status: int, body: bytes) -> Answer:
    """One answer to everything."""
    return lambda method, path, asked: (status, body)


def states(version: object) -> bytes:
    """The answer to the question for the version."""
    return json.dumps({"result": [{"version": version}]}).encode()


def holds(result: Callable[[dict[str, Any]], Any], *, version: object = "1.10.1", changes: str = "") -> Answer:
    """Keeps policies as OPA does, and answers questions as it likes.

    Args:
        result: the input of a question to the body of the answer.
        version: what it says of itself.
        changes: appended to every policy that it is given.
    """
    held: dict[str, str] = {}

    def answer(method: str, path: str, asked: bytes) -> tuple[int, bytes]:
        if path == "/v1/query":
            return 200, states(version)
        if method == "PUT":
            held[path] = asked.decode() + changes
        if method == "DELETE":
            held.pop(path)
        if method == "POST":
            return 200, json.dumps(result(json.loads(asked)["input"])).encode()
        return 200, json.dumps({"result": {"raw": held.get(path)}}).encode()

    return answer


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 15
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
