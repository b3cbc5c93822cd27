"""A certificate authority, a certificate-transparency log and a signature log of our own, in memory.

They stand in for sigstore's public services, which a test cannot reach: everything that they issue is real (X.509 with
an embedded SCT, a Merkle inclusion proof, a signed checkpoint, a signed entry timestamp), and is checked by the real
sigstore library.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from probatum.attestations.dsse import pae

SIGNED_AT = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
ISSUER = "https://issuer.example"
WORKFLOW = "https://ci.example/org/repo/.ci/train.yml@refs/heads/main"
_SHA256 = ec.ECDSA(hashes.SHA256())
_NAME = x509.Name(
    [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test CA"), x509.NameAttribute(NameOID.COMMON_NAME, "ca")]
)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def new() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Services:
    """The three services, and the trusted root that names them."""

    ca: ec.EllipticCurvePrivateKey = field(default_factory=new)
    ct: ec.EllipticCurvePrivateKey = field(default_factory=new)
    log: ec.EllipticCurvePrivateKey = field(default_factory=new)

    def __post_init__(self) -> None:
        public = self.ca.public_key()
        builder = x509.CertificateBuilder(_NAME, _NAME, public, x509.random_serial_number())
        builder = builder.not_valid_before(SIGNED_AT - timedelta(days=365)).not_valid_after(
            SIGNED_AT + timedelta(days=3650)
        )
        builder = builder.add_extension(x509.BasicConstraints(True, 1), True)
        builder = builder.add_extension(_usage(ca=True), True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        self.certificate = builder.sign(self.ca, hashes.SHA256())

    def trusted_root(self) -> bytes:
        valid = {"start": "2025-01-01T00:00:00Z"}

        def log(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
            public = {"rawBytes": b64(spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": valid}
            return {
                "baseUrl": "https://log.example",
                "hashAlgorithm": "SHA2_256",
                "publicKey": public,
                "logId": {"keyId": b64(hashlib.sha256(spki(key)).digest())},
            }

        chain = {"certificates": [{"rawBytes": b64(self.certificate.public_bytes(Encoding.DER))}]}
        subject = {"organization": "Test CA", "commonName": "ca"}
        authority = {"subject": subject, "uri": "https://ca.example", "certChain": chain, "validFor": valid}
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log(self.log)],
                "certificateAuthorities": [authority],
                "ctlogs": [log(self.ct)],
                "timestampAuthorities": [],
            }
        ).encode()

    def sign_statement(
        self, payload: bytes, *, payload_type: str = "application/vnd.in-toto+json", **who: str
    ) -> bytes:
        """A bundle with a DSSE envelope."""
        key = new()
        leaf = self._leaf(key, **who)
        signature = key.sign(pae(payload_type, payload), _SHA256)
        body = {
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
                "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
                "signatures": [{"signature": b64(signature), "verifier": b64(leaf.public_bytes(Encoding.PEM))}],
            },
        }
        envelope = {
            "payload": b64(payload),
            "payloadType": payload_type,
            "signatures": [{"sig": b64(signature), "keyid": ""}],
        }
        return self._bundle(leaf, body, {"dsseEnvelope": envelope})

    def sign_file(self, data: bytes, **who: str) -> bytes:
        """A bundle with a message signature."""
        key = new()
        leaf = self._leaf(key, **who)
        digest = hashlib.sha256(data).digest()
        signature = key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        body = {
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
        message = {"messageDigest": {"algorithm": "SHA2_256", "digest": b64(digest)}, "signature": b64(signature)}
        return self._bundle(leaf, body, {"messageSignature": message})

    def _bundle(self, leaf: x509.Certificate, body: dict[str, Any], content: dict[str, Any]) -> bytes:
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial": {
                    "certificate": {"rawBytes": b64(leaf.public_bytes(Encoding.DER))},
                    "tlogEntries": [self._entry(body)],
                },
                **content,
            }
        ).encode()

    def _entry(self, body: dict[str, Any]) -> dict[str, Any]:
        data = rfc8785.dumps(body)
        log_id = hashlib.sha256(spki(self.log)).digest()
        root = hashlib.sha256(b"\x00" + data).digest()
        note = f"log.example\n1\n{b64(root)}\n"
        signed_note = b64(log_id[:4] + self.log.sign(note.encode(), _SHA256))
        when = int(SIGNED_AT.timestamp())
        promise = {"body": b64(data), "integratedTime": when, "logID": log_id.hex(), "logIndex": 0}
        return {
            "logIndex": "0",
            "logId": {"keyId": b64(log_id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "integratedTime": str(when),
            "inclusionPromise": {"signedEntryTimestamp": b64(self.log.sign(rfc8785.dumps(promise), _SHA256))},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": b64(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 log.example {signed_note}\n"},
            },
            "canonicalizedBody": b64(data),
        }

    def _leaf(
        self, key: ec.EllipticCurvePrivateKey, *, identity: str = WORKFLOW, issuer: str = ISSUER
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder(_NAME, x509.Name([]), key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(SIGNED_AT - timedelta(minutes=1))
        builder = builder.not_valid_after(SIGNED_AT + timedelta(minutes=9))
        builder = builder.add_extension(_usage(ca=False), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
        public = self.ca.public_key()
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)]), True)
        text = b"\x0c" + bytes([len(issuer)]) + issuer.encode()
        oid = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, text), False)
        timestamps = self._timestamps(builder.sign(self.ca, hashes.SHA256()).tbs_certificate_bytes)
        oid = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
        value = (
            b"\x04"
            + (bytes([len(timestamps)]) if len(timestamps) < 128 else bytes([0x81, len(timestamps)]))
            + timestamps
        )
        return builder.add_extension(x509.UnrecognizedExtension(oid, value), False).sign(self.ca, hashes.SHA256())

    def _timestamps(self, tbs: bytes) -> bytes:
        """RFC 6962 section 3.2: the list of SCTs over a precertificate."""
        moment = int(SIGNED_AT.timestamp() * 1000)
        issuer = hashlib.sha256(spki(self.ca)).digest()
        entry = issuer + len(tbs).to_bytes(3, "big") + tbs
        signed = struct.pack("!BBQH", 0, 0, moment, 1) + entry + struct.pack("!H", 0)
        signature = self.ct.sign(signed, _SHA256)
        sct = b"\x00" + hashlib.sha256(spki(self.ct)).digest() + struct.pack("!QH", moment, 0)
        sct += b"\x04\x03" + struct.pack("!H", len(signature)) + signature
        return struct.pack("!H", len(sct) + 2) + struct.pack("!H", len(sct)) + sct


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip
