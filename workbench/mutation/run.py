"""Change every module of a policy set, and every input that its tests use, one place at a time, and see who notices."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from ...errors import EngineError, PolicyError
from ...evaluator.engines.confined import Excess
from ...evaluator.engines.limits import Limits
from ...evaluator.outcomes import PASS
from ...evaluator.rego.syntax import Module
from . import graphs
from .bench import NOTICED, REFUSED, SURVIVED, Bench
from .change import Change
from .explained import Explanation, check_used, explanations
from .inputs import Collecting, collecting_rules
from .meanings import Meanings
from .operators import HINTS, changes
from .plan import Plan
from .report import Improvement, ModuleCounts, MutationReport, Survivor
from .spoils import Document
from .work import Task, work_off

MUTANT_LIMITS = Limits(seconds=10.0, memory_mib=1024)
"""What all tests of one mutant may take together; those of a control take some hundredths of a second."""

_STOPPED = "stopped"


def mutate(
    folder: Path,
    names: Sequence[str] = (),
    *,
    jobs: int,
    limits: Limits = MUTANT_LIMITS,
    say: Callable[[str], None] = lambda _: None,
) -> MutationReport:
    """Test the tests of a folder of policies.

    Args:
        folder: holds ``controls/``, with their tests, and ``lib/`` where there is one.
        names: ids of controls and ``lib/NAME``; empty for all.
        jobs: how many processes to use.
        limits: what the tests of one mutant may take.
        say: told in a line what is done next.

    Raises:
        UsageError: there is no such control or module.
        PolicyError: a policy is not valid, a test fails with nothing changed, nothing was tested, or an explanation of
            a survivor is wrong.
        EvidenceError: an example graph is malformed.
        EngineError: no process can be made.
    """
    plan = Plan.read(folder, names)
    explained = [found for path in plan.targets for found in explanations(plan.modules[path])]
    _check_tests(plan, jobs)
    found = [change for path in plan.targets for change in changes(plan.modules[path])]
    if not found:
        raise PolicyError("no mutant was made", why="there is nothing to change in the policies that were asked for")
    say(f"{len(found)} mutants of {len(plan.targets)} module{'s' * (len(plan.targets) > 1)}")
    verdicts = work_off([_trial(plan, change) for change in found], jobs, limits)
    states = [_STOPPED if isinstance(verdict, Excess) else str(verdict) for verdict in verdicts]
    survivors = _survivors(found, states, explained)
    inputs, unread = _inputs(plan, jobs)
    say(f"{len(inputs)} inputs to spoil")
    made, improvements = _spoil(plan, inputs, jobs)
    return MutationReport(
        _counts(found, states),
        sum(len(bench.tests) for bench in plan.benches.values()),
        survivors,
        len(inputs),
        tuple(unread),
        made,
        tuple(improvements),
    )


def _check_tests(plan: Plan, jobs: int) -> None:
    """With nothing changed, every test passes."""
    benches = list(plan.benches.values())
    failing: list[str] = []
    for answer in work_off([bench.failures for bench in benches], jobs, Limits()):
        failing += [answer.why] if isinstance(answer, Excess) else answer
    if failing:
        raise PolicyError(
            f"{len(failing)} tests fail with nothing changed", why=failing[0], remedy="run `probatum policy test` first"
        )


def _trial(plan: Plan, change: Change) -> Callable[[], str]:
    path = change.module.path
    benches = [plan.benches[name] for name in plan.targets[path]]

    def tried() -> str:
        text = change.mutant
        found = (bench.verdict(path, text) for bench in benches)
        return next((verdict for verdict in found if verdict != SURVIVED), SURVIVED)

    return tried


def _survivors(
    found: Sequence[Change], states: Sequence[str], explained: Sequence[Explanation]
) -> tuple[Survivor, ...]:
    alive = [change for change, state in zip(found, states, strict=True) if state == SURVIVED]
    check_used(explained, ((change.module.path, change.line, change.operator) for change in alive))
    reasons = {(item.path, item.line, name): item.reason for item in explained for name in item.operators}
    return tuple(
        Survivor(
            change.module.path,
            change.line,
            change.operator,
            change.diff(),
            HINTS[change.operator],
            reasons.get((change.module.path, change.line, change.operator)),
        )
        for change in alive
    )


def _counts(found: Sequence[Change], states: Sequence[str]) -> dict[str, ModuleCounts]:
    rows = sorted(zip((change.module.path for change in found), states, strict=True))
    counts = {}
    for path, group in groupby(rows, key=lambda row: row[0]):
        of = Counter(state for _, state in group)
        counts[path] = ModuleCounts(of.total(), of[NOTICED], of[REFUSED], of[_STOPPED], of[SURVIVED])
    return counts


Input = tuple[str, str, Document]
"""The id of a control, where an input of it is from, and the input."""


def _inputs(plan: Plan, jobs: int) -> tuple[list[Input], list[str]]:
    """Every input that there is for the controls, each once, and the places in tests whose inputs cannot be told."""
    places = [
        (
            name,
            rule,
            _collecting(plan.benches[name], module, rule),
        )
        for name, control in plan.controls.items()
        for module in plan.tests_beside(control)
        for rule in collecting_rules(module)
    ]
    answers = work_off([task for _, _, task in places], jobs, Limits())
    unread, found = [], dict[str, Input]()
    for (name, rule, _), answer in zip(places, answers, strict=True):
        if not isinstance(answer, list):
            unread.append(rule.where)
            continue
        for document in answer:
            found.setdefault(_key(name, document), (name, rule.where, document))
    for name, control in plan.controls.items():
        known = [*plan.examples[name].items(), *graphs.simulated(control, plan.policies)]
        for where, document in known:
            found.setdefault(_key(name, document), (name, where, document))
    return list(found.values()), unread


def _key(name: str, document: Document) -> str:
    return json.dumps([name, document], sort_keys=True)


def _collecting(bench: Bench, module: Module, rule: Collecting) -> Task:
    return partial(bench.collected, module.path, f"{module.text}\n{rule.text}", f"{module.package}.{rule.name}")


def _spoil(plan: Plan, inputs: Sequence[Input], jobs: int) -> tuple[int, list[Improvement]]:
    """Spoil every input in which something does not pass, and collect what then does."""
    outcomes = _answers(inputs, [partial(plan.benches[name].outcomes, document) for name, _, document in inputs], jobs)
    passes = [set(found.values()) == {PASS} for found in outcomes]
    good = [item for item, passed in zip(inputs, passes, strict=True) if passed]
    meanings = {
        control: Meanings(document for name, _, document in good if name == control) for control in plan.controls
    }
    bad = [item for item, passed in zip(inputs, passes, strict=True) if not passed]
    firsts = {name: number for number, (name, _, _) in reversed(list(enumerate(bad)))}
    tasks = [
        partial(plan.benches[name].improvements, document, meanings[name], thorough=firsts[name] == number)
        for number, (name, _, document) in enumerate(bad)
    ]
    made, found = 0, []
    for (name, where, _), (number, better) in zip(bad, _answers(bad, tasks, jobs), strict=True):
        made += number
        found += [Improvement(name, where, *item) for item in better]
    return made, found


def _answers(inputs: Sequence[Input], tasks: Sequence[Task], jobs: int) -> list[Any]:
    answers = work_off(tasks, jobs, Limits())
    for (name, where, _), answer in zip(inputs, answers, strict=True):
        if isinstance(answer, Excess):
            raise EngineError(f"{name} cannot be judged on spoilt evidence of {where}", why=answer.why)
    return answers
