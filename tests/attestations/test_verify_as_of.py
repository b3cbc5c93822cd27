"""``--as-of``: what was valid when it was signed is judged so, if somebody vouches for when that was."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from package_case import KEY, check, written
from signing_case import NOW, policy, write
from sigstore_package import authority
from timestamp_case import Authority

from probatum.attestations.trust.policy import TrustPolicy
from probatum.attestations.trust.signing_time import Window
from probatum.attestations.verify.report import VerificationReport

TSA = Authority(at=NOW)
SIGNED = NOW + timedelta(minutes=1)
"""A minute after the time that the verdict states."""
EXPIRED = NOW + timedelta(days=1)
YEARS = NOW + timedelta(days=3 * 365)


def trusting(until: datetime = EXPIRED) -> TrustPolicy:
    """A signer whose key was valid until some time, and a timestamp authority."""
    known = policy({"k": KEY}, verdict={})
    return replace(known, windows={"key:k": Window(None, until)}, timestamp_authorities={"tsa": authority(TSA)})


def stamped(tmp_path: Path, at: datetime = SIGNED) -> None:
    folder = written(tmp_path).folder
    write(folder / "verdict.tsr", TSA.stamp((folder / "verdict.dsse.json").read_bytes(), at))


def reason(report: VerificationReport) -> str:
    assert not report.ok
    return report.failures[0].detail


def test_a_key_that_expired_since_then(tmp_path: Path) -> None:
    """Valid when it signed, as the timestamp shows; the date that is asked about lies between."""
    stamped(tmp_path)
    report = check(tmp_path, trust=trusting(), now=YEARS, as_of=NOW + timedelta(hours=1))
    assert report.failures == ()
    assert report.ok
    assert report.settings["as_of"] == "2026-11-20T08:00:00Z"
    (row,) = [row for row in report.rows if row.check == "signing time"]
    assert (row.ok, row.found) == (True, "2026-11-20T07:01:00Z")


def test_without_a_timestamp_nothing_is_as_of_a_date(tmp_path: Path) -> None:
    written(tmp_path)
    assert check(tmp_path, trust=trusting()).ok, "now it is valid"
    assert "no evidence of when it was signed" in reason(check(tmp_path, trust=trusting(), as_of=NOW))
    assert "no evidence of when it was signed" in reason(check(tmp_path, trust=trusting(), now=YEARS))


def test_a_timestamp_after_the_date_or_the_window(tmp_path: Path) -> None:
    """Made with a stolen key once it had expired, and dated back."""
    stamped(tmp_path)
    assert "after 2026-11-20T07:00:00Z" in reason(check(tmp_path, trust=trusting(), now=YEARS, as_of=NOW))
    assert "valid until" in reason(check(tmp_path, trust=trusting(SIGNED), now=YEARS, as_of=EXPIRED))


def test_ages_are_counted_to_the_date(tmp_path: Path) -> None:
    stamped(tmp_path)
    asked = {"trust": trusting(), "now": YEARS, "max_age_days": 1.0}
    assert check(tmp_path, as_of=NOW + timedelta(hours=23), **asked).ok
    assert reason(check(tmp_path, as_of=NOW + timedelta(hours=25), **asked)) == "it is too old"


@pytest.mark.parametrize(("minutes", "ok"), [(-4, True), (-6, False)])
def test_a_verdict_that_was_dated_ahead(tmp_path: Path, minutes: int, ok: bool) -> None:
    """Signed today as of tomorrow, it would outlive every greatest age by a day."""
    stamped(tmp_path, NOW + timedelta(minutes=minutes))
    report = check(tmp_path, trust=trusting())
    assert report.ok is ok
    if not ok:
        assert reason(report) == "it was signed before the time that it states"
