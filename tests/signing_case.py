"""Keys, trust policies and signed statements for tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from probatum.attestations.documents import dsse
from probatum.attestations.keys.signing_key import SigningKey, signing_key
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
SLSA = "https://slsa.dev/provenance/v1"


def ed_key(name: str = "ed") -> SigningKey:
    return signing_key(ed25519.Ed25519PrivateKey.generate(), origin=name)


def ec_key(curve: ec.EllipticCurve | None = None) -> SigningKey:
    return signing_key(ec.generate_private_key(curve or ec.SECP256R1()), origin="ec")


def rsa_key(bits: int = 3072) -> SigningKey:
    return signing_key(rsa.generate_private_key(65537, bits), origin="rsa")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def policy(keys: Mapping[str, SigningKey], **roles: Mapping[str, Any]) -> TrustPolicy:
    """A trust policy; each role allows every key unless it says otherwise; one role of each kind by default."""
    signers = tuple(f"key:{name}" for name in keys)
    wanted: Mapping[str, Mapping[str, Any]] = roles or {name: {} for name in DEFAULT_TYPES}
    made = {
        name: Role(**{"name": name, "signers": signers, "predicate_types": DEFAULT_TYPES[name], **fields})
        for name, fields in wanted.items()
    }
    return TrustPolicy({name: key.public for name, key in keys.items()}, made)


def statement(*digests: str, predicate_type: str = SLSA, predicate: Any = None, **fields: Any) -> dict[str, Any]:
    subject = [{"name": f"subject {at}", "digest": {"sha256": digest}} for at, digest in enumerate(digests)]
    body = {} if predicate is None else predicate
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": predicate_type,
        "predicate": body,
        **fields,
    }


def envelope(content: Any, *keys: SigningKey, payload_type: str = dsse.IN_TOTO) -> bytes:
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    return dsse.sign(payload, keys, payload_type=payload_type).to_bytes()


def write(path: Path, data: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path
