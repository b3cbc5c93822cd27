"""Checks a pack: reads what can be read, applies every check, and holds what it finds against the exemptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ...errors import PolicyError
from ...evaluator.policies import PolicySet, is_control
from ...evaluator.rego.syntax import Module, parse
from ..input_schema import shipped_schema
from .exemptions import sift
from .metadata import control_of
from .pack import Pack
from .problem import Check, Problem, Severity
from .reading import INVOLVED, Files, read_pack
from .registry import ALL_RULES, CHECKS


@dataclass(frozen=True)
class Report:
    """What a check of a pack came to.

    Args:
        problems: in the order of path and place.
        exempt: problems that a comment exempts, each with its reason.
        modules: how many modules were checked.
        controls: how many of them are controls.
    """

    problems: tuple[Problem, ...]
    exempt: tuple[tuple[Problem, str], ...]
    modules: int
    controls: int

    @property
    def errors(self) -> int:
        """How many problems are errors."""
        return sum(problem.rule.severity is Severity.ERROR for problem in self.problems)

    def document(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "problems": [problem.document() for problem in self.problems],
            "exempt": [{**problem.document(), "reason": reason} for problem, reason in self.exempt],
            "modules": self.modules,
            "controls": self.controls,
            "errors": self.errors,
            "warnings": len(self.problems) - self.errors,
            "rules": [
                {"name": rule.name, "title": rule.title, "why": rule.why, "severity": str(rule.severity)}
                for rule in ALL_RULES.values()
            ],
        }


def check(path: Path | None = None, *, engine: str = "regorus", schema: Mapping[str, Any] | None = None) -> Report:
    """Check a pack.

    Args:
        path: a folder, a bundle, or the folder of one control; None for the built-in pack.
        engine: which engine it is for.
        schema: of the input; that of the built-in collectors when None.

    Raises:
        PolicyError: there is nothing to check at the path.
        EngineError: no parser loads on this machine.
    """
    files = _built_in() if path is None else read_pack(path)
    if not files.problems and not any(path.endswith(".rego") and files.asked(path) for path in files.texts):
        raise PolicyError(f"{path} has no module", remedy="put each control at controls/<ID>/control.rego")
    pack = _pack(files, engine, schema or shipped_schema())
    found = [*files.problems, *(problem for item in CHECKS for problem in _found(item, pack))]
    sifted = sift(found, pack.modules.values(), ALL_RULES)
    places = {
        (problem.path, problem.line, problem.column, problem.rule.name, problem.what): problem
        for problem in sifted.standing
    }
    controls = sum(is_control(name) or name == "control.rego" for name in pack.files)
    return Report(tuple(places[key] for key in sorted(places)), sifted.exempt, len(pack.modules), controls)


def _found(item: Check, pack: Pack) -> Iterator[Problem]:
    try:
        yield from item.find(pack)
    except RecursionError:
        path = next(iter(pack.shown.values()), "")
        yield INVOLVED.of_file(path, "rules rest on each other through too many steps to be followed")


def _built_in() -> Files:
    files = Files("")
    for name, data in PolicySet.built_in().sources.items():
        files.add(name, data)
    return files


def _pack(files: Files, engine: str, schema: Mapping[str, Any]) -> Pack:
    own = {path: text for path, text in files.texts.items() if files.asked(path)}
    modules = {path: module for path, module in files.modules.items() if files.asked(path)}
    beside = {path: module for path, module in files.modules.items() if not files.asked(path)}
    controls = _controls(files.texts)
    packages = {module.package for module in files.modules.values()}
    library = [module for module in _built_in_library() if module.package not in packages]
    return Pack(
        files=own,
        modules=modules,
        library=(*beside.values(), *library),
        controls={path: control for path, control in controls.items() if path in own},
        neighbours=tuple(control for path, control in controls.items() if path not in own),
        schema=schema,
        engine=engine,
        shown={path: files.shown(path) for path in files.texts},
        unreadable=tuple(files.problems),
    )


def _controls(texts: Mapping[str, str]) -> dict[str, Any]:
    found = {path: control_of(path, text) for path, text in texts.items() if is_control(path) or path == "control.rego"}
    return {path: control for path, control in found.items() if control is not None}


@cache
def _built_in_library() -> tuple[Module, ...]:
    modules = PolicySet.built_in().modules
    return tuple(parse(path, text) for path, text in modules.items() if path.startswith("lib/"))
