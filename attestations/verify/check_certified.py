"""The checks of a verdict package's statement that a certificate's key signed: bundle, signature, chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ProbatumError
from ..certificates.certified_form import read_certified
from ..certificates.chain import Chain
from ..certificates.holders import known_holders
from ..documents import dsse
from ..trust.policy import TrustPolicy
from .report import Row, equal

_FORM = "a sigstore bundle with certificates in canonical form"


@dataclass(frozen=True)
class Certified:
    """A bundle whose signature holds, of a signer that the trust policy knows.

    Args:
        payload: what was signed.
        chain: the certificate and those above it.
        signature: what a timestamp would be over.
        signers: ``certificate:NAME`` of each signer that it fits.
    """

    payload: bytes
    chain: Chain
    signature: bytes
    signers: tuple[str, ...]


def check_certified(
    document: Mapping[str, Any], data: bytes, name: str, trust: TrustPolicy, rows: list[Row]
) -> Certified | None:
    """Check a bundle of Probatum's own; nothing inside the payload is read, and nothing judged by a time.

    Args:
        document: as it was parsed, strictly, from the bytes.
        data: the file's bytes.
        name: what to call it in rows.
        trust: certificates.
        rows: gains a row for each check.

    Returns:
        What was signed; None unless every check held.
    """
    try:
        envelope, chain = read_certified(document, data, source=name)
        key, subject = chain.key, chain.holder
    except ProbatumError as error:
        rows.append(Row(f"{name}: bundle", False, _FORM, "", str(error)))
        return None
    ((_, value),) = envelope.signatures
    problem = "it does not fit the content" if not key.verifies(value, envelope.signed_bytes) else ""
    if not problem and key.canonical(value) != value:
        problem = "it is a twin of the one that was made"
    if weak := key.signing_weakness:
        problem = problem or f"{key.id} is too weak to sign a verdict: {weak}"
    by = known_holders(trust, chain)
    expected = ", ".join(f"{known} ({signer.name})" for known, signer in trust.certificates.items())
    made = [
        Row(f"{name}: bundle", True, _FORM, "canonical"),
        equal(f"{name}: payload type", dsse.IN_TOTO, envelope.payload_type, "it was signed for another purpose"),
        Row(f"{name}: signature", not problem, f"by the key of {subject}", key.id, problem),
        Row(f"{name}: certificate", bool(by.facts), expected, subject, "" if by.facts else _why(by.reasons)),
    ]
    rows += made
    if not all(row.ok for row in made):
        return None
    return Certified(envelope.payload, chain, value, tuple(by.facts))


def _why(reasons: tuple[str, ...]) -> str:
    return "; ".join(reasons) or "the trust policy names no certificates"
