"""A TUF repository on a port of this machine: a stand-in for the one that says what the public instance consists of."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp


def repository(targets: Mapping[str, bytes], *, days: int = 30) -> dict[str, bytes]:
    """The files of a repository with one key, by path; ``root.json`` among them is what clients begin with."""
    signer = CryptoSigner(ed25519.Ed25519PrivateKey.generate())
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    root = Root(expires=until, consistent_snapshot=False)
    for role in ("root", "timestamp", "snapshot", "targets"):
        root.add_key(signer.public_key, role)
    listed = Targets(expires=until, targets={n: TargetFile.from_data(n, data) for n, data in targets.items()})
    snapshot = Snapshot(expires=until, meta={"targets.json": MetaFile(1)})
    parts: dict[str, Any] = {
        "root.json": root,
        "targets.json": listed,
        "snapshot.json": snapshot,
        "timestamp.json": Timestamp(expires=until, snapshot_meta=MetaFile(1)),
    }
    files = {f"/targets/{name}": data for name, data in targets.items()}
    for name, part in parts.items():
        metadata = Metadata(part)
        metadata.sign(signer)
        files[f"/{name}"] = metadata.to_bytes()
    return files


@contextmanager
def serving(files: Mapping[str, bytes]) -> Iterator[str]:
    """The address of a server of these files, while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = files.get(self.path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
