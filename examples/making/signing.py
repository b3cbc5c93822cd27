"""Signed documents. Every private key lives in memory for one run and is thrown away; only public keys are kept."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from in_toto.models.link import Link
from in_toto.models.metadata import Metablock
from securesystemslib.signer import CryptoSigner

from probatum.attestations.documents.dsse import sign
from probatum.attestations.keys.signing_key import signing_key
from probatum.strict_json import canonical

BUILDER = "https://builder.example.com/training/v1"
STARTED, FINISHED = "2026-11-02T09:28:40Z", "2026-11-02T09:30:00Z"
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def new_keys() -> dict[str, PrivateKey]:
    """Keys of the training platform, of its recorder, and of who releases models."""
    return {
        "builder": ed25519.Ed25519PrivateKey.generate(),
        "recorder": ed25519.Ed25519PrivateKey.generate(),
        "release": ec.generate_private_key(ec.SECP256R1()),
    }


def trust_policy(keys: Mapping[str, PrivateKey]) -> str:
    """``trust.yaml``: who may sign what in this pipeline."""
    lines = ["# Who may sign what. regenerate.py threw the private keys away: they can sign nothing else."]
    lines += ["version: 1", "keys:"]
    for name, key in sorted(keys.items()):
        lines += [f"  {name}:", "    pem: |", *(f"      {line}" for line in public_pem(key).decode().splitlines())]
    lines += [
        "roles:",
        "  provenance:",
        "    signers: [builder]",
        f"    builders: [{BUILDER}]",
        "  link: {signers: [recorder]}",
        "  model: {signers: [release]}",
    ]
    return "\n".join(lines) + "\n"


def public_pem(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def provenance(
    subject: tuple[str, str], materials: list[dict[str, Any]], hyperparameters: Mapping[str, Any], key: PrivateKey
) -> bytes:
    """SLSA provenance v1 in a DSSE envelope (https://slsa.dev/spec/v1.1/provenance).

    Args:
        subject: name and SHA-256 of the model.
        materials: resource descriptors of what it was made from.
        hyperparameters: what the run was started with.
        key: of the builder.
    """
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": subject[0], "digest": {"sha256": subject[1]}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://builder.example.com/training-job/v1",
                "externalParameters": {"workload": "deploy/train-job.yaml", "hyperparameters": dict(hyperparameters)},
                "resolvedDependencies": materials,
            },
            "runDetails": {
                "builder": {"id": BUILDER},
                "metadata": {"invocationId": "train-7f9c", "startedOn": STARTED, "finishedOn": FINISHED},
            },
        },
    }
    return sign(canonical(statement), [signing_key(key, origin="example")]).to_bytes()


def link(materials: Mapping[str, str], products: Mapping[str, str], key: PrivateKey) -> bytes:
    """An in-toto link of the step ``train``, signed.

    Args:
        materials: path to SHA-256 of what went in.
        products: path to SHA-256 of what came out.
        key: of who recorded the step.
    """
    signed = Metablock(
        signed=Link(
            name="train",
            command=["python", "src/train.py"],
            materials={path: {"sha256": digest} for path, digest in sorted(materials.items())},
            products={path: {"sha256": digest} for path, digest in sorted(products.items())},
            byproducts={"return-value": 0},
        )
    )
    signed.create_signature(CryptoSigner(key))
    return json.dumps(signed.to_dict(), indent=2, sort_keys=True).encode() + b"\n"


def model_signature(model: Path, key: PrivateKey) -> bytes:
    """An OpenSSF model signature, made by the model-signing library itself, which wants the key in a file."""
    from model_signing import hashing, signing

    with tempfile.TemporaryDirectory() as folder:
        private, out = Path(folder, "key.pem"), Path(folder, "model.sig")
        private.touch(mode=0o600)
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        hashed = hashing.Config().set_ignored_paths(paths=[], ignore_git_paths=False)
        signing.Config().set_hashing_config(hashed).use_elliptic_key_signer(private_key=private).sign(model, out)
        return json.dumps(json.loads(out.read_bytes()), indent=2, sort_keys=True).encode() + b"\n"
