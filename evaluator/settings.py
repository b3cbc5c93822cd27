"""Everything that a replay needs besides the graph and the policies, as one canonical document (``settings.json``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .assess import Assessment
from .checklist import Checklist
from .engines.base import Engine
from .graph import Graph
from .policies import PolicySet

SCHEMA = "https://probatum.dev/evaluation-settings/v1"


def settings_document(
    *,
    checklist: Checklist,
    now: datetime,
    engine: Engine,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    waivers: Sequence[Mapping[str, Any]] = (),
    stage: str | None = None,
    trust_policy_digest: Mapping[str, str] | None = None,
    bypasses: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """The settings of one evaluation, for ``settings.json`` of a verdict package."""
    raise NotImplementedError


def evaluate_from(graph: Graph, policies: PolicySet, settings: Mapping[str, Any], engine: Engine) -> Assessment:
    """Evaluate again with recorded settings, on any engine; the document names the *recorded* engine, so digests agree."""
    raise NotImplementedError
