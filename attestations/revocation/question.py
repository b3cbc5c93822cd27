"""What an impact analysis asks about, and how one verdict rests on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .entry import Target
from .kept_package import Kept
from .recorded_signers import ids_of, vouched


@dataclass(frozen=True)
class Reliance:
    """How a verdict rests on something.

    Args:
        how: each way, in words; empty when it does not.
        observations: ids of the evidence that counts for nothing without it.
        whole: why the verdict as a whole does not hold, whatever the rest says; empty when that has to be found out.
        unclear: why it cannot be told whether it rests on it.
        found: facts to be shown, such as the versions of a package.
    """

    how: tuple[str, ...] = ()
    observations: frozenset[str] = frozenset()
    whole: str = ""
    unclear: str = ""
    found: Mapping[str, Any] = field(default_factory=dict)


Question = Callable[[Kept], Reliance]
"""Asks one verdict package."""


def about_evidence(key: str) -> Question:
    """Which verdicts rest on one observation?

    Args:
        key: ``obs:…``, as in the package, or as on the machine that made the evidence.
    """

    def ask(kept: Kept) -> Reliance:
        ids = frozenset(item for item, found in kept.graph.observations.items() if key in ids_of(found))
        return Reliance(tuple(cited(kept, ids)), ids)

    return ask


def about_signer(target: Target) -> Question:
    """Which verdicts rest on the signatures of a key or an identity?"""

    def ask(kept: Kept) -> Reliance:
        how, whole = [], ""
        if target in kept.signers:
            whole = f"it is signed with this {target.kind}"
            how.append("signature of the verdict")
        uses = [item for item in vouched(kept.graph, kept.trust) if item.target == target]
        ids = frozenset(item.observation for item in uses)
        how += [f"{item.signer} vouches for {_named(kept, item.observation)}" for item in uses]
        names = {item.signer for item in uses} | _names(kept.trust, target)
        for pack in kept.assessment.get("packs", ()):
            if names & set(pack["signers"]):
                how.append(f"signature of the policies {pack['name']}")
                whole = whole or f"the policies {pack['name']} are signed with it"
        return Reliance((*how, *cited(kept, ids)), ids, whole)

    return ask


def about_policy(digest: str) -> Question:
    """Which verdicts were decided with some policies, or a pack of them?"""

    def ask(kept: Kept) -> Reliance:
        how = []
        if kept.assessment["digests"]["policies"]["sha256"] == digest:
            how.append("the policies that decided")
        how += [f"the pack {p['name']}" for p in kept.assessment.get("packs", ()) if p["digest"]["sha256"] == digest]
        whole = "it was decided with these policies; decide again with others" if how else ""
        return Reliance(tuple(how), whole=whole)

    return ask


def _names(trust: Mapping[str, Any], target: Target) -> set[str]:
    """The names of a key in the package's trust policy."""
    keys = trust.get("keys", {})
    return {f"key:{name}" for name, entry in keys.items() if target.kind == "key" and entry.get("id") == target.name}


def _named(kept: Kept, key: str) -> str:
    observation = kept.graph.observations[key]
    return f"{observation.type} of {observation.subject}"


def cited(kept: Kept, ids: frozenset[str]) -> Iterator[str]:
    """In words, every control and subject that was decided by citing one of some observations."""
    cited = False
    for control in kept.assessment["controls"] if ids else ():
        for item in control["subjects"]:
            proofs = {key for proof in item["proofs"] for key in proof["evidence"]}
            findings = {key for finding in item["findings"] for key in finding.get("evidence", ())}
            for word, keys in (("proof", proofs), ("finding", findings)):
                if ids & keys:
                    cited = True
                    yield f"{word} of {control['id']} for {item['subject']}"
    if ids and not cited:
        yield "in the evidence; nothing cites it"
