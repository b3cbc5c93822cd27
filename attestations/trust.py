"""The trust policy: who may sign what. What it does not allow is not trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .. import strict_json
from ..errors import TrustError
from .predicates import DEFAULT_TYPES
from .public_key import PublicKey

SCHEMA = "https://probatum.dev/trust/v1"


@dataclass(frozen=True)
class Identity:
    """A keyless signer: an OIDC issuer, and the exact identity that it vouched for."""

    issuer: str
    identity: str


@dataclass(frozen=True)
class SigstoreRoot:
    """A pinned sigstore trusted root.

    Args:
        sha256: of the file.
        data: its bytes, read once and checked against the digest, so that nothing can be swapped afterwards.
    """

    sha256: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Role:
    """Who may sign one kind of content.

    Args:
        name: such as ``verdict``.
        signers: ``key:NAME`` or ``identity:NAME``.
        predicate_types: what the role may sign.
        threshold: how many different signers must have signed.
        max_age_days: how old a statement may be by the time inside it; None for any age.
        builders: builder ids that a provenance may name; empty for any.
    """

    name: str
    signers: tuple[str, ...]
    predicate_types: tuple[str, ...]
    threshold: int = 1
    max_age_days: float | None = None
    builders: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """The JSON form, defaults resolved."""
        return {
            "signers": sorted(self.signers),
            "predicate_types": sorted(self.predicate_types),
            "threshold": self.threshold,
            "max_age_days": self.max_age_days,
            "builders": sorted(self.builders),
        }


@dataclass(frozen=True)
class TrustPolicy:
    """Keys, identities, and the roles that they hold.

    Args:
        keys: by name; no key has two names.
        identities: by name.
        roles: by name.
        sigstore: trusted root for identities.
        source: where the policy came from, for people; not part of its digest.
        require_signed_policies: policies are used only where somebody with the role ``policy`` signed them.
    """

    keys: Mapping[str, PublicKey]
    roles: Mapping[str, Role]
    identities: Mapping[str, Identity] = field(default_factory=dict)
    sigstore: SigstoreRoot | None = None
    source: str = "trust policy"
    require_signed_policies: bool = False

    def to_document(self) -> dict[str, Any]:
        """The resolved, self-contained JSON form: with the key material itself, without paths."""
        return {
            "schema": SCHEMA,
            "keys": {name: {"id": key.id, "pem": key.pem} for name, key in self.keys.items()},
            "identities": {n: {"issuer": i.issuer, "identity": i.identity} for n, i in self.identities.items()},
            "sigstore": None if self.sigstore is None else {"sha256": self.sigstore.sha256},
            "require_signed_policies": self.require_signed_policies,
            "roles": {name: role.to_document() for name, role in self.roles.items()},
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical resolved document: other keys, another digest."""
        return strict_json.digest(self.to_document())

    def signer_of(self, key: PublicKey) -> str | None:
        """``key:NAME`` of a public key."""
        return next((f"key:{name}" for name, known in self.keys.items() if known == key), None)

    def roles_for(self, about: str) -> list[Role]:
        """The roles that speak for a predicate type or another kind of content, sorted by name."""
        return [self.roles[name] for name in sorted(self.roles) if about in self.roles[name].predicate_types]


def trust_keys(keys: Sequence[PublicKey], *, source: str, role: str = "verdict") -> TrustPolicy:
    """The trust policy that allows one role to each of the given keys alone.

    Raises:
        TrustError: no key is given.
    """
    unique = list(dict.fromkeys(keys))
    if not unique:
        raise TrustError("no key is trusted", why="an empty list was given", remedy="give at least one public key")
    named = {key.id: key for key in unique}
    signers = tuple(f"key:{name}" for name in named)
    return TrustPolicy(named, {role: Role(role, signers, DEFAULT_TYPES[role])}, source=source)
