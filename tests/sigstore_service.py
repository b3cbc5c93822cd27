"""The services of keyless signing on a port of this machine: stand-ins for what a test cannot reach.

An OIDC issuer with the token endpoint of GitHub Actions, Fulcio (API v2), Rekor (API v1 and v2), and an RFC 3161
authority. They do what the real ones do where it matters: Fulcio checks the token's signature, audience and expiry and
the proof that the caller holds the key; Rekor checks the signature that it is shown; all that they issue is real, from
`sigstore_case`. The real sigstore library talks to them, over real HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import _rust
from sigstore_case import IN_TOTO, Services, email, new, uri
from sigstore_log import b64
from timestamp_case import Authority

from probatum.attestations.documents.dsse import pae

REQUEST_TOKEN = "let-me"
WORKFLOW_REF = "org/repo/.github/workflows/verdict.yml@refs/heads/main"
GITHUB = {
    "sub": "repo:org/repo:ref:refs/heads/main",
    "job_workflow_ref": WORKFLOW_REF,
    "repository": "org/repo",
    "ref": "refs/heads/main",
    "sha": "a" * 40,
    "event_name": "push",
    "runner_environment": "github-hosted",
}


class RefusedError(Exception):
    """An answer with a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Service:
    """All services in one; where they are.

    Args:
        version: which Rekor the configuration names.
        stamped: the configuration names the timestamp authority; with Rekor 2 it always does.
        faults: path to what is answered there instead: called with the honest answer.
    """

    version: int = 1
    stamped: bool = False
    faults: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    issuer_key: ec.EllipticCurvePrivateKey = field(default_factory=new)
    seen: list[str] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        self.services = Services(now, self.version, tsa=Authority(at=now))

    def token(self, lifetime: float = 600, audience: str = "sigstore", **claims: Any) -> str:
        """A token as CI services make them; of GitHub Actions unless ``sub`` is given."""
        now = datetime.now(UTC)
        times = {"iat": now - timedelta(seconds=30), "exp": now + timedelta(seconds=lifetime)}
        body = {"iss": self.url, "aud": audience, **times, **(claims if "sub" in claims else {**GITHUB, **claims})}
        return jwt.encode(body, self.issuer_key, algorithm="ES256")

    @property
    def environment(self) -> dict[str, str]:
        """What a job of GitHub Actions with ``id-token: write`` finds in its environment."""
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/github/token?api-version=1",
        }

    def signing_config(self) -> dict[str, Any]:
        def at(url: str, version: int = 1) -> list[dict[str, Any]]:
            start = (self.services.at - timedelta(days=1)).strftime("%FT%TZ")
            return [{"url": url, "majorApiVersion": version, "validFor": {"start": start}, "operator": "test"}]

        stamped = self.stamped or self.version == 2
        return {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": at(self.url),
            "oidcUrls": at(self.url),
            "rekorTlogUrls": at(self.url, self.version),
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": at(f"{self.url}/api/v1/timestamp") if stamped else [],
            "tsaConfig": {"selector": "ANY"},
        }

    def config(self) -> bytes:
        """The ``ClientTrustConfig`` that names this instance."""
        media = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
        document = {
            "mediaType": media,
            "trustedRoot": self.services.root_document(),
            "signingConfig": self.signing_config(),
        }
        return json.dumps(document).encode()

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
        parts = urlsplit(path)
        self.seen.append(parts.path)
        found = _HANDLERS[parts.path](self, headers, body, parse_qs(parts.query))
        data = found if isinstance(found, bytes) else json.dumps(found).encode()
        return self.faults.get(parts.path, lambda honest: honest)(data)


def _github_token(service: Service, headers: Mapping[str, str], _: bytes, query: Any) -> Any:
    if headers.get("Authorization") != f"bearer {REQUEST_TOKEN}":
        raise RefusedError(403, "no")
    return {"value": service.token(audience=query["audience"][0])}


def _keys(service: Service, *_: Any) -> Any:
    return {"keys": [json.loads(jwt.algorithms.ECAlgorithm.to_jwk(service.issuer_key.public_key()))]}


def _discovery(service: Service, *_: Any) -> Any:
    return {"issuer": service.url, "jwks_uri": f"{service.url}/keys"}


def _certificate(service: Service, headers: Mapping[str, str], body: bytes, _: Any) -> Any:
    """Fulcio: the token must be of the issuer, the request signed by the key that it is for."""
    token = headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        claims = jwt.decode(token, service.issuer_key.public_key(), ["ES256"], audience="sigstore", issuer=service.url)
    except jwt.PyJWTError as error:
        raise RefusedError(401, f"There was an error processing the identity token: {error}") from error
    request = x509.load_pem_x509_csr(base64.b64decode(json.loads(body)["certificateSigningRequest"]))
    if not request.is_signature_valid:
        raise RefusedError(400, "The signature supplied in the request could not be verified")
    leaf = service.services.leaf(request.public_key(), at=datetime.now(UTC), **_who(claims))
    chain = [item.public_bytes(Encoding.PEM).decode() for item in (leaf, service.services.certificate)]
    return {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}


def _who(claims: Mapping[str, Any]) -> dict[str, Any]:
    if "job_workflow_ref" in claims:
        of_github = {
            "workflow": f"https://github.com/{claims['job_workflow_ref']}",
            "repository": f"https://github.com/{claims['repository']}",
            "ref": claims["ref"],
            "commit": claims["sha"],
            "trigger": claims["event_name"],
            "runner": claims["runner_environment"],
        }
        return {"identity": uri(of_github["workflow"]), "issuer": claims["iss"], "claims": of_github}
    name = email(claims["email"]) if "email" in claims else uri(claims["sub"])
    return {"identity": name, "issuer": claims["iss"]}


def _first_log(service: Service, _: Any, body: bytes, __: Any) -> Any:
    """Rekor 1: an entry of the kind ``dsse`` holds digests of what it was shown."""
    proposed = json.loads(body)["spec"]["proposedContent"]
    envelope = json.loads(proposed["envelope"])
    leaf = x509.load_pem_x509_certificate(base64.b64decode(proposed["verifiers"][0]))
    payload, signature = (base64.b64decode(item) for item in (envelope["payload"], envelope["signatures"][0]["sig"]))
    _check(leaf, signature, pae(envelope["payloadType"], payload), None)
    record = service.services.dsse_body(payload, IN_TOTO, signature, leaf)
    entry = service.services.log.append(record, datetime.now(UTC))
    proof = entry["inclusionProof"]
    checked = {
        "logIndex": int(proof["logIndex"]),
        "rootHash": base64.b64decode(proof["rootHash"]).hex(),
        "treeSize": int(proof["treeSize"]),
        "hashes": [base64.b64decode(item).hex() for item in proof["hashes"]],
        "checkpoint": proof["checkpoint"]["envelope"],
    }
    return {
        hashlib.sha256(body).hexdigest(): {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logID": service.services.log.id.hex(),
            "logIndex": int(entry["logIndex"]),
            "verification": {
                "inclusionProof": checked,
                "signedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            },
        }
    }


def _second_log(service: Service, _: Any, body: bytes, __: Any) -> Any:
    """Rekor 2: an entry holds the digest, the signature and the certificate that it was given."""
    asked = json.loads(body)["hashedRekordRequestV002"]
    verifier = asked["signature"]["verifier"]
    leaf = x509.load_der_x509_certificate(base64.b64decode(verifier["x509Certificate"]["rawBytes"]))
    digest, signature = base64.b64decode(asked["digest"]), base64.b64decode(asked["signature"]["content"])
    _check(leaf, signature, None, digest)
    record = {
        "data": {"algorithm": "SHA2_256", "digest": b64(digest)},
        "signature": {"content": b64(signature), "verifier": verifier},
    }
    entry = {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": record}}
    return service.services.log.append(entry, datetime.now(UTC))


def _check(leaf: x509.Certificate, signature: bytes, data: bytes | None, digest: bytes | None) -> None:
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        if data is not None:
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        else:
            key.verify(signature, digest or b"", ec.ECDSA(Prehashed(hashes.SHA256())))
    except InvalidSignature as error:
        raise RefusedError(400, "verifying signature: invalid signature") from error


def _timestamp(service: Service, _: Any, body: bytes, __: Any) -> Any:
    asked = _rust.parse_timestamp_request(body)
    return service.services.tsa.respond(asked.message_imprint.message, at=datetime.now(UTC), nonce=asked.nonce)


_HANDLERS: dict[str, Callable[..., Any]] = {
    "/.well-known/openid-configuration": _discovery,
    "/keys": _keys,
    "/github/token": _github_token,
    "/api/v2/signingCert": _certificate,
    "/api/v1/log/entries": _first_log,
    "/api/v2/log/entries": _second_log,
    "/api/v1/timestamp": _timestamp,
}


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """The services, while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                status, data = 200, service.answer(self.path, dict(self.headers), body)
            except RefusedError as error:
                status, data = error.status, json.dumps({"code": error.status, "message": str(error)}).encode()
            with suppress(BrokenPipeError, ConnectionResetError):  # of a caller who gave up
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
