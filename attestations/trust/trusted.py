"""What a trust policy names besides plain keys: identities, certificates, and those who vouch for them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .identity_pattern import matches

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True)
class Identity:
    """A keyless signer: an OIDC issuer, and whom it vouched for.

    Args:
        issuer: compared exactly.
        identity: the certificate's subject, compared exactly; None when there is a pattern.
        pattern: see `identity_pattern`; None when there is an exact identity.
        claims: of the certificate, compared exactly: ``repository``, ``ref``, ``workflow``, ``runner``, ….
        roots: names of the sigstore roots that its certificates may chain to.
    """

    issuer: str
    identity: str | None = None
    pattern: str | None = None
    claims: Mapping[str, str] = field(default_factory=dict, hash=False)
    roots: tuple[str, ...] = ()

    def objection(self, found: Mapping[str, str]) -> str:
        """Why a certificate is not this identity's; empty when it is.

        Args:
            found: what the certificate says (`verification.Verification.identity`): ``issuer``, ``subject`` and claims.
        """
        if found.get("issuer") != self.issuer:
            return f"the issuer is {found.get('issuer')}, not {self.issuer}"
        subject = found.get("subject", "")
        if not subject or (self.identity is None and self.pattern is None):
            return "nobody is named"  # neither by the certificate nor, else, here: that is not everybody
        if self.identity is not None and subject != self.identity:
            return f"the identity is {subject}, not {self.identity}"
        if self.pattern is not None and not matches(self.pattern, subject):
            return f"the identity {subject} does not follow {self.pattern}"
        for name, wanted in sorted(self.claims.items()):
            if found.get(name) != wanted:
                return f"the claim {name} is {found.get(name)}, not {wanted}"
        return ""

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "issuer": self.issuer,
            "identity": self.identity,
            "identity_pattern": self.pattern,
            "claims": dict(self.claims),
            "roots": sorted(self.roots),
        }


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
class Certificates:
    """X.509 certificates in DER, in the order of their file."""

    der: tuple[bytes, ...]

    def load(self) -> list[x509.Certificate]:
        """As the `cryptography` library has them."""
        from cryptography import x509

        return [x509.load_der_x509_certificate(item) for item in self.der]

    def to_document(self) -> list[dict[str, str]]:
        """The JSON form: digest and PEM of each, sorted by digest."""
        from cryptography.hazmat.primitives.serialization import Encoding

        found = {hashlib.sha256(der).hexdigest(): at for der, at in zip(self.der, self.load(), strict=True)}
        return [{"sha256": key, "pem": found[key].public_bytes(Encoding.PEM).decode()} for key in sorted(found)]


@dataclass(frozen=True)
class CertificateSigner:
    """A signer with an X.509 certificate of a private authority.

    Args:
        roots: the only certificates that a chain may end in.
        kind: where the certificate names its holder: ``email``, ``uri``, ``dns`` (subject alternative names) or
            ``common_name``.
        name: the holder, compared exactly.
    """

    roots: Certificates
    kind: str
    name: str

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {"roots": self.roots.to_document(), self.kind: self.name}


@dataclass(frozen=True)
class TimestampAuthority:
    """An RFC 3161 timestamp authority.

    Args:
        certificates: its chain, of which the last is the root.
        sha256: of the file that they were read from.
    """

    certificates: Certificates
    sha256: str

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {"certificates": self.certificates.to_document()}


@dataclass(frozen=True)
class TrustedLog:
    """A transparency log.

    Args:
        key: verifier key of its checkpoints, in the form of C2SP's signed notes: ``NAME+HASH+BASE64``.
        witnesses: verifier keys of those who cosign its checkpoints.
        quorum: how many of them must have.
    """

    key: str
    witnesses: tuple[str, ...] = ()
    quorum: int = 0

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {"key": self.key, "witnesses": sorted(self.witnesses), "quorum": self.quorum}
