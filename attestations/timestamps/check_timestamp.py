"""The check of a verdict package's timestamp: when the signed verdict was there, as a pinned authority says."""

from __future__ import annotations

from ...errors import ProbatumError
from ..package.names import TIMESTAMP
from ..trust.policy import TrustPolicy
from ..trust.signing_time import NOTHING_KNOWN, SignatureFacts, shown
from ..verify.report import Row


def check_timestamp(
    response: bytes | None, verdict: bytes, trust: TrustPolicy, *, name: str = TIMESTAMP
) -> tuple[Row, SignatureFacts]:
    """Check the timestamp over a signed verdict.

    Args:
        response: the file ``verdict.tsr``; None when there is none.
        verdict: the signed verdict's bytes, as they lie in the package.
        trust: whose timestamps count.
        name: what to call it in the row.

    Returns:
        The row of the check, and what the timestamp proves: nothing, unless it holds.
    """
    if response is None:
        return Row(
            "timestamp", None, detail="no timestamp authority vouches for when the verdict was signed"
        ), NOTHING_KNOWN
    names = ", ".join(sorted(trust.timestamp_authorities))
    if not names:
        return Row(name, None, detail="the verifier trusts no timestamp authority"), NOTHING_KNOWN
    from .timestamp import verify_timestamp  # late: most packages come without one

    try:
        stamp = verify_timestamp(response, verdict, trust.timestamp_authorities, source=name)
    except ProbatumError as error:
        return Row(name, False, f"over the verdict, by one of {names}", "", str(error)), NOTHING_KNOWN
    found = f"{shown(stamp.time)} by {', '.join(stamp.authorities)}"
    facts = SignatureFacts(stamp.time, authorities=frozenset(stamp.authorities))
    return Row(name, True, f"over the verdict, by one of {names}", found), facts
