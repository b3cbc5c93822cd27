"""Evidence graphs as the input that one control sees."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from ...evaluator.checklist import parameters_of
from ...evaluator.graph import Graph
from ...evaluator.index import Index
from ...evaluator.metadata import Control
from ...evaluator.policies import PolicySet
from ...evaluator.usability import Limit
from .. import simulator
from ..decision import alone, moment
from ..examples import BAD, GOOD, pruned, read_examples
from .spoils import Document


def examples(folder: Path, control: Control, policies: PolicySet) -> Iterator[tuple[str, Document]]:
    """The inputs of the example graphs that lie beside a control, with their files.

    Args:
        folder: of the policies.
        control: the control.
        policies: where it is from.

    Raises:
        EvidenceError: an example is malformed.
        PolicyError: a parameter is wrong.
    """
    beside = Path(control.path).parent
    found = read_examples(folder / beside)
    for name, graph in ((GOOD, found.good), (BAD, found.bad)):
        if graph is not None:
            document = _input(graph, control, policies, found.parameters, moment(graph))
            yield (beside / name).as_posix(), document


def simulated(control: Control, policies: PolicySet) -> Iterator[tuple[str, Document]]:
    """The inputs of the simulator's graphs in which a control does not pass, with the names of their defects."""
    parameters = simulator.parameters().get(control.id, {})
    for name, graph, of, _ in _bad_graphs():
        if of == control.id:
            part = pruned(graph, control)
            yield f"the simulator's {name!r}", _input(part, control, policies, parameters, simulator.NOW)


@cache
def _bad_graphs() -> tuple[tuple[str, Graph, str, str], ...]:
    return tuple(simulator.bad_graphs())


def _input(graph: Graph, control: Control, policies: PolicySet, parameters: Any, now: datetime) -> Document:
    effective = parameters_of(alone(control.id, policies), policies, {control.id: dict(parameters)})
    values = {name: item.value for name, item in effective[control.id].items()}
    index = Index(graph, int(now.timestamp()))
    return index.policy_input(index.usable(Limit.of(values)), parameters={control.id: values}, stage=None)
