"""One collection: subjects are digested, every collector runs, the graph is put together.

A collector that crashes, cannot run here, or is skipped leaves an observation that says so on every subject of its
kinds, so that its absence is never mistaken for good news.
"""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from ..content import Content, read_content, stamps
from ..errors import ProbatumError, UsageError
from ..evaluator.graph import Coverage, Graph, Observation, Relation, Skipped, Status, Subject
from ..verification import EnvelopeVerifier
from .base import Collector, Context, Item, Progress, no_progress
from .manifest import Manifest
from .report_store import ReportStore
from .sandbox import DEFAULT_LIMITS, SandboxLimits


@dataclass(frozen=True)
class Run:
    """How a collection is to be done.

    Args:
        now: the time that observations carry.
        online: collectors may use the network.
        skip: names of collectors that the user does not want to run.
        verifier: checks signatures against the trust policy.
        limits: of child processes.
        packs: the policies of the run, pack by pack, as assessments record them; or why they are not known.
        progress: called as work is done.
    """

    now: datetime
    online: bool = False
    skip: Names[str] = ()
    verifier: EnvelopeVerifier | None = None
    limits: SandboxLimits = DEFAULT_LIMITS
    packs: Sequence[Mapping[str, Any]] | str = ()
    progress: Progress = no_progress


@dataclass(frozen=True)
class Collected:
    """What a collection brought.

    Args:
        graph: the evidence.
        reports: the tools' raw output.
        skipped: collectors that the user skipped.
        interrupted: the user stopped the run; the collectors that were left are marked as skipped.
        changed: subjects whose files were written to while evidence was gathered; they lose their digest, so that no
            evidence about them is usable.
    """

    graph: Graph
    reports: ReportStore
    skipped: tuple[str, ...] = ()
    interrupted: bool = False
    changed: tuple[str, ...] = ()


def collect(manifest: Manifest, collectors: dict[str, Collector], run: Run) -> Collected:
    """Gather all evidence about a pipeline.

    Args:
        manifest: the pipeline.
        collectors: by name, from the registry.
        run: how.

    Raises:
        UsageError: the manifest or the options name a collector that does not exist, or a setting is wrong.
    """
    _check_names(manifest.collectors, collectors, "the manifest has settings for")
    _check_names(run.skip, collectors, "cannot skip")
    before = _stamps(manifest)
    context = prepare(manifest, run)
    items: list[Item] = []
    interrupted = False
    for done, (name, collector) in enumerate(collectors.items()):
        run.progress(name, done, len(collectors))
        if interrupted or name in run.skip:
            items += unmade(
                collector, context, "the run was interrupted" if interrupted else "skipped by the user", Status.SKIPPED
            )
            continue
        try:
            items += _collected(collector, _own(context, name, manifest))
        except KeyboardInterrupt:
            interrupted = True
            items += unmade(collector, context, "the run was interrupted", Status.SKIPPED)
    run.progress("", len(collectors), len(collectors))
    after = _stamps(manifest)
    changed = tuple(sorted(key for key in before if before[key] != after[key]))
    graph = _graph(manifest, context, items, changed)
    return Collected(graph, context.reports, tuple(sorted(run.skip)), interrupted, changed)


def prepare(manifest: Manifest, run: Run) -> Context:
    """The context of a collection: every subject with its digest, and the pipeline itself as a subject."""
    contents: dict[str, Content] = {}
    subjects: dict[str, Subject] = {}
    for subject in manifest.subjects:
        content = _content(manifest, subject)
        if content is None:
            subjects[subject.id] = subject
        else:
            contents[subject.id] = content
            subjects[subject.id] = replace(subject, digest={"sha256": content.sha256})
    pipeline = Subject("pipeline", str(manifest.pipeline["name"]))
    subjects[pipeline.id] = pipeline
    return Context(
        root=manifest.root,
        pipeline=manifest.pipeline,
        subjects=subjects,
        relations=manifest.relations,
        contents=contents,
        waivers=manifest.waivers,
        undeclared=manifest.undeclared,
        now=run.now,
        online=run.online,
        limits=run.limits,
        verifier=run.verifier,
        packs=run.packs,
        progress=run.progress,
    )


def unmade(collector: Collector, context: Context, reason: str, status: Status) -> Iterator[Observation]:
    """For every subject and type of a collector, an observation that says why there is none."""
    for subject in context.of_kind(*collector.kinds):
        for type in collector.types:
            yield replace(
                context.failed(collector, subject.id, type, reason),
                status=status,
                coverage=Coverage(1, 0, (Skipped(subject.id, reason),)),
            )


def _own(context: Context, name: str, manifest: Manifest) -> Context:
    """The context of one collector: its settings, and progress under its name."""
    report = context.progress

    def progress(item: str, done: int, total: int) -> None:
        report(f"{name}: {item}", done, total)

    return replace(context, settings=manifest.collectors.get(name, {}), progress=progress)


def _collected(collector: Collector, context: Context) -> list[Item]:
    try:
        ready = collector.available(context)
        if not ready.ready:
            return list(unmade(collector, context, f"{ready.reason}; {ready.remedy}".strip("; "), Status.FAILED))
        return list(collector.collect(context))
    except UsageError:
        raise
    except ProbatumError as error:
        reason = str(error)
    except Exception as error:  # a collector may be anybody's code: its crash is evidence of nothing, and is recorded
        reason = f"the collector crashed: {type(error).__name__}: {error}"
    return list(unmade(collector, context, reason, Status.FAILED))


def _content(manifest: Manifest, subject: Subject) -> Content | None:
    if subject.location is None or "://" in subject.location:
        return None
    try:
        return read_content(manifest.root / subject.location)
    except OSError:
        return None  # without a digest no evidence about it is usable; the hashes collector says why


def _stamps(manifest: Manifest) -> dict[str, frozenset[tuple[str, int, int, int, int]]]:
    """Of every subject with content; taken before its digest and after the last collector, they show a swap between."""
    places = {item.id: item.location for item in manifest.subjects if item.location and "://" not in item.location}
    return {key: stamps(manifest.root / location) for key, location in places.items()}


def _graph(manifest: Manifest, context: Context, items: Iterable[Item], changed: Iterable[str]) -> Graph:
    subjects = dict(context.subjects)
    subjects |= {key: replace(subjects[key], digest={}) for key in changed}
    observations: list[Observation] = []
    relations: list[Relation] = list(manifest.relations)
    for item in items:
        if isinstance(item, Observation):
            observations.append(item)
        elif isinstance(item, Subject):
            subjects.setdefault(item.id, item)  # what the manifest declares is not redefined by evidence
        else:
            relations.append(item)
    return Graph.of(manifest.pipeline, subjects.values(), observations, relations)


def _check_names(names: Iterable[str], collectors: dict[str, Collector], what: str) -> None:
    for name in names:
        if name not in collectors:
            near = get_close_matches(name, collectors, 1)
            raise UsageError(
                f"{what} the unknown collector {name!r}",
                why=f"the collectors are {', '.join(collectors)}",
                remedy=f"did you mean {near[0]!r}?" if near else "'probatum doctor' lists them",
            )
