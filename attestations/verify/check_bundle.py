"""The checks of a verdict package's statement that an identity signed: bundle, certificate, log entry, time."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import ProbatumError
from ..documents import dsse
from ..keyless.form import check_form
from ..keyless.sigstore_bundle import VerifiedBundle, verify_statement
from ..package.files import LIMITS
from ..trust.policy import TrustPolicy
from .report import Row, equal

_FORM = "a sigstore bundle in canonical form"


@dataclass(frozen=True)
class CheckedBundle:
    """A bundle and the rows of its checks.

    Args:
        rows: of every check that was made.
        found: what it holds; None unless every check held.
    """

    rows: tuple[Row, ...]
    found: VerifiedBundle | None = None


def check_bundle(data: bytes, *, name: str, trust: TrustPolicy) -> CheckedBundle:
    """Check a bundle of Probatum's own; nothing inside the payload is read.

    Args:
        data: the file's bytes.
        name: what to call it in rows.
        trust: identities and pinned roots.
    """
    try:
        document = check_form(data, source=name, limits=LIMITS)
    except ProbatumError as error:
        return CheckedBundle((Row(f"{name}: bundle", False, _FORM, "", str(error)),))
    form = Row(f"{name}: bundle", True, _FORM, "canonical")
    found_type = document["dsseEnvelope"]["payloadType"]
    kind = equal(f"{name}: payload type", dsse.IN_TOTO, found_type, "it was signed for another purpose")
    if not kind.ok:
        return CheckedBundle((form, kind))
    expected = ", ".join(
        f"{known} ({identity.identity or identity.pattern} by {identity.issuer})"
        for known, identity in trust.identities.items()
    )
    try:
        found = verify_statement(data, trust, source=name, limits=LIMITS)
    except ProbatumError as error:
        return CheckedBundle((form, kind, Row(f"{name}: signature", False, expected, "", str(error))))
    return CheckedBundle((form, kind, *_rows(name, found, expected)), found)


def _rows(name: str, found: VerifiedBundle, expected: str) -> list[Row]:
    roots = ", ".join(sorted(found.facts.logs))
    holder = f"{found.claims['subject']} by {found.claims['issuer']}"
    vouched = "somebody else vouches that it was signed while the certificate was valid"
    return [
        Row(f"{name}: signature", True, expected, holder),
        Row(f"{name}: certificate", True, f"chains to, and is logged as, the root {roots} says", holder),
        Row(f"{name}: log entry", True, f"of this signature, proven by a log of the root {roots}", found.entry),
        Row(f"{name}: time", True, vouched, "; ".join(found.times)),
    ]
