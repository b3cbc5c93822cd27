"""Everything that a replay needs besides the graph and the policies, as one document (``settings.json``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..errors import EvidenceError
from .assess import Assessment, evaluate
from .checklist import Checklist, checklist_from_document
from .engines.base import Engine
from .graph import Graph
from .policies import PolicySet
from .schema_check import first_problem, validator
from .times import stamp

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
    packs: Sequence[Mapping[str, Any]] = (),
    revocations: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The settings of one evaluation; give it what ``evaluate`` was given."""
    return {
        "schema": SCHEMA,
        "checklist": dict(checklist.document),
        "parameters": {key: dict(values) for key, values in (parameters or {}).items()},
        "waivers": [dict(waiver) for waiver in waivers],
        "stage": stage,
        "evaluated_at": stamp(now),
        "engine": {"name": engine.name, "version": engine.version},
        "trust_policy": dict(trust_policy_digest) if trust_policy_digest else None,
        "bypasses": [dict(bypass) for bypass in bypasses],
        "packs": [dict(pack) for pack in packs],
        **({"revocations": dict(revocations)} if revocations else {}),
    }


def evaluate_from(graph: Graph, policies: PolicySet, settings: Any, engine: Engine) -> Assessment:
    """Evaluate again with recorded settings.

    Args:
        graph: the recorded evidence.
        policies: the recorded policies.
        settings: what ``settings_document`` gave, parsed from ``settings.json``.
        engine: any engine; the document names the *recorded* one, so that equal decisions have equal digests.

    Raises:
        EvidenceError: the settings are malformed.
        PolicyError: the policy set, the checklist or a parameter in them is wrong.
    """
    problem = first_problem(validator("evaluation-settings"), settings)
    if problem is not None:
        raise EvidenceError("the recorded settings cannot be used", why=problem, remedy="get the verdict package again")
    try:
        now = datetime.fromisoformat(settings["evaluated_at"])
    except ValueError as error:
        raise EvidenceError("the recorded settings cannot be used", why=f"evaluated_at: {error}") from error
    checklist = checklist_from_document(settings["checklist"], policies, source="settings.json")
    return evaluate(
        graph,
        policies=policies,
        checklist=checklist,
        now=now,
        engine=engine,
        parameters=settings["parameters"],
        waivers=settings["waivers"],
        stage=settings["stage"],
        trust_policy_digest=settings["trust_policy"],
        bypasses=settings["bypasses"],
        engine_identity=settings["engine"],
        packs=settings.get("packs", ()),
        revocations=settings.get("revocations"),
    )
