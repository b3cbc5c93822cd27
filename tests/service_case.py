"""Stand-ins for AWS KMS and for Vault's Transit engine, on loopback: neither can exist in a test.

They hold real keys and make real signatures, and speak only as much of each protocol as reading a public key and
signing take; the clients in front of them, boto3, hvac and securesystemslib, are the real ones.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

_RSA = ["RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"]


@contextmanager
def aws_kms(keys: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """AWS KMS with private keys by id; gives the environment that leads boto3 to it."""

    def answer(handler: BaseHTTPRequestHandler, body: Any) -> dict[str, Any]:
        key = keys[body["KeyId"]]
        is_ec = isinstance(key, ec.EllipticCurvePrivateKey)
        if handler.headers["X-Amz-Target"] == "TrentService.GetPublicKey":
            form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
            public = key.public_key().public_bytes(*form)
            return {"PublicKey": _b64(public), "SigningAlgorithms": ["ECDSA_SHA_256"] if is_ec else _RSA}
        digest, prehashed = base64.b64decode(body["Message"]), Prehashed(hashes.SHA256())
        if is_ec:
            return {"Signature": _b64(key.sign(digest, ec.ECDSA(prehashed)))}
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        chosen = pss if body["SigningAlgorithm"] == _RSA[0] else padding.PKCS1v15()
        return {"Signature": _b64(key.sign(digest, chosen, prehashed))}

    with _server(answer) as url:
        yield {
            "AWS_ENDPOINT_URL_KMS": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextmanager
def vault(versions: Mapping[str, ed25519.Ed25519PrivateKey]) -> Iterator[dict[str, str]]:
    """Vault with one key, ``release``, in several versions; gives the environment that leads hvac to it."""

    def answer(handler: BaseHTTPRequestHandler, body: Any) -> dict[str, Any]:
        if handler.path == "/v1/transit/keys/release":
            public = {v: {"public_key": _b64(key.public_key().public_bytes_raw())} for v, key in versions.items()}
            return {"data": {"keys": public}}
        version = str(body["key_version"])
        signature = versions[version].sign(base64.b64decode(body["input"]))
        return {"data": {"signature": f"vault:v{version}:{_b64(signature)}"}}

    with _server(answer) as url:
        yield {"VAULT_ADDR": url, "VAULT_TOKEN": "test"}


@contextmanager
def _server(answer: Any) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            try:
                data, status = json.dumps(answer(self, json.loads(text) if text else None)).encode(), 200
            except KeyError:
                data, status = b'{"__type": "NotFoundException", "errors": ["there is none"]}', 400
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST = _answer  # noqa: N815 - what http.server calls

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
