"""Evidence from elsewhere: which document said it, who vouches for that document, and how far the evidence then counts.

A graph that somebody else collected says of itself how far it can be believed. That word is never taken: the tier of
each observation follows from who vouches for the document (decision 0017). Every observation is given an ``origin``
that says which document it is from and what the document claimed, whatever the document said of that itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from .graph import Graph, Observation, Tier

FIELD = "origin"
"""Field of an observation that says where it is from; there is none on what this run observed itself."""


class Standing(StrEnum):
    """Who vouches for an observation from elsewhere, weakest first."""

    UNSIGNED = "unsigned"
    OUT_OF_SCOPE = "out_of_scope"
    ACCEPTED_UNSIGNED = "accepted_unsigned"
    NOT_ISOLATED = "not_isolated"
    SELF_SIGNED = "self_signed"
    INDEPENDENT = "independent"


_CEILING = {
    Standing.UNSIGNED: Tier.REPORTED,
    Standing.OUT_OF_SCOPE: Tier.REPORTED,
    Standing.ACCEPTED_UNSIGNED: Tier.OBSERVED,
    Standing.NOT_ISOLATED: Tier.OBSERVED,
    Standing.SELF_SIGNED: Tier.OBSERVED,
    Standing.INDEPENDENT: Tier.ATTESTED,
}


@dataclass(frozen=True)
class Origin:
    """A document that holds evidence, and what the verifier said of it.

    Args:
        document: its name, for people.
        sha256: of the document, byte for byte as it arrived.
        machine: where it says that it was made; its signer's word, or nobody's.
        signers: who signed it, by the trust policy's names; empty when nobody vouches for it.
        roles: the roles that allowed them to.
        signed_at: RFC 3339 time of the signature that somebody other than the signer vouches for.
        identity: claims of the certificate, such as issuer and workflow; never of the document itself.
        made_at: RFC 3339 time at which it says that it was made.
    """

    document: str
    sha256: str
    machine: str | None = None
    signers: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    signed_at: str | None = None
    identity: Mapping[str, str] = field(default_factory=dict)
    made_at: str | None = None

    @property
    def verified(self) -> bool:
        """Somebody whom the trust policy allows vouches for it."""
        return bool(self.signers)

    def to_document(self, standing: Standing, claimed: Tier) -> dict[str, Any]:
        """The JSON form, for one observation: without empty fields.

        Args:
            standing: who vouches for the observation.
            claimed: the tier that the document claims; with it, the observation's own id there can be found again.
        """
        optional = {
            "machine": self.machine,
            "roles": list(self.roles),
            "signed_at": self.signed_at,
            "identity": dict(self.identity),
            "made_at": self.made_at,
        }
        return {
            "document": self.document,
            "sha256": self.sha256,
            "verified": self.verified,
            "signers": list(self.signers),
            "standing": str(standing),
            "claimed_tier": str(claimed),
            **{key: value for key, value in optional.items() if value},
        }


def credited_tier(claimed: Tier, standing: Standing) -> Tier:
    """How far an observation from elsewhere counts.

    A signature vouches for what its machine *observed*. What the machine itself was only told (``declared``,
    ``reported``) stays that, and ``hardware`` becomes ``attested``, since nobody here has seen the quote.

    Args:
        claimed: the tier that the document claims.
        standing: who vouches for it.
    """
    ceiling = _CEILING[standing]
    if claimed is Tier.OBSERVED or claimed.rank > ceiling.rank:
        return ceiling
    return claimed


def credited(graph: Graph, origin: Origin, standing_of: Callable[[Observation], Standing]) -> Graph:
    """A graph from elsewhere with the tiers that it has earned, each observation saying where it is from.

    Args:
        graph: as the document has it.
        origin: the document.
        standing_of: who vouches for an observation.
    """
    observations = [_credited(item, origin, standing_of(item)) for item in graph.observations.values()]
    return replace(graph, observations={item.id: item for item in observations})


def origins(graph: Graph) -> list[dict[str, Any]]:
    """Every document that evidence came from, with the number of observations by tier and standing, sorted.

    Args:
        graph: a merged graph.
    """
    found: dict[str, dict[str, Any]] = {}
    for observation, origin in _with_origin(graph):
        entry = found.setdefault(_key(origin), {**_common(origin), "observations": 0, "tiers": {}, "standings": {}})
        entry["observations"] += 1
        for name, value in (("tiers", str(observation.tier)), ("standings", str(origin.get("standing")))):
            entry[name][value] = entry[name].get(value, 0) + 1
    return [found[key] for key in sorted(found)]


def _key(origin: Mapping[str, Any]) -> str:
    """What tells two documents apart: name and digest."""
    return f"{origin.get('document')}\n{origin.get('sha256')}"


def makers(graph: Graph) -> Iterator[str]:
    """Names of those who signed the provenance of a model in this graph.

    Args:
        graph: this run's own, or one from elsewhere; evidence of a maker is bad news, so anybody's counts.
    """
    for observation in graph.observations.values():
        signers = observation.result.get("signers")
        if observation.type == "provenance" and isinstance(signers, list):
            yield from (signer for signer in signers if isinstance(signer, str))


def _credited(observation: Observation, origin: Origin, standing: Standing) -> Observation:
    extra = {**observation.extra, FIELD: origin.to_document(standing, observation.tier)}
    return replace(observation, tier=credited_tier(observation.tier, standing), extra=extra)


def _with_origin(graph: Graph) -> Iterable[tuple[Observation, Mapping[str, Any]]]:
    for observation in graph.observations.values():
        origin = observation.extra.get(FIELD)
        if isinstance(origin, Mapping):
            yield observation, origin


def _common(origin: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in origin.items() if key not in ("standing", "claimed_tier")}
