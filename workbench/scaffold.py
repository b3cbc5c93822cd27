"""A first version of a control: policy, test, example graphs and checklist line, which all work before they are edited.

The condition is taken from good evidence of the observation type: a count or a flag whose good value is known. It is
written the way a control must be: ``deny`` on the bad value, ``proof`` on the good one, so that a field that is missing
proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import strict_yaml
from ..errors import UsageError
from ..evaluator.graph import KINDS
from ..evaluator.metadata import read_control
from ..evaluator.suggest import did_you_mean
from ..files import read_limited, write_atomic
from .examples import BAD, GOOD, example_text
from .scaffold_texts import CHECKLIST, CONTROL, TEST
from .simulator.evidence import EVIDENCE
from .simulator.pipeline import SimulatedPipeline

_MAX_BYTES = 1024 * 1024
_FALLBACK = {"issue_count": 0}


@dataclass(frozen=True)
class NewControl:
    """What is asked for.

    Args:
        id: permanent id, such as ``ACME-01``.
        title: one line.
        kind: of the subjects that it is about.
        evidence: observation type that decides it; one that is not simulated gets a result to be replaced.
        priority: ``critical``, ``high``, ``medium`` or ``low``.
        stages: the gates that it belongs to.
        checklist: name of the checklist that gets a line for it.
    """

    id: str
    title: str
    kind: str
    evidence: str
    priority: str
    stages: Sequence[str]
    checklist: str


def scaffold(new: NewControl, folder: Path) -> list[Path]:
    """Write the files of a new control into a folder of policies.

    Returns:
        What was written, in the order in which to edit it.

    Raises:
        UsageError: the control is there already, or what is asked for cannot be.
        PolicyError: the id cannot be one.
    """
    home = folder / "controls" / new.id
    if home.exists():
        raise UsageError(f"{home} is there already", remedy="choose another id, or edit that control")
    if new.kind not in KINDS:
        raise UsageError(f"there is no kind of subject {new.kind!r}", remedy=did_you_mean(new.kind, KINDS))
    condition = _Condition.of(new)
    control = CONTROL.format(**_words(new, condition))
    read_control(f"controls/{new.id}/control.rego", control)  # refuses what cannot be an id before anything is written
    checklist = folder / "checklists" / f"{new.checklist}.yaml"
    listed = _listed(new, checklist)
    files = {
        home / "control.rego": control,
        home / "control_test.rego": TEST.format(**_words(new, condition)),
        home / GOOD: _example(new, condition, condition.good),
        home / BAD: _example(new, condition, condition.bad),
        checklist: listed,
    }
    for path, text in files.items():
        write_atomic(path, text.encode())
    return list(files)


@dataclass(frozen=True)
class _Condition:
    """A field of a result, with a good and a bad value."""

    result: Mapping[str, Any]
    field: str
    good: Any
    bad: Any

    @classmethod
    def of(cls, new: NewControl) -> _Condition:
        result = _good_result(new)
        field = min(result, key=lambda name: (_rank(result[name]), name))
        return cls(result, field, result[field], _other(result[field]))


def _rank(value: Any) -> int:
    """How well a field serves as a first condition: a count of nothing, a flag, a number, a text, a list."""
    if isinstance(value, bool):
        return 1
    if isinstance(value, int):
        return 2 if value else 0
    return 3 if isinstance(value, str) else 4


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return f"not {value}" if isinstance(value, str) else ["something"]


def _good_result(new: NewControl) -> Mapping[str, Any]:
    known = EVIDENCE.get(new.evidence)
    if known is None:
        return _FALLBACK
    if new.kind not in known.kinds:
        raise UsageError(
            f"no collector makes {new.evidence} for a {new.kind}",
            why=f"it is made for: {', '.join(known.kinds)}",
            remedy="choose one of these with --subject",
        )
    pipeline = SimulatedPipeline()
    return known.make(pipeline, pipeline.add(new.kind, "x"))


def _words(new: NewControl, condition: _Condition) -> dict[str, str]:
    return {
        "id": new.id,
        "title": json.dumps(new.title, ensure_ascii=False),
        "kind": new.kind,
        "evidence": new.evidence,
        "priority": new.priority,
        "stages": ", ".join(new.stages),
        "package": new.id.lower().replace("-", "_"),
        "field": condition.field,
        "good": json.dumps(condition.good),
        "message": json.dumps(f"{condition.field} is not {json.dumps(condition.good)}"),
        "bad": json.dumps(condition.bad),
    }


def _example(new: NewControl, condition: _Condition, value: Any) -> str:
    pipeline = SimulatedPipeline(name="example")
    subject = pipeline.of_kind("pipeline")[0] if new.kind == "pipeline" else pipeline.add(new.kind, "x")
    pipeline.observe(subject, new.evidence, {**condition.result, condition.field: value})
    return example_text(pipeline.graph())


def _listed(new: NewControl, path: Path) -> str:
    """The checklist with one more line; its comments and order stay."""
    line = f"  - id: {new.id}\n"
    if not path.exists():
        return CHECKLIST.format(name=new.checklist) + line
    data = read_limited(path, _MAX_BYTES)
    items = strict_yaml.load(data, source=str(path)).value.get("controls")
    if not isinstance(items, list) or not items:
        raise UsageError(f"{path} has no list of controls", remedy="add 'controls:' with at least one '- id:' line")
    lines = data.decode().splitlines(keepends=True)
    start = next(number for number, text in enumerate(lines) if text.startswith("controls:"))
    ends = (n for n in range(start + 1, len(lines)) if lines[n].strip() and not lines[n].startswith((" ", "#", "-")))
    end = next(ends, len(lines))
    while not lines[end - 1].strip():
        end -= 1
    indent = next(text for text in lines[start + 1 :] if text.lstrip().startswith("- "))
    margin = indent[: len(indent) - len(indent.lstrip())]
    last = lines[end - 1] if lines[end - 1].endswith("\n") else lines[end - 1] + "\n"
    return "".join([*lines[: end - 1], last, f"{margin}- id: {new.id}\n", *lines[end:]])
