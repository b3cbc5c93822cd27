"""Tests on Open Policy Agent: ``opa test`` itself says what passes; ``opa eval`` says why something does not."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from ...errors import EngineError, PolicyError
from ...evaluator.engines.limits import Limits
from .discovery import Pack
from .model import EngineRun, Lines, Measured, PolicyTest, Result, result_of
from .opa_command import Ended, Said, Workplace, workplace
from .values import failing_statement

NAME = "opa"
_SOME_FAILED = 2
_MAX_EXPLAINED = 20
_NANOSECONDS = 1e9


def run_opa(pack: Pack, limits: Limits, *, coverage: bool = False, binary: str | None = None) -> EngineRun:
    """Run the tests of a pack.

    Args:
        pack: modules and tests.
        limits: of each test.
        coverage: also measure which lines were evaluated.
        binary: the executable; None for ``PROBATUM_OPA`` or the search path.

    Raises:
        PolicyError: OPA refuses a module.
        EngineError: there is no OPA that can be used.
    """
    wanted = [test for test in pack.tests if not test.problem and not test.todo]
    with workplace(pack.modules, limits, binary) as place:
        found = dict(_ran(place, wanted)) if wanted else {}
        failed = [test for test in wanted if found[test.name].state == "failed"]
        for test in failed[:_MAX_EXPLAINED]:
            statement = failing_statement(test, pack.modules[test.path], _Look(place, pack.modules[test.path]))
            found[test.name] = replace(found[test.name], statement=statement)
        passed = [test for test in wanted if found[test.name].state == "passed"]
        lines = _lines(place, passed, pack.measured) if coverage and passed else {}
    for test in pack.tests:
        if test.todo:
            found[test.name] = result_of(test, NAME, "skipped", "its name says todo")
        elif test.problem:
            found[test.name] = result_of(test, NAME, "error", test.problem)
    return EngineRun(tuple(found[test.name] for test in pack.tests), lines)


def _ran(place: Workplace, tests: Sequence[PolicyTest]) -> Iterator[tuple[str, Result]]:
    """The result of every test; where one takes the command down, halves of them are run until it stands alone."""
    try:
        said = place.run(["test", ".", "--format", "json", *_only(tests)], several=len(tests))
    except Ended as error:
        if len(tests) == 1:
            yield tests[0].name, result_of(tests[0], NAME, "error", str(error))
            return
        half = len(tests) // 2
        yield from chain(_ran(place, tests[:half]), _ran(place, tests[half:]))
        return
    told = {f"{item['package'].removeprefix('data.')}.{item['name']}": item for item in _document(said) or []}
    for test in tests:
        item = told.get(test.name)
        silent = result_of(test, NAME, "error", "opa test says nothing of it")
        yield test.name, silent if item is None else _result(test, item, place.too_long)


def _lines(place: Workplace, tests: Sequence[PolicyTest], paths: frozenset[str]) -> Lines:
    """Lines of modules, measured in a run of its own: ``opa test`` tells either, and no coverage where a test fails."""
    command = ["test", ".", "--format", "json", "--coverage", *_only(tests)]
    try:
        document = _document(place.run(command, several=len(tests)))
    except Ended as error:
        raise EngineError("opa test could not measure coverage", why=str(error)) from error
    files = document.get("files", {})
    return {
        path: Measured(_rows(files[path].get("covered", [])), _rows(files[path].get("not_covered", [])))
        for path in sorted(paths & files.keys())
    }


def _rows(ranges: Sequence[Mapping[str, Any]]) -> frozenset[int]:
    return frozenset(chain.from_iterable(range(one["start"]["row"], one["end"]["row"] + 1) for one in ranges))


def _only(tests: Sequence[PolicyTest]) -> list[str]:
    names = "|".join(re.escape(test.name) for test in tests)
    return ["--run", f"^(data\\.)?({names})$"]


def _document(said: Said) -> Any:
    """What the command wrote as JSON.

    Raises:
        PolicyError: OPA does not take the modules.
        EngineError: it wrote something else.
    """
    if said.code not in (0, _SOME_FAILED):
        raise PolicyError("OPA does not take these policies", why=said.err.strip()[:2000])
    try:
        return json.loads(said.out)
    except ValueError as error:
        raise EngineError("opa test gave no answer", why=said.err.strip()[-300:] or str(error)) from error


def _result(test: PolicyTest, item: Mapping[str, Any], too_long: str) -> Result:
    printed = base64.b64decode(item.get("output", "")).decode(errors="replace").splitlines()
    found = result_of(test, NAME, "passed", printed=tuple(printed), seconds=item.get("duration", 0) / _NANOSECONDS)
    error = item.get("error")
    if isinstance(error, Mapping) and error.get("code") == "eval_cancel_error":
        return replace(found, state="error", message=too_long)
    if error:
        return replace(found, state="failed", message=_complaint(error))
    if item.get("fail"):
        cases = ", ".join(_failing_cases(item.get("sub_results") or {}))
        return replace(found, state="failed", message=f"cases: {cases}" if cases else "it is false or undefined")
    return found


def _failing_cases(cases: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, case in sorted(cases.items()):
        if case.get("fail"):
            yield f"{above}{name}"
        yield from _failing_cases(case.get("sub_results") or {}, f"{above}{name}/")


def _complaint(error: Any) -> str:
    items = error if isinstance(error, list) else [error]
    return "; ".join(str(item.get("message", item)) if isinstance(item, Mapping) else str(item) for item in items)


class _Look:
    """Says what rules of a changed module are (see ``values``)."""

    def __init__(self, place: Workplace, original: str) -> None:
        self.place, self.original = place, original

    def __call__(self, path: str, text: str, rules: tuple[str, ...]) -> Mapping[str, Sequence[Any]] | None:
        query = "{" + ", ".join(f"{json.dumps(rule)}: [v | v := {rule}]" for rule in rules) + "}"
        self.place.put(path, text)
        try:
            said = self.place.run(["eval", "--format", "json", "--data", ".", query])
        except Ended:
            return None
        finally:
            self.place.put(path, self.original)
        try:
            found: Mapping[str, Sequence[Any]] = json.loads(said.out)["result"][0]["expressions"][0]["value"]
        except (ValueError, LookupError):
            return None
        return found
