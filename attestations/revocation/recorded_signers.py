"""Who signed what the evidence rests on, as a verdict package recorded it.

Collectors write the names of signers beside what they vouch for; the package's own copy of the trust policy says which
key or identity each name stood for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ...evaluator.graph import Graph, Observation, Tier
from ...evaluator.origins import FIELD
from ..trust.signing_time import parse_time
from .entry import Target

_SIGNERS = "signers"


@dataclass(frozen=True)
class Vouched:
    """A signer on whose word an observation rests.

    Args:
        observation: its id.
        signer: the name in the trust policy, such as ``key:builder``.
        target: the key or identity; None where the package does not tell.
        signed_at: when it was signed, vouched for by somebody else.
    """

    observation: str
    signer: str
    target: Target | None
    signed_at: datetime | None = None


def vouched(graph: Graph, trust: Mapping[str, Any]) -> Iterator[Vouched]:
    """Every observation that rests on somebody's signature, once for each of them.

    Args:
        graph: the evidence.
        trust: the package's trust policy as a document; empty where it has none.
    """
    for key, observation in graph.observations.items():
        seen = set()
        for holder in (*_holders(observation.result), *_holders(observation.extra.get(FIELD))):
            for signer in holder[_SIGNERS]:
                if isinstance(signer, str) and signer not in seen:
                    seen.add(signer)
                    at = parse_time(holder.get("signed_at"))
                    yield Vouched(key, signer, target_of(signer, trust, holder.get("identity")), at)


def target_of(signer: str, trust: Mapping[str, Any], claims: Any = None) -> Target | None:
    """The key or identity behind a name.

    Args:
        signer: such as ``key:builder``.
        trust: the trust policy as a document.
        claims: of the certificate, where they were recorded.
    """
    kind, _, name = signer.partition(":")
    if kind == "key":
        found = _entry(trust, "keys", name).get("id")
        return Target("key", found) if isinstance(found, str) else None
    if kind == "identity":
        identity = _entry(trust, "identities", name)
        told = claims if isinstance(claims, Mapping) else {}
        issuer, subject = identity.get("issuer"), told.get("subject") or identity.get("identity")
        if isinstance(issuer, str) and isinstance(subject, str):
            return Target("identity", f"{issuer} {subject}")
    return None


def ids_of(observation: Observation) -> set[str]:
    """The ids under which an observation is known: its own, and that which it had on the machine that made it."""
    origin = observation.extra.get(FIELD)
    if not isinstance(origin, Mapping) or origin.get("claimed_tier") not in set(Tier):
        return {observation.id}
    extra = {key: value for key, value in observation.extra.items() if key != FIELD}
    return {observation.id, replace(observation, tier=Tier(origin["claimed_tier"]), extra=extra).id}


def _entry(trust: Mapping[str, Any], section: str, name: str) -> Mapping[str, Any]:
    entries = trust.get(section)
    entry = entries.get(name) if isinstance(entries, Mapping) else None
    return entry if isinstance(entry, Mapping) else {}


def _holders(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object below a value that names signers and is not said to be unverified."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            if isinstance(item.get(_SIGNERS), list) and item.get("verified") is not False:
                yield item
            pending += item.values()
        elif isinstance(item, list):
            pending += item
