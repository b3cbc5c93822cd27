"""The verdicts of earlier gates, as far as somebody whom the trust policy allows signed them (control GOV-05)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import EvidenceError, TrustError, UsageError
from ..evaluator.graph import Coverage, Observation, Skipped, Subject, Tier
from ..verification import EnvelopeVerifier
from .base import Availability, Context, Item
from .signed.named_files import files_of, media_type, patterns_of
from .signed.verdict import NAMES, Verdict, read_verdict


class Verdicts:
    """Tells, for every model and dataset, which verdicts there are about its content and under its name.

    Settings: ``paths``, a list of verdict packages (folders or ZIP files), verdict files, or patterns of them, below
    the pipeline's folder. A verdict that cannot be relied on makes the evidence partial, so that spoiling one hides no
    bad news. Verdicts, their assessments, log proofs and timestamps are kept beside the tools' raw output, so that an
    auditor can verify them again.
    """

    name = "verdicts"
    version = "1"
    types: tuple[str, ...] = ("verdict",)
    kinds: tuple[str, ...] = ("model", "dataset")
    network = False

    def available(self, context: Context) -> Availability:
        """Always ready; without a trust policy it can rely on no verdict, and says so."""
        if context.verifier is None:
            return Availability(
                True, "no trust policy: no verdict can be relied on", "name one with `trust:` or --trust"
            )
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Item]:
        """Read every verdict once, then tell each subject's.

        Raises:
            UsageError: the settings are wrong.
        """
        found: list[Verdict] = []
        skipped: list[Skipped] = []
        for pattern in patterns_of(context, self.name):
            sources = files_of(context, pattern, lambda folder: [folder / name for name in NAMES])
            skipped += [] if sources else [Skipped(pattern, "there is no verdict")]
            for source in sources:
                item = _read(context.root, source, context.verifier)
                if isinstance(item, Verdict):
                    found.append(item)
                    for path, data in item.files.items():
                        context.reports.add(data, media_type(path))
                else:
                    skipped.append(item)
        for subject in context.of_kind(*self.kinds):
            yield self._observe(context, subject, found, skipped)

    def _observe(
        self, context: Context, subject: Subject, found: Sequence[Verdict], skipped: Sequence[Skipped]
    ) -> Observation:
        mine = {item.source: item for item in found if item.speaks_of(subject)}
        entries = [mine[source].entry(subject) for source in sorted(mine)]
        return context.observe(
            self,
            subject.id,
            "verdict",
            {"verdicts": entries, "verdict_count": len(entries)},
            coverage=Coverage(len(entries) + len(skipped), len(entries), tuple(skipped)),
            tier=Tier.ATTESTED if entries else Tier.OBSERVED,
            inputs={path: digest for item in mine.values() for path, digest in item.digests.items()},
        )


def _read(root: Path, source: str, verifier: EnvelopeVerifier | None) -> Verdict | Skipped:
    if verifier is None:
        return Skipped(source, "no trust policy was given, so nobody is trusted")
    try:
        return read_verdict(root, source, verifier)
    except (EvidenceError, TrustError, UsageError) as error:
        reason = str(error) if isinstance(error, EvidenceError) else error.why  # without a path that differs elsewhere
        return Skipped(source, reason)
