"""Verdicts that several people signed, each in a file of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from package_case import KEY, contents, decided_at, pipeline
from revocation_case import known, of_key, revocation
from signing_case import NOW, sha256
from sigstore_case import ISSUER, Services
from sigstore_package import BEFORE, StandIn

from probatum.attestations.attestor import Attestor, KeyAttestor
from probatum.attestations.countersign import countersignature
from probatum.attestations.documents import dsse
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.package.put import put
from probatum.attestations.package.write import write_package
from probatum.attestations.revocation.signed_payload import payload_of
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES
from probatum.attestations.trust.trusted import Identity, SigstoreRoot
from probatum.attestations.verify.package import Demands, verify_package
from probatum.attestations.verify.report import VerificationReport

ANN, BEN = (f"https://ci.example/org/{name}/.ci/sign.yml@refs/heads/main" for name in ("ann", "ben"))
SERVICES = Services()


def identity(subject: str, services: Services = SERVICES) -> Attestor:
    return StandIn(services, {"identity": subject})


def signed(tmp_path: Path, attestor: Attestor | None = None) -> Path:
    """A verdict package of one signer."""
    folder = tmp_path / "verdict"
    made = decided_at(contents(pipeline(tmp_path / "pipeline")), BEFORE)
    write_package(folder, made, attestor=attestor or KeyAttestor([KEY]), version="0.1.0")
    return folder


def verdict_of(folder: Path) -> Path:
    (path,) = folder.glob("verdict.*.json")
    return path


def payload(folder: Path) -> bytes:
    path = verdict_of(folder)
    return payload_of(path.read_bytes(), source=path.name)


def countersigned(folder: Path, attestor: Attestor, *, over: bytes | None = None) -> Path:
    """Put a countersignature into a package, whoever signs, and return its file."""
    path, data = countersignature(payload(folder) if over is None else over, attestor)
    put(folder, {path: data})
    return folder / path


def renamed(path: Path, data: bytes) -> Path:
    """Put other bytes in a countersignature's place, under the name that they would have."""
    path.unlink()
    target = path.with_name(f"{sha256(data)[:16]}.{path.name.partition('.')[2]}")
    target.write_bytes(data)
    return target


def changed_signatures(path: Path, change: Callable[[dsse.Envelope], Any]) -> Path:
    whole = dsse.parse(path.read_bytes(), source="x")
    return renamed(path, change(whole).to_bytes())


def people(
    *names: str,
    keys: Mapping[str, SigningKey] | None = None,
    identities: Mapping[str, Identity] | None = None,
    services: Services = SERVICES,
    **role: Any,
) -> TrustPolicy:
    """A trust policy in which two of all of these have to sign a verdict.

    Args:
        names: subjects of identities, called ``i0``, ``i1``, ….
        keys: by name.
        identities: others.
        services: whose trusted root is pinned.
        role: other fields of the role.
    """
    root = services.trusted_root()
    known = {f"i{at}": Identity(ISSUER, name, roots=("own",)) for at, name in enumerate(names)} | dict(identities or {})
    held = {name: key.public for name, key in (keys or {}).items()}
    signers = (*(f"identity:{name}" for name in known), *(f"key:{name}" for name in held))
    made = Role(
        **{"name": "verdict", "signers": signers, "predicate_types": DEFAULT_TYPES["verdict"], "threshold": 2, **role}
    )
    return TrustPolicy(held, {"verdict": made}, known, {"own": SigstoreRoot(sha256(root), root)})


def checked(folder: Path, trust: TrustPolicy, **asked: Any) -> VerificationReport:
    return verify_package(folder, Demands(**{"trust": trust, "basis": "test", "now": NOW, **asked}))


def why(folder: Path, trust: TrustPolicy, **asked: Any) -> str:
    """Why a package is refused; empty when it is verified."""
    report = checked(folder, trust, **asked)
    return "; ".join(f"{row.check}: {row.detail}" for row in report.failures) or ("" if report.ok else "nothing holds")


def revoking(trust: TrustPolicy, key: SigningKey) -> TrustPolicy:
    """The policy of somebody who knows that a key was revoked."""
    return replace(trust, revocations=known(revocation(of_key(key))))
