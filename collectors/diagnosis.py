"""Which collectors can run here, and why not: what ``probatum doctor`` shows of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .base import Collector
from .manifest import Manifest
from .run import Run, prepare


def diagnose(manifest: Manifest, collectors: dict[str, Collector], run: Run) -> list[dict[str, Any]]:
    """Ask every collector whether it can run.

    Args:
        manifest: the pipeline that it would run for; its settings count.
        collectors: by name, from the registry.
        run: how it would run.

    Returns:
        ``name``, ``ready``, ``reason`` and ``remedy`` of each, sorted by name.
    """
    # Availability does not depend on content, so nothing is digested for it.
    context = prepare(replace(manifest, subjects=()), run)
    context = replace(context, subjects={**context.subjects, **{item.id: item for item in manifest.subjects}})
    rows = []
    for name, collector in collectors.items():
        ready = collector.available(replace(context, settings=manifest.collectors.get(name, {})))
        rows.append({"name": name, "ready": ready.ready, "reason": ready.reason, "remedy": ready.remedy})
    return rows
