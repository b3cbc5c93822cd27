"""Fields: every one that is looked up exists, from the input down to the results of each type of observation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...evaluator.policies import is_control
from ...evaluator.suggest import did_you_mean
from ..input_schema import EVIDENCE, PARAMETERS
from .pack import Pack
from .problem import Problem, Rule
from .record import Step

FIELD = Rule(
    "input/undeclared-field",
    "Every field that is looked up is one of the input's schema",
    "it is undefined for ever: a deny never fires, a proof never holds",
)
PARAMETER = Rule(
    "parameters/undeclared",
    "Every parameter that is read is declared in the control's metadata",
    "it is undefined for ever, whatever a manifest sets",
)
OTHER = Rule(
    "parameters/other-control",
    "A control reads its own parameters",
    "what decides it is stated, documented and set elsewhere, and is missing where only this control runs",
)
MEMBER = Rule(
    "names/no-such-field",
    "Every field of an object that the policy makes is one that it has",
    "it is undefined for ever",
)
RULES = (FIELD, PARAMETER, OTHER, MEMBER)


def find(pack: Pack) -> Iterator[Problem]:
    """Every lookup that leads nowhere."""
    for path, module in pack.modules.items():
        control = pack.controls.get(path)
        for step in pack.flows[path].record.steps:
            if step.module is not module:
                continue
            if not step.good:
                found = _problem(step)
                if found is not None and not (found.rule is PARAMETER and control is None and is_control(path)):
                    yield found  # what a control with wrong metadata declares is not known
            elif control is not None and (other := _other_parameters(step, control.id)):
                what = f"{control.id} reads parameters of {other}"
                yield OTHER.at(module, step.node, what, remedy=f"declare the parameter in {control.id} too")


def _problem(step: Step) -> Problem | None:
    base = step.base or ()
    if any(EVIDENCE in found for found in base):
        return None  # a type of evidence, which is a check of its own
    control = next((found[PARAMETERS] for found in base if PARAMETERS in found), None)
    known = {name for found in base for name in found.get("properties", {})}
    remedy = did_you_mean(step.name, known) if known else ""
    if control is not None:
        what = f"{control} declares no parameter {step.name!r}"
        return PARAMETER.at(step.module, step.node, what, remedy=remedy)
    if _is_parameters(base, known):
        what = f"there is no control {step.name!r} whose parameters could be read"
        return PARAMETER.at(step.module, step.node, what, remedy=remedy)
    made = any(found.get("made") for found in base)
    rule = MEMBER if made else FIELD
    return rule.at(step.module, step.node, f"there is no field {step.name!r} {_kind(base)}", remedy=remedy)


def _is_parameters(base: tuple[Mapping[str, Any], ...], known: set[str]) -> bool:
    inside = [schema for found in base for schema in found.get("properties", {}).values()]
    return bool(known) and all(isinstance(schema, Mapping) and PARAMETERS in schema for schema in inside)


def _kind(base: tuple[Mapping[str, Any], ...]) -> str:
    if any("properties" in found for found in base):
        return "here"
    kinds = {"a list" if found.get("type") == "array" or "prefixItems" in found else "no object" for found in base}
    return "here, for this is a list" if kinds == {"a list"} else "here, for this is no object"


def _other_parameters(step: Step, own: str) -> str | None:
    """The control whose parameters a lookup is of, when it is another one."""
    return next((found[PARAMETERS] for found in step.base or () if found.get(PARAMETERS, own) != own), None)
