"""The controls as people look them up: what each asks, with the parameters in force and where each comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UsageError
from .checklist import load_checklist, parameters_of
from .metadata import Control
from .policies import PolicySet
from .suggest import did_you_mean


def list_controls(policies: PolicySet, checklist: str | None = None) -> list[dict[str, Any]]:
    """The metadata of every control, or of those of one checklist, with that checklist's priorities.

    Args:
        policies: the policy set.
        checklist: name or path.

    Raises:
        PolicyError: the checklist is wrong.
    """
    if checklist is None:
        return [_document(control) for _, control in sorted(policies.controls.items())]
    entries = load_checklist(checklist, policies).entries
    return [
        {**_document(policies.controls[key]), "priority": entry.priority or policies.controls[key].priority}
        for key, entry in sorted(entries.items())
    ]


def explain_control(
    control: str,
    policies: PolicySet,
    checklist: str,
    parameters: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """One control with the values of its parameters and where each comes from.

    Args:
        control: its id.
        policies: the policy set.
        checklist: name or path; its parameters count when it lists the control.
        parameters: control id to values that the pipeline's manifest sets.

    Raises:
        UsageError: there is no such control.
        PolicyError: the checklist or a parameter is wrong.
    """
    found = policies.controls.get(control.upper())
    if found is None:
        raise UsageError(
            f"there is no control {control!r}",
            why=f"there are {len(policies.controls)}",
            remedy=did_you_mean(control.upper(), policies.controls) or "'probatum controls' lists them",
        )
    entries = load_checklist(checklist, policies)
    values = parameters_of(entries, policies, parameters).get(found.id, {})
    schemas = {
        name: {**schema, "default": values[name].value, "origin": values[name].origin} if name in values else schema
        for name, schema in found.parameters.items()
    }
    return {**_document(found), "parameters": schemas}


def _document(control: Control) -> dict[str, Any]:
    return {
        "id": control.id,
        "title": control.title,
        "description": control.description,
        "priority": control.priority,
        "stages": list(control.stages),
        "subjects": list(control.kinds),
        "evidence": [list(group) for group in control.evidence],
        "parameters": dict(control.parameters),
        "remediation": control.remediation,
    }
