"""Verifying a verdict package, offline: every check of DESIGN section 6, one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..errors import ProbatumError
from ..evaluator.engines.base import Engine
from ..evaluator.graph import Graph
from ..evaluator.graph_document import load_graph
from .check_envelope import CheckedStatement, check_envelope
from .check_links import check_counts, check_evidence, check_policies, check_settings, check_verdict
from .check_subjects import check_subjects
from .package_files import LIMITS, PackageFiles
from .package_names import ASSESSMENT, DETACHED, EVIDENCE, UNSIGNED, VERDICT, find_signed, signed_name
from .predicates import ASSESSMENT as ASSESSMENT_TYPE
from .predicates import VSA
from .replay import check_replay
from .report import Row, VerificationReport, failed
from .roles import parse_time
from .trust import TrustPolicy
from .vsa import PACKAGE_FIELD

_CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class CheckedPackage:
    """A package whose verdict, files, assessment and evidence hold.

    Args:
        files: the package's files.
        verdict: the signed verdict's bytes, as they lie in the package.
        statement: the verified verdict.
        assessment: the verified assessment statement.
        graph: the evidence.
        signers: names of the allowed signers of the verdict.
        signed_at: when the verdict was signed, vouched for by somebody other than its signer; None where nobody does.
    """

    files: PackageFiles
    verdict: bytes
    statement: Mapping[str, Any]
    assessment: Mapping[str, Any]
    graph: Graph
    signers: tuple[str, ...]
    signed_at: datetime | None = None


Check = Callable[[CheckedPackage], Iterable[Row]]
"""A further check of a package. Rows about a detached file begin with its name."""


@dataclass(frozen=True)
class Demands:
    """What a verifier asks of a package; the fields are the arguments of `verify_package`."""

    trust: TrustPolicy
    basis: str
    now: datetime
    subjects: Sequence[Path] = ()
    policy_digest: str | None = None
    max_age_days: float | None = None
    engine: Engine | None = None
    checks: Sequence[Check] = ()

    def to_document(self) -> dict[str, Any]:
        """The verifier's own settings, as the report shows them."""
        return {
            "trusted": self.basis,
            "trust_policy": {"sha256": self.trust.digest},
            "signers": sorted(f"{name} {key.id}" if name != key.id else name for name, key in self.trust.keys.items()),
            "now": self.now.isoformat(),
            "subjects": [str(path) for path in self.subjects],
            "policy_digest": self.policy_digest,
            "max_age_days": self.max_age_days,
            "replay": None if self.engine is None else f"{self.engine.name} {self.engine.version}",
            "network": False,
        }


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
    checks: Sequence[Check] = (),
) -> VerificationReport:
    """Verify a verdict package.

    Args:
        folder: the package.
        trust: who may sign a verdict: `trust_file.load_trust`, `trust.trust_keys` for given public keys, or
            `local_key.local_trust` for the user's own key.
        basis: on what ground these signers are trusted, for the report.
        now: for ages.
        subjects: folders that subjects' locations are relative to; each subject's content is digested again there.
        policy_digest: SHA-256 that the policies must have.
        max_age_days: how old the verdict may be; None for any age.
        engine: evaluate again with this engine and compare (``--replay``); None leaves that check out.
        checks: further ones, made once everything that the package says of itself holds.

    Returns:
        A report whose ``ok`` says whether the package is to be believed. Whether the pipeline passed is ``result``.

    Raises:
        UsageError: there is no such folder.
    """
    demands = Demands(trust, basis, now, subjects, policy_digest, max_age_days, engine, checks)
    files = PackageFiles.open(folder)
    rows: list[Row] = []
    verdict = _signed(files, VERDICT, VSA, demands, rows)
    if verdict is None:
        return _report(rows, demands, "the verdict itself is not verified, so nothing else was looked at")
    rows += files.rows(verdict.statement["predicate"][PACKAGE_FIELD]["files"])
    if failed(rows):
        return _report(rows, demands, "the package is not the one that was signed")
    assessment = _signed(files, ASSESSMENT, ASSESSMENT_TYPE, demands, rows)
    if assessment is None:
        return _report(rows, demands, "the assessment is not verified")
    rows += _guarded(_contents(files, verdict, assessment.statement, demands))
    result = str(assessment.statement["predicate"]["result"])
    return VerificationReport(tuple(rows), demands.to_document(), result, verdict.statement["predicate"])


@dataclass(frozen=True)
class _Signed:
    """A signed document of the package whose every check held."""

    data: bytes
    statement: Mapping[str, Any]
    signers: tuple[str, ...]
    signed_at: datetime | None


def _signed(files: PackageFiles, stem: str, predicate_type: str, demands: Demands, rows: list[Row]) -> _Signed | None:
    try:
        name = find_signed(stem, files.digests())
        if name is None:
            rows.append(_absent(files, stem))
            return None
        data = files.read(name)
    except ProbatumError as error:
        rows.append(Row(f"{stem}: envelope", False, "one readable file", "", str(error)))
        return None
    checked: CheckedStatement = check_envelope(
        data, name=name, predicate_type=predicate_type, trust=demands.trust, now=demands.now
    )
    rows += checked.rows
    if checked.statement is None:
        return None
    return _Signed(data, checked.statement, checked.signers, checked.signed_at)


def _absent(files: PackageFiles, stem: str) -> Row:
    why = "the package was made with --no-sign" if UNSIGNED in files.digests() else "this is no verdict package"
    name = signed_name(stem, "dsse")
    return Row(stem, False, name, "", f"there is no {name}: {why}")


def _contents(files: PackageFiles, signed: _Signed, assessment: Mapping[str, Any], demands: Demands) -> Iterator[Row]:
    verdict = signed.statement
    yield from check_verdict(verdict, assessment)
    yield from check_counts(assessment)
    graph = load_graph(files.read(EVIDENCE), source=EVIDENCE, limits=LIMITS)
    yield from check_evidence(files, graph, verdict, assessment)
    yield from check_policies(files, assessment, demands.policy_digest)
    yield from check_settings(files, assessment)
    yield from check_subjects(verdict, graph, demands.subjects)
    yield _age(verdict["predicate"]["timeVerified"], demands)
    package = CheckedPackage(files, signed.data, verdict, assessment, graph, signed.signers, signed.signed_at)
    yield from _further(package, demands.checks)
    yield check_replay(files, graph, assessment["predicate"], demands.engine)


def _further(package: CheckedPackage, checks: Sequence[Check]) -> Iterator[Row]:
    rows = [row for check in checks for row in check(package)]
    yield from rows
    if not any(row.check == "log inclusion" for row in rows):
        yield Row("log inclusion", None, detail="no log was named that the verdict should be in")
    for name in DETACHED:
        if name in package.files.digests() and not any(row.check.startswith(name) for row in rows):
            yield Row(name, None, detail="nothing was named that it could be checked against")


def _guarded(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows; a document that cannot be read ends them with a row that failed."""
    try:
        yield from rows
    except ProbatumError as error:
        yield Row("contents", False, "readable documents", "", str(error))


def _age(time: str, demands: Demands) -> Row:
    moment = parse_time(time)
    if moment is None or moment > demands.now + _CLOCK_SKEW:
        return Row("age", False, f"before {demands.now.isoformat()}", time, "the verdict is from the future")
    if demands.max_age_days is None:
        return Row("age", None, "", time, "no greatest age was asked for")
    old = demands.now - moment > timedelta(days=demands.max_age_days)
    return Row("age", not old, f"at most {demands.max_age_days:g} days", time, "the verdict is too old" if old else "")


def _report(rows: list[Row], demands: Demands, why: str) -> VerificationReport:
    return VerificationReport((*rows, Row("everything else", None, detail=why)), demands.to_document())
