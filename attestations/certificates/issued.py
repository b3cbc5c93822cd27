"""Whether one certificate was issued by the holder of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether names and signature fit (RFC 5280, section 4.1); times, purposes and lengths are not looked at.

    Args:
        certificate: the one below.
        issuer: the one that may be above it.
    """
    from cryptography.exceptions import InvalidSignature

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
