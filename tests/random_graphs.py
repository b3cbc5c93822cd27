"""Evidence graphs at random: the simulator's graphs spoilt in a few places, and pipelines that nobody would design.

Everything comes from one number, so that a graph that shows something can be had again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import spoiling

from probatum.errors import EvidenceError
from probatum.evaluator.graph import Coverage, Graph, Observation, Skipped, Status, Subject, Tier
from probatum.evaluator.graph_document import graph_from_document
from probatum.evaluator.times import stamp
from probatum.workbench import simulator
from probatum.workbench.simulator.defects import DEFECTS

_KINDS = {
    "model": 3, "dataset": 3, "dependency_set": 2, "package": 2, "image": 2, "workload": 3, "gpu": 2, "source": 2,
    "training_run": 1, "endpoint": 1,
}  # fmt: skip
_RELATIONS = (
    ("model", "trained_on", "dataset"), ("model", "built_from", "source"), ("model", "produced_by", "workload"),
    ("model", "depends_on", "dependency_set"), ("workload", "runs_on", "gpu"), ("model", "deployed_as", "workload"),
    ("model", "derived_from", "model"), ("dependency_set", "depends_on", "package"), ("workload", "runs_on", "image"),
)  # fmt: skip
_AGES = (0, 1, 29, 30, 31, 400)
_SAMPLES = [simulator.good_graph(), *(graph for _, graph, *_ in simulator.bad_graphs())]


def spoilt_graph(seed: int) -> Graph:
    """A graph of the simulator, spoilt in one to four places that leave it a graph."""
    chance = random.Random(seed)
    document = chance.choice(_SAMPLES).to_document()
    graph = graph_from_document(document, source="sample")
    for _ in range(chance.randint(1, 4)):
        places = [path for path in spoiling.paths(document) if len(path) > 1 and path[0] != "pipeline"]
        try:
            changed = _spoilt(document, chance.choice(places), chance)
            graph, document = graph_from_document(changed, source="spoilt"), changed
        except (EvidenceError, AttributeError, TypeError):
            continue  # no graph any more: the place stays as it was
    return graph


def built_graph(seed: int) -> Graph:
    """A pipeline of any size and shape: defects, gaps, statuses, tiers, ages, contradictions, links to anything."""
    chance = random.Random(seed)
    pipeline = simulator.SimulatedPipeline()
    for kind, most in _KINDS.items():
        for number in range(chance.randint(0, most)):
            pipeline.add(kind, f"{kind}-{number}")
    for source, relation, target in _RELATIONS * 3:
        ends = pipeline.of_kind(source), pipeline.of_kind(target)
        if all(ends) and chance.random() < 0.5:
            pipeline.relate(chance.choice(ends[0]), relation, chance.choice(ends[1]))
    if chance.random() < 0.1:
        everything = list(pipeline.subjects.values())
        pipeline.relate(chance.choice(everything), chance.choice(_RELATIONS)[1], chance.choice(everything))
    pipeline.observe_all()
    for defect in chance.sample(DEFECTS, chance.randint(0, 4)):
        if not defect.missing:
            _apply(pipeline, defect)
    graph = pipeline.graph()
    observations = list(_shaken(graph, chance))
    return Graph.of(graph.pipeline, graph.subjects.values(), observations, graph.relations)


def _spoilt(document: Any, path: spoiling.Path, chance: random.Random) -> Any:
    how = chance.choice(("drop", "rename", "corrupt"))
    if how == "drop":
        return spoiling.dropped(document, path)
    if how == "rename":
        return spoiling.renamed(document, path)
    return spoiling.corrupted(document, path, chance.choice(spoiling.JUNK))


def _apply(pipeline: simulator.SimulatedPipeline, defect: Any) -> None:
    try:
        pipeline.change(defect.type, defect.values(pipeline), kind=defect.kind)
    except (StopIteration, LookupError, ValueError, TypeError):
        return  # the pipeline has nothing of that kind, or another defect took the place away


def _shaken(graph: Graph, chance: random.Random) -> Iterator[Observation]:
    """Observations as they may come: some not at all, some twice, some old, weak, partial or of other content."""
    for observation in graph.observations.values():
        if chance.random() < 0.08:
            continue
        if chance.random() < 0.08:
            yield _odd(observation, graph.subjects[observation.subject], chance)
        yield _odd(observation, graph.subjects[observation.subject], chance) if chance.random() < 0.2 else observation


def _odd(observation: Observation, about: Subject, chance: random.Random) -> Observation:
    when = simulator.NOW - timedelta(days=chance.choice(_AGES), seconds=chance.randint(0, 2))
    status = chance.choice(list(Status))
    coverage = Coverage(3, 3) if status is Status.COMPLETE else Coverage(3, 1, (Skipped("x", "not looked at"),) * 2)
    other = {str(about.location): {"sha256": "e" * 64}} if about.digest and chance.random() < 0.3 else None
    return replace(
        observation,
        status=status,
        coverage=coverage,
        tier=chance.choice(list(Tier)),
        observed_at=stamp(when),
        inputs=observation.inputs if other is None else other,
        result={} if chance.random() < 0.1 else observation.result,
    )
