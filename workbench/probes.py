"""Values of rules that are added to a control's own module for a moment, in whichever engine decides.

A probe stands at the end of a module, so it sees the module's imports and the package's rules as the module does, and
the lines above keep their numbers. An engine asks packages for the rules of ``RULES``; so each probe is asked for by a
package of its own, whose ``applies`` it is, and an error in one probe is an error of that one alone. What an engine
refuses to compile makes the whole module fail: then the probes are halved until the refused ones are alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..evaluator.engines.base import Batch, Engine, RuleResult
from ..evaluator.engines.modules import package_of, split

PREFIX = "probatum_workbench"
"""Names that begin with this are ours; no policy has a reason to use it."""
_NOT_CONTROLS = "workbench"
_PACKAGE = "package {prefix}.{name}\n\nimport rego.v1\n\napplies := {value}\n\ndeny := set()\n\nproof := set()\n"
_NO_ANSWER = RuleResult(error="the engine gave no answer")


@dataclass(frozen=True)
class Probe:
    """One rule to add.

    Args:
        path: of the module that it is added to.
        value: an expression, such as a comprehension, over the module's names.
    """

    path: str
    value: str


@dataclass(frozen=True)
class Laboratory:
    """A package of policies, an input, and an engine to try them on.

    Args:
        engine: evaluates.
        modules: path to text of the package's own modules and of the libraries.
        package: dotted.
        document: the policy input.
        shared: rules that probes may use, added to every module that has probes.
    """

    engine: Engine
    modules: Mapping[str, str]
    package: str
    document: Mapping[str, Any]
    shared: str = ""

    def values(self, probes: Sequence[Probe]) -> list[RuleResult]:
        """The value of each probe, or why it has none.

        Raises:
            EngineError: the engine cannot run.
        """
        if not probes:
            return []
        found, sound = self._ask(probes)
        if sound or len(probes) == 1:
            return found
        middle = len(probes) // 2
        return self.values(probes[:middle]) + self.values(probes[middle:])

    def _ask(self, probes: Sequence[Probe]) -> tuple[list[RuleResult], bool]:
        """The answers, and whether the module could be compiled with the probes in it."""
        names = [f"p{number}" for number in range(len(probes))]
        modules = self._with(dict(zip(names, probes, strict=True)))
        watched = [*names, *(f"watch{number}" for number, _ in enumerate({probe.path for probe in probes}))]
        packages = tuple(f"{PREFIX}.{name}" for name in watched)
        (answers,) = self.engine.run(modules, [Batch(self.document, packages)])
        found = {name: answers.get(f"{PREFIX}.{name}", {}).get("applies", _NO_ANSWER) for name in watched}
        return [found[name] for name in names], all(found[name].error is None for name in watched[len(names) :])

    def _with(self, probes: Mapping[str, Probe]) -> dict[str, str]:
        modules = {f"{_NOT_CONTROLS}/{path}": text for path, text in self.modules.items()}
        packages: dict[str, str] = {}
        for number, path in enumerate(dict.fromkeys(probe.path for probe in probes.values())):
            text = self.modules[path]
            added = {f"p_{name}": probe.value for name, probe in probes.items() if probe.path == path}
            rules = [f"{PREFIX}_{name} := {value}\n" for name, value in {**added, f"watch{number}": "true"}.items()]
            shared = self.shared if number == 0 else ""
            modules[f"{_NOT_CONTROLS}/{path}"] = "\n".join([text.rstrip("\n"), "", shared, *rules])
            packages[f"watch{number}"] = f"data.{package_of(text)}.{PREFIX}_watch{number}"
        for name, probe in probes.items():
            packages[name] = f"data.{package_of(self.modules[probe.path])}.{PREFIX}_p_{name}"
        for name, value in packages.items():
            modules[f"{_NOT_CONTROLS}/{name}.rego"] = _PACKAGE.format(prefix=PREFIX, name=name, value=value)
        return modules


def laboratory(
    engine: Engine, modules: Mapping[str, str], package: str, document: Mapping[str, Any], shared: str = ""
) -> Laboratory:
    """Everything that a package of a policy set needs to be tried: its own modules and the libraries."""
    own, libraries = split(modules, [package])
    return Laboratory(engine, {**libraries, **own[package]}, package, document, shared)
