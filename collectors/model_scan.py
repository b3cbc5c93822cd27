"""Collector ``model_scan``: what the files of a model would do when they are loaded.

Two scanners look at every file, each in a child process under limits, side by side: the static pickle analyser, which
proves a file harmless by an allow-list or says what it could not examine, and modelscan, whose deny-list adds bad news.
A file counts as examined, and as clean, only by the first: modelscan passes over what it does not know.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping

from .. import strict_json
from ..content import Content
from ..evaluator.graph import Coverage, Observation, Skipped, Subject
from .base import Availability, Context
from .formats.examination import Settings, skipped_reasons
from .pickles.scan import Opinions, scan_all


class ModelScan:
    """Scans every file of every model."""

    name, version = "model_scan", "1"
    types: tuple[str, ...] = ("model_scan",)
    kinds: tuple[str, ...] = ("model",)
    network = False

    def available(self, context: Context) -> Availability:
        """Always; says so when modelscan is missing."""
        if _modelscan_version() is not None:
            return Availability(True, "the pickle analyser and modelscan")
        return Availability(
            True,
            "the pickle analyser alone: modelscan is not installed",
            "use Python 3.11 or 3.12, for which modelscan can be installed",
        )

    def collect(self, context: Context) -> Iterator[Observation]:
        """One observation per model.

        Raises:
            UsageError: the settings are wrong, or allow an import that is known to be dangerous.
        """
        settings = Settings.read(context.settings, context.limits, self.name)
        version = _modelscan_version()
        opinions = scan_all(context, settings, modelscan=version is not None)
        for subject in context.of_kind("model"):
            content = context.contents.get(subject.id)
            if content is None:
                yield context.failed(self, subject.id, "model_scan", "the model has no files to examine")
            else:
                yield self._observation(context, subject, content, opinions, settings, version)

    def _observation(
        self,
        context: Context,
        subject: Subject,
        content: Content,
        opinions: Mapping[str, Opinions],
        settings: Settings,
        version: str | None,
    ) -> Observation:
        own = [(entry, opinions[entry.sha256]) for entry in content.files]
        issues = [issue for entry, opinion in own for issue in opinion.issues(entry.path)]
        result = {
            "files": [opinion.document(entry.path, entry.sha256) for entry, opinion in own],
            "issues": issues,
            "issue_count": len(issues),
            "allow_list": {
                "digest": settings.allow_list.digest,
                "extended_with": list(settings.allow_list.extended_with),
            },
        }
        report = {entry.path: opinion.report() for entry, opinion in own}
        return context.observe(
            self,
            subject.id,
            "model_scan",
            result,
            coverage=_coverage(content, opinions),
            tool=None if version is None else ("modelscan", version),
            report=strict_json.canonical(report),
        )


def _coverage(content: Content, opinions: Mapping[str, Opinions]) -> Coverage:
    skipped = [Skipped(problem.path, problem.reason) for problem in content.problems]
    examined = 0
    for entry in content.files:
        reasons = skipped_reasons(opinions[entry.sha256].analysis.gaps, entry.path)
        skipped += [Skipped(item, reason) for item, reason in reasons]
        examined += not reasons
    return Coverage(len(content.files) + len(content.problems), examined, tuple(skipped))


def _modelscan_version() -> str | None:
    if importlib.util.find_spec("modelscan") is None:
        return None
    from importlib.metadata import version

    return version("modelscan")
