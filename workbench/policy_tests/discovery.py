"""Which tests a folder has, and which modules they need.

A test is a rule ``test_*`` in a module ``*_test.rego``, as for ``opa test``; ``todo_test_*`` is one that is not run.
The library of the built-in pack, with its worlds for tests, lies beside every pack that has no file of its own there.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ...errors import PolicyError, UsageError
from ...evaluator.engines.confined import Excess, run_steps
from ...evaluator.engines.confined_child import Step
from ...evaluator.engines.limits import Limits
from ...evaluator.policy_files import read_folder, read_tests
from ...evaluator.rego.syntax import Module, Node, Rule, parse
from ..examples import built_in_folder
from .model import PolicyTest

_PREFIXES = ("test_", "todo_test_")
_PER_KEY = (
    "it has a case per key, test_x[key]: this construct needs --engine opa, for another engine cannot tell which cases "
    "there should have been; or write a rule per case"
)
_REMEDY = "give a folder with controls/ in it, or the folder of one control there"


@dataclass(frozen=True)
class Place:
    """Where tests are looked for.

    Args:
        root: the folder of policies.
        below: only tests whose path begins so; empty for all.
    """

    root: Path
    below: str = ""

    def holds(self, path: str) -> bool:
        """True for the path, below the root, of a file that is asked for."""
        return path == self.below or path.startswith(f"{self.below}/" if self.below else "")


@dataclass(frozen=True)
class Pack:
    """A folder of policies, ready to be tested.

    Args:
        place: where it is.
        modules: path to text of everything that is loaded.
        measured: paths of the modules, tests apart, whose lines count.
        tests: by path and line.
    """

    place: Place
    modules: Mapping[str, str]
    measured: frozenset[str]
    tests: tuple[PolicyTest, ...]


def find_place(path: Path | None, folder: Path) -> Place:
    """Where tests are, from what the user gave.

    Args:
        path: a folder of policies, the folder of one control or a module of tests; None for what is in ``folder``.
        folder: the current folder.

    Raises:
        UsageError: there are no policies there.
    """
    if path is None:
        for root in (folder, folder / "policies"):
            if _is_pack(root):
                return Place(root)
        raise UsageError(f"there are no policies in {folder}", why="it has no controls/", remedy=_REMEDY)
    if not path.exists():
        raise UsageError(f"{path} is not there", remedy=_REMEDY)
    wanted = path.absolute()
    for root in (wanted, *wanted.parents):
        if _is_pack(root):
            below = wanted.relative_to(root).as_posix()
            return Place(root, "" if below == "." else below)
    if _is_pack(wanted / "policies"):
        return Place(wanted / "policies")
    raise UsageError(f"{path} is no folder of policies", why="it has no controls/", remedy=_REMEDY)


def discover(place: Place) -> Pack:
    """Read a folder of policies and find its tests.

    Raises:
        PolicyError: a module is unreadable or is not valid Rego.
    """
    own = {path: _text(path, data) for path, data in read_folder(place.root).items() if path.endswith(".rego")}
    of_tests = {path: _text(path, data) for path, data in read_tests(place.root).items()}
    tests = _found({path: text for path, text in sorted(of_tests.items()) if place.holds(path)})
    measured = frozenset(path for path in own if place.holds(path))
    return Pack(place, {**_library(), **own, **of_tests}, measured, _unambiguous(tests))


def chosen(pack: Pack, pattern: str) -> Pack:
    """The pack with only the tests in whose dotted name a regular expression finds something.

    Raises:
        UsageError: it is no regular expression.
    """
    matches = matcher(pattern)
    return replace(pack, tests=tuple(test for test in pack.tests if matches(test.name)))


def matcher(pattern: str) -> Callable[[str], bool]:
    """Says whether a regular expression finds something in a name.

    Raises:
        UsageError: it is no regular expression.
    """
    try:
        wanted = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"--run {pattern!r} is no regular expression", why=str(error)) from error
    return lambda name: wanted.search(name) is not None


def tests_of(path: str, text: str) -> Iterator[PolicyTest]:
    """The tests in one module.

    Raises:
        PolicyError: it is not valid Rego.
    """
    module = parse(path, text)
    for rule in module.rules:
        if any(step.startswith(_PREFIXES) for step in rule.name.split(".")):
            yield _test(module, rule)


def _found(modules: Mapping[str, str]) -> list[PolicyTest]:
    """The tests in modules, each parsed in a child first, for one that nests without end would take us along."""
    steps = [Step(partial(_parse_only, path, text)) for path, text in modules.items()]
    for number, answer in run_steps(steps, Limits()):
        if isinstance(answer, Excess):
            raise PolicyError(f"{list(modules)[number]} cannot be read", why=answer.why, remedy=answer.hint)
    return [test for path, text in modules.items() for test in tests_of(path, text)]


def _parse_only(path: str, text: str) -> bytes:
    with contextlib.suppress(PolicyError):  # told when it is parsed for good
        parse(path, text)
    return b""


def _test(module: Module, rule: Rule) -> PolicyTest:
    line, _ = module.place(rule.node.span)
    steps = rule.name.split(".")
    per_key = steps[-1] == "_" or _has_cases(rule.node)
    found = PolicyTest(module.path, line, module.package, ".".join(step for step in steps if step != "_"))
    todo = any(step.startswith("todo_test_") for step in steps)
    return replace(found, todo=todo, problem=_problem(rule), opa_only=_PER_KEY if per_key else "")


def _problem(rule: Rule) -> str:
    """Why no engine can run it as a test."""
    head = rule.node.child("head")
    if head is not None and head.kind == "Func":
        return "it takes arguments: a test is a rule without any"
    last = next(step for step in reversed(rule.name.split(".")) if step != "_")
    if (head is not None and head.kind == "Set") or not last.startswith(_PREFIXES):
        return "its rule makes a set or an object, which is never true"
    return ""


def _has_cases(rule: Node) -> bool:
    refr = (rule.child("head") or rule).child("refr")
    return refr is not None and refr.kind == "RefBrack"


def _unambiguous(tests: list[PolicyTest]) -> tuple[PolicyTest, ...]:
    """Each name once: OPA runs every definition on its own, where another engine takes any that holds."""
    times = Counter(test.name for test in tests)
    found = {test.name: test for test in reversed(tests)}
    several = "it is defined {} times, so that it is unclear what has to hold: give each its own name"
    return tuple(
        replace(test, problem=several.format(times[test.name])) if times[test.name] > 1 else test
        for test in sorted(found.values(), key=lambda test: (test.path, test.line))
    )


def _library() -> dict[str, str]:
    folder = built_in_folder()
    found = {**read_folder(folder), **read_tests(folder)}
    return {path: _text(path, data) for path, data in found.items() if path.startswith("lib/")}


def _is_pack(folder: Path) -> bool:
    return (folder / "controls").is_dir() or ((folder / "lib").is_dir() and any((folder / "lib").rglob("*.rego")))


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path} is not UTF-8", why=str(error), remedy="save the module as UTF-8") from error
