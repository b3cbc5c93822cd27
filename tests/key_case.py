"""Attacks on keys and signatures: packages with forged signatures, and attestations signed in odd ways."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from signing_case import NOW, policy, statement

from probatum.attestations.documents import dsse
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.trust.policy import TrustPolicy, trust_keys
from probatum.attestations.verify.package import Demands, verify_package


def two_of(*keys: SigningKey, threshold: int = 2) -> TrustPolicy:
    roles: dict[str, Any] = {name: {"threshold": threshold} for name in ("verdict", "provenance")}
    return policy({f"k{at}": key for at, key in enumerate(keys)}, **roles)


def forged(path: Path, change: Callable[[dsse.Envelope], Sequence[tuple[str, bytes]]]) -> None:
    """Replace the signatures of a verdict on disk."""
    whole = dsse.parse(path.read_bytes(), source="x")
    path.write_bytes(replace(whole, signatures=tuple(change(whole))).to_bytes())


def refused(folder: Path, trust: TrustPolicy) -> str:
    """Why a package is refused; empty when it is verified."""
    report = verify_package(folder / "verdict", Demands(trust, "test", NOW))
    return "; ".join(f"{row.check}: {row.detail}" for row in report.failures) or ("" if report.ok else "nothing holds")


def trusting(*keys: SigningKey) -> TrustPolicy:
    return trust_keys([key.public for key in keys], source="test")


def foreign(data: bytes, trust: TrustPolicy) -> bool:
    return TrustVerifier(trust, NOW).verify(data, source="x").verified


def signed_by(key: SigningKey, signature: Callable[[bytes], bytes]) -> bytes:
    """A foreign attestation with a signature of the test's own making, under the id of a trusted key."""
    payload = json.dumps(statement("a" * 64)).encode()
    made = dsse.Envelope(payload, dsse.IN_TOTO, ((key.public.id, signature(dsse.pae(dsse.IN_TOTO, payload))),))
    return made.to_bytes()


def sign_with(key: SigningKey, data: bytes) -> bytes:
    return bytes.fromhex(key.signer.sign(data).signature)


def loaded(spki: bytes) -> Any:
    return serialization.load_der_public_key(spki)


def pem_of(spki: bytes) -> bytes:
    return b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(spki) + b"-----END PUBLIC KEY-----\n"
