"""Signed documents of kinds that Probatum does not verify, each told by its content, with the reason.

A kind that is not verified must not look like a document that is damaged: whoever reads the reason must know whether to
mend the document or to check it with another tool.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_COSE_SIGN1 = b"\xd2\x84"
_JWS = re.compile(rb"eyJ[\w-]{8,}\.[\w-]*\.[\w-]{16,}\s*")
_GIT = re.compile(rb"(?:object|tree) [0-9a-f]{40,64}\n")
_HEAD = 4096

_KEYS_ELSEWHERE = "its keys and their web of trust are outside of what a trust policy can name; verify it with {}"
_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"-----BEGIN PGP SIGNATURE-----", "an OpenPGP signature", _KEYS_ELSEWHERE.format("gpg")),
    (b"-----BEGIN PGP SIGNED MESSAGE-----", "a message signed with OpenPGP", _KEYS_ELSEWHERE.format("gpg")),
    (b"-----BEGIN SSH SIGNATURE-----", "an SSH signature", _KEYS_ELSEWHERE.format("ssh-keygen -Y verify")),
    (b"-----BEGIN PKCS7-----", "a CMS (PKCS#7) signature", "CMS is not read; verify it with openssl cms"),
    (b"-----BEGIN CMS-----", "a CMS (PKCS#7) signature", "CMS is not read; verify it with openssl cms"),
    (b"untrusted comment:", "a minisign or signify signature", "its comments are part of it; verify it with minisign"),
    (b"Signature-Version:", "a signature of a JAR", "JARs are not read; verify it with jarsigner"),
    (b"-----BEGIN CERTIFICATE-----", "a certificate, not a signature", "a certificate proves nothing about content"),
    (b"-----BEGIN PUBLIC KEY-----", "a public key, not a signature", "a key proves nothing about content"),
    (_COSE_SIGN1, "a COSE signature (as of the Notary Project)", "COSE is not read; verify it with notation"),
)


def named_bytes(data: bytes) -> tuple[str, str] | None:
    """What a document that is no JSON is, and why it is not verified; None when it is of no known kind."""
    head = data[:_HEAD].lstrip()
    for start, what, why in _STARTS:
        if head.startswith(start):
            return what, why
    if head[:1] == b"0" and _SIGNED_DATA in head[:32]:
        return "a CMS (PKCS#7) signature", "CMS is not read; verify it with openssl cms"
    if _GIT.match(head):
        return "a git object", "signatures of commits and tags are verified by git verify-commit and git verify-tag"
    if head.startswith(b"<") and b"http://www.w3.org/2000/09/xmldsig#" in data[: 64 * 1024]:
        return "a document with an XML signature", "XML signatures are not read: what they cover is itself a program"
    if _JWS.fullmatch(data[: 64 * 1024].strip()):
        return "a JSON Web Signature", "it is read neither in its compact form nor in JSON; verify it with its own tool"
    return None


def named_document(document: Any) -> tuple[str, str] | None:
    """What a JSON document is, and why it is not verified; None when it is of no known kind."""
    if not isinstance(document, Mapping):
        return None
    return next(((what, why) for fits, what, why in _DOCUMENTS if fits(document)), None)


def _starts(field: str, prefix: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda document: str(document.get(field, "")).startswith(prefix)


def _has(*fields: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda document: all(field in document for field in fields)


def _tuf(document: Mapping[str, Any]) -> bool:
    signed = document.get("signed")
    kind = signed.get("_type") if isinstance(signed, Mapping) else None
    return kind in ("root", "targets", "snapshot", "timestamp", "mirrors")


def _notary(document: Mapping[str, Any]) -> bool:
    return _has("payload", "protected", "signature")(document) and "payloadType" not in document


def _jws(document: Mapping[str, Any]) -> bool:
    signatures = document.get("signatures")
    first = signatures[0] if isinstance(signatures, list) and signatures else None
    return "payload" in document and isinstance(first, Mapping) and "protected" in first


def _rekor(document: Mapping[str, Any]) -> bool:
    values = list(document.values())
    return len(values) == 1 and isinstance(values[0], Mapping) and {"body", "integratedTime"} <= values[0].keys()


def _signed_bom(document: Mapping[str, Any]) -> bool:
    return document.get("bomFormat") == "CycloneDX" and "signature" in document


def _credential(document: Mapping[str, Any]) -> bool:
    return _has("@context", "proof")(document) and "type" in document


_NO_SIGNATURE = "nobody signed it; have its producer sign it"
_DOCUMENTS: tuple[tuple[Callable[[Mapping[str, Any]], bool], str, str], ...] = (
    (_starts("_type", "https://in-toto.io/Statement/"), "an in-toto statement without a signature", _NO_SIGNATURE),
    (
        _signed_bom,
        "a CycloneDX BOM with a signature inside",
        "JSF is not read; sign an attestation of the BOM",
    ),
    (_starts("bomFormat", "CycloneDX"), "a CycloneDX BOM without a signature", _NO_SIGNATURE),
    (
        _starts("spdxVersion", "SPDX-"),
        "an SPDX document",
        "SPDX has no signatures; sign an attestation of it",
    ),
    (_tuf, "metadata of The Update Framework", "it vouches for a repository, not for a pipeline; verify it with TUF"),
    (_notary, "a JWS signature (as of the Notary Project)", "JWS is not read; verify it with notation"),
    (_jws, "a JSON Web Signature", "it is read neither in its compact form nor in JSON; verify it with its own tool"),
    (_rekor, "an entry of a transparency log without its signature", "get the bundle that the entry belongs to"),
    (_has("critical", "optional"), "what cosign signs of an image", "the signature lies beside it in the registry"),
    (_starts("mediaType", "application/vnd.dev.sigstore.trustedroot"), "a sigstore trusted root", _NO_SIGNATURE),
    (_starts("mediaType", "application/vnd.oci."), "an OCI manifest", "attestations of images lie in the registry"),
    (_starts("mediaType", "application/vnd.docker."), "a Docker manifest", "attestations lie in the registry"),
    (_credential, "a W3C credential with a proof", "data integrity proofs are not read"),
)
