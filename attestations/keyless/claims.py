"""What the certificate of a keyless signer says of it.

Fulcio writes what it read in the signer's OIDC token into extensions
(https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md). Each has one name here, which is what a trust policy
calls it and what `Verification.identity` holds.
"""

from __future__ import annotations

from cryptography import x509

from ...errors import TrustError

CLAIMS = {
    "issuer": 8,
    "workflow": 9,
    "workflow_digest": 10,
    "runner": 11,
    "repository": 12,
    "commit": 13,
    "ref": 14,
    "repository_id": 15,
    "owner": 16,
    "owner_id": 17,
    "build_config": 18,
    "build_config_digest": 19,
    "trigger": 20,
    "run": 21,
    "visibility": 22,
}
"""Name of a claim to the last number of its extension: issuer of the token; URI of the workflow that signs (the one
that is called, where one calls another) and its commit; ``github-hosted`` or ``self-hosted``; source repository,
commit, ref; owner; the top-level build instructions; what triggered the run; the run; whether the source is public."""
_FULCIO = "1.3.6.1.4.1.57264.1."
_OLD_ISSUER = x509.ObjectIdentifier(f"{_FULCIO}1")
_USERNAME = x509.ObjectIdentifier(f"{_FULCIO}7")
_LONGEST = 4096


def claims_of(certificate: x509.Certificate) -> dict[str, str]:
    """The claims of a certificate, whose signature somebody else checks.

    Args:
        certificate: of the signer.

    Returns:
        ``subject`` (e-mail address, URI or user name), ``subject_type`` (``email``, ``uri``, ``username``) and those of
        ``CLAIMS`` that are there.

    Raises:
        TrustError: it names nobody, several, or somebody in a form that could be taken for another.
    """
    try:
        kind, subject = _subject(certificate)
        found = {"subject": subject, "subject_type": kind}
        for name, number in CLAIMS.items():
            value = _text(certificate, x509.ObjectIdentifier(f"{_FULCIO}{number}"))
            if value is not None:
                found[name] = value
        return _with_issuer(certificate, found)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise TrustError("the certificate cannot be read", why=str(error), remedy="ask its authority") from error


def _subject(certificate: x509.Certificate) -> tuple[str, str]:
    """The one holder. A trust policy compares text, so each kind of name must be of a form that no other has."""
    try:
        names = list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        names = []
    if len(names) != 1:
        raise ValueError(f"it names {len(names)} holders instead of one")
    (name,) = names
    uri = "://" in str(name.value)
    if isinstance(name, x509.UniformResourceIdentifier) and uri:
        return "uri", name.value
    if isinstance(name, x509.RFC822Name) and not uri and "@" in name.value:
        return "email", name.value
    if isinstance(name, x509.OtherName) and name.type_id == _USERNAME:
        user = _decoded(name.value)
        if "!" in user and "@" not in user and "://" not in user:
            return "username", user
    raise ValueError(f"its holder {str(name.value)[:200]!r} is no name of the kind that it is said to be")


def _with_issuer(certificate: x509.Certificate, found: dict[str, str]) -> dict[str, str]:
    """The issuer is in an extension of its own since 2022; before, and still beside it, in one that is bare text."""
    try:
        extension = certificate.extensions.get_extension_for_oid(_OLD_ISSUER).value
        old = extension.public_bytes().decode("ascii")
    except x509.ExtensionNotFound:
        old = ""
    if old and found.setdefault("issuer", old) != old:
        raise ValueError(f"it names two issuers, {found['issuer']} and {old}")
    if "issuer" not in found:
        raise ValueError("it names no issuer of the identity")
    return found


def _text(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str | None:
    try:
        return _decoded(certificate.extensions.get_extension_for_oid(oid).value.public_bytes())
    except x509.ExtensionNotFound:
        return None


def _decoded(value: bytes) -> str:
    """A DER UTF8String of printable characters."""
    from cryptography.hazmat import asn1

    text = asn1.decode_der(str, value)
    if not text or len(text) > _LONGEST or not text.isprintable():
        raise ValueError("a claim is empty, too long or holds control characters")
    return text
