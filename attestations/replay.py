"""Evaluating a package's evidence again, and finding the first difference (DESIGN promise 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import strict_json
from ..errors import ProbatumError
from ..evaluator.engines.base import Engine
from ..evaluator.graph import Graph
from .package_files import PackageFiles
from .package_names import POLICIES, SETTINGS
from .report import Row


def check_replay(files: PackageFiles, graph: Graph, assessment: Mapping[str, Any], engine: Engine | None) -> Row:
    """Evaluate again and compare the assessments' digests.

    Args:
        files: the package, its files already held against the verdict.
        graph: the package's evidence.
        assessment: the verified assessment document.
        engine: evaluates; None leaves the check out.
    """
    if engine is None:
        return Row("replay", None, detail="not asked for (--replay)")
    try:
        again = _evaluate(files, graph, engine)
    except ProbatumError as error:
        return Row("replay", False, strict_json.digest(assessment), "", str(error))
    expected, found = strict_json.digest(assessment), strict_json.digest(again)
    used = f"{engine.name} {engine.version}"
    recorded = f"{assessment['engine']['name']} {assessment['engine']['version']}"
    if expected != found:
        return Row("replay", False, expected, found, f"{first_difference(assessment, again)} (evaluated with {used})")
    return Row(
        "replay", True, expected, found, "" if used == recorded else f"recorded with {recorded}, replayed with {used}"
    )


def first_difference(expected: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """The first control and subject on which two assessments differ, or else the first other field."""
    return next(_differences(expected, found), "the assessments differ")


def _evaluate(files: PackageFiles, graph: Graph, engine: Engine) -> Mapping[str, Any]:
    from ..evaluator.bundle import unpack
    from ..evaluator.settings import evaluate_from

    policies = unpack(files.read(POLICIES), source=POLICIES)
    settings = strict_json.loads(files.read(SETTINGS), source=SETTINGS)
    return evaluate_from(graph, policies, settings, engine).document


def _differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    before, after = _outcomes(expected), _outcomes(found)
    for control, subject in sorted(before.keys() | after.keys()):
        old, new = before.get((control, subject)), after.get((control, subject))
        if old is None or new is None:
            yield f"{control} for {subject}: only in the {'replay' if old is None else 'recorded assessment'}"
        elif old["outcome"] != new["outcome"]:
            yield f"{control} for {subject}: recorded {old['outcome']}, replayed {new['outcome']}"
        elif old != new:
            fields = ", ".join(sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)))
            yield f"{control} for {subject}: {fields} differ"
    for key in sorted(expected.keys() | found.keys()):
        if expected.get(key) != found.get(key):
            yield f"the field {key} differs"


def _outcomes(assessment: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {
        (control["id"], item["subject"]): item for control in assessment["controls"] for item in control["subjects"]
    }
