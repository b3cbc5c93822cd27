"""Of two ECDSA signatures that hold alike, the one: in DER, with the smaller ``s``, whoever made it.

`PublicKey.canonical` does this where the key is at hand; here it is not: what a log or a timestamp authority signed is
brought into one form when it is received, before anything of it is written.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

ORDERS = (
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    0x1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
)
"""Of P-256, P-384 and P-521. Which one a signature is of shows in its size: one of P-384 that looks like one of P-256
happens once in 2^256 signatures, and is then left as it is or no longer holds."""


def one_form(signature: bytes) -> bytes:
    """An ECDSA signature in its one form; what is none, such as one of RSA or ed25519, as it is."""
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        return signature
    order = next((item for item in ORDERS if max(r, s) < item), None)
    return signature if order is None else encode_dss_signature(r, min(s, order - s))
