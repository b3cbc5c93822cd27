"""Evidence that carries its own signature: an evidence graph as an in-toto statement, and read back from one.

The predicate is the graph's own document. Where and when it was made is in the field ``made`` of it: its signer's word,
so that it is shown and decides nothing but the age of the statement. Who signed is told by the signature alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .. import strict_json
from ..errors import EvidenceError, TrustError
from ..evaluator.graph import Graph
from ..evaluator.graph_document import dump_graph, graph_from_document
from ..evaluator.origins import Origin
from ..evaluator.times import stamp
from ..strict_json import DEFAULT_LIMITS, Limits
from ..verification import EnvelopeVerifier, Verification
from .statement import statement, subjects_of
from .trust.predicates import EVIDENCE_GRAPH

MADE = "made"
"""Field of a graph's document that says where and when it was made."""

ROLE = "evidence"
"""Role of the trust policy whose signers vouch for evidence."""

_SIGNED_FIELDS = ("payload", "dsseEnvelope", "signed", "base64Signature", "messageSignature")


@dataclass(frozen=True)
class EvidenceDocument:
    """Evidence from elsewhere, read.

    Args:
        graph: what it says, with the tiers that it claims.
        origin: which document it is, and who signed it.
        data: the document, byte for byte.
        media_type: of the document.
    """

    graph: Graph
    origin: Origin
    data: bytes
    media_type: str


def made_here(graph: Graph, *, machine: str | None, now: datetime, version: str) -> Graph:
    """A graph that says where and when it was made.

    Args:
        graph: the evidence.
        machine: name of the machine or runner, as its user calls it.
        now: when.
        version: of Probatum.
    """
    made = {"at": stamp(now), "probatum": version, **({} if machine is None else {"machine": machine})}
    return replace(graph, extra={**graph.extra, MADE: made})


def evidence_statement(graph: Graph) -> bytes:
    """The statement that carries a graph: its subjects are those of the graph that have content, or the graph itself.

    Returns:
        The statement's canonical bytes, to be signed.

    Raises:
        EvidenceError: the graph would not be readable again.
    """
    dump_graph(graph)
    return strict_json.canonical(statement(subjects_of(graph), EVIDENCE_GRAPH, graph.to_document()))


def read_evidence(
    data: bytes, *, source: str, verifier: EnvelopeVerifier | None, limits: Limits = DEFAULT_LIMITS
) -> EvidenceDocument:
    """Read evidence from elsewhere: a plain evidence graph, or a signed one.

    Nothing inside a signed document is read before its signature holds; one that does not hold is refused, not read as
    if it had none.

    Args:
        data: the document's bytes.
        source: its name.
        verifier: the trust policy at work; None when there is none.
        limits: size and depth allowed of a plain graph.

    Raises:
        EvidenceError: it is no evidence graph, or the statement around it is about other content.
        TrustError: it is signed, and by nobody who may sign evidence.
    """
    found = strict_json.loads(data, source=source, limits=limits)
    sha256 = hashlib.sha256(data).hexdigest()
    if not isinstance(found, Mapping) or not any(name in found for name in _SIGNED_FIELDS):
        graph, made = _without_made(graph_from_document(found, source=source))
        origin = Origin(source, sha256, machine=_text(made, "machine"), made_at=_text(made, "at"))
        return EvidenceDocument(graph, origin, data, "application/json")
    verification = _verified(data, source, verifier)
    statement_read: Mapping[str, Any] = verification.statement or {}
    graph = graph_from_document(statement_read.get("predicate"), source=source)
    if statement_read.get("subject") != subjects_of(graph):
        raise EvidenceError(
            f"{source} is not about the content of its own evidence",
            why="the subjects of the statement are not those of the graph",
            remedy="collect again with `probatum collect --sign`",
        )
    graph, made = _without_made(graph)
    origin = Origin(
        document=source,
        sha256=sha256,
        machine=_text(made, "machine"),
        signers=verification.signers,
        roles=verification.roles,
        signed_at=verification.signed_at,
        identity=verification.identity,
        made_at=_text(made, "at"),
    )
    return EvidenceDocument(graph, origin, data, _media_type(verification))


def _verified(data: bytes, source: str, verifier: EnvelopeVerifier | None) -> Verification:
    if verifier is None:
        raise TrustError(
            f"{source} is signed, and nobody is trusted",
            why="there is no trust policy",
            remedy="name one that allows its signer the role `evidence`, with `trust:` or --trust",
        )
    verification = verifier.verify(data, source=source)
    if not verification.verified:
        raise TrustError(
            f"{source} is signed by nobody who may sign evidence",
            why=verification.reason,
            remedy="allow its signer the role `evidence` in the trust policy, or leave the file out",
        )
    if verification.about != EVIDENCE_GRAPH or ROLE not in verification.roles:
        raise TrustError(
            f"{source} is no evidence",
            why=f"it is {verification.about} of the role {verification.role}; expected {EVIDENCE_GRAPH} of {ROLE}",
            remedy="give what `probatum collect --sign` wrote",
        )
    return verification


def _without_made(graph: Graph) -> tuple[Graph, Mapping[str, Any]]:
    made = graph.extra.get(MADE)
    rest = {key: value for key, value in graph.extra.items() if key != MADE}
    return replace(graph, extra=rest), made if isinstance(made, Mapping) else {}


def _text(made: Mapping[str, Any], key: str) -> str | None:
    value = made.get(key)
    return value if isinstance(value, str) and value.strip() else None


def _media_type(verification: Verification) -> str:
    sigstore = verification.kind == "sigstore"
    return "application/vnd.dev.sigstore.bundle+json" if sigstore else "application/vnd.dsse.envelope.v1+json"
