"""Parameters: what a control declares, it reads."""

from __future__ import annotations

from collections.abc import Iterator

from ...evaluator.parameters import RESERVED
from ..input_schema import PARAMETERS
from .pack import Pack
from .problem import Problem, Rule, Severity

UNREAD = Rule(
    "parameters/unread",
    "A control reads every parameter that it declares",
    "who sets it believes that it decides something",
    Severity.WARNING,
)
RULES = (UNREAD,)


def find(pack: Pack) -> Iterator[Problem]:
    """Parameters that no lookup names; where one is looked up by a variable, any may be meant."""
    for path, control in pack.controls.items():
        module = pack.modules.get(path)
        if module is None:
            continue
        read = {
            step.name
            for step in pack.flows[path].record.steps
            for found in step.base or ()
            if found.get(PARAMETERS) == control.id
        }
        for name in sorted(set(control.parameters) - set(RESERVED) - read):
            lines = module.text.split("\n")
            mark = f"#     {name}:"
            line = next((number for number, text in enumerate(lines, 1) if text.startswith(mark)), 1)
            what = f"the parameter {name!r} is declared and never read"
            yield UNREAD.of_file(module.path, what, line=line, remedy="read it, or remove it")
