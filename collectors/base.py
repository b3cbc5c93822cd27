"""The contract of a collector.

A collector is a class with a ``name``, a ``version``, the observation ``types`` it makes, the ``kinds`` of subject it
makes them for, one ``collect`` method, and, beside its module, one JSON Schema per type, ``<type>.schema.json``, that
describes the observation's ``result``. It passes nothing over in silence: what it saw and did not examine goes into the
observation's coverage.

Example:
    >>> class Licence:
    ...     name, version, types, kinds, network = "licence", "1", ("licence",), ("model",), False
    ...     def available(self, context): return Availability(True)
    ...     def collect(self, context):
    ...         for subject in context.of_kind("model"):
    ...             yield context.observe(self, subject.id, "licence", {"spdx": "MIT"}, coverage=Coverage(1, 1))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from ..content import Content
from ..evaluator.graph import Coverage, Observation, Relation, Skipped, Status, Subject, Tier
from ..evaluator.times import stamp
from ..verification import EnvelopeVerifier
from .report_store import ReportStore
from .result_schema import check_result
from .sandbox import DEFAULT_LIMITS, SandboxLimits

Item = Observation | Subject | Relation
Progress = Callable[[str, int, int], None]
"""Called with what is being examined, how many items are done, and how many there are."""


@dataclass(frozen=True)
class Availability:
    """Whether a collector can run here.

    Args:
        ready: it can.
        reason: why it cannot, or with what it will run.
        remedy: what would make it run, or run better.
    """

    ready: bool
    reason: str = ""
    remedy: str = ""


def no_progress(item: str, done: int, total: int) -> None:
    """The progress reporter of a run that nobody watches."""


@dataclass(frozen=True)
class Context:
    """What a collector may know and use.

    Args:
        root: folder of the pipeline; nothing outside it is read.
        pipeline: the manifest's ``pipeline`` section.
        subjects: by id, with digests, as declared or discovered.
        relations: as declared.
        contents: subject id to the files behind its digest, for subjects that are files or folders.
        settings: this collector's section of the manifest, checked by the collector.
        waivers: the manifest's exceptions, unchecked.
        undeclared: what the manifest says about files that it does not name.
        now: the time that observations carry.
        online: network use was asked for.
        limits: of child processes.
        reports: where raw tool output is kept.
        verifier: checks signatures; None when there is no trust policy.
        packs: the policies of the run, pack by pack, as assessments record them; or why they are not known.
        progress: called as work is done.
    """

    root: Path
    pipeline: Mapping[str, Any]
    subjects: Mapping[str, Subject]
    relations: Sequence[Relation] = ()
    contents: Mapping[str, Content] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    waivers: Sequence[Mapping[str, Any]] = ()
    undeclared: str = "block"
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    online: bool = False
    limits: SandboxLimits = DEFAULT_LIMITS
    reports: ReportStore = field(default_factory=ReportStore)
    verifier: EnvelopeVerifier | None = None
    packs: Sequence[Mapping[str, Any]] | str = ()
    progress: Progress = no_progress

    def of_kind(self, *kinds: str) -> list[Subject]:
        """The subjects of the given kinds, sorted by id."""
        return [self.subjects[key] for key in sorted(self.subjects) if self.subjects[key].kind in kinds]

    @property
    def pipeline_id(self) -> str:
        """Id of the subject that stands for the whole pipeline."""
        return f"pipeline:{self.pipeline['name']}"

    def observe(
        self,
        collector: Collector,
        subject: str,
        type: str,
        result: Mapping[str, Any],
        *,
        coverage: Coverage,
        status: Status | None = None,
        tier: Tier = Tier.OBSERVED,
        tool: tuple[str, str] | None = None,
        inputs: Mapping[str, str] | None = None,
        report: bytes | None = None,
        media_type: str = "application/json",
        observed_at: datetime | None = None,
    ) -> Observation:
        """Make an observation and check its result against the schema of its type.

        Args:
            collector: who observes.
            subject: id of the subject; its own location and digest are recorded among the inputs.
            type: one of the collector's types.
            result: what was found.
            coverage: what was seen and what was not examined.
            status: ``complete`` or ``partial`` by the coverage unless given.
            tier: how far the observation can be believed.
            tool: name and version of the tool that did the work.
            inputs: path to SHA-256 of further files that were read.
            report: the tool's raw output, kept by digest.
            media_type: of the report.
            observed_at: when the evidence was made, if not now.

        Raises:
            EvidenceError: the result does not follow the schema: an error in the collector.
        """
        if status is None:
            status = Status.COMPLETE if coverage.whole else Status.PARTIAL
        check_result(collector, type, result)
        return Observation(
            type=type,
            subject=subject,
            tier=tier,
            collector={"name": collector.name, "version": collector.version},
            tool=None if tool is None else {"name": tool[0], "version": tool[1]},
            status=status,
            coverage=coverage,
            observed_at=stamp(observed_at or self.now),
            inputs=self._inputs(subject, inputs or {}),
            result=result,
            report=None if report is None else self.reports.add(report, media_type),
        )

    def failed(self, collector: Collector, subject: str, type: str, reason: str) -> Observation:
        """An observation that says only that the collector could not do its job, and why."""
        return Observation(
            type=type,
            subject=subject,
            tier=Tier.OBSERVED,
            collector={"name": collector.name, "version": collector.version},
            status=Status.FAILED,
            coverage=Coverage(1, 0, (Skipped(subject, reason),)),
            observed_at=stamp(self.now),
            inputs=self._inputs(subject, {}),
            result={"error": reason},
        )

    def _inputs(self, subject: str, files: Mapping[str, str]) -> dict[str, dict[str, str]]:
        inputs = {path: {"sha256": value} for path, value in files.items()}
        about = self.subjects.get(subject)
        if about is not None and about.location is not None and about.digest:
            inputs[about.location] = dict(about.digest)
        return inputs


class Collector(Protocol):
    """One source of evidence.

    Attributes:
        name: as in the manifest, on the command line and in the registry.
        version: of the collector's own logic; raise it when the same input gives another observation.
        types: the observation types it makes.
        kinds: the kinds of subject it observes, each type for each subject of each kind.
        network: it may use the network when that was asked for.
    """

    name: str
    version: str
    types: tuple[str, ...]
    kinds: tuple[str, ...]
    network: bool

    def available(self, context: Context) -> Availability:
        """Whether it can run here, and why not."""

    def collect(self, context: Context) -> Iterator[Item]:
        """Gather evidence.

        Yields:
            Observations, and the subjects and relations that they bring with them.

        Raises:
            EvidenceError: an input is malformed in a way that concerns no single subject.
            UsageError: the collector's settings are wrong.
        """
