"""The embedded engine: Microsoft's ``regorus`` in process, from an unofficial wheel (docs/decisions).

What was measured and shapes this file: a module with a static error makes every evaluation of its engine fail, so each
control is first tried on its own, and only sound ones share an engine, to which the input is handed over once per
batch; parsing costs more than evaluating a small graph, so parsed engines are kept and cloned; errors carry a native
backtrace, which is cut off; an undefined rule is the string ``"<undefined>"``, a missing one an exception; nested
source overflows the parser's stack, and neither that nor an evaluation can be stopped from within the process: both
happen in a child, and this process parses only what a child has parsed before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from importlib import metadata
from typing import Any, Self

from ... import strict_json
from .base import RULES, Batch, RuleResult
from .limits import Limits
from .regorus_inputs import Inputs
from .regorus_messages import plain
from .regorus_modules import Native, Parsed, calmly, new_engine

__all__ = ["Regorus", "new_engine", "plain"]

_DISTRIBUTION = "gordon-to-regorus"
_UNDEFINED = '"<undefined>"'
_NO_RULE = "not a valid rule path"
_NEST_LESS = "lists in lists take its parser twice as long with each level; flatten them, or use --engine opa"
_DEFAULT = Limits()
_Key = tuple[str, tuple[str, ...]]


class Regorus:
    """Evaluates in children of this process; nothing but parsed modules is kept between runs.

    Args:
        limits: of each control; None to evaluate in this process without any, for policies that are trusted not to
            loop, allocate or nest without bound: a fork less, a few milliseconds.
    """

    name = "regorus"

    def __init__(self, *, limits: Limits | None = _DEFAULT) -> None:
        self._limits = limits
        self._parsed: dict[_Key, Parsed] = {}
        self._harmless: set[_Key] = set()

    @property
    def version(self) -> str:
        """The wheel's version, which is the engine's."""
        return metadata.version(_DISTRIBUTION)

    def run(self, modules: Mapping[str, str], batches: Sequence[Batch]) -> list[dict[str, dict[str, RuleResult]]]:
        """Query every rule of every package on its own; see ``Engine.run``."""
        packages = tuple(sorted({name for batch in batches for name in batch.packages}))
        key = (strict_json.digest(dict(modules)), packages)
        results: list[dict[str, dict[str, RuleResult]]] = [{} for _ in batches]
        asked = [(number, name) for number, batch in enumerate(batches) for name in batch.packages]
        if self._limits is not None and asked:
            for (number, name), answer in self._in_children(key, modules, batches, asked, self._limits):
                results[number][name] = answer
        elif asked:
            inputs = Inputs(self._read(key, modules), batches)
            inputs.hand_over()
            for number, name in asked:
                results[number][name] = _decoded(_answer(inputs, number, name))
        return results

    def close(self) -> None:
        """Forget what was parsed."""
        self._parsed.clear()
        self._harmless.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, key: _Key, modules: Mapping[str, str]) -> Parsed:
        """Modules that are parsed in this process, once."""
        if key not in self._parsed:
            parsed = Parsed(modules, key[1])
            for number in range(len(parsed)):
                parsed.read(number)
            self._parsed[key] = parsed
        return self._parsed[key]

    def _in_children(
        self,
        key: _Key,
        modules: Mapping[str, str],
        batches: Sequence[Batch],
        asked: Sequence[tuple[int, str]],
        limits: Limits,
    ) -> Iterator[tuple[tuple[int, str], dict[str, RuleResult]]]:
        """What each package says of each batch; the modules are parsed there too, until that was seen to do no harm."""
        from .confined import Excess, run_steps
        from .confined_child import Step

        known = key in self._harmless
        parsed = self._read(key, modules) if known else Parsed(modules, key[1])
        unread = 0 if known else len(parsed)
        inputs = Inputs(parsed, batches)
        steps = [Step(partial(_read_part, parsed, number), again=True) for number in range(unread)]
        steps.append(Step(partial(_hand_over, inputs), again=True, limited=False))
        steps += [Step(partial(_answer, inputs, *pair)) for pair in asked]
        harmless = True
        with closing(run_steps(steps, limits, hurry=True)) as answers:
            for number, answer in answers:
                if number > unread:
                    found = _failed(str(answer)) if isinstance(answer, Excess) else _decoded(answer)
                    yield asked[number - unread - 1], found
                elif isinstance(answer, Excess):
                    parsed.refuse(number, f"{answer.why} when it is parsed and checked: {_NEST_LESS}")
                    harmless = False
        if harmless:
            self._harmless.add(key)


def _read_part(parsed: Parsed, number: int) -> bytes:
    parsed.read(number)
    return b""


def _hand_over(inputs: Inputs) -> bytes:
    inputs.hand_over()
    return b""


def _answer(inputs: Inputs, number: int, package: str) -> bytes:
    """What one package says of one batch, as JSON: OPA's query result, or each rule's value (as text) or error."""
    note = inputs.parsed.note
    if package in inputs.parsed.errors:
        error = {"error": inputs.parsed.why(package)}
        return json.dumps({"rules": dict.fromkeys(RULES, error)}).encode()
    together = _together(inputs, number, package)
    if together is not None:
        return together.encode()
    engine = inputs.engine(number)
    return json.dumps({"rules": {rule: _rule(engine, package, rule, note) for rule in RULES}}).encode()


def _together(inputs: Inputs, number: int, package: str) -> str | None:
    """All rules of a package in one query, so that what they share is evaluated once; None unless each has a value.

    Where one is undefined or an error, the rules are queried one by one, which tells what is wrong with which.
    """
    try:
        text = inputs.query(number, f"[{', '.join(f'data.{package}.{rule}' for rule in RULES)}]")
    except RuntimeError:
        return None
    return text if '"result"' in text[:20] else None


def _rule(engine: Native, package: str, rule: str, note: str) -> dict[str, str]:
    try:
        text = calmly(engine.eval_rule_as_json, f"data.{package}.{rule}")
    except RuntimeError as error:
        missing = str(error).startswith(_NO_RULE)
        return {"error": f"the rule {rule} is missing" if missing else plain(error) + note}
    return {"error": f"the rule {rule} is undefined"} if text == _UNDEFINED else {"value": text}


def _decoded(answer: bytes) -> dict[str, RuleResult]:
    try:
        body = json.loads(answer)
        if "result" in body:
            values = body["result"][0]["expressions"][0]["value"]
            return {rule: RuleResult(value) for rule, value in zip(RULES, values, strict=True)}
        return {rule: _result(told) for rule, told in body["rules"].items()}
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits; lists in lists in lists
        return _failed(f"its result cannot be read: {error}")


def _result(told: Mapping[str, Any]) -> RuleResult:
    return RuleResult(error=told["error"]) if "error" in told else RuleResult(json.loads(told["value"]))


def _failed(why: str) -> dict[str, RuleResult]:
    return dict.fromkeys(RULES, RuleResult(error=why))
