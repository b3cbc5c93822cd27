"""The embedded engine: Microsoft's ``regorus`` in process, from an unofficial wheel (docs/decisions).

What was measured and shapes this file: a module with a static error makes every evaluation of its engine fail, so each
control is evaluated by a clone of its own; a clone shares the input, which is handed over once per batch; errors
carry a native backtrace, which is cut off; an undefined rule is the string ``"<undefined>"``, a missing one an
exception.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from ...errors import EngineError
from .base import RULES, Batch, RuleResult
from .modules import split

_Engine = Any  # the wheel has no types

_DISTRIBUTION = "gordon-to-regorus"
_UNDEFINED = '"<undefined>"'
_NO_RULE = "not a valid rule path"
_UNKNOWN_FUNCTION = re.compile(r"could not find function ([\w.]+)|unknown (?:builtin|function) ([\w.]+)")
_MAX_COLUMNS, _MAX_BYTES, _MAX_LINES = 10_000, 4 * 1024 * 1024, 100_000


class Regorus:
    """Evaluates in this process; no state is kept between runs."""

    name = "regorus"

    @property
    def version(self) -> str:
        """The wheel's version, which is the engine's."""
        return metadata.version(_DISTRIBUTION)

    def run(self, modules: Mapping[str, str], batches: Sequence[Batch]) -> list[dict[str, dict[str, RuleResult]]]:
        """Query every rule of every package on its own; see ``Engine.run``."""
        results = []
        for batch in batches:
            own, shared = split(modules, batch.packages)
            base, problems = _base(shared)
            base.set_input(batch.document)
            results.append({name: _package(base, name, own.get(name, {}), problems) for name in batch.packages})
        return results


def new_engine() -> _Engine:
    """An engine with Rego v1 syntax and roomy limits on the size of modules.

    Raises:
        EngineError: the wheel does not load on this machine.
    """
    try:
        import regorus  # a native module without stubs
    except ImportError as error:
        raise EngineError("the embedded engine does not load", why=str(error), remedy="use --engine opa") from error
    module: Any = regorus
    engine = module.Engine()
    engine.set_policy_length_config(max_col=_MAX_COLUMNS, max_file_bytes=_MAX_BYTES, max_lines=_MAX_LINES)
    return engine


def plain(error: BaseException) -> str:
    """An engine's message on one line, without its backtrace and source excerpt."""
    text = str(error).split("Stack backtrace:")[0].strip()
    place = re.search(r"--> (\S+)", text)
    message = text.rsplit("error: ", 1)[-1].strip() if "error: " in text else text
    unknown = _UNKNOWN_FUNCTION.search(message)
    if unknown:
        name = unknown.group(1) or unknown.group(2)
        message = f"{name} is unknown to the embedded engine: this construct needs --engine opa"
    return f"{place.group(1)}: {message}" if place else message


def _base(shared: Mapping[str, str]) -> tuple[_Engine, list[str]]:
    """An engine with the library, and what was wrong with the library's modules that it would not take."""
    engine, problems = new_engine(), []
    for path, text in shared.items():
        try:
            engine.add_policy(path, text)
        except RuntimeError as error:
            problems.append(plain(error))
    return engine, problems


def _package(base: _Engine, package: str, own: Mapping[str, str], problems: Sequence[str]) -> dict[str, RuleResult]:
    engine = base.clone()
    try:
        for path, text in own.items():
            engine.add_policy(path, text)
    except RuntimeError as error:
        return dict.fromkeys(RULES, RuleResult(error=plain(error)))
    if problems:
        return {rule: _rule(engine, package, rule, f" (the library has errors: {problems[0]})") for rule in RULES}
    return {rule: _rule(engine, package, rule) for rule in RULES}


def _rule(engine: _Engine, package: str, rule: str, note: str = "") -> RuleResult:
    try:
        text = engine.eval_rule_as_json(f"data.{package}.{rule}")
    except RuntimeError as error:
        missing = str(error).startswith(_NO_RULE)
        return RuleResult(error=f"the rule {rule} is missing" if missing else plain(error) + note)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3 derives it from BaseException
            raise
        return RuleResult(error=f"the embedded engine crashed: {plain(error)}")
    if text == _UNDEFINED:
        return RuleResult(error=f"the rule {rule} is undefined")
    return RuleResult(json.loads(text))
