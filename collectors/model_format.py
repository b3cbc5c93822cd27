"""Collector ``model_format``: what each file of a model is, by its content, and whether loading it can run code.

Formats that cannot execute code are the first defence (MODEL-01): ``executable`` is ``no`` only for a file whose
structure was walked whole. The name does not count; where it promises another format, that is a mismatch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..content import Content
from ..evaluator.graph import Coverage, Observation, Skipped, Subject
from .base import Availability, Context
from .formats.examination import Examined, Examiner, Settings, distinct
from .formats.names import expected_formats


class ModelFormat:
    """Decides the format of every file of every model."""

    name, version = "model_format", "1"
    types: tuple[str, ...] = ("model_format",)
    kinds: tuple[str, ...] = ("model",)
    network = False

    def available(self, context: Context) -> Availability:
        """Always."""
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Observation]:
        """One observation per model.

        Raises:
            UsageError: the settings are wrong.
        """
        settings = Settings.read(context.settings, context.limits, self.name)
        examined = _examine_all(context, settings)
        for subject in context.of_kind("model"):
            content = context.contents.get(subject.id)
            if content is None:
                yield context.failed(self, subject.id, "model_format", "the model has no files to examine")
            else:
                yield self._observation(context, subject, content, examined)

    def _observation(
        self, context: Context, subject: Subject, content: Content, examined: dict[str, Examined]
    ) -> Observation:
        files = [_file(entry.path, examined[entry.sha256]) for entry in content.files]
        skipped = [Skipped(problem.path, problem.reason) for problem in content.problems]
        for entry in content.files:
            failed = examined[entry.sha256].failed
            if failed is not None:
                skipped.append(Skipped(entry.path, failed))
        result = {
            "files": files,
            "executable_files": sum(file["executable"] != "no" for file in files),
            "mismatches": sum(file["mismatch"] for file in files),
            "problems": sum(len(file["problems"]) for file in files),
        }
        seen = len(content.files) + len(content.problems)
        coverage = Coverage(seen, seen - len(skipped), tuple(skipped))
        return context.observe(self, subject.id, "model_format", result, coverage=coverage)


def _examine_all(context: Context, settings: Settings) -> dict[str, Examined]:
    examined = {}
    items = distinct(context)
    with Examiner(settings, context.limits) as examiner:
        for done, (entry, path) in enumerate(items):
            context.progress(entry.path, done, len(items))
            examined[entry.sha256] = examiner.examine(entry, path)
    return examined


def _file(path: str, examined: Examined) -> dict[str, Any]:
    expected = expected_formats(path)
    return {
        "path": path,
        "format": examined.format,
        "executable": examined.executable,
        "expected": expected[0] if expected else None,
        "mismatch": bool(expected) and examined.format not in expected,
        "problems": list(examined.problems),
    }
