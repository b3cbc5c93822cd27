"""The engine that the user chose."""

from __future__ import annotations

import os

from ...errors import UsageError
from .base import Engine

NAMES = ("regorus", "opa")
TOKEN = "PROBATUM_OPA_TOKEN"  # noqa: S105 - a variable's name; a secret on the command line would be seen by all


def engine_named(name: str, *, url: str | None = None) -> Engine:
    """An engine by name.

    Args:
        name: one of ``NAMES``.
        url: address of an OPA server, for ``opa``; its bearer token is in the variable ``PROBATUM_OPA_TOKEN``. Without
            an address a server is started on loopback for each run.

    Raises:
        UsageError: there is no such engine.
    """
    if name == "regorus":
        from .regorus import Regorus

        return Regorus()
    if name == "opa":
        from .opa import Opa

        return Opa(url=url, token=os.environ.get(TOKEN) if url else None)
    raise UsageError(
        f"there is no engine {name!r}", why=f"the engines are {', '.join(NAMES)}", remedy="choose one of them"
    )
