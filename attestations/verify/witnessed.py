"""What others say of when a verdict was there: the log's proof and the timestamp that lie beside it in its package.

They are checked before the verdict's signers are judged, because a role may ask for them, and because a signer's window
is judged at the time that they vouch for. Neither is inside the verdict, which they were made from; so each of their
bytes is decided here, or a row says that nobody was named who could decide it.
"""

from __future__ import annotations

from datetime import datetime

from ...verification import Beside
from ..package.files import PackageFiles
from ..package.names import LOG_PROOF, TIMESTAMP
from ..timestamps.check_timestamp import check_timestamp
from ..trust.policy import TrustPolicy
from ..trust.signing_time import SignatureFacts
from .report import Row


def witnessed(
    files: PackageFiles, verdict: bytes, trust: TrustPolicy, now: datetime
) -> tuple[list[Row], SignatureFacts]:
    """The rows of the detached files, and what holds of the verdict because of them.

    Args:
        files: the package.
        verdict: the exact bytes of the signed verdict.
        trust: names logs and timestamp authorities.
        now: no time may lie after it.

    Raises:
        ProbatumError: a file cannot be read, or was changed meanwhile.
    """
    present = files.digests()
    proof, response = (files.read(name) if name in present else None for name in (LOG_PROOF, TIMESTAMP))
    return vouched(verdict, Beside(proof, response), trust, now)


def vouched(
    document: bytes,
    beside: Beside,
    trust: TrustPolicy,
    now: datetime,
    *,
    names: tuple[str, str] = (LOG_PROOF, TIMESTAMP),
) -> tuple[list[Row], SignatureFacts]:
    """The rows of what lies beside a signed document, and what holds of the document because of it.

    Args:
        document: its exact bytes.
        beside: what others vouch for it with.
        trust: names logs and timestamp authorities.
        now: no time may lie after it.
        names: what to call the log's proof and the timestamp in rows.
    """
    row, stamped = check_timestamp(beside.timestamp, document, trust, name=names[1])
    rows, logs, logged_at = _logged(document, beside.log_proof, trust, now, names[0])
    times = [time for time in (stamped.signed_at, logged_at) if time is not None]
    earliest = min(times, default=None)  # by each of them the document was there
    return [row, *rows], SignatureFacts(earliest, logs, stamped.authorities)


def _logged(
    verdict: bytes, proof: bytes | None, trust: TrustPolicy, now: datetime, name: str
) -> tuple[tuple[Row, ...], frozenset[str], datetime | None]:
    if proof is None and not trust.believed_logs:
        return (Row("log inclusion", None, detail="no log was named that the verdict should be in"),), frozenset(), None
    from ..log.check_log import check_log  # late: most packages come without a proof

    logged = check_log(verdict, proof, trust=trust, now=now, name=name)
    return logged.rows, logged.logs, logged.signed_at
