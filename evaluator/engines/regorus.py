"""The embedded engine: Microsoft's ``regorus`` in process, from an unofficial wheel (docs/decisions).

What was measured and shapes this file: a module with a static error makes every evaluation of its engine fail, so each
control is first tried on its own, and only sound ones share an engine, to which the input is handed over once per
batch; parsing costs more than evaluating a small graph, so parsed engines are kept and cloned; errors carry a native
backtrace, which is cut off; an undefined rule is the string ``"<undefined>"``, a missing one an exception.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Self

from ... import strict_json
from ...errors import EngineError
from .base import RULES, Batch, RuleResult
from .modules import split

_Engine = Any  # the wheel has no types

_DISTRIBUTION = "gordon-to-regorus"
_UNDEFINED = '"<undefined>"'
_REPLACED, _DATA, _OBSERVED = "usable", "probatum_usable", "input.observed"
_NO_RULE = "not a valid rule path"
_UNKNOWN_FUNCTION = re.compile(r"could not find function ([\w.]+)|unknown (?:builtin|function) ([\w.]+)")
_MAX_COLUMNS, _MAX_BYTES, _MAX_LINES = 10_000, 4 * 1024 * 1024, 100_000


@dataclass(frozen=True)
class _Prepared:
    """Parsed modules.

    Args:
        engine: holds every sound module; cloned for each input.
        errors: package to what is wrong with it.
        note: what is wrong with the library, to be told with every error that may come of it.
    """

    engine: _Engine
    errors: Mapping[str, str]
    note: str


class Regorus:
    """Evaluates in this process; nothing but parsed modules is kept between runs."""

    name = "regorus"

    def __init__(self) -> None:
        self._prepared: dict[tuple[str, tuple[str, ...]], _Prepared] = {}

    @property
    def version(self) -> str:
        """The wheel's version, which is the engine's."""
        return metadata.version(_DISTRIBUTION)

    def run(self, modules: Mapping[str, str], batches: Sequence[Batch]) -> list[dict[str, dict[str, RuleResult]]]:
        """Query every rule of every package on its own; see ``Engine.run``."""
        packages = tuple(sorted({name for batch in batches for name in batch.packages}))
        key = (strict_json.digest(dict(modules)), packages)
        if key not in self._prepared:
            self._prepared[key] = _prepare(modules, packages)
        prepared = self._prepared[key]
        results, inputs = [], _Inputs(prepared, batches)
        for number, batch in enumerate(batches):
            results.append({name: _package(inputs, number, name, prepared) for name in batch.packages})
        return results

    def close(self) -> None:
        """Forget what was parsed."""
        self._prepared.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Inputs:
    """Hands inputs over, which costs as much as evaluating them: what batches share only once.

    The documents of a run differ in ``usable`` alone. One engine takes what they share, and ``usable`` of each as data
    that ``with`` puts in its place; where everything that was observed is usable, ``observed`` itself does. A batch
    that differs in more, or needs its rules queried one by one, gets an engine with its own document.
    """

    def __init__(self, prepared: _Prepared, batches: Sequence[Batch]) -> None:
        self.prepared, self.batches = prepared, batches
        self.own: dict[int, _Engine] = {}
        alike = [number for number in range(len(batches)) if self._alike(number)]
        self.instead = {number: self._stand_in(number) for number in alike}
        if alike:
            shared = {key: value for key, value in batches[0].document.items() if key != _REPLACED}
            self.shared = prepared.engine.clone()
            self.shared.set_input(shared)
            usable = {str(number): batches[number].document[_REPLACED] for number in alike}
            handed = {key: value for key, value in usable.items() if self.instead[int(key)] != _OBSERVED}
            self.shared.add_data({_DATA: handed})

    def engine(self, number: int) -> _Engine:
        """An engine whose input is that of one batch."""
        if number not in self.own:
            self.own[number] = self._with_input(number)
        return self.own[number]

    def query(self, number: int, text: str) -> Any:
        """The value of an expression under the input of one batch; None when it is undefined."""
        if number in self.instead and number not in self.own:
            engine, text = self.shared, f"{text} with input.{_REPLACED} as {self.instead[number]}"
        else:
            engine = self.engine(number)
        body = json.loads(engine.eval_query_as_json(text))
        return body["result"][0]["expressions"][0]["value"] if body.get("result") else None

    def _with_input(self, number: int) -> _Engine:
        engine = self.prepared.engine.clone()
        engine.set_input(self.batches[number].document)
        return engine

    def _alike(self, number: int) -> bool:
        one, other = self.batches[0].document, self.batches[number].document
        if one.keys() != other.keys() or _REPLACED not in one:
            return False
        return all(one[key] is other[key] for key in one if key != _REPLACED)

    def _stand_in(self, number: int) -> str:
        document = self.batches[number].document
        return _OBSERVED if document[_REPLACED] is document.get("observed") else f'data.{_DATA}["{number}"]'


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


def _prepare(modules: Mapping[str, str], packages: Sequence[str]) -> _Prepared:
    """Try the library and each package on its own, and join what is sound."""
    own, shared = split(modules, packages)
    library, problems = new_engine(), []
    for path, text in shared.items():
        problem = _problem(library, {path: text})
        problems += [problem] if problem else []
        if not problem:
            library.add_policy(path, text)
    engine, errors = library.clone(), {}
    for name in packages:
        problem = _problem(library, own[name])
        if problem:
            errors[name] = problem
        else:
            for path, text in own[name].items():
                engine.add_policy(path, text)
    return _Prepared(engine, errors, f" (the library has errors: {problems[0]})" if problems else "")


def _problem(base: _Engine, texts: Mapping[str, str]) -> str | None:
    """What a parser or the static checks, which run before the first evaluation, have against modules; or None."""
    engine = base.clone()
    try:
        for path, text in texts.items():
            engine.add_policy(path, text)
        engine.eval_query("true")
    except RuntimeError as error:
        return plain(error)
    return None


def _package(inputs: _Inputs, number: int, package: str, prepared: _Prepared) -> dict[str, RuleResult]:
    if package in prepared.errors:
        return dict.fromkeys(RULES, RuleResult(error=prepared.errors[package] + prepared.note))
    together = _together(inputs, number, package)
    if together is not None:
        return together
    return {rule: _rule(inputs.engine(number), package, rule, prepared.note) for rule in RULES}


def _together(inputs: _Inputs, number: int, package: str) -> dict[str, RuleResult] | None:
    """All rules of a package in one query, so that what they share is evaluated once; None unless each has a value.

    A comprehension makes an undefined rule an empty list, so that it cannot make the others undefined; where that or an
    error happens, the rules are queried one by one, which tells what is wrong with which.
    """
    parts = ", ".join(f"[v | v := data.{package}.{rule}]" for rule in RULES)
    try:
        values = inputs.query(number, f"[{parts}]")
    except RuntimeError:
        return None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3 derives it from BaseException
            raise
        return None
    if not isinstance(values, list) or not all(len(value) == 1 for value in values):
        return None
    return {rule: RuleResult(value[0]) for rule, value in zip(RULES, values, strict=True)}


def _rule(engine: _Engine, package: str, rule: str, note: str) -> RuleResult:
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
