"""What the embedded engine is asked under an input, and how its answers are read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .base import RULES, RuleResult
from .regorus_inputs import Inputs
from .regorus_messages import plain
from .regorus_modules import Native, calmly

_UNDEFINED = '"<undefined>"'
_NO_RULE = "not a valid rule path"
_NOTHING = b""


def answer_of_all(inputs: Inputs, number: int, packages: Sequence[str]) -> bytes:
    """What packages say of one batch in one query, as OPA's query result; nothing unless each rule has a value.

    Half a millisecond goes into any query before it looks at the first subject, and rules that packages share are
    evaluated once. One rule that is undefined or an error takes the whole answer away, and which one is not told: then
    packages are asked one by one, as are those that the static checks refuse.
    """
    sound = [name for name in packages if name not in inputs.parsed.errors]
    if not sound or not inputs.parsed.disjoint:
        return _NOTHING
    values = (f"{json.dumps(name)}: {_values(name)}" for name in sound)
    return _asked(inputs, number, f"{{{', '.join(values)}}}")


def answer_of(inputs: Inputs, number: int, package: str) -> bytes:
    """What one package says of one batch, as JSON: OPA's query result, or each rule's value (as text) or error."""
    note = inputs.parsed.note
    if package in inputs.parsed.errors:
        error = {"error": inputs.parsed.why(package)}
        return json.dumps({"rules": dict.fromkeys(RULES, error)}).encode()
    together = _asked(inputs, number, _values(package))  # what the rules share is evaluated once
    if together:
        return together
    engine = inputs.engine(number)
    return json.dumps({"rules": {rule: _rule(engine, package, rule, note) for rule in RULES}}).encode()


def read_all(answer: bytes) -> dict[str, dict[str, RuleResult]]:
    """Package to rule to result of ``answer_of_all``; empty where it has nothing that can be read."""
    try:
        found = _value(json.loads(answer)) if answer else {}
        return {name: _results(values) for name, values in found.items()}
    except (ValueError, RecursionError):  # one of them; asked on its own, it says so
        return {}


def read_one(answer: bytes) -> dict[str, RuleResult]:
    """Rule to result of ``answer_of``."""
    try:
        body = json.loads(answer)
        if "result" in body:
            return _results(_value(body))
        return {rule: _result(told) for rule, told in body["rules"].items()}
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits; lists in lists in lists
        return failed(f"its result cannot be read: {error}")


def failed(why: str) -> dict[str, RuleResult]:
    """The same error for every rule."""
    return dict.fromkeys(RULES, RuleResult(error=why))


def _values(package: str) -> str:
    return f"[{', '.join(f'data.{package}.{rule}' for rule in RULES)}]"


def _asked(inputs: Inputs, number: int, text: str) -> bytes:
    """The answer to a query, or nothing where it is undefined or an error."""
    try:
        found = inputs.query(number, text)
    except RuntimeError:
        return _NOTHING
    return found.encode() if '"result"' in found[:20] else _NOTHING


def _rule(engine: Native, package: str, rule: str, note: str) -> dict[str, str]:
    try:
        text = calmly(engine.eval_rule_as_json, f"data.{package}.{rule}")
    except RuntimeError as error:
        missing = str(error).startswith(_NO_RULE)
        return {"error": f"the rule {rule} is missing" if missing else plain(error) + note}
    return {"error": f"the rule {rule} is undefined"} if text == _UNDEFINED else {"value": text}


def _value(body: Mapping[str, Any]) -> Any:
    return body["result"][0]["expressions"][0]["value"]


def _results(values: Sequence[Any]) -> dict[str, RuleResult]:
    return {rule: RuleResult(value) for rule, value in zip(RULES, values, strict=True)}


def _result(told: Mapping[str, Any]) -> RuleResult:
    return RuleResult(error=told["error"]) if "error" in told else RuleResult(json.loads(told["value"]))
