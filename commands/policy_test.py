"""``probatum policy test``: the tests of policies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..evaluator.engines.limits import DEFAULT_MEMORY_MIB, Limits
from .grouping import grouped
from .groups import Shown
from .output import Output, finish, guarded, say

if TYPE_CHECKING:
    from ..workbench.policy_tests.discovery import Place
    from ..workbench.policy_tests.run import Wanted

_SECONDS = 10.0


class Engines(StrEnum):
    """What runs the tests."""

    REGORUS = "regorus"
    OPA = "opa"
    BOTH = "both"


@dataclass(frozen=True, kw_only=True)
class _Shown(Shown):
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format", "-f", metavar="FORMAT[=FILE]", help="text, json or junit; with =FILE into a file. Repeatable."
        ),
    ] = None


@grouped
@guarded
def policy_test(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of policies, folder of one control, or a *_test.rego; by default the policies here.",
            show_default=False,
        ),
    ] = None,
    *,
    engine: Annotated[Engines, typer.Option("--engine", help="What runs the tests.")] = Engines.REGORUS,
    run: Annotated[str, typer.Option("--run", metavar="REGEX", help="Only tests whose dotted name matches.")] = "",
    coverage: Annotated[bool, typer.Option("--coverage", help="Show which lines of each control no test reaches.")] = (
        False
    ),
    fail_under: Annotated[
        float | None,
        typer.Option("--fail-under", min=0, max=100, help="Least percentage of lines covered, of every module."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Run again whenever a file changes, until Ctrl-C.")] = False,
    max_seconds: Annotated[
        float, typer.Option("--max-seconds", help="Seconds that one test may take; more is an error of it.")
    ] = _SECONDS,
    max_memory: Annotated[
        int, typer.Option("--max-memory", help="MiB of memory that one test may take; more is an error of it.")
    ] = DEFAULT_MEMORY_MIB,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name the tests that passed, too.")] = False,
    shown: _Shown,
) -> int:
    """Run the tests of policies, rules test_* and the examples of each control, and show the values that fail.

    That nothing ran is a failure, too. Tests see the library of the built-in pack, data.probatum.lib.world included.

    Example: probatum policy test my-policies --engine both --fail-under 100
    """
    from ..workbench.policy_tests.discovery import find_place
    from ..workbench.policy_tests.run import Wanted

    target = shown.output()
    place = find_place(path, Path.cwd())
    engines = ("regorus", "opa") if engine is Engines.BOTH else (str(engine.value),)
    limits = Limits(max_seconds, max_memory)
    wanted = Wanted(engines, run, coverage or fail_under is not None, fail_under, limits)
    if watch:
        return _watched(place, wanted, target, verbose)
    return _once(place, wanted, target, verbose)


def _once(place: Place, wanted: Wanted, target: Output, verbose: bool) -> int:
    """One run: what it shows, and its exit code."""
    from ..reports.policy_tests import render_tests, summary
    from ..workbench.policy_tests.run import run_tests

    report = run_tests(place, wanted)
    document = report.to_document()
    target.write(lambda format, color, width: render_tests(document, format, color=color, width=width, verbose=verbose))
    return finish(document["result"], summary(document))


def _watched(place: Place, wanted: Wanted, target: Output, verbose: bool) -> int:
    """Run after run; the exit code is that of the last one."""
    from ..errors import ProbatumError
    from ..workbench.policy_tests.watch import watch

    codes = []

    def run() -> None:
        try:
            codes.append(_once(place, wanted, target, verbose))
        except ProbatumError as error:  # a file in the middle of being written must not end the watch
            codes.append(finish("error", f"error: {error}"))
        say(f"watching {place.root}; Ctrl-C ends")

    watch(place.root, run)
    return codes[-1] if codes else finish("error", "interrupted before anything ran")
