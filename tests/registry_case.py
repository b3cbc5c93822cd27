"""Web servers on loopback: one that answers as it is told, and a registry that speaks the distribution API.

The registry is a stand-in, because a real one is not at hand: it stores blobs and manifests by digest and tag, and may
ask for a token, as the specifications of distribution and of its token authentication say.
"""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import hashlib
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

IMAGE = "application/vnd.oci.image.manifest.v1+json"
PACKED = "application/vnd.oci.image.layer.v1.tar+gzip"
REGO = "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego"
ORAS = "application/vnd.oci.image.layer.v1.tar"
Reply = tuple[int, Mapping[str, str], bytes]
Answer = Callable[[str, Mapping[str, str]], Reply]


@dataclass
class Served:
    """A server that runs: its address, and the requests so far (path and headers)."""

    host: str
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def serving(answer: Answer, *, certificate: Path | None = None) -> Iterator[Served]:
    """Answer every GET as a function says; over TLS where there is a certificate.

    A header ``Content-Length`` that the function gives is sent as it is, though it be a lie.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append((self.path, dict(self.headers)))
            status, headers, body = answer(self.path, dict(self.headers))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    served = Served(f"127.0.0.1:{listening.server_port}")
    threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield served
    finally:
        listening.shutdown()
        listening.server_close()


def certificate(path: Path) -> Path:
    """A certificate of 127.0.0.1 that vouches for itself, with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) - dt.timedelta(days=3650)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + dt.timedelta(days=36500))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = builder.add_extension(address, False).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


@dataclass
class Registry:
    """What a registry stores.

    Args:
        blobs: digest to content, manifests too.
        tags: tag to digest.
        user: ``name:password`` that it asks for; nobody when empty.
        realm: address of its token service; without one it asks for the password itself.
        elsewhere: address that blobs are redirected to.
    """

    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    user: str = ""
    realm: str = ""
    elsewhere: str = ""

    def blob(self, data: bytes) -> str:
        """Store content; its digest."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.blobs[digest] = data
        return digest

    def layer(self, data: bytes, kind: str = PACKED, title: str = "", **fields: Any) -> dict[str, Any]:
        """Store a layer; its descriptor."""
        notes = {"annotations": {"org.opencontainers.image.title": title}} if title else {}
        return {"mediaType": kind, "digest": self.blob(data), "size": len(data), **notes, **fields}

    def push(self, *layers: Mapping[str, Any], tag: str = "v1", **fields: Any) -> str:
        """Store a manifest; the hexadecimal part of its digest."""
        config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": self.blob(b"{}"), "size": 2}
        document = {"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": list(layers), **fields}
        self.tags[tag] = self.blob(json.dumps(document).encode())
        return self.tags[tag].removeprefix("sha256:")

    def answer(self, path: str, headers: Mapping[str, str]) -> Reply:
        """Speak the distribution API for the repository ``org/acme``, and be its token service."""
        if path.startswith("/token"):
            good = headers.get("Authorization", "") == f"Basic {base64.b64encode(self.user.encode()).decode()}"
            return (200, {}, b'{"token": "t0ken"}') if good else (401, {}, b"")
        if self.user and headers.get("Authorization") != self._wanted:
            asked = f'Bearer realm="{self.realm}",service="x",scope="repository:org/acme:pull"'
            return 401, {"WWW-Authenticate": asked if self.realm else 'Basic realm="x"'}, b""
        kind, _, name = path.removeprefix("/v2/org/acme/").partition("/")
        if kind == "blobs" and self.elsewhere:
            return 307, {"Location": f"{self.elsewhere}/{name}"}, b""
        data = self.blobs.get(self.tags.get(name, name))
        return (
            (200, {"Content-Type": IMAGE}, data)
            if data is not None and kind in ("blobs", "manifests")
            else (404, {}, b"")
        )

    @property
    def _wanted(self) -> str:
        return "Bearer t0ken" if self.realm else f"Basic {base64.b64encode(self.user.encode()).decode()}"


def gzipped(size: int) -> bytes:
    """A small file that unpacks to many bytes."""
    return gzip.compress(bytes(size))
