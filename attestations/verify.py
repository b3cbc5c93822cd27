"""Verifying a verdict package, offline: every check of DESIGN section 6, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ..evaluator.engines.base import Engine
from .report import VerificationReport
from .trust import TrustPolicy


def verify_package(
    folder: Path,
    *,
    trust: TrustPolicy,
    basis: str,
    now: datetime,
    subjects: Sequence[Path] = (),
    policy_digest: str | None = None,
    max_age_days: float | None = None,
    engine: Engine | None = None,
) -> VerificationReport:
    """Verify a verdict package.

    Args:
        folder: the package.
        trust: who may sign a verdict: `trust_file.load_trust`, `trust.trust_keys` for given public keys, or
            `local_key.local_trust` for the user's own key.
        basis: on what ground these signers are trusted, for the report.
        now: for ages.
        subjects: folders that subjects' locations are relative to; each subject's content is digested again there.
        policy_digest: SHA-256 that the policy bundle must have.
        max_age_days: how old the verdict may be; None for any age.
        engine: evaluate again with this engine and compare (``--replay``); None leaves that check out.

    Returns:
        A report whose ``ok`` says whether the package is to be believed. Whether the pipeline passed is ``result``.

    Raises:
        UsageError: there is no such folder.
    """
    raise NotImplementedError
