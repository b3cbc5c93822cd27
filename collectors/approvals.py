"""Approvals: what somebody whom the trust policy allows decided about some content, for one gate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..errors import EvidenceError, UsageError
from ..evaluator.graph import Coverage, Observation, Skipped, Subject, Tier
from ..files import read_limited
from .base import Availability, Context, Item
from .signed.approval import MAX_BYTES, read_approval
from .signed.named_files import files_of, media_type, patterns_of
from .signed.told import Told

_SUFFIXES = (".dsse.json", ".sigstore.json")


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
        found: list[Told] = []
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
        self, context: Context, subject: Subject, found: Sequence[Told], skipped: Sequence[Skipped]
    ) -> Observation:
        mine = [item for item in found if item.speaks_of(subject)]
        entries = [item.entry(subject) for item in sorted(mine, key=lambda item: item.source)]
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


def _read(context: Context, source: str) -> Told:
    if context.verifier is None:
        raise EvidenceError("no trust policy was given, so nobody is trusted")
    data = read_limited(context.root / source, MAX_BYTES)
    found = read_approval(data, source, context.verifier)
    context.reports.add(data, media_type(source))
    return found
