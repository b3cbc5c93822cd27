"""The waivers collector: the exceptions that the manifest grants, and what is wrong with each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..evaluator.graph import Coverage, Tier
from ..evaluator.waivers import SIGNERS, judge
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
            judged.append({**waiver, "problems": problems, "tier": _tier(waiver)})
        result = {"waivers": judged, "waiver_count": len(judged)}
        coverage = Coverage(len(judged), len(judged))
        yield context.observe(self, context.pipeline_id, "waivers", result, coverage=coverage)


def _tier(waiver: Mapping[str, Any]) -> str:
    """How far one waiver can be believed: attested where somebody signed it whom the trust policy allows to."""
    return str(Tier.ATTESTED if waiver.get(SIGNERS) else Tier.DECLARED)
