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


def grouped(command: Callable[..., int]) -> Callable[..., int]:
    """Spread the groups among a command's parameters: those annotated with a dataclass.

    Args:
        command: its groups may hold further groups.

    Returns:
        The command with one parameter per option, in the order in which they stand.
    """
    options = list(_options(command))

    @functools.wraps(command)
    def run(**values: Any) -> int:
        return command(**_arguments(command, values))

    run.__signature__ = inspect.Signature(options, return_annotation=int)  # type: ignore[attr-defined]
    run.__annotations__ = {item.name: item.annotation for item in options}
    return run


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
