"""Groups of options that several commands take; `grouping.grouped` spreads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..evaluator.engines.limits import DEFAULT_MEMORY_MIB, DEFAULT_SECONDS, Limits
from .options import (
    BuiltIn,
    EngineName,
    EngineOption,
    Formats,
    Held,
    MaxMemory,
    MaxSeconds,
    NoColor,
    OpaCa,
    OpaCert,
    OpaKey,
    OpaUrl,
    Packs,
    Quiet,
    Tables,
)
from .output import Output, output

if TYPE_CHECKING:
    from ..evaluator.engines.base import Engine
    from ..evaluator.engines.opa_address import OpaServer


@dataclass(frozen=True, kw_only=True)
class Opa:
    """The OPA server of ``--engine opa``."""

    opa_url: OpaUrl = None
    opa_ca: OpaCa = None
    opa_cert: OpaCert = None
    opa_key: OpaKey = None

    def server(self) -> OpaServer | None:
        """The server that the options name; None when one is to be started.

        Raises:
            UsageError: the options contradict each other, or ask to send the token where others can read it.
        """
        from ..evaluator.engines.opa_address import OpaServer

        if self.opa_url:
            return OpaServer(self.opa_url, self.opa_ca, self.opa_cert, self.opa_key)
        if self.opa_ca or self.opa_cert or self.opa_key:
            raise UsageError(
                "--opa-ca, --opa-cert and --opa-key are about the server at --opa-url",
                why="no server is named",
                remedy="give --opa-url too, or leave them and the variables of their names out",
            )
        return None


@dataclass(frozen=True, kw_only=True)
class Ceilings:
    """What each control may take to decide."""

    max_seconds: MaxSeconds = DEFAULT_SECONDS
    max_memory: MaxMemory = DEFAULT_MEMORY_MIB

    def limits(self) -> Limits:
        """The same, for an engine."""
        return Limits(self.max_seconds, self.max_memory)


@dataclass(frozen=True, kw_only=True)
class EngineChoice:
    """What evaluates Rego."""

    engine_name: EngineOption = EngineName.REGORUS
    opa: Opa
    ceilings: Ceilings

    def start(self) -> Engine:
        """The engine.

        Raises:
            UsageError: the options contradict each other.
        """
        from ..evaluator.engines.select import engine_named

        return engine_named(self.engine_name, server=self.opa.server(), limits=self.ceilings.limits())


@dataclass(frozen=True, kw_only=True)
class Layers:
    """Which policies are laid on which."""

    policies: Packs = None
    built_in: BuiltIn = None


@dataclass(frozen=True, kw_only=True)
class LockedLayers(Layers):
    """The same, of a run that counts: held to the lock file."""

    locked: Held = None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """How an assessment is shown."""

    formats: Formats = None
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

    formats: Tables = None
