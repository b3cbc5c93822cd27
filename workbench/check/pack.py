"""A pack of policies as its author has it: whatever can be read, and what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...evaluator.metadata import Control
from ...evaluator.rego.syntax import Module
from ..input_schema import with_controls
from .flow import Flow
from .problem import Problem


@dataclass(frozen=True)
class Pack:
    """What is checked.

    Args:
        files: path in the pack to text of every module and checklist of the pack itself.
        modules: those of the modules that parse, by path in the pack; each is called by its shown path.
        library: modules beside it that it may import: the rest of its pack, and the built-in library.
        controls: path in the pack to what the metadata of each sound control states.
        neighbours: controls beside those, whose parameters the input has too.
        schema: of the input.
        engine: ``regorus`` or ``opa``: which the pack is for.
        shown: path in the pack to what to call it in problems.
        unreadable: problems of files that could not be read or parsed.
    """

    files: Mapping[str, str]
    modules: Mapping[str, Module]
    library: tuple[Module, ...]
    controls: Mapping[str, Control]
    neighbours: tuple[Control, ...]
    schema: Mapping[str, Any]
    engine: str
    shown: Mapping[str, str]
    unreadable: tuple[Problem, ...] = ()

    @cached_property
    def everything(self) -> tuple[Module, ...]:
        """Every module that a reference may lead to."""
        return (*self.modules.values(), *self.library)

    @cached_property
    def flows(self) -> dict[str, Flow]:
        """What flows through each module, by path in the pack: with all that it imports, and nothing else."""
        schema = with_controls(self.schema, [*self.neighbours, *self.controls.values()])
        found = {}
        for path, module in self.modules.items():
            found[path] = Flow(self.everything, schema)
            found[path].visit(module)
        return found

    @cached_property
    def packages(self) -> dict[str, frozenset[str]]:
        """Package to the first names of its rules."""
        found: dict[str, set[str]] = {}
        for module in self.everything:
            found.setdefault(module.package, set()).update(rule.name.partition(".")[0] for rule in module.rules)
        return {package: frozenset(names) for package, names in found.items()}
