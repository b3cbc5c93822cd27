"""The options that say what evaluates Rego."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from ..evaluator.engines.limits import DEFAULT_MEMORY_MIB, DEFAULT_SECONDS, Limits

if TYPE_CHECKING:
    from ..evaluator.engines.base import Engine
    from ..evaluator.engines.opa_address import OpaServer


class EngineName(StrEnum):
    """The Rego engines."""

    REGORUS = "regorus"
    OPA = "opa"


@dataclass(frozen=True, kw_only=True)
class Opa:
    """The OPA server of ``--engine opa``."""

    opa_url: Annotated[
        str | None,
        typer.Option(
            "--opa-url",
            envvar="PROBATUM_OPA_URL",
            help="OPA server for --engine opa; without it one is started. Its token: the variable PROBATUM_OPA_TOKEN.",
        ),
    ] = None
    opa_ca: Annotated[
        Path | None,
        typer.Option(
            "--opa-ca", envvar="PROBATUM_OPA_CA", help="PEM file: who may have signed the OPA server's certificate."
        ),
    ] = None
    opa_cert: Annotated[
        Path | None,
        typer.Option("--opa-cert", envvar="PROBATUM_OPA_CERT", help="PEM file: our certificate for the OPA server."),
    ] = None
    opa_key: Annotated[
        Path | None,
        typer.Option("--opa-key", envvar="PROBATUM_OPA_KEY", help="PEM file: the private key of --opa-cert."),
    ] = None

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

    max_seconds: Annotated[
        float,
        typer.Option("--max-seconds", help="Seconds that a control may take to decide; more is an error of it."),
    ] = DEFAULT_SECONDS
    max_memory: Annotated[
        int,
        typer.Option("--max-memory", help="MiB of memory that a control may take to decide; more is an error of it."),
    ] = DEFAULT_MEMORY_MIB

    def limits(self) -> Limits:
        """The same, for an engine."""
        return Limits(self.max_seconds, self.max_memory)


@dataclass(frozen=True, kw_only=True)
class EngineChoice:
    """What evaluates Rego."""

    engine_name: Annotated[EngineName, typer.Option("--engine", help="Which Rego engine decides.")] = EngineName.REGORUS
    opa: Opa
    ceilings: Ceilings

    def start(self) -> Engine:
        """The engine.

        Raises:
            UsageError: the options contradict each other.
        """
        from ..evaluator.engines.select import engine_named

        return engine_named(self.engine_name, server=self.opa.server(), limits=self.ceilings.limits())
