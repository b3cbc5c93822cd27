"""What every Rego engine offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

RULES = ("applies", "deny", "proof")


@dataclass(frozen=True)
class RuleResult:
    """What one rule gave.

    Args:
        value: its value, meaningless unless ``error`` is None.
        error: why there is no value: undefined, a builtin error, a syntax error; None when there is one.
    """

    value: Any = None
    error: str | None = None


@dataclass(frozen=True)
class Batch:
    """One input document and the packages to query with it.

    Args:
        document: the policy input, JSON values.
        packages: dotted package names without ``data.``, such as ``probatum.controls.model_01``.
    """

    document: Mapping[str, Any]
    packages: tuple[str, ...]


class Engine(Protocol):
    """A Rego engine.

    A package that fails (syntax, undefined rule, builtin error) is an error of its own results; ``EngineError`` is
    raised only when the engine as a whole cannot work. Between runs an engine may keep a process, a connection and
    uploaded policies; whoever made it closes it, best with ``with``.
    """

    @property
    def name(self) -> str:
        """``regorus`` or ``opa``."""

    @property
    def version(self) -> str:
        """The engine's own version."""

    def run(self, modules: Mapping[str, str], batches: Sequence[Batch]) -> list[dict[str, dict[str, RuleResult]]]:
        """Query every rule of ``RULES`` of every package on its own.

        Args:
            modules: path to Rego text of every module.
            batches: inputs and what to query with each.

        Returns:
            For each batch: package to rule to result.

        Raises:
            EngineError: the engine cannot run.
        """

    def close(self) -> None:
        """Give back whatever the engine keeps; a second call does nothing, and never raises for the engine's sake."""

    def __enter__(self) -> Self:
        """The engine itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close."""
