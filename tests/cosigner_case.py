"""Witnesses over HTTP (C2SP tlog-witness) for tests: a real one, and a stand-in for answers that no real one gives.

The real one is the library of github.com/transparency-dev/witness behind its own HTTP handler; see
``attestations/log/witness/main.go``. The stand-in answers what a test tells it to, whether or not that is right.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from probatum.attestations.log.remote_witness import RemoteWitness
from probatum.attestations.log.verifier_key import VerifierKey

SOURCE = Path(__file__).parent / "attestations/log/witness"


@contextmanager
def real_witness(program: Path, log: VerifierKey, name: str = "witness.example/go") -> Iterator[RemoteWitness]:
    """The real witness, which knows one log."""
    with subprocess.Popen(
        [program, name, str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        key, url = process.stdout.readline().strip(), process.stdout.readline().strip()
        yield RemoteWitness.of(url, VerifierKey.parse(key))
        process.stdin.close()


@dataclass(frozen=True)
class Request:
    """What was asked of the stand-in, as C2SP tlog-witness writes it."""

    path: str
    body: bytes
    authorization: str | None

    @property
    def old(self) -> int:
        return int(self.body.split(b"\n", 1)[0].removeprefix(b"old "))

    @property
    def checkpoint(self) -> bytes:
        return self.body.split(b"\n\n", 1)[1]


@dataclass(frozen=True)
class Reply:
    """What the stand-in answers: once, or again and again every so many seconds without an end."""

    status: int = 200
    body: bytes = b""
    kind: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)
    endless: float | None = None


@contextmanager
def stand_in(answer: Callable[[Request], Reply]) -> Iterator[tuple[str, list[Request]]]:
    """A server that answers as it is told; gives its URL, and the list of what it was asked."""
    asked: list[Request] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(Request(self.path, body, self.headers.get("Authorization")))
            reply = answer(asked[-1])
            self.send_response(reply.status)
            for name, value in {"Content-Type": reply.kind, **reply.headers}.items():
                self.send_header(name, value)
            if reply.endless is None:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            with suppress(OSError):  # nobody listens any more
                self.wfile.write(reply.body)
                while reply.endless is not None and not over.wait(reply.endless):
                    self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Nothing goes to stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()
