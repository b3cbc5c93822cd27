"""What is changed, and what might notice it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ...errors import PolicyError, UsageError
from ...evaluator.metadata import Control
from ...evaluator.policies import PolicySet
from ...evaluator.rego.syntax import Module, parse
from ...evaluator.suggest import did_you_mean
from ..policy_tests.discovery import Pack, Place, discover
from . import graphs
from .bench import Bench
from .judging import Judged
from .spoils import Document

_LIBRARY, _CONTROLS = "lib", "controls/"


@dataclass(frozen=True)
class Plan:
    """A folder of policies, about to be changed.

    Args:
        folder: of the policies.
        pack: its modules and tests.
        policies: its controls.
        names: controls and modules of the library that are asked for; empty for all.
    """

    folder: Path
    pack: Pack
    policies: PolicySet
    names: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path, names: Sequence[str] = ()) -> Plan:
        """Read a folder.

        Args:
            folder: holds ``controls/``.
            names: ids of controls, in any case, and ``lib/NAME``; empty for all.

        Raises:
            UsageError: there is no such control or module.
            PolicyError: a policy or test is not valid.
        """
        policies = PolicySet.load(folder)
        plan = cls(folder, discover(Place(folder)), policies)
        known = {name.lower(): name for name in (*policies.controls, *plan.library)}
        unknown = [name for name in names if name.lower() not in known]
        if unknown:
            raise UsageError(
                f"there is no control or module of the library {unknown[0]!r}",
                remedy=did_you_mean(unknown[0], known.values()),
            )
        return cls(folder, plan.pack, policies, tuple(known[name.lower()] for name in names))

    @property
    def library(self) -> dict[str, str]:
        """Name to path of the modules of the library, ``lib/shape`` to ``lib/shape.rego``."""
        paths = sorted(path for path in self.pack.measured if path.startswith(f"{_LIBRARY}/"))
        return {path.removesuffix(".rego"): path for path in paths}

    @cached_property
    def controls(self) -> dict[str, Control]:
        """The controls that are asked for, by id."""
        known = self.policies.controls
        return {name: control for name, control in known.items() if not self.names or name in self.names}

    @cached_property
    def targets(self) -> dict[str, tuple[str, ...]]:
        """Path of every module that is changed, to the benches that it is tried on."""
        found = {path: self._users(path) for name, path in self.library.items() if not self.names or name in self.names}
        for name, control in self.controls.items():
            own = (path for path in sorted(self.pack.measured) if path.startswith(_beside(control)))
            found |= dict.fromkeys(own, (name,))
        return found

    @cached_property
    def modules(self) -> dict[str, Module]:
        """Every module of the pack that is no test, parsed."""
        return {path: parse(path, self.pack.modules[path]) for path in sorted(self.pack.measured)}

    @cached_property
    def benches(self) -> dict[str, Bench]:
        """Every bench that is needed, by the id of its control; the library's is ``lib``.

        Raises:
            PolicyError: something is to be changed that has no test.
        """
        found = {
            name: self._bench(name) for name in sorted({name for names in self.targets.values() for name in names})
        }
        for path, names in self.targets.items():
            if not any(found[name].tests for name in names):
                raise PolicyError(
                    f"no test of {path} ran",
                    why="none has a test_ rule for it",
                    remedy="write tests: what has none is not tested",
                )
        return found

    @cached_property
    def examples(self) -> dict[str, dict[str, Document]]:
        """The inputs of each control's example graphs, by file."""
        return {
            name: dict(graphs.examples(self.folder, control, self.policies)) for name, control in self.controls.items()
        }

    def tests_beside(self, control: Control) -> list[Module]:
        """The modules of tests in the folder of a control."""
        paths = {test.path for test in self.pack.tests if test.path.startswith(_beside(control))}
        return [parse(path, self.pack.modules[path]) for path in sorted(paths)]

    def _bench(self, name: str) -> Bench:
        control = self.policies.controls.get(name)
        beside = _beside(control) if control else f"{_LIBRARY}/"
        modules = {
            path: text
            for path, text in sorted(self.pack.modules.items())
            if not path.startswith(_CONTROLS) or path.startswith(beside)
        }
        tests = [test.name for test in self.pack.tests if test.path.startswith(beside) and _runs(test)]
        if control is None:
            return Bench(modules, tests)
        judged = Judged(control.package, control.kinds, control.evidence)
        return Bench(modules, tests, judged, tuple(self.examples.get(name, {}).values()))

    def _users(self, path: str) -> tuple[str, ...]:
        """The library's own bench, and those of the controls that import a module of it, by whatever way."""
        wanted, before = {self.modules[path].package}, set[str]()
        while wanted != before:
            before = set(wanted)
            wanted |= {module.package for module in self.modules.values() if _imports(module, before)}
        return (_LIBRARY, *(name for name, control in self.policies.controls.items() if control.package in wanted))


def _runs(test: object) -> bool:
    return not (getattr(test, "todo", False) or getattr(test, "problem", "") or getattr(test, "opa_only", ""))


def _beside(control: Control) -> str:
    return f"{control.path.rpartition('/')[0]}/"


def _imports(module: Module, packages: Iterable[str]) -> bool:
    """Whether a module imports a package, or something in it."""
    paths = [f"{item.path}." for item in module.imports]
    return any(path.startswith(f"data.{package}.") for path in paths for package in packages)
