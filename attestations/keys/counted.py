"""Which keys made some signatures, so that each signature counts for one of them.

To any ECDSA signature a second public key can be computed under which it holds as well, although nobody has its private
half (Blake-Wilson and Menezes, Unknown key-share attacks on the STS protocol, 1999). Counted by key alone, one
signature of one person would reach a threshold of two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .public_key import PublicKey


def signers_of(
    signatures: Iterable[tuple[str, bytes]], keys: Iterable[PublicKey], holds: Callable[[PublicKey, bytes], bool]
) -> tuple[PublicKey, ...]:
    """The distinct keys, out of those given, that made the signatures.

    Args:
        signatures: key id (a hint, maybe empty: it only says which key is tried first) and signature.
        keys: candidates.
        holds: whether a signature of a key fits the content.
    """
    unique = tuple(dict.fromkeys(keys))
    found: dict[bytes, PublicKey] = {}
    for keyid, value in signatures:
        order = (*(key for key in unique if key.id == keyid), *(key for key in unique if key.id != keyid))
        if (signer := next((key for key in order if holds(key, value)), None)) is not None:
            found.setdefault(signer.canonical(value), signer)
    counted = set(found.values())
    return tuple(key for key in unique if key in counted)
