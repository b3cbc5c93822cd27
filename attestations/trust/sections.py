"""The sections of a trust policy that name signers, and those who vouch for times and entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import TrustError
from ..keys.public_key import PublicKey
from .identity_pattern import problem_of
from .signing_time import Window
from .source import Place, TrustSource
from .trusted import Certificates, CertificateSigner, Identity, SigstoreRoot, TimestampAuthority, TrustedLog

HOLDERS = ("email", "uri", "dns", "common_name")
_SIGNERS = {"keys": "key", "identities": "identity", "certificates": "certificate"}


def keys(source: TrustSource) -> dict[str, PublicKey]:
    """The public keys; no key has two names."""
    found = {}
    for name, entry in source.section("keys").items():
        where = f"{source.where(('keys', name))}: key {name!r}"
        data = entry["pem"].encode() if "pem" in entry else source.material(entry["path"])
        found[name] = PublicKey.from_pem(data, source=where)
    source.refuse_twins("keys", found)
    return found


def sigstore_roots(source: TrustSource) -> dict[str, SigstoreRoot]:
    """The pinned trusted roots."""
    return {
        name: SigstoreRoot(entry["sha256"], source.pinned(("sigstore", name), entry["trusted_root"], entry["sha256"]))
        for name, entry in source.section("sigstore").items()
    }


def identities(source: TrustSource, roots: Mapping[str, SigstoreRoot]) -> dict[str, Identity]:
    """The identities; none has two names, whatever roots they chain to."""
    entries = source.section("identities")
    found = {name: _identity(source, name, entry, roots) for name, entry in entries.items()}
    bare = {n: (i.issuer, i.identity, i.pattern, tuple(sorted(i.claims.items()))) for n, i in found.items()}
    source.refuse_twins("identities", bare, "keep one of the two, with all its `roots`")
    return found


def certificates(source: TrustSource) -> dict[str, CertificateSigner]:
    """The signers with certificates; no holder has two names."""
    found = {name: _certificate_signer(source, name, entry) for name, entry in source.section("certificates").items()}
    holders = {name: (signer.kind, signer.name) for name, signer in found.items()}
    source.refuse_twins("certificates", holders, "keep one of the two, with the roots of both")
    return found


def timestamp_authorities(source: TrustSource) -> dict[str, TimestampAuthority]:
    """The timestamp authorities."""
    found = {}
    for name, entry in source.section("timestamp_authorities").items():
        place = ("timestamp_authorities", name)
        data = source.pinned(place, entry["certificates"], entry["sha256"])
        found[name] = TimestampAuthority(_certificates(source, place, data), entry["sha256"])
    source.refuse_twins("timestamp_authorities", {name: item.certificates for name, item in found.items()})
    return found


def logs(source: TrustSource) -> dict[str, TrustedLog]:
    """The transparency logs; no key, of a log or of a witness, counts twice, and a checkpoint names one log."""
    from ..log.verifier_key import VerifierKey

    found = {name: _log(source, name, entry) for name, entry in source.section("logs").items()}
    parsed = {name: VerifierKey.parse(log.key) for name, log in found.items()}
    source.refuse_twins("logs", {name: key.public for name, key in parsed.items()})
    source.refuse_twins("logs", {name: key.name for name, key in parsed.items()})
    return found


def windows(source: TrustSource) -> dict[str, Window]:
    """When each signer may sign, by its full name; only those that say so."""
    found = {}
    for section, kind in _SIGNERS.items():
        for name, entry in source.section(section).items():
            if "valid_from" in entry or "valid_until" in entry:
                found[f"{kind}:{name}"] = _window(source, (section, name), entry)
    return found


def _window(source: TrustSource, place: Place, entry: Mapping[str, Any]) -> Window:
    start, end = (source.time((*place, field), entry.get(field)) for field in ("valid_from", "valid_until"))
    if start is not None and end is not None and end <= start:
        raise source.wrong((*place, "valid_until"), "it ends before it begins", "give a later time")
    return Window(start, end)


def _identity(source: TrustSource, name: str, entry: Mapping[str, Any], roots: Mapping[str, SigstoreRoot]) -> Identity:
    place: Place = ("identities", name)
    if not roots:
        raise source.wrong(
            ("identities",), "no trusted root is given", "add `sigstore: {NAME: {trusted_root, sha256}}`"
        )
    named = tuple(entry.get("roots", roots))
    if "roots" not in entry and len(roots) > 1:
        why = f"there are {len(roots)} roots, {', '.join(sorted(roots))}, and it says none"
        raise source.wrong(place, why, "add `roots` with the names of those that may vouch for it")
    for at, root in enumerate(named):
        if root not in roots:
            raise source.wrong((*place, "roots", at), f"{root!r} is no root of `sigstore`", "name one that is")
    pattern = entry.get("identity_pattern")
    problem = "" if pattern is None else problem_of(pattern)
    if problem:
        remedy = "see docs/auditor/trust.md for what a pattern can say"
        raise source.wrong((*place, "identity_pattern"), f"{pattern!r}: {problem}", remedy)
    return Identity(entry["issuer"], entry.get("identity"), pattern, dict(entry.get("claims", {})), named)


def _certificate_signer(source: TrustSource, name: str, entry: Mapping[str, Any]) -> CertificateSigner:
    place, roots = ("certificates", name, "roots"), entry["roots"]
    if "pem" in roots:
        data = roots["pem"].encode()
    elif "sha256" in roots:
        data = source.pinned(place, roots["path"], roots["sha256"])
    else:
        data = source.material(roots["path"])
    kind = next(kind for kind in HOLDERS if kind in entry)
    return CertificateSigner(_certificates(source, place, data), kind, entry[kind])


def _certificates(source: TrustSource, place: Place, pem: bytes) -> Certificates:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise source.wrong(
            place, f"no certificates in PEM: {error}", "give them as -----BEGIN CERTIFICATE-----"
        ) from error
    return Certificates(tuple(item.public_bytes(Encoding.DER) for item in found))


def _log(source: TrustSource, name: str, entry: Mapping[str, Any]) -> TrustedLog:
    from ..log.verifier_key import COSIGNATURE, ED25519, VerifierKey

    witnesses = tuple(entry.get("witnesses", ()))
    given: list[tuple[Place, str, int]] = [(("logs", name, "key"), entry["key"], ED25519)]
    given += [(("logs", name, "witnesses", at), key, COSIGNATURE) for at, key in enumerate(witnesses)]
    seen: dict[bytes, str] = {}
    for place, text, kind in given:
        remedy = "give the verifier key that its operator publishes"
        try:
            key = VerifierKey.parse(text)
        except TrustError as error:
            raise source.wrong(place, str(error), remedy) from error
        if key.kind != kind:
            raise source.wrong(place, f"it is the key of a {'log' if kind == COSIGNATURE else 'witness'}", remedy)
        if key.public in seen:
            raise source.wrong(place, f"it is the key of {seen[key.public]}, which would count twice", remedy)
        seen[key.public] = key.name
    quorum = entry.get("quorum", len(witnesses))
    if quorum > len(witnesses):
        why = f"{quorum} of {len(witnesses)} witnesses can never sign"
        raise source.wrong(("logs", name, "quorum"), why, "lower it")
    return TrustedLog(entry["key"], witnesses, quorum)
