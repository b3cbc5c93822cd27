"""The verdicts of earlier gates, as far as somebody whom the trust policy allows signed them (control GOV-05)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import EvidenceError, UsageError
from ..evaluator.graph import Coverage, Observation, Skipped, Subject, Tier
from ..verification import EnvelopeVerifier
from .base import Availability, Context, Item
from .signed.matching import same_content
from .signed.verdict import NAMES, Verdict, read_verdict


class Verdicts:
    """Tells, for every model and dataset, which verdicts there are about its content and under its name.

    Settings: ``paths``, a list of verdict packages, verdict files, or patterns of them, below the pipeline's folder.
    A verdict that cannot be relied on makes the evidence partial, so that spoiling one hides no bad news.
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
        for pattern in _patterns(context):
            sources = _sources(context.root, pattern)
            skipped += [] if sources else [Skipped(pattern, "there is no verdict")]
            for source in sources:
                item = _read(context.root, source, context.verifier)
                if isinstance(item, Verdict):
                    found.append(item)
                else:
                    skipped.append(item)
        for subject in context.of_kind(*self.kinds):
            yield self._observe(context, subject, found, skipped)

    def _observe(
        self, context: Context, subject: Subject, found: Sequence[Verdict], skipped: Sequence[Skipped]
    ) -> Observation:
        mine = {item.source: item for item in found if _speaks_of(item, subject)}
        entries = [_entry(mine[source], subject) for source in sorted(mine)]
        return context.observe(
            self,
            subject.id,
            "verdict",
            {"verdicts": entries, "verdict_count": len(entries)},
            coverage=Coverage(len(entries) + len(skipped), len(entries), tuple(skipped)),
            tier=Tier.ATTESTED if entries else Tier.OBSERVED,
            inputs={path: digest for item in mine.values() for path, digest in item.files.items()},
        )


def _read(root: Path, source: str, verifier: EnvelopeVerifier | None) -> Verdict | Skipped:
    if verifier is None:
        return Skipped(source, "no trust policy was given, so nobody is trusted")
    try:
        return read_verdict(root, source, verifier)
    except (EvidenceError, UsageError) as error:
        reason = error.why if isinstance(error, UsageError) else str(error)  # without a path that differs elsewhere
        return Skipped(source, reason)


def _speaks_of(verdict: Verdict, subject: Subject) -> bool:
    return any(name == subject.id for name, _ in verdict.subjects) or _about_content(verdict, subject)


def _about_content(verdict: Verdict, subject: Subject) -> bool:
    return any(same_content(digest, subject.digest) for _, digest in verdict.subjects)


def _entry(verdict: Verdict, subject: Subject) -> dict[str, Any]:
    return {
        "source": verdict.source,
        "sha256": verdict.files[verdict.source],
        "signers": list(verdict.signers),
        "same_content": _about_content(verdict, subject),
        **verdict.fields,
    }


def _patterns(context: Context) -> list[str]:
    """The patterns that the settings name.

    Raises:
        UsageError: the settings are wrong.
    """
    given = context.settings.get("paths", [])
    unknown = ", ".join(sorted(set(context.settings) - {"paths"}))
    if unknown or not isinstance(given, list) or not all(isinstance(item, str) and item for item in given):
        raise UsageError(
            "the settings of the collector verdicts are wrong",
            why=f"unknown: {unknown}" if unknown else "paths is not a list of paths",
            remedy="write collectors: {verdicts: {paths: [FOLDER, …]}}",
        )
    for item in given:
        if Path(item).is_absolute() or ".." in Path(item).parts:
            raise UsageError(
                f"the collector verdicts cannot read {item!r}",
                why="it lies outside the pipeline's folder",
                remedy="copy the verdict package below it, as CI's artifacts are",
            )
    return given


def _sources(root: Path, pattern: str) -> list[str]:
    """Paths of the verdicts that a path or pattern names, sorted; links lead nowhere."""
    base = root.resolve()
    found = []
    for place in _matches(base, pattern):
        candidates = [place / name for name in NAMES] if place.is_dir() else [place]
        found += [item for item in candidates if item.is_file() and item.resolve() == item]
    return sorted({item.relative_to(base).as_posix() for item in found})


def _matches(base: Path, pattern: str) -> list[Path]:
    try:
        return list(base.glob(pattern))
    except ValueError as error:
        raise UsageError(
            f"the collector verdicts cannot read {pattern!r}",
            why=str(error),
            remedy="write a path, or one like verdicts/*",
        ) from error
