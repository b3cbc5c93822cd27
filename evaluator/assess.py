"""One evaluation: graph, policies, checklist and settings in, assessment out. Pure: no clock, no network, no disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .checklist import Checklist
from .engines.base import Engine
from .graph import Graph
from .policies import PolicySet


@dataclass(frozen=True)
class Assessment:
    """All outcomes of one evaluation.

    Args:
        result: ``pass``, ``fail`` or ``inconclusive``.
        document: the assessment in its JSON form (schema ``https://probatum.dev/assessment/v1``).
    """

    result: str
    document: Mapping[str, Any]


def evaluate(
    graph: Graph,
    *,
    policies: PolicySet,
    checklist: Checklist,
    now: datetime,
    engine: Engine,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    waivers: Sequence[Mapping[str, Any]] = (),
    stage: str | None = None,
    trust_policy_digest: Mapping[str, str] | None = None,
    bypasses: Sequence[Mapping[str, str]] = (),
) -> Assessment:
    """Evaluate every control of the checklist over the graph (``waivers`` and ``parameters`` as the manifest has them)."""
    raise NotImplementedError
