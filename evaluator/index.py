"""The policy input: the graph with indexes, so that every lookup is one step in either engine (DESIGN section 5).

Everything here is linear in the size of the graph. What does not depend on a usability limit is built once and shared
by the inputs of all limits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .graph import KINDS, Graph
from .usability import Limit, Standing, standing

_Lists = dict[str, dict[str, list[str]]]
_PACKS = "policy_packs"


@dataclass(frozen=True)
class Index:
    """A graph, looked at from one moment.

    Args:
        graph: the evidence.
        now_seconds: evaluation time, seconds since the epoch.
        packs: the policies that decide; what was observed of others says nothing. Empty where nobody knows.
        revoked: ids of observations that were taken back: their bad news counts, and they prove nothing.
    """

    graph: Graph
    now_seconds: int
    packs: Sequence[Mapping[str, Any]] = ()
    revoked: Collection[str] = ()

    @cached_property
    def ids(self) -> dict[str, list[str]]:
        """Kind to the sorted ids of its subjects; every kind is there."""
        found: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for key in sorted(self.graph.subjects):
            found.setdefault(self.graph.subjects[key].kind, []).append(key)
        return found

    @cached_property
    def standings(self) -> dict[str, Standing]:
        """Observation id to what decides its usability."""
        subjects, now = self.graph.subjects, self.now_seconds
        found = {
            key: standing(observation, subjects.get(observation.subject), now)
            for key, observation in self.graph.observations.items()
        }
        if self.packs:
            for key, observation in self.graph.observations.items():
                if observation.type == _PACKS and _contents(observation.result.get("packs")) != _contents(self.packs):
                    found[key] = found[key]._replace(current=False)
        for key in found.keys() & set(self.revoked):
            found[key] = found[key]._replace(revoked=True)
        return found

    @cached_property
    def observed(self) -> _Lists:
        """Subject to type to observation ids, newest first; every subject is there."""
        known = self.graph.observations
        found: _Lists = {key: {} for key in self.graph.subjects}
        for key, observation in known.items():
            found.setdefault(observation.subject, {}).setdefault(observation.type, []).append(key)
        for types in found.values():
            for keys in types.values():
                if len(keys) > 1:
                    keys.sort()
                    keys.sort(key=lambda key: known[key].observed_at, reverse=True)
        return found

    def usable(self, limit: Limit) -> _Lists:
        """Subject to type to ids of the observations that are usable under a limit, newest first."""
        standings = self.standings
        fitting = {found for found in self._distinct_standings if found.usable(limit)}
        if len(fitting) == len(self._distinct_standings):
            return self.observed
        kept: _Lists = {}
        for subject, types in self.observed.items():
            inside = kept[subject] = {}
            for kind, keys in types.items():
                ids = [key for key in keys if standings[key] in fitting]
                if ids:
                    inside[kind] = ids
        return kept

    @cached_property
    def _distinct_standings(self) -> frozenset[Standing]:
        """Few, however many observations there are, so that limits are weighed once for each."""
        return frozenset(self.standings.values())

    def policy_input(
        self, usable: _Lists, *, parameters: Mapping[str, Mapping[str, Any]], stage: str | None
    ) -> dict[str, Any]:
        """What a policy sees.

        Args:
            usable: what ``usable`` gives for the limit of the controls that get this input.
            parameters: control id to effective values.
            stage: the gate, or None.
        """
        return {**self._shared, "parameters": parameters, "stage": stage, "usable": usable}

    @cached_property
    def _shared(self) -> dict[str, Any]:
        outgoing, incoming = self._links
        return {
            "pipeline": dict(self.graph.pipeline),
            "now_ns": self.now_seconds * 1_000_000_000,
            "subjects": {key: subject.to_document() for key, subject in self.graph.subjects.items()},
            "observations": {key: observation.document for key, observation in self.graph.observations.items()},
            "ids": self.ids,
            "observed": self.observed,
            "out": outgoing,
            "in": incoming,
        }

    @cached_property
    def _links(self) -> tuple[_Lists, _Lists]:
        outgoing: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
        incoming: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
        for link in self.graph.relations:
            outgoing[link.source].setdefault(link.relation, []).append(link.target)
            incoming[link.target].setdefault(link.relation, []).append(link.source)
        ends = self.graph.subjects
        return {key: outgoing.get(key, {}) for key in ends}, {key: incoming.get(key, {}) for key in ends}


def _contents(packs: Any) -> list[tuple[Any, Any]]:
    """Name and digest of every pack, in their order; nothing for what is no list of packs."""
    items = packs if isinstance(packs, list | tuple) else []
    return [(item.get("name"), item.get("digest")) for item in items if isinstance(item, Mapping)]
