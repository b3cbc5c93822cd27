"""Where in the policies the rule is that made a difference: file and line.

A control may have several rules of one name, each of which finds something. Which one it was is found out by
evaluating the control with each of them alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import ProbatumError
from ...evaluator.engines.base import Engine
from ...evaluator.policies import PolicySet
from .replay_difference import Difference

if TYPE_CHECKING:
    from ...evaluator.rego.syntax import Module, Rule
    from .package import CheckedPackage

_SHOWN = 5
_MOST = 32
"""Rules that are tried one by one."""


@dataclass(frozen=True)
class _Place:
    """One rule of a module."""

    module: Module
    rule: Rule

    def __str__(self) -> str:
        return f"{self.module.path}:{self.module.place(self.rule.node.span)[0]}"


def rule_at(difference: Difference, package: CheckedPackage, settings: Mapping[str, Any], engine: Engine) -> str:
    """The place of the rule that made a difference, in words; empty where no rule did, or it cannot be told.

    Args:
        difference: the first one.
        package: with the policies that decided.
        settings: of the evaluation.
        engine: that of the replay.
    """
    try:
        places = _places(package.policies, difference)
        if difference.replayed and 1 < len(places) <= _MOST:
            places = [item for item in places if _makes(item, places, difference, package, settings, engine)] or places
    except ProbatumError:  # what is wrong with them was said where they were evaluated
        return ""
    shown = ", ".join(map(str, places[:_SHOWN]))
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    if not places:
        return ""
    return f", at {shown}" if len(places) == 1 else f", which is one of {shown}{more}"


def _places(policies: PolicySet, difference: Difference) -> list[_Place]:
    control = policies.controls.get(difference.control)
    if control is None:
        return []
    from ...evaluator.rego.syntax import parse

    modules = [
        parse(path, policies.modules[path]) for path, name in policies.packages.items() if name == control.package
    ]
    return [_Place(module, rule) for module in modules for rule in module.rules if rule.name == difference.rule]


def _makes(
    place: _Place,
    places: list[_Place],
    difference: Difference,
    package: CheckedPackage,
    settings: Mapping[str, Any],
    engine: Engine,
) -> bool:
    """Whether a rule makes the difference when the others of its name are not there."""
    from ...evaluator.settings import evaluate_from

    policies = PolicySet({**package.policies.sources, **dict(_alone(place, places))})
    only = {**settings["checklist"], "controls": _of_control(settings["checklist"], difference.control)}
    made = evaluate_from(package.graph, policies, {**settings, "checklist": only}, engine).document
    return any(map(difference.is_made_by, made["controls"]))


def _alone(place: _Place, places: list[_Place]) -> Iterator[tuple[str, bytes]]:
    """The modules without the other rules."""
    for module in {item.module.path: item.module for item in places}.values():
        data = bytearray(module.data)
        for other in places:
            if other.module.path == module.path and other != place:
                span = other.rule.node.span
                data[span.start : span.end] = b" " * (span.end - span.start)
        yield module.path, bytes(data)


def _of_control(checklist: Mapping[str, Any], control: str) -> list[Any]:
    return [item for item in checklist["controls"] if item.get("id") == control]
