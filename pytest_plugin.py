"""The pytest plugin: the fixture ``probatum_eval``, with which controls are tested from Python.

pytest loads this at every start, also where nobody uses it: everything heavy is imported by the fixture.

Example:
    >>> def test_pickles_fail(probatum_eval):
    ...     pipeline = SimulatedPipeline()
    ...     pipeline.observe(pipeline.add("model", "net"), "model_format", {"files": [{"format": "pickle"}]})
    ...     result = probatum_eval(pipeline, control="ACME-01", policies="my-policies")
    ...     assert result.outcome("model:net") == "fail"
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from datetime import datetime

    from .evaluator.engines.base import Engine
    from .evaluator.graph import Graph
    from .evaluator.policies import PolicySet
    from .workbench.decision import Decision
    from .workbench.simulator import SimulatedPipeline

_DECISION = "probatum.workbench.decision"


class Evaluate:
    """What the fixture is: call it with evidence and the id of a control.

    Args:
        root: what relative paths are relative to.
        engines: closed at the end of the session.
    """

    def __init__(self, root: Path, engines: ExitStack) -> None:
        self._root, self._closing = root, engines
        self._engines: dict[str, Engine] = {}

    def __call__(
        self,
        evidence: SimulatedPipeline | Graph | Mapping[str, Any] | str | Path,
        *,
        control: str,
        policies: str | Path | None = None,
        built_in: bool = True,
        parameters: Mapping[str, Any] | None = None,
        engine: str = "regorus",
        now: datetime | None = None,
        waivers: Sequence[Mapping[str, Any]] = (),
    ) -> Decision:
        """Evaluate one control as a gate does.

        Args:
            evidence: a simulated pipeline, a graph, a graph's JSON document, or the path of one.
            control: id of the control.
            policies: folder or bundle, laid on the built-in policies; None for those alone. Relative to pytest's root.
            built_in: lay ``policies`` on the built-in ones; False to use it alone.
            parameters: of the control, as a manifest sets them.
            engine: ``regorus`` or ``opa``.
            now: evaluation time; that of the newest observation by default.
            waivers: as a manifest has them.

        Returns:
            Outcomes, findings and reasons.

        Raises:
            ProbatumError: something that was given cannot be used; its text says what, why, and what would help.
        """
        from .workbench.decision import decide

        return decide(
            self._graph(evidence),
            control,
            policies=self._policies(policies, built_in),
            engine=self._engine(engine),
            parameters=parameters,
            now=now,
            waivers=waivers,
        )

    def _graph(self, evidence: Any) -> Graph:
        from .evaluator.graph import Graph
        from .evaluator.graph_document import graph_from_document, load_graph
        from .files import read_limited
        from .strict_json import Limits

        if isinstance(evidence, Graph):
            return evidence
        if isinstance(evidence, Mapping):
            return graph_from_document(dict(evidence), source="evidence")
        if isinstance(evidence, (str, Path)):
            path = self._root / evidence
            return load_graph(read_limited(path, Limits().max_bytes), source=str(path))
        made: Graph = evidence.graph()
        return made

    def _policies(self, path: str | Path | None, built_in: bool) -> PolicySet:
        from .evaluator.policies import PolicySet
        from .packs.layers import stack

        below = [("built-in", PolicySet.built_in())] if built_in or path is None else []
        above = [] if path is None else [(str(path), PolicySet.load(self._root / path))]
        return stack([*below, *above]).policies

    def _engine(self, name: str) -> Engine:
        from .evaluator.engines.select import engine_named

        if name not in self._engines:
            self._engines[name] = self._closing.enter_context(engine_named(name))
        return self._engines[name]


@pytest.fixture(scope="session")
def probatum_eval(pytestconfig: pytest.Config) -> Iterator[Evaluate]:
    """Evaluate a control on evidence: ``probatum_eval(pipeline, control="ACME-01", policies="my-policies")``.

    The result has ``outcome(subject)``, ``outcomes``, ``findings``, ``reasons`` and ``error``.
    """
    with ExitStack() as engines:
        yield Evaluate(pytestconfig.rootpath, engines)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Say why an outcome is what it is, where an assertion says that it should be another one."""
    loaded = sys.modules.get(_DECISION)
    if loaded is None or op != "==":
        return None
    for outcome, other in ((left, right), (right, left)):
        if isinstance(outcome, loaded.Outcome):
            return [f"the outcome is {str(outcome)!r}, not {str(other)!r}", *outcome.why]
    return None
