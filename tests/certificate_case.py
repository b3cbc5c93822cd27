"""A certificate authority of our own, in memory: a stand-in for an organisation's, which a test cannot have.

Its certificates are real X.509, and are checked by the real `cryptography` library.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from signing_case import NOW, policy, sha256

from probatum.attestations.documents.dsse import IN_TOTO, pae
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES
from probatum.attestations.trust.trusted import Certificates, CertificateSigner, TimestampAuthority

HOLDER = "builder@acme.example"
CODE = (ExtendedKeyUsageOID.CODE_SIGNING,)


def new() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def pem(*certificates: x509.Certificate) -> str:
    return "".join(item.public_bytes(Encoding.PEM).decode() for item in certificates)


@dataclass(frozen=True)
class Signer:
    """A private key with its certificate and what leads to the root."""

    key: Any
    leaf: x509.Certificate
    intermediates: tuple[x509.Certificate, ...]

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(data)
        signature: bytes = self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        return signature


@dataclass(frozen=True)
class Authority:
    """A root and an intermediate.

    Args:
        until: when both end.
        purposes: extended key usages of the intermediate; none by default.
    """

    until: datetime = NOW + timedelta(days=300)
    purposes: Sequence[x509.ObjectIdentifier] = ()
    root_key: Any = field(default_factory=new)
    key: Any = field(default_factory=new)

    @cached_property
    def root(self) -> x509.Certificate:
        return self._made("Test root", "Test root", self.root_key, self.root_key, ca=True, until=self.until)

    @cached_property
    def intermediate(self) -> x509.Certificate:
        return self._made(
            "Test root", "Test CA", self.root_key, self.key, ca=True, until=self.until, purposes=self.purposes
        )

    def issue(
        self,
        *,
        names: Sequence[x509.GeneralName] = (x509.RFC822Name(HOLDER),),
        common_name: str = "builder",
        until: datetime = NOW + timedelta(days=30),
        since: datetime = NOW - timedelta(days=60),
        purposes: Sequence[x509.ObjectIdentifier] = CODE,
        ca: bool = False,
        signs: bool = True,
        key: Any = None,
        extra: x509.UnrecognizedExtension | None = None,
    ) -> Signer:
        """A certificate for code signing, unless told otherwise."""
        key = key or new()
        leaf = self._made(
            "Test CA", common_name, self.key, key, ca=ca, since=since, until=until, purposes=purposes, names=names,
            signs=signs, extra=extra,
        )  # fmt: skip
        return Signer(key, leaf, (self.intermediate,))

    def _made(
        self,
        issuer: str,
        subject: str,
        by: Any,
        key: Any,
        *,
        ca: bool,
        until: datetime,
        since: datetime = NOW - timedelta(days=100),
        purposes: Sequence[x509.ObjectIdentifier] = (),
        names: Sequence[x509.GeneralName] = (),
        signs: bool = True,
        extra: x509.UnrecognizedExtension | None = None,
    ) -> x509.Certificate:
        public = key.public_key()
        builder = x509.CertificateBuilder(name(issuer), name(subject), public, x509.random_serial_number())
        builder = builder.not_valid_before(since).not_valid_after(until)
        builder = builder.add_extension(x509.BasicConstraints(ca, None), True)
        usage = x509.KeyUsage(signs, False, False, False, False, ca, ca, False, False)
        builder = builder.add_extension(usage, True)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key())
        builder = builder.add_extension(identifier, False)
        if ca:
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        if extra is not None:
            builder = builder.add_extension(extra, True)
        return builder.sign(by, None if isinstance(by, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def trusting(
    *roots: x509.Certificate,
    kind: str = "email",
    holder: str = HOLDER,
    keys: Mapping[str, SigningKey] | None = None,
    authority: Any = None,
    **role: Any,
) -> TrustPolicy:
    """A policy in which one certificate signer, and every key, holds the role provenance."""
    known = dict(keys or {})
    signers = ("certificate:server", *(f"key:{each}" for each in known))
    made = Role(**{"name": "provenance", "signers": signers, "predicate_types": DEFAULT_TYPES["provenance"], **role})
    server = CertificateSigner(Certificates(tuple(map(der, roots))), kind, holder)
    clocks = {} if authority is None else {"clock": authority}
    base = policy(known, provenance={})
    return replace(base, roles={"provenance": made}, certificates={"server": server}, timestamp_authorities=clocks)


CA_FILE = pem(Authority().root)


def clock_pem() -> str:
    """The chain of a timestamp authority as a file."""
    from timestamp_case import Authority as Clock

    return pem(*Clock().chain)


def clock(authority: Any) -> TimestampAuthority:
    """The pinned form of `timestamp_case.Authority`."""
    chain = Certificates(tuple(map(der, authority.chain)))
    return TimestampAuthority(chain, sha256(b"".join(chain.der)))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def signature(signer: Signer, payload: bytes, *, form: str = "cert", stamps: Any = None) -> dict[str, Any]:
    """One signature of a DSSE envelope with its chain.

    Args:
        form: ``cert`` as the SLSA generators have it, ``witness`` as Witness has it.
        stamps: makes timestamps of the signature's bytes.
    """
    value = signer.sign(pae(IN_TOTO, payload))
    entry: dict[str, Any] = {"keyid": "", "sig": b64(value)}
    if form == "cert":
        return {**entry, "cert": pem(signer.leaf, *signer.intermediates)}
    entry["certificate"] = b64(pem(signer.leaf).encode())
    entry["intermediates"] = [b64(pem(item).encode()) for item in signer.intermediates]
    if stamps is not None:
        entry["timestamps"] = [{"type": "tsp", "data": b64(item)} for item in stamps(value)]
    return entry


def enveloped(payload: bytes, *signatures: Mapping[str, Any]) -> bytes:
    """A DSSE envelope around signatures that were made already."""
    return json.dumps({"payload": b64(payload), "payloadType": IN_TOTO, "signatures": list(signatures)}).encode()


def bundled(payload: bytes, signer: Signer, *, stamps: Any = None) -> bytes:
    """A sigstore bundle of a private authority: a chain, no log entry."""
    value = signer.sign(pae(IN_TOTO, payload))
    envelope = json.loads(enveloped(payload, {"sig": b64(value), "keyid": ""}))
    return json.dumps({"mediaType": _MEDIA, **_material(signer, value, stamps), "dsseEnvelope": envelope}).encode()


def bundled_file(data: bytes, signer: Signer, *, stamps: Any = None) -> bytes:
    """A sigstore bundle over a file."""
    value = signer.sign(data)
    message = {"messageDigest": {"algorithm": "SHA2_256", "digest": b64(bytes.fromhex(sha256(data)))}}
    content = {"messageSignature": {**message, "signature": b64(value)}}
    return json.dumps({"mediaType": _MEDIA, **_material(signer, value, stamps), **content}).encode()


_MEDIA = "application/vnd.dev.sigstore.bundle.v0.2+json"


def _material(signer: Signer, value: bytes, stamps: Any) -> dict[str, Any]:
    chain = [{"rawBytes": b64(der(item))} for item in (signer.leaf, *signer.intermediates)]
    material: dict[str, Any] = {"x509CertificateChain": {"certificates": chain}}
    if stamps is not None:
        given = [{"signedTimestamp": b64(item)} for item in stamps(value)]
        material["timestampVerificationData"] = {"rfc3161Timestamps": given}
    return {"verificationMaterial": material}
