"""The evidence graph: subjects, observations, relations (DESIGN section 4).

Invariants:

- a subject's id is ``kind:name``; an observation's id is the digest of its canonical content, so the same evidence has
  the same id on every machine;
- an observation says what it did not see: ``status`` and ``coverage`` are part of its content;
- a field that this version does not know survives a round trip (``extra``), and is covered by the ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from .. import strict_json

SCHEMA = "https://probatum.dev/evidence-graph/v1"

KINDS = (
    "model", "dataset", "dependency_set", "package", "image", "workload", "gpu", "source", "training_run", "endpoint",
    "registry", "pipeline",
)  # fmt: skip


class Tier(StrEnum):
    """How far an observation can be believed, weakest first."""

    DECLARED = "declared"
    REPORTED = "reported"
    OBSERVED = "observed"
    ATTESTED = "attested"
    HARDWARE = "hardware"

    @property
    def rank(self) -> int:
        """Position in the order of belief, 0 for ``declared``."""
        return _RANKS[self]


_RANKS = {tier: rank for rank, tier in enumerate(Tier)}


class Status(StrEnum):
    """How much of its job a collector did."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Skipped:
    """One item that was there and was not examined.

    Args:
        item: what was passed over: a path, a package, a container.
        reason: why, in words a user can act on.
        extra: fields that this version does not know.
    """

    item: str
    reason: str
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {**self.extra, "item": self.item, "reason": self.reason}


@dataclass(frozen=True)
class Coverage:
    """What a collector saw, examined and passed over.

    Args:
        seen: items found.
        examined: items of those that were examined whole.
        skipped: every other item, with its reason.
        extra: fields that this version does not know.
    """

    seen: int
    examined: int
    skipped: tuple[Skipped, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """True when every item that was seen was examined."""
        return self.seen == self.examined and not self.skipped

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            **self.extra,
            "seen": self.seen,
            "examined": self.examined,
            "skipped": [item.to_document() for item in self.skipped],
        }


@dataclass(frozen=True)
class Subject:
    """A thing that the checklist is about.

    Args:
        kind: one of ``KINDS``.
        name: unique within its kind.
        digest: algorithm to lower-case hexadecimal digest of the content; empty where there is no content (a GPU).
        location: path relative to the pipeline's root, or a URI.
        attributes: facts that do not decide anything by themselves.
        extra: fields that this version does not know.
    """

    kind: str
    name: str
    digest: Mapping[str, str] = field(default_factory=dict)
    location: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """``kind:name``."""
        return f"{self.kind}:{self.name}"

    def to_document(self) -> dict[str, Any]:
        """The JSON form, without empty fields."""
        document: dict[str, Any] = {**self.extra, "kind": self.kind, "name": self.name}
        if self.digest:
            document["digest"] = dict(self.digest)
        if self.location is not None:
            document["location"] = self.location
        if self.attributes:
            document["attributes"] = dict(self.attributes)
        return document


@dataclass(frozen=True)
class Observation:
    """One piece of evidence about one subject, made by one collector with one tool at one time.

    Args:
        type: what was observed, the name of the schema that ``result`` follows.
        subject: the subject's id.
        tier: how far it can be believed; set by the collector that knows how it got the evidence.
        collector: ``name`` and ``version`` of the collector.
        status: how much of its job the collector did.
        coverage: what it saw and did not see.
        observed_at: RFC 3339 time in UTC, ``Z`` suffix, whole seconds.
        result: what was found, by the schema of ``type``.
        tool: ``name`` and ``version`` of the tool that did the work, when it is not the collector itself.
        inputs: path to digests of every file that was read; the subject's own ``location`` is among them, with the
            subject's digest, when it has content.
        report: ``sha256`` and ``media_type`` of the tool's raw output, stored beside the graph.
        extra: fields that this version does not know.
    """

    type: str
    subject: str
    tier: Tier
    collector: Mapping[str, str]
    status: Status
    coverage: Coverage
    observed_at: str
    result: Mapping[str, Any]
    tool: Mapping[str, str] | None = None
    inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    report: Mapping[str, str] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """``obs:`` and the SHA-256 of the canonical content."""
        return f"obs:{hashlib.sha256(self.canonical).hexdigest()}"

    @cached_property
    def canonical(self) -> bytes:
        """The canonical content; kept, because the id and the graph's digest both need it."""
        return strict_json.canonical(self.document)

    @cached_property
    def document(self) -> dict[str, Any]:
        """``to_document`` made once; shared by every reader, so never changed."""
        return self.to_document()

    def to_document(self) -> dict[str, Any]:
        """The JSON form, without empty optional fields."""
        document: dict[str, Any] = {
            **self.extra,
            "type": self.type,
            "subject": self.subject,
            "tier": str(self.tier),
            "collector": dict(self.collector),
            "status": str(self.status),
            "coverage": self.coverage.to_document(),
            "observed_at": self.observed_at,
            "result": dict(self.result),
        }
        if self.tool is not None:
            document["tool"] = dict(self.tool)
        if self.inputs:
            document["inputs"] = {path: dict(value) for path, value in self.inputs.items()}
        if self.report is not None:
            document["report"] = dict(self.report)
        return document


@dataclass(frozen=True)
class Relation:
    """A directed, named link between two subjects.

    Args:
        source: id of the subject that the link starts from.
        relation: its name, such as ``trained_on``.
        target: id of the subject that it points to.
        extra: fields that this version does not know.
    """

    source: str
    relation: str
    target: str
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def order(self) -> tuple[str, str, str, bytes]:
        """What relations are sorted and told apart by."""
        extra = strict_json.canonical(self.extra) if self.extra else b""
        return self.source, self.relation, self.target, extra

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {**self.extra, "from": self.source, "relation": self.relation, "to": self.target}


@dataclass(frozen=True)
class Graph:
    """Everything that is known about one pipeline.

    Args:
        pipeline: ``name``, ``criticality``, ``exposure`` and whatever else the manifest states of the whole.
        subjects: by id.
        observations: by id.
        relations: sorted, without repeats.
        extra: fields that this version does not know.
    """

    pipeline: Mapping[str, Any]
    subjects: Mapping[str, Subject]
    observations: Mapping[str, Observation]
    relations: tuple[Relation, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        pipeline: Mapping[str, Any],
        subjects: Iterable[Subject],
        observations: Iterable[Observation] = (),
        relations: Iterable[Relation] = (),
    ) -> Graph:
        """Build a graph from its parts, in any order, repeats allowed."""
        return cls(
            pipeline=pipeline,
            subjects={item.id: item for item in subjects},
            observations={item.id: item for item in observations},
            relations=in_order(relations),
        )

    @cached_property
    def digest(self) -> str:
        """The graph's identity: SHA-256 of its canonical JSON."""
        return hashlib.sha256(self.canonical).hexdigest()

    @property
    def canonical(self) -> bytes:
        """The graph's canonical JSON, put together from the observations' own.

        RFC 8785 sorts members by UTF-16 code units; observation ids are ASCII, so joining them in order is exact.
        """
        frame, known = self._frame(), self.observations
        before, after = (
            strict_json.canonical({key: value for key, value in frame.items() if (key > "observations") is later})[1:-1]
            for later in (False, True)
        )
        middle = b",".join(b'"%s":%s' % (key.encode(), known[key].canonical) for key in sorted(known))
        return b'{%s"observations":{%s},%s}' % (before + b"," if before else b"", middle, after)

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        observations = {key: self.observations[key].document for key in sorted(self.observations)}
        return {**self._frame(), "observations": observations}

    def _frame(self) -> dict[str, Any]:
        return {
            **self.extra,
            "schema": SCHEMA,
            "pipeline": dict(self.pipeline),
            "subjects": {key: self.subjects[key].to_document() for key in sorted(self.subjects)},
            "relations": [relation.to_document() for relation in in_order(self.relations)],
        }


def in_order(relations: Iterable[Relation]) -> tuple[Relation, ...]:
    """Relations sorted, each once."""
    unique = {relation.order: relation for relation in relations}
    return tuple(unique[key] for key in sorted(unique))


def observation_id(document: Mapping[str, Any]) -> str:
    """The id of an observation given in its JSON form."""
    return f"obs:{strict_json.digest(document)}"
