"""Verifying a verdict package, offline: every check of DESIGN section 6, one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import ProbatumError
from ...evaluator.graph import Graph
from ...evaluator.graph_document import load_graph
from ...verification import countersignatures
from ..package.files import LIMITS, PackageFiles
from ..package.names import ASSESSMENT, EVIDENCE, POLICIES, UNSIGNED, VERDICT, find_signed, signed_name
from ..trust.policy import TrustPolicy
from ..trust.predicates import ASSESSMENT as ASSESSMENT_TYPE
from ..trust.predicates import VSA
from ..trust.roles import Facts
from ..trust.signing_time import shown
from ..vsa import PACKAGE_FIELD
from .countersigned import countersigned
from .envelope import CheckedStatement, Others, check_envelope
from .expectations import ANYTHING, Expectations
from .links import check_counts, check_evidence, check_policies, check_settings, check_verdict, gate_trust
from .replay import Replay, check_replay
from .report import Row, VerificationReport, failed
from .subject_manifest import NO_FILES, SubjectManifest
from .subjects import SubjectsAtHand
from .witnessed import witnessed

if TYPE_CHECKING:
    from ...evaluator.policies import PolicySet

_T = TypeVar("_T")
_MATERIAL = 1024 * 1024
"""Bytes: how much larger than the verdict a countersignature may be."""


@dataclass(frozen=True)
class CheckedPackage:
    """A package whose verdict, files, assessment and evidence hold.

    Args:
        files: the package's files.
        verdict: the signed verdict's bytes, as they lie in the package.
        statement: the verified verdict.
        assessment: the verified assessment statement.
        graph: the evidence.
        policies: that decided.
        signers: names of the allowed signers of the verdict.
        signed_at: when the verdict was signed, vouched for by somebody other than its signer; None where nobody does.
        known: what is known of each signature of the verdict, countersignatures among them, by the signer's name.
    """

    files: PackageFiles
    verdict: bytes
    statement: Mapping[str, Any]
    assessment: Mapping[str, Any]
    graph: Graph
    policies: PolicySet
    signers: tuple[str, ...]
    signed_at: datetime | None = None
    known: Facts = field(default_factory=dict)


Check = Callable[[CheckedPackage], Iterable[Row]]
"""A further check of a package. Rows about a detached file begin with its name."""


@dataclass(frozen=True)
class Demands:
    """What a verifier asks.

    Args:
        trust: who may sign: `trust_file.load_trust`, `trust.trust_keys` for given public keys, or
            `local_key.local_trust` for the user's own key.
        basis: on what ground these signers are trusted, for the report.
        now: for ages.
        as_of: judge signers at the time of signing, which must be vouched for and lie before this date.
        subjects: what the verifier has: the pipeline's folder, or files and folders that are subjects themselves.
        expected: what the verdict is wanted to be about.
        replay: evaluate again and compare (``--replay``); None leaves that check out.
        checks: further ones of a package, made once everything that it says of itself holds.
        network: one of the checks uses it.
    """

    trust: TrustPolicy
    basis: str
    now: datetime
    as_of: datetime | None = None
    subjects: Sequence[Path] = ()
    expected: Expectations = ANYTHING
    replay: Replay | None = None
    checks: Sequence[Check] = ()
    network: bool = False

    def to_document(self) -> dict[str, Any]:
        """The verifier's own settings, as the report shows them."""
        engine = None if self.replay is None else self.replay.engine
        return {
            "trusted": self.basis,
            "trust_policy": {"sha256": self.trust.digest},
            "trusted_signers": [self._described(name) for name in self.trust.signers],
            "now": shown(self.now),
            "as_of": None if self.as_of is None else shown(self.as_of),
            "subjects": [str(path) for path in self.subjects],
            "replay": None if engine is None else f"{engine.name} {engine.version}",
            "exact_engine": self.replay is not None and self.replay.exact,
            "network": self.network,
            **({} if self.trust.revocations is None else {"revocations": {"sha256": self.trust.revocations.digest}}),
            **self.expected.to_document(),
        }

    def _described(self, signer: str) -> str:
        kind, _, name = signer.partition(":")
        key = self.trust.keys.get(name) if kind == "key" else None
        return f"{name} {key.id}" if key is not None and key.id != name else signer if key is None else name


def verify_package(folder: Path, demands: Demands) -> VerificationReport:
    """Verify a verdict package.

    Args:
        folder: the package.
        demands: what is asked of it.

    Returns:
        A report whose ``ok`` says whether the package is to be believed. Whether the pipeline passed is ``result``.

    Raises:
        UsageError: there is no such folder.
    """
    files = PackageFiles.open(folder)
    rows: list[Row] = []
    verdict = _signed(files, VERDICT, VSA, demands, rows)
    if verdict is None:
        return _report(rows, demands, "the verdict itself is not verified, so nothing else was looked at")
    rows += files.rows(verdict.statement["predicate"][PACKAGE_FIELD]["files"])
    if failed(rows):
        return _report(rows, demands, "the package is not the one that was signed")
    assessment = _signed(files, ASSESSMENT, ASSESSMENT_TYPE, demands, rows, verdict.checked)
    if assessment is None:
        return _report(rows, demands, "the assessment is not verified")
    package = _guarded(rows, lambda: _consistent(files, verdict, assessment.statement, rows))
    manifest = NO_FILES if package is None else _guarded(rows, lambda: _compared(package, demands, rows)) or NO_FILES
    result, summary = str(assessment.statement["predicate"]["result"]), verdict.statement["predicate"]
    return VerificationReport(tuple(rows), demands.to_document(), True, result, summary, manifest=manifest)


@dataclass(frozen=True)
class _Signed:
    """A signed document of the package whose every check held."""

    data: bytes
    statement: Mapping[str, Any]
    checked: CheckedStatement


def _signed(
    files: PackageFiles,
    stem: str,
    predicate_type: str,
    demands: Demands,
    rows: list[Row],
    verdict: CheckedStatement | None = None,
) -> _Signed | None:
    """A signed document; who vouches for the verdict vouches for the assessment that it names."""
    try:
        name = find_signed(stem, files.digests())
        if name is None:
            rows.append(_absent(files, stem))
            return None
        data = files.read(name)
        checked = check_envelope(
            data,
            name=name,
            predicate_type=predicate_type,
            trust=demands.trust,
            now=demands.now,
            as_of=demands.as_of,
            vouched=lambda: (
                witnessed(files, data, demands.trust, demands.now) if verdict is None else ((), verdict.facts)
            ),
            others=lambda payload: (
                _countersigned(files, payload, demands) if verdict is None else Others(known=verdict.known)
            ),
        )
    except ProbatumError as error:
        rows.append(Row(f"{stem}: envelope", False, "one readable file", "", str(error)))
        return None
    rows += checked.rows
    return None if checked.statement is None else _Signed(data, checked.statement, checked)


def _countersigned(files: PackageFiles, payload: bytes, demands: Demands) -> Others:
    # each holds the payload, in base64, and who signed
    bounded = replace(files, max_bytes=2 * len(payload) + _MATERIAL)
    found = countersignatures(files.digests(), bounded.read)
    return countersigned(found, payload, demands.trust, demands.now, demands.as_of)


def _absent(files: PackageFiles, stem: str) -> Row:
    why = "the package was made with --no-sign" if UNSIGNED in files.digests() else "this is no verdict package"
    name = signed_name(stem, "dsse")
    return Row(stem, False, name, "", f"there is no {name}: {why}")


def _consistent(files: PackageFiles, signed: _Signed, assessment: Mapping[str, Any], rows: list[Row]) -> CheckedPackage:
    """Whether the parts of a package speak of the same thing."""
    from ...evaluator.bundle import unpack

    rows += check_verdict(signed.statement, assessment)
    rows += check_counts(assessment)
    graph = load_graph(files.read(EVIDENCE), source=EVIDENCE, limits=LIMITS)
    rows += check_evidence(files, graph, signed.statement, assessment)
    policies = unpack(files.read(POLICIES), source=POLICIES)
    rows += check_policies(policies, assessment)
    rows += check_settings(files, assessment)
    checked = signed.checked
    return CheckedPackage(
        files,
        signed.data,
        signed.statement,
        assessment,
        graph,
        policies,
        signers=checked.signers,
        signed_at=checked.signed_at,
        known=checked.known,
    )


def _compared(package: CheckedPackage, demands: Demands, rows: list[Row]) -> SubjectManifest:
    """Whether a package is what the verifier asked for, and how its files at hand compare."""
    verdict, details = package.statement["predicate"], package.assessment["predicate"]
    rows += demands.expected.of_package(verdict, details, demands.as_of or demands.now, package.signed_at)
    rows.append(gate_trust(demands.trust.digest, details["digests"]["trust_policy"]))
    at_hand = SubjectsAtHand(package.statement, package.graph, demands.subjects)
    rows += at_hand.rows()
    for check in demands.checks:
        rows += check(package)
    rows += check_replay(package, demands.replay)
    return at_hand.manifest


def _guarded(rows: list[Row], work: Callable[[], _T]) -> _T | None:
    """Do some of the checks; a document that cannot be read ends them with a row that failed."""
    try:
        return work()
    except ProbatumError as error:
        rows.append(Row("contents", False, "readable documents", "", str(error)))
        return None


def _report(rows: list[Row], demands: Demands, why: str) -> VerificationReport:
    return VerificationReport((*rows, Row("everything else", None, detail=why)), demands.to_document())
