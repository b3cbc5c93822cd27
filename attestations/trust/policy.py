"""The trust policy: who may sign what. What it does not allow is not trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import strict_json
from ...errors import TrustError
from ..keys.public_key import PublicKey
from .predicates import DEFAULT_TYPES
from .signing_time import ALWAYS, Window
from .trusted import CertificateSigner, Identity, SigstoreRoot, TimestampAuthority, TrustedLog

if TYPE_CHECKING:
    from ..revocation.revoked import Revocations

SCHEMA = "https://probatum.dev/trust/v1"


@dataclass(frozen=True)
class Role:
    """Who may sign one kind of content.

    Args:
        name: such as ``verdict``.
        signers: ``key:NAME``, ``identity:NAME``, ``certificate:NAME``, or, of the role ``log``, ``log:NAME``.
        predicate_types: what the role may sign.
        threshold: how many different signers must have signed.
        max_age_days: how old a statement may be by the time inside it; None for any age.
        builders: builder ids that a provenance, or verifier ids that a verification summary, may name; empty for any.
        require_log: each signature counts only if a transparency log holds it.
        logs: names of the logs (or sigstore roots) one of which it must be; empty for any that the policy names.
        require_timestamp: each signature counts only if somebody else vouches for its time.
        timestamp_authorities: names of those (or of sigstore roots) one of which it must be; empty for any.
        subjects: signer to ids of the subjects that its evidence may be about, or ``KIND:*``; one that is not here may
            speak of everything.
    """

    name: str
    signers: tuple[str, ...]
    predicate_types: tuple[str, ...]
    threshold: int = 1
    max_age_days: float | None = None
    builders: tuple[str, ...] = ()
    require_log: bool = False
    logs: tuple[str, ...] = ()
    require_timestamp: bool = False
    timestamp_authorities: tuple[str, ...] = ()
    subjects: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def to_document(self) -> dict[str, Any]:
        """The JSON form, defaults resolved."""
        return {
            "signers": sorted(self.signers),
            "predicate_types": sorted(self.predicate_types),
            "threshold": self.threshold,
            "max_age_days": self.max_age_days,
            "builders": sorted(self.builders),
            "require_log": self.require_log,
            "logs": sorted(self.logs),
            "require_timestamp": self.require_timestamp,
            "timestamp_authorities": sorted(self.timestamp_authorities),
            "subjects": {name: sorted(patterns) for name, patterns in self.subjects.items()},
        }


@dataclass(frozen=True)
class TrustPolicy:
    """Signers, those who vouch for times and entries, and the roles that they hold.

    Args:
        keys: by name; no key has two names.
        roles: by name.
        identities: by name.
        sigstore: trusted roots for identities, by name.
        source: where the policy came from, for people; not part of its digest.
        require_signed_policies: policies are used only where somebody with the role ``policy`` signed them.
        certificates: signers with certificates of private authorities, by name.
        timestamp_authorities: by name.
        logs: by name; what one of them says counts only if it holds the role ``log``.
        windows: when a signer may sign, by its full name such as ``key:NAME``; one that is not here may at any time.
        revocation_sources: files and folders of what is revoked, as the trust policy names them.
        revocations: what does not count any more; not part of the digest, for it has its own.
    """

    keys: Mapping[str, PublicKey]
    roles: Mapping[str, Role]
    identities: Mapping[str, Identity] = field(default_factory=dict)
    sigstore: Mapping[str, SigstoreRoot] = field(default_factory=dict)
    source: str = "trust policy"
    require_signed_policies: bool = False
    certificates: Mapping[str, CertificateSigner] = field(default_factory=dict)
    timestamp_authorities: Mapping[str, TimestampAuthority] = field(default_factory=dict)
    logs: Mapping[str, TrustedLog] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    revocation_sources: tuple[Path, ...] = ()
    revocations: Revocations | None = field(default=None, repr=False)

    def to_document(self) -> dict[str, Any]:
        """The resolved, self-contained JSON form: with the material itself or its digest, without paths."""
        return {
            "schema": SCHEMA,
            "keys": {name: {"id": key.id, "pem": key.pem} for name, key in self.keys.items()},
            "identities": {name: item.to_document() for name, item in self.identities.items()},
            "certificates": {name: item.to_document() for name, item in self.certificates.items()},
            "sigstore": {name: {"sha256": root.sha256} for name, root in self.sigstore.items()},
            "timestamp_authorities": {name: item.to_document() for name, item in self.timestamp_authorities.items()},
            "logs": {name: item.to_document() for name, item in self.logs.items()},
            "windows": {name: item.to_document() for name, item in self.windows.items() if item != ALWAYS},
            "require_signed_policies": self.require_signed_policies,
            "roles": {name: role.to_document() for name, role in self.roles.items()},
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical resolved document: other keys, another digest."""
        return strict_json.digest(self.to_document())

    @property
    def signers(self) -> tuple[str, ...]:
        """The full name of every signer, sorted."""
        sections = (("certificate", self.certificates), ("identity", self.identities), ("key", self.keys))
        return tuple(sorted(f"{kind}:{name}" for kind, names in sections for name in names))

    @property
    def believed_logs(self) -> dict[str, TrustedLog]:
        """The logs that hold the role ``log``."""
        role = self.roles.get("log")
        return {name: log for name, log in self.logs.items() if role is not None and f"log:{name}" in role.signers}

    def window_of(self, signer: str) -> Window:
        """When a signer may sign."""
        return self.windows.get(signer, ALWAYS)

    def signer_of(self, key: PublicKey) -> str | None:
        """``key:NAME`` of a public key."""
        return next((f"key:{name}" for name, known in self.keys.items() if known == key), None)

    def roles_for(self, about: str) -> list[Role]:
        """The roles that speak for a predicate type or another kind of content, sorted by name."""
        return [self.roles[name] for name in sorted(self.roles) if about in self.roles[name].predicate_types]


def trust_keys(keys: Sequence[PublicKey], *, source: str, role: str = "verdict") -> TrustPolicy:
    """The trust policy that allows one role to each of the given keys alone; with `verdict` goes `revocation`.

    Raises:
        TrustError: no key is given.
    """
    unique = list(dict.fromkeys(keys))
    if not unique:
        raise TrustError("no key is trusted", why="an empty list was given", remedy="give at least one public key")
    named = {key.id: key for key in unique}
    signers = tuple(f"key:{name}" for name in named)
    names = (role, "revocation") if role == "verdict" else (role,)  # who gives a verdict may take it back
    return TrustPolicy(named, {name: Role(name, signers, DEFAULT_TYPES[name]) for name in names}, source=source)
