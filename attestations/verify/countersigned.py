"""Who else signed a verdict: countersignatures in files of their own, over the very same payload.

Each is checked like the verdict's own file, down to the last byte, and its name is part of its digest; what is known of
a signature (a log's time, a timestamp) is known of that one alone. One that is not understood, or of somebody whom the
trust policy does not know, refuses the package, for nobody could tell what else it is. Whether those who signed are
enough, and different people, roles decide (`trust.roles`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ...verification import LOG_PROOF, MAX_COUNTERSIGNATURES, TIMESTAMP, Beside, Countersignature
from ..package.names import countersignature_path
from ..trust.policy import TrustPolicy
from ..trust.signing_time import SignatureFacts
from .envelope import Others, joined
from .report import Row, equal, failed
from .signed_bytes import read_signed
from .witnessed import vouched


def countersigned(
    found: Sequence[Countersignature],
    payload: bytes,
    trust: TrustPolicy,
    now: datetime,
    as_of: datetime | None = None,
) -> Others:
    """Check the countersignatures of a verdict.

    Args:
        found: as they lie beside it.
        payload: the verdict's, whose signature holds.
        trust: who may sign, and who may vouch for times and entries.
        now: no time may lie after it; see also `signing_time.judged_at`.
        as_of: see `signing_time.judged_at`.

    Returns:
        The rows of every check, and what is known of each signature; a row that failed refuses the verdict.
    """
    if len(found) > MAX_COUNTERSIGNATURES:
        expected = f"at most {MAX_COUNTERSIGNATURES}"
        return Others((Row("countersignatures", False, expected, f"{len(found)} or more", "there are too many"),))
    if not found:
        return Others(absent="there is no countersignature beside it")
    each = [_checked(one, payload, trust, now, as_of) for one in found]
    rows = tuple(row for item in each for row in item.rows)
    return Others(rows, joined(*(item.known for item in each)), tuple(why for item in each for why in item.late))


def _checked(
    one: Countersignature, payload: bytes, trust: TrustPolicy, now: datetime, as_of: datetime | None
) -> Others:
    rows: list[Row] = [equal(f"{one.path}: name", _path_of(one), one.path, "it was renamed, or changed")]
    signed = read_signed(one.data, one.path, trust, rows)
    if signed is not None:
        wanted, got = (hashlib.sha256(content).hexdigest() for content in (payload, signed.payload))
        rows.append(equal(f"{one.path}: content", wanted, got, "it is over something else than this verdict"))
    if signed is None or failed(rows):
        return Others(tuple(rows))
    beside, facts = _vouched(one, trust, now)
    known, late = signed.judged(facts, trust, now, as_of)
    return Others((*rows, *beside), known, late)


def _path_of(one: Countersignature) -> str:
    return countersignature_path(hashlib.sha256(one.data).hexdigest(), one.path.rsplit(".", 2)[-2])


def _vouched(one: Countersignature, trust: TrustPolicy, now: datetime) -> tuple[list[Row], SignatureFacts]:
    """What others say of this signature; that there is nothing needs no row, for most have nothing."""
    names = one.path + LOG_PROOF, one.path + TIMESTAMP
    rows, facts = vouched(one.data, Beside(one.log_proof, one.timestamp), trust, now, names=names)
    stamped, *logged = rows
    there = [*([] if one.timestamp is None else [stamped]), *([] if one.log_proof is None else logged)]
    return [_named(row, one.path) for row in there], facts


def _named(row: Row, path: str) -> Row:
    return row if row.check.startswith(path) else replace(row, check=f"{path}: {row.check}")
