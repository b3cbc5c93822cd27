"""What the embedded engine does otherwise than Open Policy Agent without saying so, and policies that rest on it.

``dangers.json`` is the list: made from a run over all of OPA's conformance cases and of cases of our own, and held
against them by the tests (docs/author/engines.md). A module that uses one of the dangers, or a builtin function that
the embedded engine lacks, is refused there with its place, what differs and what to do instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...errors import PolicyError
from ..rego.syntax import Module, Node, parse
from .dangerous_uses import CONSTRUCTS, Source, builtin
from .definedness import Known
from .modules import package_of

_BUILT_IN = Path(__file__).resolve().parents[2] / "policies"
_REFERENCE = re.compile(r"(?<![\w.])data\s*(?:\.\s*([A-Za-z_][\w.]*)|(?=\[))")
_LIST = Path(__file__).with_name("dangers.json")
_OTHER_ENGINE = "use --engine opa"


@dataclass(frozen=True)
class Danger:
    """One thing that the embedded engine takes otherwise.

    Args:
        name: of the builtin function, or what to call the construct.
        reason: what differs, as the end of "differs on the embedded engine: …".
        remedy: what to write instead, empty when there is nothing but the other engine.
        construct: which check finds it; None for every use of a builtin function.
        cases: conformance cases that show it.
    """

    name: str
    reason: str
    remedy: str
    construct: str | None
    cases: tuple[str, ...]


@dataclass(frozen=True)
class Use:
    """One use of what the embedded engine lacks or takes otherwise.

    Args:
        place: ``path:line:column``.
        name: of the danger, or of the builtin function that is lacking.
        message: one sentence that says what is wrong and what to do.
    """

    place: str
    name: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def refusals(modules: Mapping[str, str], unfit: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Which modules the embedded engine must not evaluate.

    A module that rests on a refused one, by import or by a reference to its package, is refused too: what it takes
    from there would be undefined. What ships with Probatum is not searched; the tests do that.

    Args:
        modules: path to text that the embedded engine can read; what cannot be searched is refused.
        unfit: modules among them that will not be evaluated anyhow, and why; they are not read.

    Returns:
        Path to what is wrong: the first use, and how many more there are.
    """
    fit = {path: text for path, text in modules.items() if path not in unfit}
    searched = {path: text for path, text in fit.items() if not _ships(path, text)}
    needed = {path: text for path, text in fit.items() if path in searched or _rests_on_any(searched, package_of(text))}
    refused = {path: why for path, why in _searched(needed).items() if path in searched}
    return refused | _resting(modules, {**unfit, **refused})


def uses(modules: Iterable[Module]) -> dict[str, list[Use]]:
    """Every use of a danger, and of a builtin function that is lacking, in the order of the text.

    Args:
        modules: all modules of a set, for what one of them refers to in another.

    Returns:
        Path to uses; only of modules that have any.
    """
    modules = tuple(modules)
    known = Known.of(modules, builtins())
    found = {module.path: list(_uses(Source(module, known, modules))) for module in modules}
    return {path: items for path, items in found.items() if items}


def dangers() -> tuple[Danger, ...]:
    """The list."""
    return tuple(
        Danger(item["name"], item["reason"], item["remedy"], item["construct"], tuple(item["cases"]))
        for item in _document()["dangers"]
    )


def lacking() -> frozenset[str]:
    """Builtin functions of OPA that the embedded engine does not know."""
    return frozenset(_document()["lacking"])


def builtins() -> frozenset[str]:
    """Builtin functions of OPA that the embedded engine knows."""
    return frozenset(_document()["builtins"])


def _searched(modules: Mapping[str, str]) -> dict[str, str]:
    """Path to the first use of each module, or to why it cannot be searched."""
    parsed, refused = [], {}
    for path, text in modules.items():
        try:
            parsed.append(_parsed(path, text))
        except (PolicyError, RecursionError) as error:
            refused[path] = _unsearched(path, error)
    try:
        return refused | {path: _told(items) for path, items in uses(parsed).items()}
    except RecursionError as error:
        return {path: _unsearched(path, error) for path in modules}


def _unsearched(path: str, error: Exception) -> str:
    why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return f"{path}: it cannot be searched for what the embedded engine takes otherwise: {why}; {_OTHER_ENGINE}"


def _uses(source: Source) -> Iterator[Use]:
    found: list[tuple[Node, str, str]] = []
    for danger in dangers():
        nodes = builtin(source, danger.name) if danger.construct is None else CONSTRUCTS[danger.construct](source)
        found += [(node, danger.name, _sentence(danger)) for node in nodes]
    for name, node in source.calls:
        if name in lacking():
            found.append((node, name, f"{name} is unknown to the embedded engine; {_OTHER_ENGINE}"))
    for node, name, message in sorted(found, key=lambda item: (item[0].span.start, item[1])):
        yield Use(source.module.where(node.span), name, message)


def _sentence(danger: Danger) -> str:
    instead = f"{danger.remedy}, or {_OTHER_ENGINE}" if danger.remedy else _OTHER_ENGINE
    return f"{danger.name} differs on the embedded engine: {danger.reason}; {instead}"


def _told(items: Sequence[Use]) -> str:
    more = f" (and {len(items) - 1} more)" if len(items) > 1 else ""
    return f"{items[0]}{more}"


def _resting(modules: Mapping[str, str], refused: Mapping[str, str]) -> dict[str, str]:
    """Modules that refer to the package of a refused one, directly or through others."""
    packages = {package_of(modules[path]): why for path, why in refused.items()}
    waiting = {path: text for path, text in modules.items() if path not in refused}
    resting: dict[str, str] = {}
    while found := {
        path: why for path, text in waiting.items() for name, why in packages.items() if _refers(text, name)
    }:
        resting.update(found)
        packages = {package_of(waiting.pop(path)): why for path, why in found.items()}
    return resting


def _rests_on_any(modules: Mapping[str, str], package: str | None) -> bool:
    return any(_refers(text, package) for text in modules.values())


def _refers(text: str, package: str | None) -> bool:
    """Whether a module's text names a package, one above it, or one that cannot be told, or is in it."""
    if package is None:
        return False
    names = _REFERENCE.findall(text)
    above = any(name == "" or package == name or package.startswith(f"{name}.") for name in names)
    return above or any(name.startswith(f"{package}.") for name in names) or package_of(text) == package


def _ships(path: str, text: str) -> bool:
    """Whether a module is one of the built-in pack, as it was installed."""
    try:
        return (_BUILT_IN / path).read_text(encoding="utf-8") == text
    except (OSError, ValueError):
        return False


@cache
def _document() -> Any:
    return json.loads(_LIST.read_text(encoding="utf-8"))


@lru_cache(maxsize=512)
def _parsed(path: str, text: str) -> Module:
    return parse(path, text)
