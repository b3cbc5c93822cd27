"""Evidence from other machines, signed or not, joined with what this run observed (decision 0017)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from .. import __version__
from ..attestations.attestor import Attestor, signed_path
from ..attestations.documents.verifier import TrustVerifier
from ..attestations.evidence_statement import ROLE, EvidenceDocument, evidence_statement, made_here, read_evidence
from ..attestations.keyless.isolation import isolated
from ..attestations.trust.policy import TrustPolicy
from ..collectors.report_store import ReportStore
from ..collectors.run import Collected
from ..evaluator.graph import Graph, Observation, Subject
from ..evaluator.graph_document import dump_graph
from ..evaluator.merge import merge_graphs, only_named
from ..evaluator.origins import Standing, credited, makers
from ..files import read_limited, write_atomic
from ..strict_json import DEFAULT_LIMITS, Limits


@dataclass(frozen=True)
class Elsewhere:
    """What other machines say.

    Args:
        documents: in the order in which they were given.
        trust: who may vouch for them.
        allow_unsigned: what nobody vouches for counts as if this run had observed it; recorded.
    """

    documents: Sequence[EvidenceDocument] = ()
    trust: TrustPolicy | None = None
    allow_unsigned: bool = False

    @property
    def bypasses(self) -> list[dict[str, str]]:
        """What the assessment records of documents that nobody vouches for."""
        counts = "as if it had been observed here" if self.allow_unsigned else "as reported at most"
        names = [item.origin.document for item in self.documents if not item.origin.verified]
        return [
            {"code": "unsigned_evidence", "message": f"{name} is signed by nobody; it counts {counts}"}
            for name in names
        ]

    def keep(self, reports: ReportStore) -> None:
        """Keep every document beside the tools' raw output, so that it can be verified again."""
        for item in self.documents:
            reports.add(item.data, item.media_type)


def read_elsewhere(
    paths: Sequence[Path],
    trust: TrustPolicy | None,
    now: datetime,
    *,
    allow_unsigned: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Elsewhere:
    """Read and verify evidence graphs, signed or not.

    Args:
        paths: the files.
        trust: who may vouch for them.
        now: for ages.
        allow_unsigned: see `Elsewhere`.
        limits: size and depth of each that is not signed.

    Raises:
        UsageError: a file cannot be read.
        EvidenceError: a graph is malformed.
        TrustError: one is signed, and by nobody who may sign evidence.
    """
    verifier = None if trust is None else TrustVerifier(trust, now)
    documents = [
        read_evidence(read_limited(path, limits.max_bytes), source=path.name, verifier=verifier, limits=limits)
        for path in paths
    ]
    return Elsewhere(documents, trust, allow_unsigned)


def join(own: Graph | None, elsewhere: Elsewhere) -> Graph:
    """One graph of everything that is known, each observation with the tier that it has earned.

    What this run observed stays as it is, and what it says of the pipeline as a whole is final. Of a subject that the
    signers of a document may not speak of, or that nobody signs for, it adds no relation, and no content to what a
    verdict is about.

    Args:
        own: what this run observed; None where it observes nothing.
        elsewhere: what other machines say.

    Raises:
        EvidenceError: two graphs contradict each other, or there is none at all.
    """
    graphs = [] if own is None else [own]
    graphs += [item.graph for item in elsewhere.documents]
    made_by = {name for graph in graphs for name in makers(graph)}
    known = set(_described(own, elsewhere))
    joined = [] if own is None else [own]
    for item in elsewhere.documents:
        speaks = _speaks(item, elsewhere)
        graph = credited(item.graph, item.origin, _standing_of(item, elsewhere, made_by))
        relations = tuple(link for link in graph.relations if speaks(link.source))
        subjects = graph.subjects if own is None else _tame(graph, known)
        joined.append(replace(graph, relations=relations, subjects=subjects))
    merged = merge_graphs(joined)
    return merged if own is None else replace(merged, pipeline=own.pipeline, extra=own.extra)


def write_evidence(
    collected: Collected,
    out: Path,
    raw: Path | None = None,
    *,
    now: datetime,
    attestor: Attestor | None = None,
    machine: str | None = None,
) -> Path:
    """Write an evidence graph, plain or signed, and the tools' raw reports under their digests.

    Args:
        collected: the evidence.
        out: the file; a signed graph is written beside it, with the form of its signature in its name.
        raw: folder for the raw reports.
        now: when it was made.
        attestor: who signs; None for nobody.
        machine: where it was made, as its user calls it.

    Returns:
        The file that was written.

    Raises:
        UsageError: a file cannot be written.
        TrustError: it cannot be signed.
    """
    graph = made_here(collected.graph, machine=machine, now=now, version=__version__)
    data = dump_graph(graph) if attestor is None else attestor.attest(evidence_statement(graph))
    file = out if attestor is None else signed_path(out, attestor.form)
    if raw is not None:
        for digest, report in collected.reports:
            write_atomic(raw / digest, report)
    write_atomic(file, data)
    return file


def _standing_of(
    item: EvidenceDocument, elsewhere: Elsewhere, made_by: Collection[str]
) -> Callable[[Observation], Standing]:
    """Who vouches for each observation of one document."""
    speaks = _speaks(item, elsewhere)
    inside, outside = _standing(item, elsewhere, made_by), Standing.OUT_OF_SCOPE
    if not item.origin.verified:
        outside = Standing.UNSIGNED
    return lambda observation: inside if speaks(observation.subject) else outside


def _standing(item: EvidenceDocument, elsewhere: Elsewhere, made_by: Collection[str]) -> Standing:
    """Who vouches for what a document says of subjects that it may speak of."""
    if not item.origin.verified:
        return Standing.ACCEPTED_UNSIGNED
    if set(_vouching(item, elsewhere)) <= set(made_by):
        return Standing.SELF_SIGNED
    return Standing.NOT_ISOLATED if isolated(item.origin.identity) is False else Standing.INDEPENDENT


def _speaks(item: EvidenceDocument, elsewhere: Elsewhere) -> Callable[[str], bool]:
    """Of which subjects a document may speak: those of which as many of its signers may as the role demands."""
    role = None if elsewhere.trust is None else elsewhere.trust.roles.get(ROLE)
    if not item.origin.verified or role is None:
        return lambda _: elsewhere.allow_unsigned and not item.origin.verified
    scopes = [role.subjects.get(name) for name in _vouching(item, elsewhere)]
    return lambda subject: sum(_in_scope(scope, subject) for scope in scopes) >= role.threshold


def _vouching(item: EvidenceDocument, elsewhere: Elsewhere) -> tuple[str, ...]:
    """Those of a document's signers who hold the role.

    One of another role, whose types were widened to such statements, has no limits in this one, and lifts none.
    """
    role = None if elsewhere.trust is None else elsewhere.trust.roles.get(ROLE)
    return tuple(name for name in item.origin.signers if role is not None and name in role.signers)


def _in_scope(patterns: Iterable[str] | None, subject: str) -> bool:
    """A pattern is a subject's id, or ``KIND:*``; a signer without any may speak of everything."""
    every = f"{subject.partition(':')[0]}:*"
    return patterns is None or any(pattern in (subject, every) for pattern in patterns)


def _described(own: Graph | None, elsewhere: Elsewhere) -> Iterator[str]:
    """Ids of the subjects whose content somebody stated who may: this run, or a document that may speak of them."""
    for key, subject in ({} if own is None else own.subjects).items():
        if not only_named(subject):
            yield key
    for item in elsewhere.documents:
        speaks = _speaks(item, elsewhere)
        yield from (key for key, subject in item.graph.subjects.items() if speaks(key) and not only_named(subject))


def _tame(graph: Graph, known: Collection[str]) -> dict[str, Subject]:
    """The subjects of a document, without the content of those that only such know as may not speak of them."""
    return {key: subject if key in known else replace(subject, digest={}) for key, subject in graph.subjects.items()}
