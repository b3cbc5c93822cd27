"""What a command writes where: data on stdout or into files, the last line with result and reason on stderr."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

import typer

from ..errors import ProbatumError, UsageError
from ..files import write_atomic
from ..reports.format import Format
from ..reports.plain import plain, with_excerpts

EXIT = {"pass": 0, "fail": 1, "error": 2, "inconclusive": 3}
_P = ParamSpec("_P")


@dataclass(frozen=True)
class Output:
    """Where the result of a command goes.

    Args:
        targets: format and file; the file is None for stdout.
        quiet: nothing but what the targets ask for.
        no_color: no colours.
    """

    targets: tuple[tuple[Format, Path | None], ...]
    quiet: bool = False
    no_color: bool = False

    @property
    def color(self) -> bool:
        """Colours are wanted: stdout is a terminal, and nobody said no."""
        return not self.no_color and "NO_COLOR" not in os.environ and sys.stdout.isatty()

    def write(self, render: Callable[[Format, bool, int], str]) -> None:
        """Render every target and write it.

        Args:
            render: called with the format, whether to use colours, and the width in columns.
        """
        for format, path in self.targets:
            if path is not None:
                write_atomic(path, render(format, False, 100).encode())
            else:
                sys.stdout.write(render(format, self.color, shutil.get_terminal_size((100, 24)).columns))
                sys.stdout.flush()


def output(formats: Sequence[str] | None, *, quiet: bool = False, no_color: bool = False) -> Output:
    """Read the ``--format`` options.

    Args:
        formats: each ``FORMAT`` or ``FORMAT=FILE``.
        quiet: of the command line.
        no_color: of the command line.

    Raises:
        UsageError: an unknown format, an empty file name, or two formats for stdout.
    """
    targets = [_target(text) for text in formats or []]
    on_stdout = sum(path is None for _, path in targets)
    if on_stdout > 1:
        raise UsageError(
            "two formats would go to stdout",
            why="they could not be told apart",
            remedy="give one a file: --format json=FILE",
        )
    if not on_stdout and not quiet:
        targets.append((Format.TEXT, None))
    return Output(tuple(targets), quiet, no_color)


def say(text: str) -> None:
    """One line on stderr, without anything that a terminal would obey."""
    print(f"probatum: {plain(text)}", file=sys.stderr)


def ignore(line: str) -> None:
    """Takes what a quiet run does not say."""


def finish(result: str, reason: str) -> int:
    """Write the last line and give the exit code of a result."""
    say(f"{reason} (exit {EXIT[result]})")
    return EXIT[result]


def guarded(command: Callable[_P, int]) -> Callable[_P, None]:
    """Turn a command's exit code, and whatever it raises, into an exit of the process with a clear last line."""

    @functools.wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except ProbatumError as error:
            code = _explain(error)
        except KeyboardInterrupt:
            code = finish("error", "interrupted: nothing was changed")
        except BrokenPipeError:  # the reader of stdout went away, as `| head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = finish("error", "nobody reads the output")
        except Exception as error:
            if os.environ.get("PROBATUM_DEBUG"):
                raise
            cause = f"{type(error).__name__}: {error}"
            code = finish("error", f"internal error: {cause}; set PROBATUM_DEBUG=1 for the traceback, and report it")
        raise typer.Exit(code)

    return run


def _explain(error: ProbatumError) -> int:
    if error.why:
        print(f"why: {with_excerpts(error.why)}", file=sys.stderr)
    if error.remedy:
        print(f"remedy: {plain(error.remedy)}", file=sys.stderr)
    return finish("error", f"error: {error.what}")


def _target(text: str) -> tuple[Format, Path | None]:
    name, equals, path = text.partition("=")
    if name not in list(Format) or (equals and not path):
        known = ", ".join(Format)
        raise UsageError(
            f"--format {text!r} is wrong", why=f"the formats are {known}", remedy="write FORMAT or FORMAT=FILE"
        )
    return Format(name), Path(path) if equals else None
