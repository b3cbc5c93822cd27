"""Options that come in groups."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from probatum.commands.grouping import grouped


@dataclass(frozen=True, kw_only=True)
class _Inner:
    depth: Annotated[int, typer.Option("--depth")] = 3


@dataclass(frozen=True, kw_only=True)
class _Outer:
    name: Annotated[str | None, typer.Option("--name")] = None
    inner: _Inner


def _command(
    place: Annotated[str, typer.Argument()],
    *,
    loud: Annotated[bool, typer.Option("--loud")] = False,
    outer: _Outer,
    last: Annotated[int, typer.Option("--last")] = 0,
) -> None:
    """What it does."""
    print(place, loud, outer, last)


def test_that_a_command_gets_its_groups_whole() -> None:
    app = typer.Typer()
    app.command()(grouped(_command))
    shown = CliRunner().invoke(app, ["here", "--depth", "5", "--last", "1"])
    assert shown.stdout == f"here False {_Outer(inner=_Inner(depth=5))} 1\n"


def test_that_the_options_stand_where_their_group_stands() -> None:
    assert [*inspect.signature(grouped(_command)).parameters] == ["place", "loud", "name", "depth", "last"]


def test_that_a_command_keeps_its_name_and_text() -> None:
    assert (grouped(_command).__name__, grouped(_command).__doc__) == ("_command", "What it does.")


def test_that_two_options_of_one_name_are_refused() -> None:
    def command(*, outer: _Outer, inner: _Inner) -> None:
        raise AssertionError((outer, inner))

    with pytest.raises(ValueError, match="duplicate parameter name: 'depth'"):
        inspect.signature(grouped(command))
