"""An ad-hoc Rego expression or query over a graph, as a policy would see it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import PolicyError, UsageError
from ..evaluator.engines.base import Batch, Engine
from ..evaluator.graph import Graph
from ..evaluator.index import Index
from ..evaluator.metadata import Control
from ..evaluator.parameters import RESERVED
from ..evaluator.policies import PolicySet
from ..evaluator.rego.syntax import Module, Node, parse
from ..evaluator.usability import Limit
from .bodies import Body, read_query
from .check.purity import IMPURE_BUILTINS
from .circumstances import Circumstances
from .trial_values import ordered

_PACKAGE, _ASKED, _PATH = "probatum_workbench.query", "probatum_workbench.asked", "query"
_ANSWER, _VALUE = "probatum_workbench_a", "probatum_workbench_v"
_BEFORE = f"package {_ASKED}\n\nimport rego.v1\n\n{_ANSWER} if {{\n"
_ASKING = (
    f"package {_PACKAGE}\n\nimport rego.v1\n\napplies := data.{_ASKED}.{_ANSWER}\n\ndeny := set()\n\nproof := set()\n"
)
_LINES_BEFORE = _BEFORE.count("\n")
_PLACE = re.compile(rf"^{_PATH}:(\d+):(\d+): ")
_CONDITIONS = ("BoolExpr", "Membership")
_WHAT = "the expression is not valid Rego"


@dataclass(frozen=True)
class Answer:
    """What a query came to.

    Args:
        columns: its variables, in order.
        rows: the values of the variables, each combination once, in a fixed order; none when it is undefined.
        values: the value of the query's last expression in each row; None where it ends in a condition.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    values: tuple[Any, ...] | None

    def to_document(self) -> dict[str, Any]:
        """The JSON form: ``result``, one object for each row, with ``bindings`` and, where there is one, ``value``."""
        found: list[dict[str, Any]] = [{"bindings": dict(zip(self.columns, row, strict=True))} for row in self.rows]
        for one, value in zip(found, self.values or (), strict=False):
            one["value"] = value
        return {"result": found}


def query(
    expression: str,
    graph: Graph,
    *,
    policies: PolicySet,
    circumstances: Circumstances,
    engine: Engine,
    control: Control | None = None,
) -> Answer:
    """Evaluate an expression, or statements separated by ``;`` or lines, over a graph.

    Args:
        expression: Rego; ``input`` is what a policy sees, ``data`` holds the policy set.
        graph: the evidence.
        policies: the policy set.
        circumstances: time and parameters.
        engine: evaluates.
        control: whose limits of usability decide ``input.usable``; the defaults when None.

    Raises:
        UsageError: the expression is not valid, or asks for more than its arguments.
        PolicyError: it cannot be evaluated: a builtin's error, or more time or memory than is allowed.
        EngineError: the engine cannot run.
    """
    module = _read(expression)
    text, columns, valued = _rewritten(module)
    values = circumstances.values(policies)
    limit = Limit.of({name: schema["default"] for name, schema in RESERVED.items()})
    limit = limit if control is None else Limit.of(values[control.id])
    index = Index(graph, int(circumstances.now.timestamp()), revoked=circumstances.revoked)
    document = index.policy_input(index.usable(limit), parameters=values, stage=circumstances.stage)
    found = _asked(engine, policies, text, document)
    found.sort(key=ordered)
    rows = tuple(tuple(row[0]) for row in found)
    return Answer(columns, rows, tuple(row[1][0] for row in found) if valued else None)


def _asked(engine: Engine, policies: PolicySet, text: str, document: Mapping[str, Any]) -> list[Any]:
    modules = {f"workbench/{path}": module for path, module in policies.modules.items()}
    modules |= {f"{_PATH}.rego": text, f"{_PATH}_asking.rego": _ASKING}
    (answers,) = engine.run(modules, [Batch(document, (_PACKAGE, _ASKED))])
    answer = answers[_PACKAGE]["applies"]
    if answer.error is not None:
        refused = str(
            answers[_ASKED]["applies"].error
        )  # why it cannot be compiled, if so; else only that it has no such rule
        why = answer.error if refused.startswith("the rule applies") else refused
        why = re.sub(rf"{_PATH}\.rego:\d+:\d+: |{_PATH}\.rego: |line \d+: ", "", why)
        raise PolicyError("the expression cannot be evaluated", why=why, remedy="ask for less, or mend what it names")
    found: list[Any] = answer.value
    return found


def _read(expression: str) -> Module:
    """The expression as the body of the only rule of a module."""
    if not expression.strip():
        raise UsageError("there is no expression", remedy="ask something, such as 'input.ids'")
    try:
        module = parse(_PATH, f"{_BEFORE}{expression}\n}}\n")
    except PolicyError as error:
        raise _not_valid(error, expression) from error
    rules = module.rules
    if len(rules) != 1 or len(rules[0].node.below("bodies")) != 1 or module.imports[1:]:
        raise UsageError(_WHAT, why="it closes a bracket that it did not open")
    for node in module.walk():
        name = next((part.dotted() for part in node.below("fcn")), None) if node.kind == "Call" else None
        if name is not None and name in IMPURE_BUILTINS:
            raise UsageError(f"the expression calls {name}", why=IMPURE_BUILTINS[name])
    return module


def _not_valid(error: PolicyError, expression: str) -> UsageError:
    """What the parser said, at the place in the expression."""
    place = _PLACE.match(error.what)
    lines = expression.split("\n")
    line, column = (int(place.group(1)) - _LINES_BEFORE, int(place.group(2))) if place else (1, 1)
    if line > len(lines):
        return UsageError(_WHAT, why=f"it ends too early\n    {lines[-1]}\n    {' ' * len(lines[-1])}^")
    return UsageError(f"{_WHAT} (line {line}, column {column})", why=error.why)


def _rewritten(module: Module) -> tuple[str, tuple[str, ...], bool]:
    """A module that gathers bindings and values, the names of the variables, and whether there are values."""
    body = read_query(module)
    whole = next(node for node in module.rules[0].node.walk() if node.kind == "query")
    valued = _is_value(body, [node for node in whole.children() if node.kind == "stmts"][-1])
    lines = [statement.text for statement in body.statements]
    columns = body.bound(len(lines))
    if valued:
        lines[-1] = f"{_VALUE} := {lines[-1]}"
    head = f"[[{', '.join(columns)}], [{_VALUE if valued else ''}]]"
    gathered = "\n".join([f"{_ANSWER} := {{{head} |", *lines, "}"])
    return f"package {_ASKED}\n\nimport rego.v1\n\n{gathered}\n", columns, valued


def _is_value(body: Body, last: Node) -> bool:
    """The last statement is an expression with a value worth seeing, not a condition on what came before."""
    literal = next(last.children())
    inside = next(literal.children()) if literal.kind == "Expr" else None
    if inside is None or inside.kind == "AssignExpr":
        return False
    return inside.kind not in _CONDITIONS or (len(body.statements) == 1 and not body.bound(1))
