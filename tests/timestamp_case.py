"""A timestamp authority of our own, in memory: a stand-in for the services that a test cannot reach.

Its tokens are real (RFC 3161 over CMS, RFC 5652, with the certificate hash of RFC 5816) and are checked by the real
library; nobody but a test trusts its certificate.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from probatum.attestations.keys.ecdsa_form import one_form

SHA256 = bytes.fromhex("0609608648016503040201")
_ECDSA_SHA256 = bytes.fromhex("06082a8648ce3d040302")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")
_CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
_CERTIFICATE_V2 = bytes.fromhex("060b2a864886f70d010910022f")
_POLICY = bytes.fromhex("06042a030401")
STAMPED_AT = datetime(2026, 11, 19, 12, 0, 30, tzinfo=UTC)


def der(tag: int, *parts: bytes) -> bytes:
    """One DER value (X.690)."""
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def sequence(*parts: bytes) -> bytes:
    return der(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    return der(0x31, *sorted(parts))


def integer(value: int) -> bytes:
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


@dataclass
class Authority:
    """Signs times.

    Args:
        name: in its certificates.
        days: for how long its certificate is valid, from a day before ``at``.
        purpose: extended key usage of its certificate.
        at: the middle of its life.
        twins: it signs as real ones do, with the larger ``s`` every other time.
    """

    name: str = "Test TSA"
    days: int = 3650
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING
    at: datetime = STAMPED_AT
    twins: bool = False
    root_key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{self.name} root")])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        self.root = self._certificate(issuer, issuer, self.root_key, ca=True)
        self.leaf = self._certificate(issuer, subject, self.key, ca=False)

    @property
    def chain(self) -> list[x509.Certificate]:
        """From the certificate that signs times to the root."""
        return [self.leaf, self.root]

    def respond(
        self,
        imprint: bytes,
        *,
        at: datetime | None = None,
        nonce: int | None = None,
        algorithm: bytes = SHA256,
        status: int = 0,
        text: str = "",
        certificates: tuple[x509.Certificate, ...] | None = None,
        unsigned: bytes = b"",
    ) -> bytes:
        """A TimeStampResp over a digest."""
        answer = sequence(integer(status), *([sequence(der(0x0C, text.encode()))] if text else []))
        if status > 1:
            return sequence(answer)
        return sequence(
            answer, self.token(imprint, at or self.at, nonce, algorithm, certificates or (self.leaf,), unsigned)
        )

    def stamp(self, data: bytes, at: datetime | None = None) -> bytes:
        """A TimeStampResp over the SHA-256 of bytes."""
        return self.respond(hashlib.sha256(data).digest(), at=at)

    def token(
        self,
        imprint: bytes,
        at: datetime,
        nonce: int | None,
        algorithm: bytes,
        certificates: tuple[x509.Certificate, ...],
        unsigned: bytes,
    ) -> bytes:
        """The TimeStampToken: CMS signed data over a TSTInfo."""
        info = sequence(
            integer(1),
            _POLICY,
            sequence(sequence(algorithm), der(0x04, imprint)),
            integer(int.from_bytes(hashlib.sha256(imprint).digest()[:8], "big")),
            der(0x18, at.strftime("%Y%m%d%H%M%SZ").encode()),
            *([] if nonce is None else [integer(nonce)]),
        )
        pool = der(0xA0, *sorted(item.public_bytes(Encoding.DER) for item in certificates))
        content = sequence(_TST_INFO, der(0xA0, der(0x04, info)))
        signed = sequence(
            integer(3), set_of(sequence(SHA256)), content, pool, set_of(self._signer_info(info, unsigned))
        )
        return sequence(_SIGNED_DATA, der(0xA0, signed))

    def _signer_info(self, info: bytes, unsigned: bytes) -> bytes:
        hashed = hashlib.sha256(self.leaf.public_bytes(Encoding.DER)).digest()
        attributes = [
            sequence(_CONTENT_TYPE, set_of(_TST_INFO)),
            sequence(_MESSAGE_DIGEST, set_of(der(0x04, hashlib.sha256(info).digest()))),
            sequence(_CERTIFICATE_V2, set_of(sequence(sequence(sequence(der(0x04, hashed)))))),
        ]
        signature = self.key.sign(set_of(*attributes), ec.ECDSA(hashes.SHA256()))
        signature = signature if self.twins else one_form(signature)
        return sequence(
            integer(1),
            sequence(self.leaf.issuer.public_bytes(), integer(self.leaf.serial_number)),
            sequence(SHA256),
            der(0xA0, *sorted(attributes)),
            sequence(_ECDSA_SHA256),
            der(0x04, signature),
            *([der(0xA1, unsigned)] if unsigned else []),
        )

    def _certificate(
        self, issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool
    ) -> x509.Certificate:
        start = self.at - timedelta(days=1)
        builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=5000 if ca else self.days))
        builder = builder.add_extension(x509.BasicConstraints(ca, None), True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root_key.public_key())
        builder = builder.add_extension(identifier, False)
        if not ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage([self.purpose]), True)
        usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
        return builder.add_extension(usage, True).sign(self.root_key, hashes.SHA256())
