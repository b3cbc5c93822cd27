"""A transparency log of our own, in memory: a stand-in for Rekor, version 1 or 2.

A real Merkle tree (RFC 6962) with inclusion proofs, signed checkpoints and, in version 1, signed entry timestamps.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import rfc8785
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def spki(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def signed(key: Key, data: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def tree_hash(leaves: list[bytes]) -> bytes:
    """The root of a tree of leaf hashes (RFC 6962 section 2.1)."""
    if len(leaves) == 1:
        return leaves[0]
    at = _split(len(leaves))
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:at]) + tree_hash(leaves[at:])).digest()


def proof(index: int, leaves: list[bytes]) -> list[bytes]:
    """The inclusion proof of a leaf (RFC 6962 section 2.1.1)."""
    if len(leaves) == 1:
        return []
    at = _split(len(leaves))
    if index < at:
        return [*proof(index, leaves[:at]), tree_hash(leaves[at:])]
    return [*proof(index - at, leaves[at:]), tree_hash(leaves[:at])]


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


@dataclass
class Log:
    """Takes entries, and says that it has them.

    Args:
        version: of Rekor.
        key: signs checkpoints and entries.
        name: origin of its checkpoints.
    """

    version: int = 1
    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    name: str = "log.example"
    bodies: list[bytes] = field(default_factory=list)

    @property
    def id(self) -> bytes:
        return hashlib.sha256(spki(self.key)).digest()

    def append(self, body: dict[str, Any], at: datetime) -> dict[str, Any]:
        """Take an entry; its form in a bundle."""
        self.bodies.append(rfc8785.dumps(body))
        return self.entry(len(self.bodies) - 1, at)

    def entry(self, index: int, at: datetime) -> dict[str, Any]:
        data = self.bodies[index]
        leaves = [hashlib.sha256(b"\x00" + body).digest() for body in self.bodies]
        kind, version = ("hashedrekord", "0.0.2") if self.version == 2 else _kind(data)
        found: dict[str, Any] = {
            "logIndex": str(index),
            "logId": {"keyId": b64(self.id)},
            "kindVersion": {"kind": kind, "version": version},
            "inclusionProof": {
                "logIndex": str(index),
                "rootHash": b64(tree_hash(leaves)),
                "treeSize": str(len(leaves)),
                "hashes": [b64(item) for item in proof(index, leaves)],
                "checkpoint": {"envelope": self.checkpoint(len(leaves), tree_hash(leaves))},
            },
            "canonicalizedBody": b64(data),
        }
        if self.version == 1:
            when = int(at.timestamp())
            promise = {"body": b64(data), "integratedTime": when, "logID": self.id.hex(), "logIndex": index}
            found["integratedTime"] = str(when)
            found["inclusionPromise"] = {"signedEntryTimestamp": b64(signed(self.key, rfc8785.dumps(promise)))}
        return found

    def checkpoint(self, size: int, root: bytes) -> str:
        note = f"{self.name}\n{size}\n{b64(root)}\n"
        return f"{note}\n\u2014 {self.name} {b64(self.id[:4] + signed(self.key, note.encode()))}\n"


def _kind(body: bytes) -> tuple[str, str]:
    import json

    document = json.loads(body)
    return document["kind"], document["apiVersion"]
