"""Verdicts of earlier gates and approvals, verified again from the documents that a verdict package carries.

What the evidence says of a document must be what it says: nothing added, nothing left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ..attestations.documents.verifier import TrustVerifier
from ..attestations.package.files import PackageFiles
from ..attestations.trust.policy import TrustPolicy
from ..attestations.verify.package import CheckedPackage
from ..attestations.verify.report import Row
from ..collectors.signed import approval, verdict
from ..collectors.signed.told import Told
from ..errors import EvidenceError
from ..evaluator.graph import Graph, Observation, Subject
from ..evaluator.origins import FIELD
from ..verification import EnvelopeVerifier
from .kept_documents import document_row, kept_document

_FREE = ("signers", "same_content")
"""Of an entry: names of signers are those of the gate's own policy; of whose content it is is compared apart."""


@dataclass(frozen=True)
class Claim:
    """What the evidence says of one document.

    Args:
        source: path of the document, on the machine that read it.
        sha256: of the document.
        entries: what is said of it, each with the observation that says so.
    """

    source: str
    sha256: str
    entries: list[tuple[Mapping[str, Any], Observation]] = field(default_factory=list)

    @property
    def subjects(self) -> set[str]:
        """Ids of the subjects about which it is said to be."""
        return {observation.subject for _, observation in self.entries}


@dataclass(frozen=True)
class _Kind:
    """A kind of document that observations list.

    Args:
        type: of the observations.
        entries: field of their result that lists documents.
        check: what a row is called.
        role: whose signature counts.
        read: verifies a document, given the files that were kept.
    """

    type: str
    entries: str
    check: str
    role: str
    read: Callable[[str, verdict.Files, EnvelopeVerifier], Told]


def document_rows(package: CheckedPackage, trust: TrustPolicy, evaluated: datetime) -> Iterator[Row]:
    """One row for each earlier verdict and each approval of which the evidence speaks.

    Args:
        package: everything that it says of itself holds.
        trust: the auditor's trust policy.
        evaluated: when the gate decided.
    """
    for kind in _KINDS:
        for claim in _claims(kind, package.graph):
            yield _row(kind, claim, package, trust, evaluated)


def _approval(source: str, files: verdict.Files, verifier: EnvelopeVerifier) -> Told:
    return approval.read_approval(files.read(source) or b"", source, verifier)


_KINDS = (
    _Kind("verdict", "verdicts", "earlier verdict", verdict.ROLE, verdict.verified_verdict),
    _Kind("approval", "approvals", "approval", approval.ROLE, _approval),
)


def _claims(kind: _Kind, graph: Graph) -> list[Claim]:
    """Each document once for each machine that read it, in the order of their paths."""
    found: dict[tuple[str, str, str], Claim] = {}
    for observation in graph.observations.values():
        listed = observation.result.get(kind.entries) if observation.type == kind.type else None
        for entry in listed if isinstance(listed, list) else ():
            said = entry if isinstance(entry, Mapping) else {}
            source, sha256 = str(said.get("source")), str(said.get("sha256"))
            claim = found.setdefault((source, sha256, _machine(observation)), Claim(source, sha256))
            claim.entries.append((said, observation))
    return [found[key] for key in sorted(found)]


def _machine(observation: Observation) -> str:
    """Which evidence of another machine an observation came in; empty for what the gate itself observed."""
    origin = observation.extra.get(FIELD)
    return "" if origin is None else str(origin.get("document") if isinstance(origin, Mapping) else origin)


def _row(kind: _Kind, claim: Claim, package: CheckedPackage, trust: TrustPolicy, evaluated: datetime) -> Row:
    machine = _machine(claim.entries[0][1])

    def verified() -> str:
        told = kind.read(claim.source, _files(claim, package.files), TrustVerifier(trust, evaluated))
        if problem := next(_problems(kind, claim, told, package.graph), ""):
            raise EvidenceError(problem)
        return _described(told, claim)

    return document_row(
        f"{kind.check}: {claim.source}", claim.sha256, package.files, machine, kind.role, trust, verified
    )


def _files(claim: Claim, files: PackageFiles) -> verdict.Files:
    """The documents that the observations name, by their paths on the machine that read them."""
    digests = {path: entry.get("sha256") for _, item in claim.entries for path, entry in item.inputs.items()}
    digests[claim.source] = claim.sha256

    def read(path: str) -> bytes | None:
        return kept_document(files, str(digests[path])) if path in digests else None

    def below(folder: str) -> list[str]:
        return sorted(path for path in digests if path.startswith(f"{folder}/"))

    return verdict.Files(read, below)


def _problems(kind: _Kind, claim: Claim, told: Told, graph: Graph) -> Iterator[str]:
    """What the evidence says of a document and the document does not, or the other way round."""
    for said, observation in claim.entries:
        name, subject = observation.subject, _as_seen(graph, observation)
        if subject is None or not told.speaks_of(subject):
            yield f"it does not speak of {name}"
            continue
        says = told.entry(subject)
        if wrong := sorted(key for key in {*says, *said} - {*_FREE} if says.get(key) != said.get(key)):
            yield f"of {name} the evidence says another {', '.join(wrong)} than the document"
        if said.get("same_content") is not says["same_content"]:
            yield f"whether it is about the content of {name} is told otherwise than by the document"
    own = (item for item in graph.observations.values() if item.type == kind.type and not _machine(item))
    for observation in own:
        subject = _as_seen(graph, observation)
        if subject is not None and subject.id not in claim.subjects and told.speaks_of(subject):
            yield f"it speaks of {subject.id}, too, and the evidence leaves that out"


def _as_seen(graph: Graph, observation: Observation) -> Subject | None:
    """The subject of an observation with the content that it had then, which is among the inputs."""
    subject = graph.subjects.get(observation.subject)
    if subject is None or subject.location is None:
        return subject
    return replace(subject, digest=observation.inputs.get(subject.location, {}))


def _described(told: Told, claim: Claim) -> str:
    says = told.fields
    if isinstance(told, verdict.Verdict):
        gate = f"gate {says['stage']}" if says["stage"] else "run of every control"
        what = f"{says['result']} by the {gate} of {says['pipeline']} ({told.resource})"
        what += f", {says['checklist']} {says['checklist_version']}, {says['time']}"
    else:
        what = f"{says['decision']} for {says['stage']} of {says['pipeline']} by {says['approver']}, {says['time']}"
    return f"signed by {', '.join(told.signers)}: {what}; about {', '.join(sorted(claim.subjects))}"
