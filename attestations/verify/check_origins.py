"""Evidence of other machines in a verdict package: held again against the documents that it came in.

The gate kept each document under its digest. Its signature is checked anew, by the auditor's own trust policy, and what
the evidence graph says of the document must be what the document says: nothing left out, nothing added, no tier too
high.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ...errors import ProbatumError
from ...evaluator.graph import Graph, Observation, Tier
from ...evaluator.origins import FIELD, Standing, credited_tier
from ..evidence_statement import ROLE, EvidenceDocument, read_evidence
from ..package.files import LIMITS, PackageFiles
from ..trust.policy import TrustPolicy
from ..trust.signing_time import parse_time
from .package import Check, CheckedPackage
from .report import Row

_UNSIGNED = (Standing.UNSIGNED, Standing.ACCEPTED_UNSIGNED)
_SHOWN = 5


def check_origins(trust: TrustPolicy, now: datetime) -> Check:
    """The check of the evidence in a package that other machines made.

    Args:
        trust: the auditor's trust policy; without a role ``evidence`` signatures of evidence are left unchecked.
        now: used where the package does not say when it was evaluated.
    """

    def check(package: CheckedPackage) -> Iterable[Row]:
        evaluated = parse_time(package.assessment["predicate"].get("evaluated_at")) or now
        for (name, sha256), observations in sorted(_by_document(package.graph).items()):
            yield _row(package.files, name, sha256, observations, trust, evaluated)

    return check


def _by_document(graph: Graph) -> Mapping[tuple[str, str], list[Observation]]:
    found: defaultdict[tuple[str, str], list[Observation]] = defaultdict(list)
    for observation in graph.observations.values():
        if FIELD in observation.extra:
            origin = _origin(observation)
            found[str(origin.get("document")), str(origin.get("sha256"))].append(observation)
    return found


def _row(
    files: PackageFiles,
    name: str,
    sha256: str,
    observations: Sequence[Observation],
    trust: TrustPolicy,
    evaluated: datetime,
) -> Row:
    check, path = f"evidence of other machines: {name}", f"raw/{sha256}"
    if path not in files.digests():
        return Row(check, False, path, "", "the document that it came in is not in the package")
    signed = any(_origin(item).get("verified") is True for item in observations)
    if signed and ROLE not in trust.roles:
        detail = f"the verifier's trust policy has no role {ROLE}: its signature was not checked"
        return Row(check, None, "", path, detail)
    from ..documents.verifier import TrustVerifier  # late: most packages hold no evidence of other machines

    try:
        document = read_evidence(
            files.read(path), source=name, verifier=TrustVerifier(trust, evaluated) if signed else None, limits=LIMITS
        )
    except ProbatumError as error:
        return Row(check, False, "evidence that somebody signed who may" if signed else "evidence", "", str(error))
    problem = next(_problems(document, observations), "")
    who = ", ".join(document.origin.signers) or "nobody"
    detail = problem or f"{len(observations)} observations, signed by {who}"
    return Row(check, not problem, sha256, document.origin.sha256, detail)


def _problems(document: EvidenceDocument, observations: Sequence[Observation]) -> Iterator[str]:
    """What the graph says of a document and the document does not, or the other way round."""
    known = {_without_origin(item).id for item in document.graph.observations.values()}
    told = {item.id: _as_claimed(item) for item in observations}
    if added := [key for key, original in told.items() if original not in known]:
        yield f"the document does not say what is said to be from it: {_some(added)}"
    if missing := known - set(told.values()):
        yield f"left out is {_some(missing)}"
    if wrong := [item.id for item in observations if not _fairly_credited(item, document)]:
        yield f"it counts for more than its document is worth: {_some(wrong)}"


def _as_claimed(observation: Observation) -> str:
    """The id that an observation has in the document that it is from."""
    claimed = _member(Tier, _origin(observation).get("claimed_tier"))
    return "" if claimed is None else replace(_without_origin(observation), tier=claimed).id


def _without_origin(observation: Observation) -> Observation:
    return replace(observation, extra={key: value for key, value in observation.extra.items() if key != FIELD})


def _fairly_credited(observation: Observation, document: EvidenceDocument) -> bool:
    origin = _origin(observation)
    claimed, standing = _member(Tier, origin.get("claimed_tier")), _member(Standing, origin.get("standing"))
    if claimed is None or standing is None or (standing in _UNSIGNED) is document.origin.verified:
        return False
    return observation.tier is credited_tier(claimed, standing)


def _origin(observation: Observation) -> Mapping[str, Any]:
    origin = observation.extra.get(FIELD)
    return origin if isinstance(origin, Mapping) else {}


def _member(of: Any, value: Any) -> Any:
    return of(value) if isinstance(value, str) and value in list(of) else None


def _some(ids: Iterable[str]) -> str:
    listed = sorted(ids)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
