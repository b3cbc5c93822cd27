"""Evaluating a package's evidence again, and finding the first difference (DESIGN promise 4)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ... import strict_json
from ...errors import ProbatumError
from ...evaluator.engines.base import Engine
from ..package.names import SETTINGS
from .replay_difference import first_difference
from .report import Row

if TYPE_CHECKING:
    from .package import CheckedPackage


@dataclass(frozen=True)
class Replay:
    """How to evaluate again.

    Args:
        engine: evaluates.
        exact: refuse another engine, or version of one, than the recorded one.
    """

    engine: Engine
    exact: bool = False


def check_replay(package: CheckedPackage, replay: Replay | None) -> Iterator[Row]:
    """Evaluate again and compare the assessments' digests.

    Only the package's own policies, settings and evidence are read, whatever lies in a cache.

    Args:
        package: everything in it already held against the verdict.
        replay: how; None leaves the check out.
    """
    if replay is None:
        yield Row("replay", None, detail="not asked for (--replay)")
        return
    assessment = package.assessment["predicate"]
    used, recorded = f"{replay.engine.name} {replay.engine.version}", _recorded(assessment)
    yield _engine_row(recorded, used, replay.exact)
    expected = strict_json.digest(assessment)
    try:
        again = _evaluate(package, replay.engine)
        found = expected if _text(again) == _text(assessment) else strict_json.digest(again)
        differs = "" if found == expected else _differs(package, again, replay.engine)
        other = _by_recorded_engine(package, replay.engine) if differs else ""
    except ProbatumError as error:
        yield Row("replay", False, expected, "", str(error))
        return
    detail = f"{differs} (evaluated with {used}{other})" if differs else ""
    stated = "" if used == recorded else f"recorded with {recorded}, replayed with {used}"
    yield Row("replay", not differs, expected, found, detail or stated)


def _differs(package: CheckedPackage, again: Mapping[str, Any], engine: Engine) -> str:
    """The first difference, with the place of the rule that made it."""
    from .replay_rule import rule_at  # late: nothing differs, as a rule

    first = first_difference(package.assessment["predicate"], again)
    return f"{first.text}{rule_at(first, package, _settings(package), engine)}"


def _engine_row(recorded: str, used: str, exact: bool) -> Row:
    if used == recorded:
        return Row("replay: engine", True, recorded, used)
    if exact:
        return Row("replay: engine", False, recorded, used, "the very engine of the record was asked for")
    return Row("replay: engine", None, recorded, used, f"recorded with {recorded}, replayed with {used}")


def _recorded(assessment: Mapping[str, Any]) -> str:
    return f"{assessment['engine']['name']} {assessment['engine']['version']}"


def _by_recorded_engine(package: CheckedPackage, used: Engine) -> str:
    """Whether the recorded kind of engine reaches the record where another did not: whose fault it is, then."""
    assessment = package.assessment["predicate"]
    name = assessment["engine"]["name"]
    if name == used.name:
        return ""
    from ...evaluator.engines.select import engine_named

    try:
        with engine_named(name) as engine:
            again = strict_json.digest(_evaluate(package, engine))
            shown = f"{engine.name} {engine.version}"
    except ProbatumError as error:
        return f"; {name} could not be asked: {error}"
    if again == strict_json.digest(assessment):
        return f"; {shown} reaches the recorded assessment, so the engines differ"
    return f"; {shown} does not reach the recorded assessment either"


def _text(assessment: Mapping[str, Any]) -> str:
    """JSON of an assessment: where two are equal, their digests are, which take ten times as long to make."""
    return json.dumps(assessment, sort_keys=True)


def _evaluate(package: CheckedPackage, engine: Engine) -> Mapping[str, Any]:
    from ...evaluator.settings import evaluate_from

    return evaluate_from(package.graph, package.policies, _settings(package), engine).document


def _settings(package: CheckedPackage) -> Any:
    return strict_json.loads(package.files.read(SETTINGS), source=SETTINGS)
