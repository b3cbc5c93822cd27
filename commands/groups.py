"""Groups of options that several commands take; `grouping.grouped` spreads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from .options import NoColor, Quiet
from .output import Output, output


@dataclass(frozen=True, kw_only=True)
class Layers:
    """Which policies are laid on which."""

    policies: Annotated[
        list[str] | None,
        typer.Option(
            "--policies",
            metavar="SOURCE",
            help="Pack of policies to lay on the built-in ones, instead of the manifest's: a folder, .tar.gz, "
            "git+https://…@commit#folder, oci://…@sha256:… or https://….tar.gz#sha256=…. Repeatable.",
        ),
    ] = None
    built_in: Annotated[
        bool | None,
        typer.Option(
            "--built-in/--no-built-in", help="Lay the packs on the built-in policies; by default as the manifest says."
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class LockedLayers(Layers):
    """The same, of a run that counts: held to the lock file."""

    locked: Annotated[
        bool | None,
        typer.Option(
            "--locked/--no-locked",
            help="Hold the packs to probatum.lock; by default where there is one. --no-locked is recorded.",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """How an assessment is shown."""

    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT[=FILE]",
            help="text, json, sarif, junit or markdown; with =FILE into a file. Repeatable.",
        ),
    ] = None
    quiet: Quiet = False
    no_color: NoColor = False

    def output(self) -> Output:
        """Where it goes.

        Raises:
            UsageError: a format is unknown, or two of them would go to stdout.
        """
        return output(self.formats, quiet=self.quiet, no_color=self.no_color)


@dataclass(frozen=True, kw_only=True)
class ShownTable(Shown):
    """How the result of a command that assesses nothing is shown."""

    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT[=FILE]",
            help="text, json or markdown; with =FILE into a file. Repeatable.",
        ),
    ] = None
