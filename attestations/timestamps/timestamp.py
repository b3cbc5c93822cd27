"""RFC 3161 timestamps: a timestamp authority vouches for when a signed document was there.

The authority sees a digest, never the document. What it answers is checked against the certificates that a trust policy
pins, at the time that it names, because a timestamp outlives the certificate that made it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ...errors import TrustError, UsageError
from ..certificates.issued import issued_by
from ..trust.trusted import TimestampAuthority
from .token_form import check_form, only_form

_MAX_BYTES = 64 * 1024
_SECONDS = 30
_REMEDY = "check the address, name another timestamp authority, or do without one"


@dataclass(frozen=True)
class Stamp:
    """A verified timestamp.

    Args:
        authorities: names of those of the trust policy that it verifies against.
        time: when the document was there.
    """

    authorities: tuple[str, ...]
    time: datetime


def check_url(url: str) -> None:
    """Refuse what is no address of a timestamp authority, before the work is done.

    Plain http is allowed: only a digest is sent, and what comes back is signed.

    Raises:
        UsageError: it is none.
    """
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise UsageError(
            f"{url!r} is no timestamp authority", why="expected http://… or https://…", remedy="give its address"
        )


def request_timestamp(url: str, data: bytes) -> bytes:
    """Ask an authority for a timestamp over bytes; only their SHA-256 is sent.

    Args:
        url: of the authority.
        data: what is there now; not empty.

    Returns:
        A response in the one form that `verify_timestamp` accepts, over these bytes and for this request. Whether the
        authority is to be trusted is the verifier's to say.

    Raises:
        UsageError: the address is none.
        TrustError: the authority cannot be reached, refuses, or answers something else.
    """
    from rfc3161_client import TimestampRequestBuilder
    from rfc3161_client.base import HashAlgorithm

    check_url(url)
    request = TimestampRequestBuilder().hash_algorithm(HashAlgorithm.SHA256).data(data).nonce(nonce=True).build()
    source = f"the answer of {url}"
    answer = only_form(_post(url, request.as_bytes()), source=source)
    found = _parsed(answer, source).tst_info
    wanted = request.message_imprint
    same = (found.message_imprint.hash_algorithm, found.message_imprint.message) == (
        wanted.hash_algorithm,
        wanted.message,
    )
    if not same or found.nonce != request.nonce:
        raise TrustError(f"{source} is refused", why="it is a timestamp over something else", remedy=_REMEDY)
    return answer


def verify_timestamp(
    response: bytes, data: bytes, authorities: Mapping[str, TimestampAuthority], *, source: str
) -> Stamp:
    """Verify a timestamp over bytes.

    Args:
        response: a TimeStampResp.
        data: what it must be over.
        authorities: who is trusted, by name.
        source: what to call it in errors.

    Raises:
        TrustError: it is damaged, over other bytes, or by nobody that is trusted.
    """
    check_form(response, source=source)
    names, reasons = [], []
    for name, authority in authorities.items():
        reason = _objection(response, data, authority.certificates.load())
        if reason:
            reasons.append(f"{name}: {reason}")
        else:
            names.append(name)
    if not names:
        why = "; ".join(reasons) or "the trust policy names no timestamp authority"
        raise TrustError(f"{source} does not hold", why=why, remedy="ask the signer for a timestamp over this document")
    return Stamp(tuple(names), claimed_time(response, source=source))


def claimed_time(response: bytes, *, source: str) -> datetime:
    """The time that a timestamp names, which nobody has checked yet.

    Raises:
        TrustError: it is no timestamp.
    """
    moment: datetime = _parsed(response, source).tst_info.gen_time
    return moment


def check_stamp(response: bytes, data: bytes, authorities: Mapping[str, TimestampAuthority], *, source: str) -> None:
    """Check a timestamp inside a signed document of somebody else's making, which may be in any form.

    Raises:
        TrustError: it is over other bytes, or by none of the authorities.
    """
    reasons = [_objection(response, data, authority.certificates.load()) for authority in authorities.values()]
    if all(reasons):
        why = "; ".join(reasons) or "no timestamp authority was valid then"
        raise TrustError(f"{source} does not hold", why=why)


def _objection(response: bytes, data: bytes, chain: Sequence[x509.Certificate]) -> str:
    """Why a response does not verify against a pinned chain; empty when it does."""
    from rfc3161_client import VerifierBuilder

    leaves = [item for item in chain if _signs_times(item)]
    issuers = [item for item in chain if not _signs_times(item)]
    try:
        builder = VerifierBuilder(intermediates=issuers[:-1], roots=issuers[-1:])
        builder = builder if len(leaves) != 1 else builder.tsa_certificate(leaves[0])
        builder.build().verify_message(_parsed(response, "it"), data)
        return _added(_parsed(response, "it"), chain)
    except Exception as error:  # a hostile response makes the library raise far more than its own errors
        return str(error) or type(error).__name__


def _added(parsed: Any, chain: Sequence[x509.Certificate]) -> str:
    """What was added to a response's certificates, which nobody signs: each must be pinned or issued by one that is."""
    known = list(chain)
    waiting = [x509.load_der_x509_certificate(item) for item in parsed.signed_data.certificates]
    while waiting:
        issued = [item for item in waiting if item in known or any(issued_by(item, by) for by in known)]
        if not issued:
            return "it holds a certificate that does not belong to the authority"
        known += issued
        waiting = [item for item in waiting if item not in issued]
    return ""


def _signs_times(certificate: x509.Certificate) -> bool:
    """Whether it is the certificate of an authority that signs times, and no issuer of others."""
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if ExtendedKeyUsageOID.TIME_STAMPING not in purposes:
            return False
        return not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound as error:
        return error.oid == x509.BasicConstraints.oid
    except ValueError:
        return False


def _parsed(response: bytes, source: str) -> Any:
    from rfc3161_client import decode_timestamp_response

    try:
        parsed = decode_timestamp_response(response)
        _ = parsed.tst_info.gen_time, parsed.signed_data  # both are parsed only when they are asked for
    except Exception as error:  # a hostile response makes the library raise far more than its own errors
        raise TrustError(f"{source} is no timestamp", why=str(error), remedy=_REMEDY) from error
    return parsed


def _post(url: str, body: bytes) -> bytes:
    """The answer's body; no redirect is followed, because the user named this address."""
    import requests
    from urllib3.exceptions import HTTPError  # what reading a broken answer raises

    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        with requests.post(
            url, data=body, headers=headers, timeout=_SECONDS, stream=True, allow_redirects=False
        ) as answer:
            if answer.status_code != 200:
                raise TrustError(f"{url} gives no timestamp", why=f"it answers {answer.status_code}", remedy=_REMEDY)
            data: bytes = answer.raw.read(_MAX_BYTES + 1, decode_content=True)
    except (OSError, requests.RequestException, HTTPError) as error:
        raise TrustError(f"{url} gives no timestamp", why=str(error), remedy=_REMEDY) from error
    if len(data) > _MAX_BYTES:
        raise TrustError(f"{url} gives no timestamp", why=f"it answers more than {_MAX_BYTES} bytes", remedy=_REMEDY)
    return data
