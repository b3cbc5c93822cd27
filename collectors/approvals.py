"""Approvals: what somebody whom the trust policy allows decided about some content, for one gate."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import EvidenceError, UsageError
from ..evaluator.graph import Coverage, Observation, Skipped, Subject, Tier
from ..evaluator.times import seconds
from ..files import read_limited
from .base import Availability, Context, Item
from .signed.matching import same_content
from .signed.named_files import files_of, media_type, patterns_of

_APPROVAL, _ROLE = "https://probatum.dev/approval/v1", "approval"
_SUFFIXES = (".dsse.json", ".sigstore.json")
_TEXTS = ("stage", "decision", "approver", "pipeline", "decided_at")
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class _Approval:
    """A verified approval: which file, who signed it, about what, and what it says."""

    source: str
    sha256: str
    signers: tuple[str, ...]
    subjects: Sequence[Mapping[str, Any]]
    predicate: Mapping[str, Any]


class Approvals:
    """Tells, for every model and dataset, who approved or rejected its content or something of its name.

    Settings: ``paths``, a list of files that ``probatum approve`` wrote, folders, or patterns of them, below the
    pipeline's folder. An approval that cannot be relied on makes the evidence partial. Approvals are kept beside the
    tools' raw output, so that an auditor can verify them again.
    """

    name = "approvals"
    version = "1"
    types: tuple[str, ...] = ("approval",)
    kinds: tuple[str, ...] = ("model", "dataset")
    network = False

    def available(self, context: Context) -> Availability:
        """Always ready; without a trust policy it can rely on no approval, and says so."""
        if context.verifier is None:
            return Availability(True, "no trust policy: no approval counts", "name one with `trust:` or --trust")
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Item]:
        """Read every approval once, then tell each subject's.

        Raises:
            UsageError: the settings are wrong.
        """
        found: list[_Approval] = []
        skipped: list[Skipped] = []
        for pattern in patterns_of(context, self.name):
            sources = files_of(context, pattern, _inside)
            skipped += [] if sources else [Skipped(pattern, "there is no approval")]
            for source in sources:
                try:
                    found.append(_read(context, source))
                except (EvidenceError, UsageError) as error:  # of a file without the path, which differs elsewhere
                    skipped.append(Skipped(source, error.why if isinstance(error, UsageError) else str(error)))
        for subject in context.of_kind(*self.kinds):
            yield self._observe(context, subject, found, skipped)

    def _observe(
        self, context: Context, subject: Subject, found: Sequence[_Approval], skipped: Sequence[Skipped]
    ) -> Observation:
        mine = [item for item in found if _named(item, subject) or _about_content(item, subject)]
        entries = [_entry(item, subject) for item in sorted(mine, key=lambda item: item.source)]
        return context.observe(
            self,
            subject.id,
            "approval",
            {"approvals": entries, "approval_count": len(entries)},
            coverage=Coverage(len(entries) + len(skipped), len(entries), tuple(skipped)),
            tier=Tier.ATTESTED if entries else Tier.OBSERVED,
            inputs={item.source: item.sha256 for item in mine},
        )


def _inside(folder: Path) -> Iterable[Path]:
    return (item for item in folder.iterdir() if item.name.endswith(_SUFFIXES))


def _read(context: Context, source: str) -> _Approval:
    if context.verifier is None:
        raise EvidenceError("no trust policy was given, so nobody is trusted")
    data = read_limited(context.root / source, _MAX_BYTES)
    found = context.verifier.verify(data, source=source)
    if not found.verified:
        raise EvidenceError("it is not verified", why=found.reason)
    if found.about != _APPROVAL or _ROLE not in found.roles:
        raise EvidenceError("it is no approval", why=f"it is {found.about} of the role {found.role}")
    statement = found.statement or {}
    predicate = statement.get("predicate")
    if not isinstance(predicate, Mapping) or not all(isinstance(predicate.get(name), str) for name in _TEXTS):
        raise EvidenceError("it is malformed", why=f"expected {', '.join(_TEXTS)}")
    if seconds(predicate["decided_at"]) is None or predicate["decision"] not in ("approved", "rejected"):
        raise EvidenceError("it is malformed", why="its time or its decision is none")
    context.reports.add(data, media_type(source))
    return _Approval(source, hashlib.sha256(data).hexdigest(), found.signers, statement["subject"], predicate)


def _named(approval: _Approval, subject: Subject) -> bool:
    return any(item.get("name") == subject.id for item in approval.subjects)


def _about_content(approval: _Approval, subject: Subject) -> bool:
    return any(same_content(item["digest"], subject.digest) for item in approval.subjects)


def _entry(approval: _Approval, subject: Subject) -> dict[str, Any]:
    return {
        "source": approval.source,
        "sha256": approval.sha256,
        "signers": list(approval.signers),
        "same_content": _about_content(approval, subject),
        "stage": approval.predicate["stage"],
        "decision": approval.predicate["decision"],
        "approver": approval.predicate["approver"],
        "pipeline": approval.predicate["pipeline"],
        "time": approval.predicate["decided_at"],
    }
