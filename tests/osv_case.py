"""Advisories in the OSV format, and servers that speak OSV's query API, for the tests of the audit."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
LOW = "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N"


def advisory(id: str, package: str = "jinja2", *, fixed: str | None = "3.1.3", **changes: Any) -> dict[str, Any]:
    """One advisory that affects every version below the fix."""
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    return {
        "schema_version": "1.6.0",
        "id": id,
        "modified": "2026-10-01T00:00:00Z",
        "published": "2026-09-01T12:00:00Z",
        "summary": f"A flaw in {package}",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
        **changes,
    }


def write(folder: Path, *advisories: dict[str, Any]) -> Path:
    """A folder with one JSON file for each advisory."""
    for item in advisories:
        path = folder / f"{item['id']}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(item))
    return folder


Answer = Callable[[dict[str, Any]], tuple[int, bytes]]


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An HTTP server on loopback: its query address, and the queries that it got (of a GET, the path)."""
    queries: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            self.reply({"path": self.path})

        def reply(self, query: dict[str, Any]) -> None:
            queries.append(query)
            status, body = answer(query)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client that gave up is what some tests are about."""

    running = Server(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}/v1/query", queries
    finally:
        running.shutdown()
        running.server_close()


def of(*advisories: dict[str, Any], **more: Any) -> Answer:
    """Answer with the advisories of the package that is asked for."""

    def answer(query: dict[str, Any]) -> tuple[int, bytes]:
        name = query["package"]["name"]
        found = [item for item in advisories if item["affected"][0]["package"]["name"] == name]
        return 200, json.dumps({"vulns": found, **more} if found or more else {}).encode()

    return answer


def hang(_: dict[str, Any]) -> tuple[int, bytes]:
    """Never answer in time."""
    time.sleep(5)
    return 200, b"{}"
