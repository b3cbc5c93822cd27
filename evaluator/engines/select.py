"""The engine that the user chose."""

from __future__ import annotations

import os

from ...errors import UsageError
from .base import Engine
from .limits import Limits
from .opa_address import OpaServer

NAMES = ("regorus", "opa")
TOKEN = "PROBATUM_OPA_TOKEN"  # noqa: S105 - a variable's name; a secret on the command line would be seen by all


def engine_named(name: str, *, server: OpaServer | None = None, limits: Limits | None = None) -> Engine:
    """An engine by name.

    Args:
        name: one of ``NAMES``.
        server: an OPA server that runs already, for ``opa``; its bearer token is in the variable
            ``PROBATUM_OPA_TOKEN``. Without one a server is started on loopback, until the engine is closed.
        limits: of the evaluation of each control; the defaults of ``Limits`` when None.

    Raises:
        UsageError: there is no such engine.
    """
    if name == "regorus":
        from .regorus import Regorus

        return Regorus(limits=limits or Limits())
    if name == "opa":
        from .opa import Opa

        token = os.environ.get(TOKEN) or None if server else None
        return Opa(server=server, token=token, limits=limits or Limits())
    raise UsageError(
        f"there is no engine {name!r}", why=f"the engines are {', '.join(NAMES)}", remedy="choose one of them"
    )
