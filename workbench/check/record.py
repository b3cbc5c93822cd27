"""What was looked up where, as far as it matters to the checks: named fields, and evidence."""

from __future__ import annotations

from dataclasses import dataclass

from ...evaluator.rego.syntax import Module, Node
from ..input_schema import EVIDENCE
from .values import Value


@dataclass(frozen=True)
class Step:
    """A lookup of a named field.

    Args:
        module: where it is written.
        node: the lookup, or the name that was handed to a function that looks it up.
        name: of the field.
        base: what it is looked up in.
        good: there is such a field, as far as is known.
    """

    module: Module
    node: Node
    name: str
    base: Value
    good: bool


@dataclass(frozen=True)
class Read:
    """A lookup of evidence: ``which`` (``observed`` or ``usable``) of a type, None where the type is not known."""

    module: Module
    node: Node
    which: str
    type: str | None


class Record:
    """The lookups that were seen, each once; one that is good in any call of its function is good."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, object, str], Step] = {}
        self._reads: dict[tuple[str, object, str | None], Read] = {}

    @property
    def steps(self) -> list[Step]:
        """Every lookup of a named field."""
        return list(self._steps.values())

    @property
    def reads(self) -> list[Read]:
        """Every lookup of evidence."""
        return list(self._reads.values())

    def step(self, step: Step) -> None:
        """Note a lookup of a named field."""
        key = (step.module.path, number_of(step.node), step.name)
        if key not in self._steps or step.good:
            self._steps[key] = step

    def read(self, module: Module, node: Node, name: str | None, base: Value) -> None:
        """Note a lookup in ``base`` when that is evidence; ``name`` is its type, None when it is not known."""
        for found in base or ():
            if EVIDENCE in found:
                self._reads[module.path, number_of(node), name] = Read(module, node, found[EVIDENCE], name)


def number_of(node: Node) -> object:
    """What tells an expression from all others of its module."""
    return node.fields.get("eidx", node.span)
