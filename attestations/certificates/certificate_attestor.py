"""Signing with a key whose certificate goes along, so that a verifier needs the authority's root alone.

What a verifier would refuse is refused before anything is signed: a certificate of another key, out of its time, for
other purposes than code signing, or without the certificates that lead to its authority.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ProbatumError, TrustError
from ...files import read_limited
from ..documents import dsse
from ..keys.public_key import PublicKey
from ..keys.signing_key import SigningKey
from ..trust.signing_time import shown
from .certified_form import certified_bytes, one_certificate
from .chain import MAX_CERTIFICATES, Chain
from .holders import code_verifier
from .issued import issued_by

if TYPE_CHECKING:
    from cryptography import x509

_MAX_BYTES = 256 * 1024


@dataclass(frozen=True)
class CertificateAttestor:
    """Signs with a key and its certificate: sigstore bundles without a log entry.

    Args:
        key: who signs.
        chain: the certificate over it, and those above it without the root.
        holder: the certificate's subject, for people.
    """

    key: SigningKey
    chain: Chain
    holder: str
    form: str = "sigstore"
    local: bool = False

    @property
    def origin(self) -> str:
        """Where the key came from, whose certificate it is, and the key's fingerprint."""
        return f"{self.key.origin} with the certificate of {self.holder}, fingerprint {self.key.public.id}"

    @property
    def signers(self) -> tuple[str, ...]:
        """The key's id."""
        return (self.key.public.id,)

    def attest(self, payload: bytes) -> bytes:
        """Sign a statement.

        Raises:
            TrustError: the key cannot sign.
        """
        return certified_bytes(dsse.sign(payload, [self.key]), self.chain)


def certificate_attestor(key: SigningKey, path: Path, now: datetime | None = None) -> CertificateAttestor:
    """The attestor that signs with a key and the certificate over it.

    Args:
        key: who signs.
        path: PEM: the certificate and those above it, in any order, at least its authority's; the root may be there.
        now: for their validity; the clock's time when None, for that is when it signs.

    Raises:
        UsageError: the file cannot be read.
        TrustError: it holds no such chain, or one that no verifier would accept for code signing now.
    """
    certificates = _certificates(path)
    leaf, *above = _ordered(certificates, key, path)
    if not above:
        remedy = "put its authority's certificate into the file, too"
        raise _refused(path, f"nothing in it issued the certificate of {leaf.subject.rfc4514_string()}", remedy)
    at = now or datetime.now(UTC)
    _check_time([leaf, *above], at, path)
    *between, anchor = above
    try:
        code_verifier([anchor], at).verify(leaf, between)
    except Exception as error:  # the library raises more than its own errors
        raise _refused(path, str(error)[:300], "ask your authority for a certificate for code signing") from error
    kept = [*between] if anchor.issuer == anchor.subject else above
    return CertificateAttestor(key, Chain(_der(leaf), tuple(map(_der, kept))), leaf.subject.rfc4514_string())


def _certificates(path: Path) -> list[x509.Certificate]:
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificates(read_limited(path, _MAX_BYTES))
    except ValueError as error:
        raise _refused(path, f"it is no PEM with certificates: {error}", "give the chain in PEM") from error
    if len(found) > MAX_CERTIFICATES:
        raise _refused(path, f"it holds {len(found)} certificates", f"give the chain alone, {MAX_CERTIFICATES} at most")
    return found


def _ordered(certificates: list[x509.Certificate], key: SigningKey, path: Path) -> list[x509.Certificate]:
    """The key's certificate, then each one's issuer."""
    mine = [each for each in certificates if _key_of(each) == key.public]
    if len(mine) != 1:
        names = ", ".join(each.subject.rfc4514_string() for each in certificates)
        what = "none of them is" if not mine else f"{len(mine)} of them are"
        raise _refused(
            path, f"{what} over {key.public.id} ({names})", "give the key and the chain that belong together"
        )
    chain, left = mine, [each for each in certificates if each not in mine]
    while issuer := next((each for each in left if issued_by(chain[-1], each)), None):
        chain, left = [*chain, issuer], [each for each in left if each != issuer]
    if left:
        names = ", ".join(each.subject.rfc4514_string() for each in left)
        raise _refused(path, f"{names}: no part of the chain", "give the chain alone")
    return chain


def _key_of(certificate: x509.Certificate) -> PublicKey | None:
    """Its key; None for one that could sign nothing here."""
    try:
        return PublicKey.of(certificate.public_key(), source="a certificate")
    except (ProbatumError, ValueError):
        return None


def _check_time(chain: list[x509.Certificate], at: datetime, path: Path) -> None:
    for each in chain:
        begin, end = each.not_valid_before_utc, each.not_valid_after_utc
        if not begin <= at <= end:
            name = each.subject.rfc4514_string()
            why = f"{name} is valid from {shown(begin)} until {shown(end)}, and now it is {shown(at)}"
            raise _refused(path, why, "get a new certificate from your authority")


def _der(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return one_certificate(certificate.public_bytes(Encoding.DER))


def _refused(path: Path, why: str, remedy: str) -> TrustError:
    return TrustError(f"the certificate in {path} cannot be signed with", why=why, remedy=remedy)
