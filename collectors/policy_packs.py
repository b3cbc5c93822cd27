"""The policy packs collector: with which policies this run decides, and what pins and signs them."""

from __future__ import annotations

from collections.abc import Iterator

from ..evaluator.graph import Coverage
from .base import Availability, Context, Item

TYPE = "policy_packs"


class PolicyPacks:
    """Reports every pack of policies with its digest, lock and signers, so that control GOV-03 can judge them."""

    name = "policy_packs"
    version = "1"
    types: tuple[str, ...] = (TYPE,)
    kinds: tuple[str, ...] = ("pipeline",)
    network = False

    def available(self, context: Context) -> Availability:
        """Only where a run has policies."""
        if context.packs:
            return Availability(True)
        return Availability(False, "this run has no policies", "run 'probatum gate' or 'probatum collect'")

    def collect(self, context: Context) -> Iterator[Item]:
        """One observation about the pipeline."""
        packs = [{**pack, "replaces_count": len(pack["replaces"])} for pack in context.packs]
        result = {"packs": packs, "pack_count": len(packs)}
        coverage = Coverage(len(packs), len(packs))
        yield context.observe(self, context.pipeline_id, TYPE, result, coverage=coverage)
