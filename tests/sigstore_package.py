"""Verdict packages that an identity signed, and trust policies that allow it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from package_case import contents, decided_at, pipeline
from signing_case import sha256
from sigstore_case import ISSUER, WORKFLOW, Services
from timestamp_case import Authority

from probatum.attestations.keyless.form import only_form
from probatum.attestations.package.write import Detach, write_package
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES
from probatum.attestations.trust.trusted import Certificates, Identity, SigstoreRoot, TimestampAuthority

BEFORE = "2026-11-19T11:59:00Z"
"""A minute before the services sign."""


@dataclass(frozen=True)
class StandIn:
    """Signs with the services in memory, in the form that a package holds."""

    services: Services
    who: Mapping[str, Any] = field(default_factory=dict)
    form: str = "sigstore"
    local: bool = False
    signers: tuple[str, ...] = (WORKFLOW,)
    origin: str = "a stand-in"

    def attest(self, payload: bytes) -> bytes:
        return only_form(self.services.sign_statement(payload, **self.who), source="it")


def signed_package(
    tmp_path: Path, services: Services, *, detached: Mapping[str, Detach] | None = None, **who: Any
) -> Path:
    root = pipeline(tmp_path / "pipeline")
    folder = tmp_path / "verdict"
    made = decided_at(contents(root), BEFORE)
    write_package(folder, made, attestor=StandIn(services, who), detached=detached or {}, version="0.1.0")
    return folder


def authority(tsa: Authority) -> TimestampAuthority:
    chain = tuple(item.public_bytes(Encoding.DER) for item in tsa.chain)
    return TimestampAuthority(Certificates(chain), sha256(b"".join(chain)))


def trusting(
    services: Services,
    *,
    identity: str | None = WORKFLOW,
    issuer: str = ISSUER,
    pattern: str | None = None,
    claims: Mapping[str, str] | None = None,
    root: bytes | None = None,
    authorities: Mapping[str, Authority] | None = None,
    **role: Any,
) -> TrustPolicy:
    """A trust policy that lets one identity sign everything."""
    data = services.trusted_root() if root is None else root
    ci = Identity(issuer, identity, pattern, claims or {}, ("own",))
    roles = {name: Role(name, ("identity:ci",), types, **role) for name, types in DEFAULT_TYPES.items()}
    known = {name: authority(tsa) for name, tsa in (authorities or {}).items()}
    return TrustPolicy({}, roles, {"ci": ci}, {"own": SigstoreRoot(sha256(data), data)}, timestamp_authorities=known)
