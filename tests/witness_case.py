"""Trust policies for what Witness signs, and a pipeline with a model that it saw being made."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from certificate_case import HOLDER
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from signing_case import sha256, write

from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import LINK_PREDICATE
from probatum.attestations.trust.trusted import Certificates, CertificateSigner, TimestampAuthority
from probatum.collectors.attestations import Attestations
from probatum.collectors.base import Context
from probatum.content import read_content
from probatum.evaluator.graph import Observation, Subject
from probatum.slsa_provenance import WITNESS

COLLECTION = "https://witness.testifysec.com/attestation-collection/v0.1"
BUILDER = "https://witness.dev/witness-default-builder@v0.1"
"""What Witness calls itself outside of a CI service that it knows."""
TRAIN = "tr 1 2 < data.csv > models/model.bin"
MODEL = b"2,2\n"
"""What the training makes of ``1,2``."""


def by_key(pem: bytes, now: datetime, *, builder: str = BUILDER) -> TrustVerifier:
    """Trusts one key with what happened in a step, and to speak for a builder."""
    key = PublicKey.from_pem(pem, source="key.pub")
    provenance = Role("provenance", ("key:machine",), (WITNESS,), builders=(builder,))
    roles = {"link": _role("key:machine"), "provenance": provenance}
    return TrustVerifier(TrustPolicy({"machine": key}, roles), now)


def by_certificate(root: bytes, clock: bytes | None, now: datetime) -> TrustVerifier:
    """Trusts the holder of a certificate of this root, and the times of this authority."""
    signer = CertificateSigner(Certificates(_der(root)), "email", HOLDER)
    clocks = {} if clock is None else {"clock": TimestampAuthority(Certificates(_der(clock)), sha256(clock))}
    roles = {"link": _role("certificate:machine")}
    policy = TrustPolicy({}, roles, certificates={"machine": signer}, timestamp_authorities=clocks)
    return TrustVerifier(policy, now)


def collected(
    root: Path, document: bytes, verifier: TrustVerifier, now: datetime, *, type: str = "attestation"
) -> Observation:
    """The list of signed documents, or another observation, of a pipeline with the model and this document."""
    write(root / "models/model.bin", MODEL)
    write(root / "attestations/train.json", document)
    content = read_content(root / "models/model.bin")
    model = Subject("model", "m", {"sha256": content.sha256}, "models/model.bin")
    subjects = {"pipeline:p": Subject("pipeline", "p"), model.id: model}
    context = Context(root, {"name": "p"}, subjects, contents={model.id: content}, verifier=verifier, now=now)
    found = [item for item in Attestations().collect(context) if isinstance(item, Observation)]
    (listed,) = [item for item in found if item.type == type]
    return listed


def _role(signer: str) -> Role:
    return Role("link", (signer,), (COLLECTION, LINK_PREDICATE))


def _der(pem: bytes) -> tuple[bytes, ...]:
    return tuple(item.public_bytes(Encoding.DER) for item in x509.load_pem_x509_certificates(pem))
