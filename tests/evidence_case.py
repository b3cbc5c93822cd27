"""Evidence of several machines, signed and not, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signing_case import NOW, policy

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.evidence_statement import evidence_statement, made_here
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.trust.policy import TrustPolicy
from probatum.evaluator.graph import Coverage, Graph, Observation, Relation, Status, Subject, Tier
from probatum.evaluator.graph_document import dump_graph
from probatum.jobs.evidence import Elsewhere, join, read_elsewhere

TIME = "2026-11-20T06:00:00Z"
MODEL = Subject("model", "m", {"sha256": "a" * 64}, "models/m")
DATA = Subject("dataset", "d", {"sha256": "b" * 64}, "data/d")


def observed(subject: Subject = MODEL, type: str = "scan", tier: str = "observed", **fields: Any) -> Observation:
    """A complete observation about what a subject is now."""
    inputs = {str(subject.location): subject.digest} if subject.digest else {}
    made: dict[str, Any] = {"result": {"bad": False}, "observed_at": TIME, "inputs": inputs, **fields}
    return Observation(
        type=type,
        subject=subject.id,
        tier=Tier(tier),
        collector={"name": type, "version": "1"},
        status=Status.COMPLETE,
        coverage=Coverage(1, 1),
        **made,
    )


def provenance(*signers: str) -> Observation:
    """What says who signed the model's provenance."""
    return observed(type="provenance", tier="attested", result={"signers": list(signers), "verified": True})


def graph(*observations: Observation, subjects: Sequence[Subject] = (MODEL,), **fields: Any) -> Graph:
    """A graph of one pipeline."""
    relations: Sequence[Relation] = fields.pop("relations", ())
    return Graph.of({"name": "p", **fields}, subjects, observations, relations)


def plain(folder: Path, name: str, of: Graph) -> Path:
    """An unsigned graph on disk."""
    path = folder / name
    path.write_bytes(dump_graph(of))
    return path


def signed(folder: Path, name: str, of: Graph, *keys: SigningKey, machine: str | None = None) -> Path:
    """A signed graph on disk."""
    path = folder / name
    made = made_here(of, machine=machine, now=NOW, version="0")
    path.write_bytes(KeyAttestor(keys).attest(evidence_statement(made)))
    return path


def trusting(keys: Mapping[str, SigningKey], **fields: Any) -> TrustPolicy:
    """A trust policy that allows each key the role ``evidence``."""
    return policy(keys, evidence=fields)


def read(trust: TrustPolicy | None, *paths: Path, allow_unsigned: bool = False) -> Elsewhere:
    """Documents read and verified."""
    return read_elsewhere(paths, trust, NOW, allow_unsigned=allow_unsigned)


def joined(trust: TrustPolicy | None, own: Graph | None, *paths: Path, allow_unsigned: bool = False) -> Graph:
    """What this run observed together with what the files say."""
    return join(own, read(trust, *paths, allow_unsigned=allow_unsigned))


def tiers(of: Graph) -> list[tuple[str, str, str]]:
    """Type, tier and standing of every observation; standing is empty for what this run observed."""
    found = []
    for item in of.observations.values():
        origin = item.extra.get("origin")
        found.append((item.type, str(item.tier), str(origin["standing"]) if isinstance(origin, Mapping) else ""))
    return sorted(found)
