"""Signed documents in the forms of other tools, made by the stand-ins of `sigstore_case` and by keys of our own."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from signing_case import NOW, envelope
from sigstore_case import ISSUER, SIGNED_AT, WORKFLOW, Services, new
from sigstore_log import b64

from probatum.attestations.documents.dsse import IN_TOTO, pae
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES
from probatum.attestations.trust.trusted import Identity, SigstoreRoot

V01 = "application/vnd.dev.sigstore.bundle+json;version=0.1"
V02 = "application/vnd.dev.sigstore.bundle+json;version=0.2"
Change = Callable[[dict[str, Any]], None]


def policy(services: Services, *keys: SigningKey, root: bytes | None = None, **role: Any) -> TrustPolicy:
    """Trusts the workflow of the stand-ins and some keys, in every role."""
    data = services.trusted_root() if root is None else root
    identity = Identity(ISSUER, WORKFLOW, roots=("ours",))
    named = {f"k{at}": key.public for at, key in enumerate(keys)}
    signers = ("identity:ci", *(f"key:{name}" for name in named))
    roles = {name: Role(name, signers, types, **role) for name, types in DEFAULT_TYPES.items()}
    roots = {"ours": SigstoreRoot(hashlib.sha256(data).hexdigest(), data)}
    return TrustPolicy(named, roles, {"ci": identity}, roots)


def verifier(services: Services, *keys: SigningKey, root: bytes | None = None, **role: Any) -> TrustVerifier:
    return TrustVerifier(policy(services, *keys, root=root, **role), NOW)


def changed(document: bytes, change: Change) -> bytes:
    """A document with something altered in it."""
    value = json.loads(document)
    change(value)
    return json.dumps(value).encode()


def without_logs(services: Services) -> bytes:
    """A trusted root as GitHub's own: certificates and timestamps, no logs of either kind."""
    return changed(services.trusted_root(), lambda root: root.update(tlogs=[], ctlogs=[]))


def intoto_body(payload: bytes, signature: bytes, signer: bytes) -> dict[str, Any]:
    """An entry of the kind ``intoto`` 0.0.2, as npm and the generators of SLSA provenance make it."""
    signatures = [{"sig": b64(b64(signature).encode()), "publicKey": b64(signer)}]
    digest = {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}
    content = {"envelope": {"payloadType": IN_TOTO, "signatures": signatures}, "hash": digest, "payloadHash": digest}
    return {"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": content}}


def intoto_bundle(services: Services, payload: bytes, *, media: str = V02, at: datetime | None = None) -> bytes:
    """A bundle of version 0.2 with an entry of the kind ``intoto``."""
    key = new()
    leaf = services.leaf(key.public_key())
    signature = key.sign(pae(IN_TOTO, payload), ec.ECDSA(hashes.SHA256()))
    entry = services.log.append(intoto_body(payload, signature, pem(leaf)), at or SIGNED_AT)
    material = {"x509CertificateChain": {"certificates": [{"rawBytes": b64(leaf.public_bytes(Encoding.DER))}]}}
    return json.dumps(
        {
            "mediaType": media,
            "verificationMaterial": {**material, "tlogEntries": [entry]},
            "dsseEnvelope": {
                "payload": b64(payload),
                "payloadType": IN_TOTO,
                "signatures": [{"sig": b64(signature), "keyid": ""}],
            },
        }
    ).encode()


def promised_only(bundle: bytes) -> bytes:
    """The same bundle in the first version, whose entries need no proof."""

    def change(value: dict[str, Any]) -> None:
        value["mediaType"] = V01
        material = value["verificationMaterial"]
        material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
        del material["tlogEntries"][0]["inclusionProof"]

    return changed(bundle, change)


def private_bundle(services: Services, payload: bytes) -> bytes:
    """A bundle as GitHub makes it for private repositories: a timestamp, no log entry."""
    services.stamped = True
    return changed(
        services.sign_statement(payload), lambda value: value["verificationMaterial"].pop("tlogEntries") and None
    )


def pypi_attestation(services: Services, payload: bytes) -> bytes:
    """A PEP 740 attestation, as PyPI hands it out."""
    bundle = json.loads(services.sign_statement(payload))
    material, content = bundle["verificationMaterial"], bundle["dsseEnvelope"]
    return json.dumps(
        {
            "version": 1,
            "verification_material": {
                "certificate": material["certificate"]["rawBytes"],
                "transparency_entries": material["tlogEntries"],
            },
            "envelope": {"statement": content["payload"], "signature": content["signatures"][0]["sig"]},
        }
    ).encode()


def rekor_bundle(entry: dict[str, Any]) -> dict[str, Any]:
    """A log entry as cosign's old bundles have it."""
    return {
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logIndex": int(entry["logIndex"]),
            "logID": base64.b64decode(entry["logId"]["keyId"]).hex(),
        },
    }


def cosign_file(services: Services, data: bytes) -> bytes:
    """What ``cosign sign-blob --bundle`` wrote, keyless."""
    bundle = json.loads(services.sign_file(data))
    material = bundle["verificationMaterial"]
    return json.dumps(
        {
            "base64Signature": bundle["messageSignature"]["signature"],
            "cert": b64(pem(certificate(material))),
            "rekorBundle": rekor_bundle(material["tlogEntries"][0]),
        }
    ).encode()


def cosign_attestation(services: Services, payload: bytes, *, version: str = "0.0.1") -> bytes:
    """What ``cosign attest-blob --bundle`` wrote, keyless: the entry names the envelope by its digest."""
    key = new()
    leaf = services.leaf(key.public_key())
    signature = key.sign(pae(IN_TOTO, payload), ec.ECDSA(hashes.SHA256()))
    content = {"payloadType": IN_TOTO, "payload": b64(payload), "signatures": [{"keyid": "", "sig": b64(signature)}]}
    return _cosign(services, json.dumps(content).encode(), pem(leaf), payload, signature, version)


def cosign_keyed(services: Services, payload: bytes, key: SigningKey) -> bytes:
    """The same with a key: ``cert`` is the public key."""
    text = envelope(payload, key)
    return _cosign(services, text, key.public.pem.encode(), payload, b"", "0.0.1")


def _cosign(services: Services, text: bytes, signer: bytes, payload: bytes, signature: bytes, version: str) -> bytes:
    body = first_body(text, payload, signer) if version == "0.0.1" else intoto_body(payload, signature, signer)
    entry = services.log.append(body, SIGNED_AT)
    return json.dumps({"base64Signature": b64(text), "cert": b64(signer), "rekorBundle": rekor_bundle(entry)}).encode()


def first_body(text: bytes, payload: bytes, signer: bytes) -> dict[str, Any]:
    """An entry of the kind ``intoto`` 0.0.1."""

    def digest(data: bytes) -> dict[str, str]:
        return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}

    content = {"hash": digest(text), "payloadHash": digest(payload)}
    return {"apiVersion": "0.0.1", "kind": "intoto", "spec": {"content": content, "publicKey": b64(signer)}}


def keyed_bundle(services: Services, payload: bytes, key: SigningKey) -> bytes:
    """A bundle that a key signed, with an entry of the kind ``dsse``."""
    content = json.loads(envelope(payload, key))
    signature = content["signatures"][0]["sig"]
    digest = {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}
    signatures = [{"signature": signature, "verifier": b64(key.public.pem.encode())}]
    spec = {"envelopeHash": digest, "payloadHash": digest, "signatures": signatures}
    entry = services.log.append({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}, SIGNED_AT)
    material = {"publicKey": {"hint": key.public.id}, "tlogEntries": [entry]}
    media = "application/vnd.dev.sigstore.bundle.v0.3+json"
    return json.dumps({"mediaType": media, "verificationMaterial": material, "dsseEnvelope": content}).encode()


def certificate(material: dict[str, Any]) -> x509.Certificate:
    return x509.load_der_x509_certificate(base64.b64decode(material["certificate"]["rawBytes"]))


def pem(leaf: x509.Certificate) -> bytes:
    return leaf.public_bytes(Encoding.PEM)
