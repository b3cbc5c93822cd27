"""The example graphs of controls as tests: the good one must pass, the bad one must not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import ProbatumError
from ...evaluator.engines.base import Engine
from ...evaluator.graph import Graph
from ...evaluator.metadata import Control
from ...evaluator.policies import PolicySet
from ...evaluator.policy_files import read_folder
from ..decision import decide
from ..examples import BAD, GOOD, Examples, built_in_folder, read_examples
from .discovery import Place
from .model import Result, State

_WANTED = {GOOD: ("pass",), BAD: ("fail", "inconclusive")}


def with_library(folder: Path) -> PolicySet:
    """The policies of a folder, with the library of the built-in pack where the folder has nothing of its own.

    Raises:
        PolicyError: a file is unreadable.
    """
    library = {path: data for path, data in read_folder(built_in_folder()).items() if path.startswith("lib/")}
    return PolicySet({**library, **read_folder(folder)})


def example_names(place: Place) -> list[str]:
    """What the tests are called that the examples of a place make, such as ``MODEL-01/good/evidence.json``; sorted.

    A control with one of the two has both: the one that is missing fails.
    """
    folders = [path for path in (place.root / "controls").glob("*") if any((path / name).is_file() for name in _WANTED)]
    names = [f"{folder.name}/{name}" for folder in sorted(folders) for name in _WANTED]
    return [name for name in names if place.holds(f"controls/{name}")]


def judge_examples(place: Place, names: list[str], engine: Engine) -> Iterator[Result]:
    """Judge examples, each under the defaults of its control and what ``parameters.json`` beside it says.

    Args:
        place: where they are.
        names: as ``example_names`` gives them.
        engine: what evaluates them.

    Raises:
        PolicyError: the policies cannot be read.
    """
    policies = with_library(place.root) if names else PolicySet({})
    for name in names:
        control, _, file = name.partition("/")
        folder = place.root / "controls" / control
        try:
            message, state = _judged(policies.controls.get(control), policies, read_examples(folder), file, engine)
        except ProbatumError as error:
            message, state = str(error), "error"
        yield Result(f"controls/{name}", 0, name, engine.name, state, message)


def _judged(
    control: Control | None, policies: PolicySet, examples: Examples, file: str, engine: Engine
) -> tuple[str, State]:
    graph: Graph | None = examples.good if file == GOOD else examples.bad
    if graph is None:
        return "there is no such file: a control has a good and a bad example, or neither", "failed"
    if control is None:
        return "there is no control of that id", "error"
    entry = decide(graph, control.id, policies=policies, engine=engine, parameters=examples.parameters).entry
    if entry["error"]:
        return str(entry["error"]), "error"
    if entry["outcome"] in _WANTED[file]:
        return "", "passed"
    return f"the outcome is {entry['outcome']}{_why(entry)}", "failed"


def _why(entry: Mapping[str, Any]) -> str:
    """The first reason of a subject that did not pass."""
    for subject in entry["subjects"]:
        for cause in (*subject["findings"], *subject["reasons"]):
            return f": {subject['subject']}: {cause['message']}"
    return ""
