"""The field's own tools, each asked the same about a verdict: is it authentic, about this file, and did it pass?"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from interop_case import AMPEL, ATTESTATION_VERIFIER, COSIGN, IN_TOTO, SLSA_VERIFIER, said
from package_case import written
from signing_case import sha256

from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.trust.predicates import ASSESSMENT, VSA
from probatum.attestations.vsa import VERIFIER_ID


class Case:
    """A verdict package, and what a verifier is told of it."""

    def __init__(self, folder: Path, key: SigningKey, **fields: Any) -> None:
        self.folder = folder
        written(folder, key, **fields)
        self.verdict = folder / "verdict" / "verdict.dsse.json"
        self.type = VSA
        self.artifact = folder / "pipeline" / "m.bin"
        self.resource = "urn:probatum:pipeline:p"
        self.level = "PROBATUM_SECURE_PIPELINE_PASSED"
        self.trust(key)

    def trust(self, key: SigningKey) -> None:
        """The verifier has this public key."""
        self.key = self.folder / "key.pub"
        self.key.write_text(key.public.pem)
        self.key_id = key.public.id

    @property
    def digest(self) -> str:
        """SHA-256 of the file that the verdict must be about."""
        return sha256(self.artifact.read_bytes())

    def rules(self, predicate: str) -> list[str]:
        """What must hold of the predicate, in the Common Expression Language, where it is called so."""
        if self.type == ASSESSMENT:
            return [f"{predicate}.result == 'pass'"]
        return [
            f"{predicate}.verificationResult == 'PASSED'",
            f"{predicate}.verifier.id == '{VERIFIER_ID}'",
            f"{predicate}.resourceUri == '{self.resource}'",
            f"'{self.level}' in {predicate}.verifiedLevels",
        ]

    def payload(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Alter the statement under the signature."""
        document = json.loads(self.verdict.read_bytes())
        statement = json.loads(base64.b64decode(document["payload"]))
        change(statement)
        document["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
        self.verdict.write_text(json.dumps(document))

    def envelope(self, **fields: Any) -> None:
        """Alter fields of the envelope."""
        self.verdict.write_text(json.dumps({**json.loads(self.verdict.read_bytes()), **fields}))


def by_cosign(case: Case) -> tuple[bool, str]:
    options = ["--key", case.key, "--signature", case.verdict, "--type", case.type, "--insecure-ignore-tlog=true"]
    return said(COSIGN, ["verify-blob-attestation", *options, case.artifact], case.folder)


def by_slsa_verifier(case: Case) -> tuple[bool, str]:
    options = ["--attestation-path", case.verdict, "--subject-digest", f"sha256:{case.digest}"]
    options += ["--verifier-id", VERIFIER_ID, "--resource-uri", case.resource, "--verified-level", case.level]
    options += ["--public-key-path", case.key, "--public-key-id", case.key_id]
    return said(SLSA_VERIFIER, ["verify-vsa", *options], case.folder)


def by_in_toto(case: Case) -> tuple[bool, str]:
    return said(IN_TOTO, [case.verdict, case.key, case.key_id, case.type, case.digest], case.folder)


def by_ampel(case: Case) -> tuple[bool, str]:
    """The key is pinned in the policy: one that names nobody would accept what nobody signed."""
    types = {"types": [case.type]}
    policy = {
        "id": "verdict",
        "meta": {"runtime": "cel@v0", "assert_mode": "AND"},
        "identities": [{"key": {"data": case.key.read_text()}}],
        "predicates": types,
        "tenets": [
            {"code": rule, "predicates": types, "error": {"message": rule}} for rule in case.rules("predicates[0].data")
        ],
    }
    (case.folder / "policy.json").write_text(json.dumps(policy))
    options = ["--policy", "policy.json", "--attestation", case.verdict]
    return said(AMPEL, ["verify", *options, case.artifact], case.folder)


def by_attestation_verifier(case: Case) -> tuple[bool, str]:
    """A layout of one step, whose functionary is the key that signs verdicts."""
    about = f"subject.exists(item, item.digest['sha256'] == '{case.digest}')"
    expected = {
        "predicateType": case.type,
        "functionaries": [case.key_id],
        "expectedAttributes": [{"rule": rule} for rule in [*case.rules("predicate"), about]],
    }
    layout = {
        "expires": "2100-01-01T00:00:00Z",
        "functionaries": {case.key_id: _functionary(case)},
        "steps": [{"name": "gate", "expectedPredicates": [expected]}],
    }
    (case.folder / "layout.json").write_text(json.dumps(layout))
    (case.folder / "claims").mkdir(exist_ok=True)
    (case.folder / "claims" / "gate.verdict.json").write_bytes(case.verdict.read_bytes())
    options = ["--layout", "layout.json", "--attestations-directory", "claims"]
    return said(ATTESTATION_VERIFIER, options, case.folder)


def _functionary(case: Case) -> dict[str, Any]:
    pem = case.key.read_text()
    key: Any = load_pem_public_key(pem.encode())
    if isinstance(key, ed25519.Ed25519PublicKey):
        kind, public = "ed25519", key.public_bytes_raw().hex()
    else:
        kind, public = "ecdsa" if isinstance(key, ec.EllipticCurvePublicKey) else "rsa", pem
    return {"keyType": kind, "scheme": kind, "keyID": case.key_id, "keyVal": {"public": public}}


def by_securesystemslib(case: Case) -> tuple[bool, str]:
    """The library under in-toto's Python tools: another reader of envelopes than ours."""
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import SSlibKey

    loaded: Any = load_pem_public_key(case.key.read_bytes())
    scheme = None if isinstance(loaded, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey) else _PKCS1
    key = SSlibKey.from_crypto(loaded, case.key_id, scheme)
    try:
        envelope = Envelope.from_dict(json.loads(case.verdict.read_bytes()))
        accepted = envelope.verify([key], 1)
    except VerificationError as error:
        return False, str(error)
    statement = json.loads(envelope.payload)
    about = case.digest in {item["digest"]["sha256"] for item in statement["subject"]}
    return about and bool(accepted) and statement["predicateType"] == case.type, ""


_PKCS1 = "rsa-pkcs1v15-sha256"
