"""Whole pipelines in memory: one observation per subject and type, as real collectors would make them.

- `good_graph`: every built-in control passes, with `parameters` and `waivers`;
- `bad_graphs`: one defect each, with the control that must not pass and its outcome;
- `scaled_graph`: as many subjects as asked for, for benchmarks.

To simulate a new control: its evidence in ``evidence``, its defects in ``defects``.

Example:
    >>> pipeline = SimulatedPipeline()
    >>> model = pipeline.add("model", "net")
    >>> pipeline.observe(model, "model_format")
    >>> pipeline.change("model_format", {"files/0/format": "pickle"})
    >>> graph = pipeline.graph()
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ...evaluator.graph import Coverage, Graph, Observation, Relation, Skipped, Status, Subject, Tier
from . import workload  # noqa: F401  registers its evidence
from .defects import DEFECTS
from .evidence import BUILDER, CONTENT, EVIDENCE, good_waivers, sha256

NOW = datetime(2026, 11, 20, 7, 0, 0, tzinfo=UTC)


class SimulatedPipeline:
    """Builds a graph step by step.

    Args:
        now: the time that evidence carries.
        name: of the pipeline; its own subject is added at once.
    """

    def __init__(self, now: datetime = NOW, name: str = "simulated") -> None:
        self.now = now
        self.name = name
        self.subjects: dict[str, Subject] = {}
        self.relations: list[Relation] = []
        self._observations: dict[tuple[str, str], Observation] = {}
        self._kinds: dict[str, list[Subject]] = {}
        self.add("pipeline", name)

    def of_kind(self, *kinds: str) -> Sequence[Subject]:
        """The subjects of some kinds, in the order in which they were added."""
        return [subject for kind in kinds for subject in self._kinds.get(kind, ())]

    def date(self, days: float) -> str:
        """RFC 3339 time that many days after now."""
        return (self.now + timedelta(days=days)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def add(self, kind: str, name: str) -> Subject:
        """Add a subject; one that has content gets a location and a digest."""
        content = kind in CONTENT
        digest = {"sha256": sha256(f"{kind}:{name}")} if content else {}
        subject = Subject(kind, name, digest=digest, location=f"{kind}s/{name}" if content else None)
        self.subjects[subject.id] = subject
        self._kinds.setdefault(kind, []).append(subject)
        return subject

    def relate(self, source: Subject, relation: str, target: Subject) -> None:
        """Link two subjects."""
        self.relations.append(Relation(source.id, relation, target.id))

    def observe(self, subject: Subject, type: str, result: Mapping[str, Any] | None = None) -> None:
        """Add a complete observation, with the good result of its type unless another is given."""
        made = EVIDENCE[type].make(self, subject) if result is None else result
        inputs = {str(subject.location): subject.digest} if subject.digest else {}
        self._observations[subject.id, type] = Observation(
            type=type,
            subject=subject.id,
            tier=EVIDENCE[type].tier if type in EVIDENCE else Tier.OBSERVED,
            collector={"name": type, "version": "1"},
            status=Status.COMPLETE,
            coverage=Coverage(1, 1),
            observed_at=self.date(0),
            inputs=inputs,
            result=made,
        )

    def observe_all(self) -> None:
        """Add every type of evidence that is known, for every subject of its kinds."""
        for item in EVIDENCE.values():
            for subject in self.of_kind(*item.kinds):
                self.observe(subject, item.type)

    def change(self, type: str, values: Mapping[str, Any], *, kind: str = "", **fields: Any) -> None:
        """Change the observation of a type, of the first subject that has one.

        Args:
            type: the observation type.
            values: path in the result, such as ``files/0/format``, to its new value.
            kind: of the subject, where several kinds have that type.
            fields: of the observation itself, such as ``status``.
        """
        key = next(key for key in self._observations if key[1] == type and key[0].startswith(kind))
        result = copy.deepcopy(dict(self._observations[key].result))
        for path, value in values.items():
            _put(result, path, value)
        self._observations[key] = replace(self._observations[key], result=result, **fields)

    def forget(self, type: str) -> None:
        """Drop the observation of a type, of the first subject that has one."""
        del self._observations[next(key for key in self._observations if key[1] == type)]

    def graph(self) -> Graph:
        """The graph of what was added so far."""
        pipeline = {"name": self.name, "criticality": "high", "exposure": "internal"}
        return Graph.of(pipeline, self.subjects.values(), self._observations.values(), self.relations)


def good_pipeline(now: datetime = NOW, models: int = 1) -> SimulatedPipeline:
    """A pipeline in which every built-in control passes, to be changed further."""
    pipeline = SimulatedPipeline(now)
    made = [pipeline.add("model", f"model-{number}") for number in range(models)]
    dataset, code = pipeline.add("dataset", "train"), pipeline.add("source", "code")
    dependencies = pipeline.add("dependency_set", "training")
    train, serve = pipeline.add("workload", "train"), pipeline.add("workload", "serve")
    pipeline.relate(train, "runs_on", pipeline.add("gpu", "node-a"))
    for model in made:
        pipeline.relate(model, "trained_on", dataset)
        pipeline.relate(model, "built_from", code)
        pipeline.relate(model, "produced_by", train)
        pipeline.relate(model, "depends_on", dependencies)
    pipeline.relate(made[0], "deployed_as", serve)
    pipeline.observe_all()
    return pipeline


def good_graph(now: datetime = NOW, models: int = 1) -> Graph:
    """A graph in which every built-in control passes, given `parameters`."""
    return good_pipeline(now, models).graph()


def parameters() -> dict[str, dict[str, Any]]:
    """Parameters for the good graph: those whose defaults prove nothing, and those that name signers."""
    signers = {stage: [f"key:{stage}-gate"] for stage in ("training", "deployment")}
    return {"TRAIN-12": {"allowed_builders": [BUILDER]}, "GOV-05": {"stage_signers": signers}}


def waivers(now: datetime = NOW) -> list[dict[str, Any]]:
    """The waivers that the good graph's evidence lists, as a manifest has them; none is needed for a pass."""
    return good_waivers(good_pipeline(now))


def bad_graphs(now: datetime = NOW) -> Iterator[tuple[str, Graph, str, str]]:
    """Graphs with one defect each.

    Yields:
        A name, the graph, the id of the control that must not pass, and its outcome (``fail`` or ``inconclusive``).
    """
    for defect in DEFECTS:
        pipeline = good_pipeline(now)
        fields = dict(defect.fields)
        if "age_days" in fields:
            fields["observed_at"] = pipeline.date(-fields.pop("age_days"))
        if fields.get("status") == Status.PARTIAL:
            fields["coverage"] = Coverage(2, 1, (Skipped("the other one", "not examined"),))
        if defect.missing:
            pipeline.forget(defect.type)
        else:
            pipeline.change(defect.type, defect.values(pipeline), kind=defect.kind, **fields)
        yield f"{defect.control}: {defect.name}", pipeline.graph(), defect.control, defect.outcome


def scaled_graph(subjects: int, now: datetime = NOW) -> Graph:
    """A graph with that many subjects of every kind, and every type of evidence for each, for benchmarks.

    Of twenty subjects four are models, four packages, two each datasets, dependency sets, workloads and images, and one
    each a GPU, a source, a training run and an endpoint. Every control passes.
    """
    pipeline = SimulatedPipeline(now)
    mix = ["model", "package", "dataset", "workload", "dependency_set"] * 2
    mix += ["model", "package", "image", "gpu", "source", "model", "package", "image", "training_run", "endpoint"]
    for number in range(max(0, subjects - len(pipeline.subjects))):
        kind = mix[number % len(mix)]
        subject = pipeline.add(kind, f"{kind}-{number}")
        if kind == "model" and (dataset := pipeline.of_kind("dataset")):
            pipeline.relate(subject, "trained_on", dataset[-1])
    pipeline.observe_all()
    return pipeline.graph()


def _put(value: Any, path: str, new: Any) -> None:
    *parents, last = path.split("/")
    for part in parents:
        value = value[int(part)] if isinstance(value, list) else value[part]
    if isinstance(value, list):
        value[int(last)] = new
    else:
        value[last] = new
