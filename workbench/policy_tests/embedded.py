"""Tests on the embedded engine, in children with limits: one that hangs or crashes costs itself and no other test."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from ...errors import PolicyError
from ...evaluator.engines.confined import Excess, run_steps
from ...evaluator.engines.confined_child import Step
from ...evaluator.engines.limits import Limits
from ...evaluator.engines.regorus import new_engine, plain
from ...evaluator.rego.syntax import syntax_error
from .discovery import Pack
from .model import EngineRun, Lines, Measured, PolicyTest, Result, State, Statement, result_of
from .values import failing_statement

NAME = "regorus"
_UNDEFINED = "<undefined>"
_PROBE = "probatum_probe"
_LACKS = "use --engine opa"
_PRINTED_CHARACTERS = 64 * 1024
_MAX_VALUE = 200


def run_embedded(pack: Pack, limits: Limits, *, coverage: bool = False) -> EngineRun:
    """Run the tests of a pack.

    Args:
        pack: modules and tests.
        limits: of each test.
        coverage: also measure which lines were evaluated.

    Raises:
        PolicyError: the engine refuses a module.
    """
    runner, covered = Runner(pack, coverage), _Covered()
    found = {test.name: given for test in pack.tests if (given := _not_run(test))}
    for test, answer in _answers(pack, runner, runner.run, [t for t in pack.tests if t.name not in found], limits):
        if isinstance(answer, Excess):
            found[test.name] = result_of(test, NAME, "error", str(answer))
        else:
            covered.add(answer["lines"])
            found[test.name] = _result(test, answer)
    if coverage:
        covered.add(_untouched(pack, covered.known.keys(), limits))
    failed = [test for test in pack.tests if found[test.name].state == "failed"]
    for test, answer in _answers(pack, runner, runner.explain, failed, limits):
        if isinstance(answer, Mapping) and answer:
            found[test.name] = replace(found[test.name], statement=_statement(answer))
    return EngineRun(tuple(found[test.name] for test in pack.tests), covered.lines(pack.measured))


class Runner:
    """What happens in a child: the engine is made there, so that whatever it takes to read a module is limited too."""

    def __init__(self, pack: Pack, coverage: bool) -> None:
        self.modules, self.coverage = pack.modules, coverage
        self.engine: Any = None

    def load(self) -> bytes:
        """Take the modules; an evaluation of nothing lets the engine complain of all of them."""
        try:
            self.engine = _engine(self.modules)
        except RuntimeError as error:
            return json.dumps({"error": plain(error), "said": str(error)}).encode()
        self.engine.set_enable_coverage(self.coverage)
        return b"{}"

    def run(self, test: PolicyTest) -> bytes:
        """Evaluate the rule of a test."""
        self.engine.clear_coverage_data()
        self.engine.take_prints()
        started = time.monotonic()
        try:
            value = json.loads(self.engine.eval_rule_as_json(f"data.{test.name}"))
            found: dict[str, Any] = {"passed": value is True, "message": "" if value is True else _brief(value)}
        except RuntimeError as error:
            found = {"passed": False, "message": plain(error)}
        seconds = time.monotonic() - started
        printed = _bounded(self.engine.take_prints())
        return json.dumps({**found, "seconds": seconds, "printed": printed, "lines": self._lines()}).encode()

    def explain(self, test: PolicyTest) -> bytes:
        """The statement of a failed test that does not hold; an empty object when there is none."""
        found = failing_statement(test, self.modules[test.path], self._look)
        return json.dumps({} if found is None else asdict(found)).encode()

    def _look(self, path: str, text: str, rules: tuple[str, ...]) -> Mapping[str, Sequence[Any]] | None:
        try:
            engine = _engine({**self.modules, path: text})
        except RuntimeError:
            return None
        return {rule: _values(engine, rule) for rule in rules}

    def _lines(self) -> dict[str, list[list[int]]]:
        """Path to covered and other lines of every module that has any."""
        if not self.coverage:
            return {}
        report = json.loads(self.engine.get_coverage_report_as_json())
        return {item["path"]: [item["covered"], item["not_covered"]] for item in report["files"]}


def _answers(
    pack: Pack, runner: Runner, work: Any, tests: Sequence[PolicyTest], limits: Limits
) -> Iterator[tuple[PolicyTest, Any]]:
    """What the work gave for each test, or an ``Excess``."""
    if not tests:
        return
    steps = [Step(runner.load, again=True), *(Step(partial(work, test)) for test in tests)]
    with closing(_steps(steps, limits)) as answers:
        for number, answer in answers:
            if number:
                yield tests[number - 1], answer if isinstance(answer, Excess) else json.loads(answer)
            elif isinstance(answer, Excess):
                raise PolicyError("the policies cannot be read", why=answer.why, remedy=answer.hint)
            elif problem := json.loads(answer):
                raise _refusal(pack, problem["said"], problem["error"])


def _steps(steps: Sequence[Step], limits: Limits) -> Generator[tuple[int, bytes | Excess]]:
    """What the steps give; closing it ends the child."""
    yield from run_steps(steps, limits)


def _untouched(pack: Pack, known: Collection[str], limits: Limits) -> dict[str, list[list[int]]]:
    """The lines of modules of which the engine says nothing, for no test evaluated anything of them."""
    paths = sorted(pack.measured - set(known))
    steps = [Step(partial(lines_with_code, path, pack.modules[path])) for path in paths]
    with closing(_steps(steps, limits)) as answers:
        return {paths[number]: [[], json.loads(answer)] for number, answer in answers if not isinstance(answer, Excess)}


def lines_with_code(path: str, text: str) -> bytes:
    """Lines with code of a module: those that the engine reports once one more rule of it was evaluated."""
    engine = new_engine()
    engine.set_enable_coverage(True)
    package = engine.add_policy(path, f"{text}\n{_PROBE} := true\n")
    engine.eval_rule(f"{package}.{_PROBE}")
    (report,) = json.loads(engine.get_coverage_report_as_json())["files"]
    return json.dumps(report["not_covered"]).encode()


def _refusal(pack: Pack, said: str, message: str) -> PolicyError:
    for path, text in pack.modules.items():
        if f"--> {path}:" in said:
            return syntax_error(path, text, said)
    return PolicyError("the policies are refused", why=message)


def _engine(modules: Mapping[str, str]) -> Any:
    engine = new_engine()
    for path, text in modules.items():
        engine.add_policy(path, text)
    engine.eval_query("true")
    return engine


def _not_run(test: PolicyTest) -> Result | None:
    if test.todo:
        return result_of(test, NAME, "skipped", "its name says todo")
    why = test.problem or test.opa_only
    return result_of(test, NAME, "error", why) if why else None


def _result(test: PolicyTest, answer: Mapping[str, Any]) -> Result:
    state: State = "passed" if answer["passed"] else "error" if _LACKS in answer["message"] else "failed"
    return result_of(
        test, NAME, state, answer["message"], printed=tuple(answer["printed"]), seconds=float(answer["seconds"])
    )


def _statement(answer: Mapping[str, Any]) -> Statement:
    values = tuple((name, tuple(texts)) for name, texts in answer["values"])
    return Statement(answer["line"], answer["source"], values)


def _values(engine: Any, rule: str) -> list[Any]:
    try:
        value = json.loads(engine.eval_rule_as_json(rule))
    except RuntimeError:
        return []
    return [] if value == _UNDEFINED else [value]


def _brief(value: Any) -> str:
    text = "undefined" if value == _UNDEFINED else json.dumps(value)
    return f"it is {text if len(text) <= _MAX_VALUE else text[:_MAX_VALUE] + '…'}"


def _bounded(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    size = 0
    for line in lines:
        size += len(line)
        if size > _PRINTED_CHARACTERS:
            return [*kept, f"and {len(lines) - len(kept)} lines more"]
        kept.append(line)
    return kept


@dataclass
class _Covered:
    """Lines of modules, gathered from test to test."""

    covered: dict[str, set[int]] = field(default_factory=dict)
    known: dict[str, set[int]] = field(default_factory=dict)

    def add(self, found: Mapping[str, list[list[int]]]) -> None:
        """Add what one test covered."""
        for path, (covered, others) in found.items():
            self.covered.setdefault(path, set()).update(covered)
            self.known.setdefault(path, set()).update(covered, others)

    def lines(self, paths: frozenset[str]) -> Lines:
        """What was gathered of some modules."""
        return {
            path: Measured(frozenset(self.covered[path]), frozenset(self.known[path] - self.covered[path]))
            for path in sorted(paths & self.known.keys())
        }
