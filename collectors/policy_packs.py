"""The policy packs collector: with which policies this run decides, and what pins and signs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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
        if isinstance(context.packs, str):
            return Availability(False, context.packs, "gather this evidence where the policies are")
        return Availability(bool(context.packs), "" if context.packs else "this run has no policies")

    def collect(self, context: Context) -> Iterator[Item]:
        """One observation about the pipeline."""
        packs = [{**pack, "replaces_count": len(pack["replaces"])} for pack in _packs(context)]
        result = {"packs": packs, "pack_count": len(packs)}
        coverage = Coverage(len(packs), len(packs))
        yield context.observe(self, context.pipeline_id, TYPE, result, coverage=coverage)


def _packs(context: Context) -> Sequence[Mapping[str, Any]]:
    return () if isinstance(context.packs, str) else context.packs
