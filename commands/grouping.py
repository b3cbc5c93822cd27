"""Options that belong together, written once as the fields of a dataclass, and taken by a command as one parameter.

Typer reads the options of a command off its signature. A command that is `grouped` shows Typer the fields of its groups
as parameters of its own, and gets each group whole when it is called.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from inspect import Parameter
from typing import Any, get_type_hints


class grouped:  # noqa: N801  a decorator
    """A command whose groups, the parameters that are annotated with a dataclass, are spread.

    What they spread to is found out when Typer asks, because most commands are never built.

    Args:
        command: its groups may hold further groups.
    """

    def __init__(self, command: Callable[..., None]) -> None:
        self._command = command
        functools.update_wrapper(self, command, assigned=("__module__", "__name__", "__qualname__", "__doc__"))

    def __call__(self, **values: Any) -> None:
        """Run the command with its groups whole."""
        self._command(**_arguments(self._command, values))

    @property
    def __signature__(self) -> inspect.Signature:
        """One parameter per option, in the order in which they stand."""
        return inspect.Signature(list(_options(self._command)), return_annotation=None)

    @property
    def __annotations__(self) -> dict[str, Any]:  # type: ignore[override]  # which typing takes for a class's own
        """The same, as `typing.get_type_hints` asks for it."""
        return {item.name: item.annotation for item in _options(self._command)}


def _options(taker: Callable[..., Any]) -> Iterator[Parameter]:
    for item, group in _parameters(taker):
        if group is None:
            yield item.replace(kind=Parameter.KEYWORD_ONLY)
        else:
            yield from _options(group)


def _arguments(taker: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        item.name: values[item.name] if group is None else group(**_arguments(group, values))
        for item, group in _parameters(taker)
    }


@functools.cache
def _parameters(taker: Callable[..., Any]) -> Sequence[tuple[Parameter, Callable[..., Any] | None]]:
    """What something takes, and of each that is a group, the class that makes it."""
    hints = get_type_hints(taker, include_extras=True)  # each of a class where it was written, those inherited, too
    taken = [item.replace(annotation=hints[name]) for name, item in inspect.signature(taker).parameters.items()]
    return [(item, _group(item.annotation)) for item in taken]


def _group(annotation: object) -> Callable[..., Any] | None:
    return annotation if isinstance(annotation, type) and is_dataclass(annotation) else None
