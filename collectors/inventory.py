"""The inventory collector: what lies in the pipeline's folder, and what of it nobody declared."""

from __future__ import annotations

from collections.abc import Iterator

from ..evaluator.graph import Coverage
from .base import Availability, Context, Item
from .discovery import discover, undeclared
from .manifest import Manifest


class Inventory:
    """Lists models and datasets that lie in the folder and that the manifest does not name."""

    name = "inventory"
    version = "1"
    types: tuple[str, ...] = ("inventory",)
    kinds: tuple[str, ...] = ("pipeline",)
    network = False

    def available(self, context: Context) -> Availability:
        """Always: it reads names and first bytes only."""
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Item]:
        """One observation about the pipeline."""
        found = discover(context.root)
        declared = Manifest(context.root, context.pipeline, tuple(context.subjects.values()))
        missing = undeclared(declared, found)
        result = {
            "policy": context.undeclared,
            "undeclared": [{"path": item.path, "kind": item.kind} for item in missing],
            "undeclared_count": len(missing),
            "found": [{"path": item.path, "kind": item.kind} for item in found.found],
            "passed_over": [{"path": path, "reason": reason} for path, reason in found.passed_over],
        }
        total = len(found.found) + len(found.passed_over)
        yield context.observe(self, context.pipeline_id, "inventory", result, coverage=Coverage(total, total))
