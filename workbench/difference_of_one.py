"""One piece of evidence, evaluated with two policy sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import EvidenceError, ProbatumError
from ..evaluator.assess import Assessment, evaluate
from ..evaluator.engines.base import Engine
from ..evaluator.engines.limits import Limits
from ..evaluator.engines.opa_address import OpaServer
from ..evaluator.engines.select import engine_named
from ..evaluator.policies import PolicySet
from .circumstances import circumstances_of
from .recorded import Recorded, read_recorded

_NOBODY = ""
_Outcomes = dict[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Side:
    """One of two policy sets.

    Args:
        source: what it was read from.
        policies: the set.
    """

    source: str
    policies: PolicySet


@dataclass(frozen=True)
class Comparison:
    """Two policy sets, and how they are compared.

    Args:
        old: before the change.
        new: after it.
        checklist: name or path of the checklist whose controls and values count for graphs alone; None for every
            control, and for the values of ``default`` where a set has it.
        default: name of a checklist.
        now: evaluation time of graphs alone; that of the newest observation when None.
        engine_name: ``regorus`` or ``opa``.
        server: an OPA server that runs already.
        limits: of the evaluation of each control.
    """

    old: Side
    new: Side
    checklist: str | None = None
    default: str | None = None
    now: datetime | None = None
    engine_name: str = "regorus"
    server: OpaServer | None = None
    limits: Limits = field(default_factory=Limits)

    def engine(self) -> Engine:
        """A new engine; close it."""
        return engine_named(self.engine_name, server=self.server, limits=self.limits)


def examine(path: Path, comparison: Comparison, engine: Engine) -> dict[str, Any]:
    """Evaluate one piece of evidence with both sets.

    Args:
        path: an evidence graph or a verdict package.
        comparison: the sets.
        engine: evaluates.

    Returns:
        ``source`` and ``problem``, or ``source``, ``pipeline``, ``evaluated_at``, ``results``, ``changes``,
        ``reasons`` (per set: control and ground to number), ``reworded`` and ``compared``.
    """
    try:
        recorded = read_recorded(path)
        before = _assessed(recorded, comparison, comparison.old, comparison.new, engine)
        after = _assessed(recorded, comparison, comparison.new, comparison.old, engine)
    except ProbatumError as error:
        return {"source": str(path), "problem": {"what": error.what, "why": error.why}}
    pipeline = str(recorded.graph.pipeline.get("name"))
    one, other = _outcomes(before), _outcomes(after)
    changes = [{"pipeline": pipeline, "source": str(path), **change} for change in _changes(one, other)]
    return {
        "source": str(path),
        "pipeline": pipeline,
        "evaluated_at": before.document["evaluated_at"],
        "results": [before.result, after.result],
        "changes": changes,
        "reasons": [_grounds(one), _grounds(other)],
        "reworded": Counter(control for control, _ in _reworded(one, other)),
        "compared": len(one.keys() | other.keys()),
    }


def _assessed(recorded: Recorded, comparison: Comparison, side: Side, other: Side, engine: Engine) -> Assessment:
    """The assessment by one set: of the controls that count for the evidence, and of those that the other lacks."""
    policies = side.policies
    moment = recorded.moment if recorded.settings is not None else comparison.now or recorded.moment
    if moment is None:
        raise EvidenceError(f"{recorded.source} has no observation", why="so it has no time", remedy="give --now")
    name = None if recorded.settings is not None else comparison.checklist
    if name is None and recorded.settings is None and comparison.default in policies.checklists:
        name = comparison.default
    given = circumstances_of(recorded, policies, now=moment, checklist=name)
    restricted = recorded.settings is not None or comparison.checklist is not None
    listed = set(given.listed.entries) if restricted and given.listed is not None else set(policies.controls)
    own = policies.controls.keys() - other.policies.controls.keys()
    checklist = given.checklist(policies, listed | own)
    assessment = evaluate(
        recorded.graph,
        policies=policies,
        checklist=checklist,
        now=moment,
        engine=engine,
        parameters={key: values for key, values in given.parameters.items() if key in checklist.entries},
        waivers=given.waivers,
        stage=given.stage,
        revocations=given.revocations,
    )
    for reason in assessment.document["reasons"]:
        if reason["code"] == "engine_error":
            raise EvidenceError(f"{recorded.source} cannot be evaluated with {side.source}", why=reason["message"])
    return assessment


def _outcomes(assessment: Assessment) -> _Outcomes:
    """Control and subject to outcome; a control that cannot be told for any subject has one for nobody."""
    found: _Outcomes = {}
    for control in assessment.document["controls"]:
        for entry in control["subjects"]:
            found[control["id"], entry["subject"]] = entry
        if not control["subjects"] and control["outcome"] != "not_applicable":
            reason = {"code": "policy_error", "message": control["error"] or ""}
            found[control["id"], _NOBODY] = {"outcome": control["outcome"], "findings": [], "reasons": [reason]}
    return found


def _changes(before: _Outcomes, after: _Outcomes) -> Iterator[dict[str, Any]]:
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        was, now = (None if entry is None else entry["outcome"] for entry in (one, other))
        if was != now:
            because = [ground[1] for ground in _said(other if other is not None and now != "pass" else one)]
            yield {"control": key[0], "subject": key[1], "before": was, "after": now, "because": because}


def _said(entry: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Code and message of every ground of an outcome."""
    if entry is None:
        return []
    findings = [("finding", str(finding["message"])) for finding in entry["findings"]]
    return findings + [(str(reason["code"]), str(reason["message"])) for reason in entry["reasons"]]


def _grounds(outcomes: _Outcomes) -> Counter[tuple[str, str]]:
    return Counter((control, code) for (control, _), entry in outcomes.items() for code, _ in _said(entry))


def _reworded(before: _Outcomes, after: _Outcomes) -> Iterator[tuple[str, str]]:
    for key in before.keys() & after.keys():
        same = before[key]["outcome"] == after[key]["outcome"]
        if same and sorted(_said(before[key])) != sorted(_said(after[key])):
            yield key
