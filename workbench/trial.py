"""One control tried on evidence: what it decides for each subject, and the values of the rules behind that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from ..errors import UsageError
from ..evaluator.assess import evaluate
from ..evaluator.checklist import parameters_of
from ..evaluator.decisions import Decisions, read_decisions
from ..evaluator.engines.base import Batch, Engine
from ..evaluator.graph import Graph
from ..evaluator.index import Index
from ..evaluator.metadata import Control
from ..evaluator.outcomes import Judge
from ..evaluator.policies import PolicySet
from ..evaluator.suggest import did_you_mean
from ..evaluator.times import stamp
from ..evaluator.usability import Limit
from .bodies import Body, read_bodies
from .circumstances import Circumstances
from .probes import Laboratory, Probe, laboratory
from .stepping import step
from .stops import Stop
from .trial_document import finding_document, proof_document, stop_document
from .trial_values import about, fit, shared

MOST_SUBJECTS = 25
"""Subjects whose rules are stepped through; of the others only the outcome is told."""
LONGEST_SECONDS = 10.0
"""What deciding may take, in seconds, for the rules to be stepped through: that is done once for every statement."""
_WORST_FIRST = ("fail", "inconclusive", "waived", "pass", "not_applicable")


def control_named(name: str, policies: PolicySet) -> Control:
    """A control by its id, in capitals or not.

    Raises:
        UsageError: there is no such control.
    """
    folded = {key.casefold(): control for key, control in policies.controls.items()}
    found = folded.get(name.casefold())
    if found is None:
        raise UsageError(
            f"there is no control {name!r}",
            why=f"there are {len(folded)}",
            remedy=did_you_mean(name, policies.controls),
        )
    return found


def try_control(
    control: Control,
    graph: Graph,
    *,
    policies: PolicySet,
    circumstances: Circumstances,
    engine: Engine,
    subjects: Sequence[str] = (),
) -> dict[str, Any]:
    """Evaluate one control as a gate does, and look into it.

    Args:
        control: of the policy set.
        graph: the evidence.
        policies: the policy set.
        circumstances: time, parameters, waivers.
        engine: evaluates the control, and every part of it that is looked at.
        subjects: whom to look at; when empty, those that the control applies to, at most ``MOST_SUBJECTS``, the worst
            outcomes first.

    Returns:
        - ``control``, ``title``, ``pipeline``, ``engine``, ``evaluated_at``, ``parameters`` (each with its origin);
        - ``outcome`` and ``error`` of the control; ``reasons`` of the run, where there is no subject;
        - ``values``: of rules that are not about single subjects;
        - ``subjects``: of each, outcome, findings, proofs, reasons and waiver; ``stopped``: the bodies that do not
          hold, each with the statement at which it stops and the values there; ``rules``: the items of each rule that
          are about it;
        - ``left_out``: subjects that were not looked into; ``not_stepped``: why none was, else null.

    Raises:
        UsageError: a subject is not in the graph.
        PolicyError: the control is not valid Rego, or a parameter is wrong.
        EngineError: the engine cannot run.
    """
    for subject in subjects:
        if subject not in graph.subjects:
            raise UsageError(f"there is no subject {subject!r}", remedy=did_you_mean(subject, graph.subjects))
    return _Trial(control, graph, policies, circumstances, engine).document(subjects)


@dataclass(frozen=True)
class _Trial:
    """One trial in progress; a class only to keep its parts together."""

    control: Control
    graph: Graph
    policies: PolicySet
    given: Circumstances
    engine: Engine

    def document(self, wanted: Sequence[str]) -> dict[str, Any]:
        control, given, own = self.control, self.given, self.own
        bodies = read_bodies(own)
        listed = given.checklist(self.policies, {control.id})
        assessment = evaluate(
            self.graph,
            policies=self.policies,
            checklist=listed,
            now=given.now,
            engine=self.engine,
            parameters=self.set_here,
            waivers=given.waivers,
            stage=self.stage,
            revocations=given.revocations,
        )
        (judged,) = assessment.document["controls"]
        outcomes = {entry["subject"]: entry for entry in judged["subjects"]}
        worst = sorted(outcomes, key=lambda key: (_WORST_FIRST.index(outcomes[key]["outcome"]), key))
        chosen, left = (list(wanted), []) if wanted else (worst[:MOST_SUBJECTS], sorted(worst[MOST_SUBJECTS:]))
        inside = _Inside(self, bodies, chosen)
        effective = parameters_of(listed, self.policies, self.set_here)[control.id]
        return {
            "control": control.id,
            "title": control.title,
            "pipeline": dict(self.graph.pipeline),
            "engine": {"name": self.engine.name, "version": self.engine.version},
            "evaluated_at": stamp(given.now),
            "parameters": {name: {"value": one.value, "origin": one.origin} for name, one in effective.items()},
            "outcome": judged["outcome"],
            "error": judged["error"],
            "reasons": list(assessment.document["reasons"]) if not outcomes else [],
            "not_stepped": inside.note,
            "values": inside.shared(),
            "subjects": [inside.subject(key, outcomes.get(key)) for key in chosen],
            "left_out": [{"subject": key, "outcome": outcomes[key]["outcome"]} for key in left],
        }

    @property
    def own(self) -> dict[str, str]:
        """The modules of the control's package."""
        found = self.policies.packages
        return {path: text for path, text in self.policies.modules.items() if found[path] == self.control.package}

    @property
    def stage(self) -> str | None:
        """The gate, where the control has a part in it; it is tried all the same where it has none."""
        return self.given.stage if self.given.stage in self.control.stages else None

    @property
    def set_here(self) -> dict[str, Mapping[str, Any]]:
        """What the pipeline sets for the control; what it sets for others is theirs."""
        found = self.given.parameters
        return {self.control.id: found[self.control.id]} if self.control.id in found else {}


class _Inside:
    """What the rules of the control come to for chosen subjects."""

    def __init__(self, trial: _Trial, bodies: Sequence[Body], chosen: Sequence[str]) -> None:
        control, graph = trial.control, trial.graph
        index = Index(graph, int(trial.given.now.timestamp()), revoked=trial.given.revoked)
        values = trial.given.values(trial.policies)
        limit = Limit.of(values[control.id])
        usable = index.usable(limit)
        document = index.policy_input(usable, parameters=values, stage=trial.stage)
        allowed = frozenset(key for kind in control.kinds for key in index.ids.get(kind, ()))
        began = monotonic()
        (answers,) = trial.engine.run(trial.policies.modules, [Batch(document, (control.package,))])
        took = monotonic() - began
        self.answers = answers[control.package]
        self.decisions: Decisions = read_decisions(self.answers, allowed)
        self.judge = Judge(graph, control, limit, index.standings, index.observed, usable)
        self.lab = laboratory(trial.engine, trial.policies.modules, control.package, document)
        self.graph = graph
        self.note = (
            None if took <= LONGEST_SECONDS else f"deciding takes {took:.0f} s, and every statement as long again"
        )
        broken = all(answer.error is not None for answer in self.answers.values())  # nothing of it can be evaluated
        closed = broken or self.note is not None
        self.stops = [] if closed or not chosen else step(self.lab, bodies, chosen, control.kinds)
        self.rules = {} if closed else _rule_values(self.lab, bodies)
        self._shared = [rule for rule, value in self.rules.items() if shared(value, graph)]

    def shared(self) -> dict[str, Any]:
        """The values of rules that are not about single subjects."""
        return {rule: fit(self.rules[rule]) for rule in self._shared}

    def subject(self, key: str, outcome: Mapping[str, Any] | None) -> dict[str, Any]:
        """Everything about one subject; ``outcome`` is None when the control does not apply to it."""
        stops = [stop for stop in self.stops if stop.subject == key]
        decided = outcome or {"outcome": "not_applicable", "findings": [], "reasons": [], "waiver": None}
        proofs = self.decisions.proofs.get(key, ())
        return {
            "subject": key,
            "outcome": decided["outcome"],
            "findings": [finding_document(finding, stops) for finding in decided["findings"]],
            "proofs": [proof_document(cited, self._why_not(key, cited), stops) for cited in proofs],
            "reasons": list(decided["reasons"]),
            "waiver": decided["waiver"],
            "stopped": [stop_document(stop, self.graph) for stop in _in_order(stops, applies=outcome is not None)],
            "rules": {
                rule: about(value, key, self.graph) for rule, value in self.rules.items() if rule not in self._shared
            },
        }

    def _why_not(self, key: str, cited: Sequence[str]) -> list[str]:
        """Why a proof by itself is not accepted; nothing when it is."""
        found = self.judge.decide(key, (), [cited])
        return [reason.message for reason in found.reasons if reason.code == "policy_error"]


_ASKED = ("applies", "deny", "proof")


def _rule_values(lab: Laboratory, bodies: Sequence[Body]) -> dict[str, Any]:
    """The value of every rule that has one."""
    places = {body.rule: body.path for body in bodies if body.rule.isidentifier() and body.rule not in _ASKED}
    answers = lab.values([Probe(path, f"[v | v := {rule}]") for rule, path in places.items()])
    found = zip(places, answers, strict=True)
    return {rule: answer.value[0] for rule, answer in found if answer.error is None and answer.value}


def _in_order(stops: Iterable[Stop], *, applies: bool) -> Iterator[Stop]:
    """The bodies of ``deny`` and ``proof`` that stop, each followed by the rules at which it does and that stop too.

    Each body is told once; where the control does not apply, the bodies of ``applies`` come first.
    """
    stopped = [stop for stop in stops if not stop.fired]
    first = ("deny", "proof") if applies else ("applies",)
    told: dict[Body, Stop] = {}

    def tell(stop: Stop) -> None:
        if stop.body not in told:
            told[stop.body] = stop
            for rule in dict.fromkeys(rule for statement in stop.failing for rule in statement.rules):
                for other in (other for other in stopped if other.body.rule == rule):
                    tell(other)

    for rule in first:
        for stop in (stop for stop in stopped if stop.body.rule == rule):
            tell(stop)
    yield from told.values()
