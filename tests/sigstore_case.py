"""A certificate authority, its transparency log, signature logs and a timestamp authority of our own, in memory.

They stand in for sigstore's services (Fulcio, its CT log, Rekor 1 and 2, a TSA), which a test cannot reach: everything
that they issue is real (X.509 with an embedded SCT, a Merkle inclusion proof, a signed checkpoint, a signed entry
timestamp, an RFC 3161 token), and is checked by the real sigstore library. `sigstore_service` puts them on a port.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from sigstore_log import Key, Log, b64, spki
from timestamp_case import Authority, der

from probatum.attestations.documents.dsse import pae
from probatum.attestations.keyless.claims import CLAIMS

SIGNED_AT = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
ISSUER = "https://issuer.example"
WORKFLOW = "https://ci.example/org/repo/.ci/train.yml@refs/heads/main"
IN_TOTO = "application/vnd.in-toto+json"
_SHA256 = ec.ECDSA(hashes.SHA256())
_NAME = x509.Name(
    [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test CA"), x509.NameAttribute(NameOID.COMMON_NAME, "ca")]
)
_FULCIO = "1.3.6.1.4.1.57264.1."


def new() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def utf8(text: str) -> bytes:
    return der(0x0C, text.encode())


def uri(value: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(value)


def email(value: str) -> x509.GeneralName:
    return x509.RFC822Name(value)


def username(value: str) -> x509.GeneralName:
    return x509.OtherName(x509.ObjectIdentifier(f"{_FULCIO}7"), utf8(value))


@dataclass
class Services:
    """The services, and the trusted root that names them.

    Args:
        at: when everything is signed.
        log_version: which log of the two is written to.
        stamped: bundles carry a timestamp.
    """

    at: datetime = SIGNED_AT
    log_version: int = 1
    stamped: bool = False
    ca: ec.EllipticCurvePrivateKey = field(default_factory=new)
    ct: ec.EllipticCurvePrivateKey = field(default_factory=new)
    logs: dict[int, Log] = field(
        default_factory=lambda: {1: Log(), 2: Log(2, ed25519.Ed25519PrivateKey.generate(), "log2.example")}
    )
    tsa: Authority = field(default_factory=Authority)

    def __post_init__(self) -> None:
        public = self.ca.public_key()
        builder = x509.CertificateBuilder(_NAME, _NAME, public, x509.random_serial_number())
        builder = builder.not_valid_before(self.at - timedelta(days=365))
        builder = builder.not_valid_after(self.at + timedelta(days=3650))
        builder = builder.add_extension(x509.BasicConstraints(True, 1), True)
        builder = builder.add_extension(_usage(ca=True), True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        self.certificate = builder.sign(self.ca, hashes.SHA256())

    @property
    def log(self) -> Log:
        return self.logs[self.log_version]

    def root_document(self) -> dict[str, Any]:
        """The trusted root; every part is valid for ten years around the time of signing."""
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._key(log.key) for log in self.logs.values()],
            "certificateAuthorities": [self._authority([self.certificate], "https://ca.example")],
            "ctlogs": [self._key(self.ct)],
            "timestampAuthorities": [self._authority(self.tsa.chain, "https://tsa.example")],
        }

    def trusted_root(self) -> bytes:
        return json.dumps(self.root_document()).encode()

    def sign_statement(self, payload: bytes, *, payload_type: str = IN_TOTO, **who: Any) -> bytes:
        """A bundle with a DSSE envelope."""
        key = new()
        leaf = self.leaf(key.public_key(), **who)
        signature = key.sign(pae(payload_type, payload), _SHA256)
        body = self.dsse_body(payload, payload_type, signature, leaf)
        envelope = {"payload": b64(payload), "payloadType": payload_type, "signatures": [{"sig": b64(signature)}]}
        return self._bundle(leaf, body, {"dsseEnvelope": envelope}, signature)

    def dsse_body(self, payload: bytes, payload_type: str, signature: bytes, leaf: x509.Certificate) -> dict[str, Any]:
        """What the log holds of a signed envelope."""
        if self.log_version == 2:
            return _second(hashlib.sha256(pae(payload_type, payload)).digest(), signature, leaf)
        digest = {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}
        verifier = b64(leaf.public_bytes(Encoding.PEM))
        return {
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": digest,
                "payloadHash": digest,
                "signatures": [{"signature": b64(signature), "verifier": verifier}],
            },
        }

    def sign_file(self, data: bytes, **who: Any) -> bytes:
        """A bundle with a message signature."""
        key = new()
        leaf = self.leaf(key.public_key(), **who)
        digest = hashlib.sha256(data).digest()
        signature = key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        body: dict[str, Any] = {
            "apiVersion": "0.0.1",
            "kind": "hashedrekord",
            "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": digest.hex()}},
                "signature": {
                    "content": b64(signature),
                    "publicKey": {"content": b64(leaf.public_bytes(Encoding.PEM))},
                },
            },
        }
        if self.log_version == 2:
            body = _second(digest, signature, leaf)
        message = {"messageDigest": {"algorithm": "SHA2_256", "digest": b64(digest)}, "signature": b64(signature)}
        return self._bundle(leaf, body, {"messageSignature": message}, signature)

    def leaf(
        self,
        public: ec.EllipticCurvePublicKey,
        *,
        identity: str | x509.GeneralName | list[x509.GeneralName] = WORKFLOW,
        issuer: str | None = ISSUER,
        old_issuer: str | None = None,
        claims: Mapping[str, str] | None = None,
        at: datetime | None = None,
    ) -> x509.Certificate:
        """A certificate as Fulcio makes it, for ten minutes."""
        at = at or self.at
        builder = x509.CertificateBuilder(_NAME, x509.Name([]), public, x509.random_serial_number())
        builder = builder.not_valid_before(at - timedelta(minutes=1)).not_valid_after(at + timedelta(minutes=9))
        builder = builder.add_extension(_usage(ca=False), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
        issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca.public_key())
        builder = builder.add_extension(issued_by, False)
        names = [uri(identity)] if isinstance(identity, str) else identity if isinstance(identity, list) else [identity]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), True)
        if old_issuer is not None:
            builder = _extended(builder, f"{_FULCIO}1", old_issuer.encode())
        for name, value in {**({} if issuer is None else {"issuer": issuer}), **(claims or {})}.items():
            builder = _extended(builder, f"{_FULCIO}{CLAIMS[name]}", utf8(value))
        timestamps = self._timestamps(builder.sign(self.ca, hashes.SHA256()).tbs_certificate_bytes, at)
        builder = _extended(builder, "1.3.6.1.4.1.11129.2.4.2", der(0x04, timestamps))
        return builder.sign(self.ca, hashes.SHA256())

    def _bundle(self, leaf: x509.Certificate, body: dict[str, Any], content: dict[str, Any], signature: bytes) -> bytes:
        material: dict[str, Any] = {
            "certificate": {"rawBytes": b64(leaf.public_bytes(Encoding.DER))},
            "tlogEntries": [self.log.append(body, self.at)],
        }
        if self.stamped or self.log_version == 2:
            token = b64(self.tsa.stamp(signature, self.at + timedelta(seconds=1)))
            material["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": token}]}
        media = "application/vnd.dev.sigstore.bundle.v0.3+json"
        return json.dumps({"mediaType": media, "verificationMaterial": material, **content}).encode()

    def _timestamps(self, tbs: bytes, at: datetime) -> bytes:
        """RFC 6962 section 3.2: the list of SCTs over a precertificate."""
        moment = int(at.timestamp() * 1000)
        issuer = hashlib.sha256(spki(self.ca)).digest()
        entry = issuer + len(tbs).to_bytes(3, "big") + tbs
        signed = struct.pack("!BBQH", 0, 0, moment, 1) + entry + struct.pack("!H", 0)
        signature = self.ct.sign(signed, _SHA256)
        sct = b"\x00" + hashlib.sha256(spki(self.ct)).digest() + struct.pack("!QH", moment, 0)
        sct += b"\x04\x03" + struct.pack("!H", len(signature)) + signature
        return struct.pack("!H", len(sct) + 2) + struct.pack("!H", len(sct)) + sct

    @property
    def _valid(self) -> dict[str, str]:
        days = timedelta(days=1800)
        return {"start": (self.at - days).strftime("%FT%TZ"), "end": (self.at + days).strftime("%FT%TZ")}

    def _key(self, key: Key) -> dict[str, Any]:
        kind = "PKIX_ED25519" if isinstance(key, ed25519.Ed25519PrivateKey) else "PKIX_ECDSA_P256_SHA_256"
        return {
            "baseUrl": "https://log.example",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {"rawBytes": b64(spki(key)), "keyDetails": kind, "validFor": self._valid},
            "logId": {"keyId": b64(hashlib.sha256(spki(key)).digest())},
        }

    def _authority(self, chain: list[x509.Certificate], address: str) -> dict[str, Any]:
        return {
            "subject": {"organization": "Test CA", "commonName": "ca"},
            "uri": address,
            "certChain": {"certificates": [{"rawBytes": b64(item.public_bytes(Encoding.DER))} for item in chain]},
            "validFor": self._valid,
        }


def _second(digest: bytes, signature: bytes, leaf: x509.Certificate) -> dict[str, Any]:
    """An entry of Rekor 2."""
    verifier = {
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "x509Certificate": {"rawBytes": b64(leaf.public_bytes(Encoding.DER))},
    }
    record = {
        "data": {"algorithm": "SHA2_256", "digest": b64(digest)},
        "signature": {"content": b64(signature), "verifier": verifier},
    }
    return {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": record}}


def _extended(builder: x509.CertificateBuilder, oid: str, value: bytes) -> x509.CertificateBuilder:
    return builder.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), False)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip
