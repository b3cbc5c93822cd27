"""The waivers collector: the exceptions that the manifest grants, and what is wrong with each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..evaluator.graph import Coverage
from ..evaluator.waivers import judge
from .base import Availability, Context, Item


class Waivers:
    """Reports every waiver with its problems, so that control GOV-04 can judge them."""

    name = "waivers"
    version = "1"
    types: tuple[str, ...] = ("waivers",)
    kinds: tuple[str, ...] = ("pipeline",)
    network = False

    def available(self, context: Context) -> Availability:
        """Always: it reads the manifest only."""
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Item]:
        """One observation about the pipeline."""
        waivers = context.waivers
        uses = Counter(str(waiver.get("id")) for waiver in waivers)
        judged = []
        for waiver in waivers:
            problems = list(judge(waiver, context.now).problems)
            if uses[str(waiver.get("id"))] > 1:
                problems.append(f"id {waiver.get('id')} is used twice")
            judged.append({**waiver, "problems": problems})
        result = {"waivers": judged, "waiver_count": len(judged)}
        coverage = Coverage(len(judged), len(judged))
        yield context.observe(self, context.pipeline_id, "waivers", result, coverage=coverage)
