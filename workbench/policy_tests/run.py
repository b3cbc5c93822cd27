"""All tests of a folder on the engines asked for, and what they say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import PolicyError
from ...evaluator.engines.limits import Limits
from ...evaluator.engines.select import engine_named
from .agent import run_opa
from .discovery import Pack, Place, chosen, discover, matcher
from .embedded import run_embedded
from .examples import example_names, judge_examples
from .model import EngineRun, Lines, Result, State

_RUN = {"regorus": run_embedded, "opa": run_opa}
_DEFAULT = Limits(10.0)


@dataclass(frozen=True)
class Wanted:
    """What to do.

    Args:
        engines: names of the engines that run every test.
        pattern: regular expression; only tests in whose name it finds something.
        coverage: measure lines.
        fail_under: percentage of lines that tests must cover in every module; None for no threshold.
        limits: of each test.
    """

    engines: tuple[str, ...] = ("regorus",)
    pattern: str = ""
    coverage: bool = False
    fail_under: float | None = None
    limits: Limits = _DEFAULT


@dataclass(frozen=True)
class Report:
    """What came of it.

    Args:
        results: of every test on every engine, by path and line.
        lines: what was covered; empty unless that was asked for.
        fail_under: the threshold.
    """

    results: tuple[Result, ...]
    lines: Lines = field(default_factory=dict)
    fail_under: float | None = None

    @property
    def disagreements(self) -> tuple[str, ...]:
        """Names of the tests that pass on one engine and not on another."""
        seen: dict[str, set[bool]] = {}
        for result in self.results:
            seen.setdefault(result.name, set()).add(result.ok)
        return tuple(name for name, found in seen.items() if len(found) > 1)

    @property
    def thin(self) -> tuple[str, ...]:
        """Modules of which less is covered than the threshold says."""
        least = self.fail_under
        return () if least is None else tuple(path for path, lines in self.lines.items() if lines.percent < least)

    @property
    def ok(self) -> bool:
        """Something ran, everything that ran passed, and enough was covered."""
        ran = any(result.state != "skipped" for result in self.results)
        return ran and all(result.ok for result in self.results) and not self.thin

    def count(self, state: State) -> int:
        """How many results have a state."""
        return sum(result.state == state for result in self.results)

    def to_document(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "result": "pass" if self.ok else "fail",
            "tests": [_result(result) for result in self.results],
            "disagreements": list(self.disagreements),
            "coverage": {path: _covered(self.lines, path) for path in self.lines},
            "fail_under": self.fail_under,
            "below_threshold": list(self.thin),
        }


def run_tests(place: Place, wanted: Wanted) -> Report:
    """Run the tests and the examples of a folder of policies.

    Args:
        place: the folder.
        wanted: what to do.

    Raises:
        PolicyError: a module has an error, or nothing ran.
        UsageError: the pattern is no regular expression.
        EngineError: an engine cannot be used here.
    """
    pack = chosen(discover(place), wanted.pattern)
    matches = matcher(wanted.pattern)
    examples = [name for name in example_names(place) if matches(name)]
    runs = [_ran(pack, examples, engine, wanted) for engine in wanted.engines]
    results = sorted((result for run in runs for result in run.results), key=lambda one: (one.path, one.line, one.name))
    report = Report(tuple(results), runs[0].lines, wanted.fail_under)
    if all(result.state == "skipped" for result in results):
        raise PolicyError(f"no test of a policy ran in {place.root / place.below}", why=_why_none(wanted, results),
                          remedy="add test_* rules in *_test.rego files")  # fmt: skip
    return report


def _ran(pack: Pack, examples: list[str], name: str, wanted: Wanted) -> EngineRun:
    """Everything on one engine."""
    run = _RUN[name](pack, wanted.limits, coverage=wanted.coverage)
    with engine_named(name, limits=wanted.limits) as engine:
        judged = tuple(judge_examples(pack.place, examples, engine))
    return EngineRun((*run.results, *judged), run.lines)


def _why_none(wanted: Wanted, results: list[Result]) -> str:
    if results:
        return f"all {len(results)} are todo"
    return f"--run {wanted.pattern!r} matches none" if wanted.pattern else "there is none"


def _result(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": result.name,
        "path": result.path,
        "line": result.line,
        "engine": result.engine,
        "state": result.state,
        "message": result.message,
        "printed": list(result.printed),
        "seconds": round(result.seconds, 6),
    }
    if result.statement is not None:
        values = [{"expression": name, "values": list(texts)} for name, texts in result.statement.values]
        found["statement"] = {"line": result.statement.line, "source": result.statement.source, "values": values}
    return found


def _covered(lines: Lines, path: str) -> Mapping[str, Any]:
    of = lines[path]
    return {"percent": round(of.percent, 1), "covered": len(of.covered), "uncovered": sorted(of.uncovered)}
