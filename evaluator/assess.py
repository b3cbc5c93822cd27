"""One evaluation: graph, policies, checklist and settings in, assessment out. Pure: no clock, no network, no disk.

An engine that cannot work, or that gives back less than it was asked for, makes every outcome inconclusive; it never
makes one disappear.
"""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..errors import EngineError, UsageError
from .assessment_document import ControlResult, Settings, assessment_document
from .bypasses import all_bypasses
from .checklist import Checklist, parameters_of
from .decisions import Decisions, read_decisions
from .engines.base import RULES, Batch, Engine, RuleResult
from .graph import Graph
from .index import Index
from .metadata import Control
from .outcomes import FAIL, INCONCLUSIVE, PASS, WAIVED, Judge, worst
from .parameters import Parameter
from .policies import PolicySet
from .run_reasons import run_reasons
from .times import seconds, stamp
from .usability import Limit
from .waivers import Waiver, judge

STAGES = ("pre-commit", "training", "deployment", "monitoring")
_NO_ANSWER = dict.fromkeys(RULES, RuleResult(error="the engine gave no answer"))


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
    engine_identity: Mapping[str, str] | None = None,
    packs: Sequence[Mapping[str, Any]] = (),
    revocations: Mapping[str, Any] | None = None,
) -> Assessment:
    """Evaluate every control of a checklist over a graph.

    Args:
        graph: the evidence.
        policies: the policy set.
        checklist: which of its controls, and how.
        now: evaluation time, with a zone; whole seconds count.
        engine: what evaluates the Rego.
        parameters: control id to values that the pipeline's manifest sets.
        waivers: as the manifest has them; invalid ones are shown and do nothing.
        stage: only controls of this gate; None for all.
        trust_policy_digest: algorithm to digest of the trust policy that the collectors used.
        bypasses: ``{code, message}`` of everything that weakened the run before the evaluation.
        engine_identity: ``name`` and ``version`` to record instead of the engine's own; a replay records the
            original's.
        packs: where the policies came from, pack by pack, to be recorded.
        revocations: ``sha256`` of what was known to be revoked, to be recorded, and ``evidence``, the ids of the
            observations that are.

    Raises:
        PolicyError: the policy set, the checklist or a parameter is wrong.
        UsageError: there is no such stage.
    """
    if stage is not None and stage not in STAGES:
        raise UsageError(f"there is no stage {stage!r}", remedy=f"one of: {', '.join(STAGES)}")
    settings = Settings(
        policies=policies,
        checklist=checklist,
        evaluated_at=stamp(now),
        engine=dict(engine_identity or {"name": engine.name, "version": engine.version}),
        parameters=parameters or {},
        waivers=tuple(waivers),
        stage=stage,
        trust_policy_digest=trust_policy_digest,
        bypasses=tuple(bypasses),
        packs=tuple(packs),
        revocations=revocations,
    )
    with _no_garbage_collection():
        return _Run(graph, settings, engine).assess()


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Spare the collector a walk over the whole graph, again and again, for objects that form no cycles.

    On a graph of 10,000 subjects those walks take as long as all of the evaluator's own work.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if not gc.get_freeze_count():  # what was made meanwhile counts as old, and is not walked at once after all
                gc.freeze()
                gc.unfreeze()
            gc.enable()


class _Run:
    """One evaluation in progress; a class only to keep its parts together."""

    def __init__(self, graph: Graph, settings: Settings, engine: Engine) -> None:
        self.graph, self.settings, self.engine = graph, settings, engine
        self.parameters = parameters_of(settings.checklist, settings.policies, settings.parameters)
        revoked = frozenset((settings.revocations or {}).get("evidence", ()))
        self.index = Index(graph, seconds(settings.evaluated_at) or 0, packs=settings.packs, revoked=revoked)
        moment = datetime.fromisoformat(settings.evaluated_at)
        known = settings.policies.controls
        self.waivers = [judge(document, moment, known) for document in settings.waivers]
        every = (settings.policies.controls[key] for key in settings.checklist.entries)
        self.controls = [control for control in every if settings.stage in (None, *control.stages)]
        self.usable = {limit: self.index.usable(limit) for limit in {self.limit(c) for c in self.controls}}

    def values(self, control: Control) -> dict[str, Any]:
        """Effective parameters without their origins."""
        return {name: parameter.value for name, parameter in self.parameters[control.id].items()}

    def limit(self, control: Control) -> Limit:
        return Limit.of(self.values(control))

    def assess(self) -> Assessment:
        answers, engine_error = self._query()
        results = [self._control(control, answers.get(control.package, _NO_ANSWER)) for control in self.controls]
        counts = Counter(result.outcome for result in results)
        reasons = run_reasons(self.index, self.settings.checklist.requires, counts)
        if engine_error is not None:
            reasons.insert(0, {"code": "engine_error", "message": engine_error})
        result = self._result([item.outcome for item in results], reasons)
        applied = Counter(
            str(outcome.waiver["id"]) for item in results for outcome in item.outcomes if outcome.waiver is not None
        )
        weakened: Iterable[tuple[Control, Mapping[str, Parameter]]] = (
            (control, self.parameters[control.id]) for control in self.controls
        )
        document = assessment_document(
            self.graph,
            self.settings,
            result=result,
            reasons=reasons,
            results=results,
            counts=counts,
            waivers=[_waiver_document(waiver, applied) for waiver in self.waivers],
            bypasses=all_bypasses(self.settings.bypasses, self.graph, weakened, applied),
        )
        return Assessment(result, document)

    def _query(self) -> tuple[dict[str, dict[str, RuleResult]], str | None]:
        """Package to rule to result, and why the engine could not work; one input for each distinct limit."""
        groups: defaultdict[Limit, list[str]] = defaultdict(list)
        for control in self.controls:
            groups[self.limit(control)].append(control.package)
        values = {control.id: self.values(control) for control in self.controls}
        batches = [
            Batch(
                self.index.policy_input(self.usable[limit], parameters=values, stage=self.settings.stage),
                tuple(packages),
            )
            for limit, packages in sorted(groups.items())
        ]
        try:
            found = self.engine.run(self.settings.policies.modules, batches)
        except EngineError as error:
            failed = dict.fromkeys(RULES, RuleResult(error=str(error)))
            return {control.package: failed for control in self.controls}, str(error)
        return {package: rules for answers in found for package, rules in answers.items()}, None

    def _control(self, control: Control, answer: Mapping[str, RuleResult]) -> ControlResult:
        allowed = frozenset(key for kind in control.kinds for key in self.index.ids.get(kind, ()))
        decisions = read_decisions({**_NO_ANSWER, **answer}, allowed)
        limit = self.limit(control)
        judge_of = Judge(
            graph=self.graph,
            control=control,
            limit=limit,
            standings=self.index.standings,
            observed=self.index.observed,
            usable=self.usable[limit],
            waivers=[waiver for waiver in self.waivers if waiver.document.get("control") == control.id],
            errors=decisions.errors,
        )
        subjects = _subjects(decisions, allowed)
        outcomes = [
            judge_of.decide(key, decisions.findings.get(key, ()), decisions.proofs.get(key, ())) for key in subjects
        ]
        found = worst(outcome.outcome for outcome in outcomes)
        if decisions.errors and found not in (FAIL, WAIVED):
            found = INCONCLUSIVE
        entry = self.settings.checklist.entries[control.id]
        return ControlResult(
            control=control,
            priority=entry.priority or control.priority,
            parameters=self.values(control),
            outcome=found,
            outcomes=outcomes,
            error="; ".join(decisions.errors) or None,
        )

    def _result(self, outcomes: Sequence[str], reasons: Sequence[Mapping[str, str]]) -> str:
        found = worst(outcomes)
        if found == FAIL:
            return FAIL
        return PASS if found in (PASS, WAIVED) and not reasons else INCONCLUSIVE


def _subjects(decisions: Decisions, allowed: frozenset[str]) -> list[str]:
    """Whom the control is decided for: where ``applies`` could not be told, everyone whom it could apply to."""
    return sorted(allowed if decisions.applies is None else decisions.applies)


def _waiver_document(waiver: Waiver, applied: Mapping[str, int]) -> dict[str, Any]:
    state = waiver.state
    if state == "live":
        state = "applied" if applied.get(str(waiver.document["id"])) else "unused"
    return {**waiver.document, "state": state, "problems": list(waiver.problems)}
