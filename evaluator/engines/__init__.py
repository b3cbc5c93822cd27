"""Rego engines, and one by its name."""

from __future__ import annotations

from ...errors import UsageError
from .base import Engine

NAMES = ("regorus", "opa")


def engine_named(name: str, *, url: str | None = None, binary: str | None = None, token: str | None = None) -> Engine:
    """An engine by name.

    Args:
        name: ``regorus`` or ``opa``.
        url: of a running OPA server; None to start one for the run.
        binary: path of the ``opa`` executable to start; None for ``PROBATUM_OPA`` or the search path.
        token: bearer token of the server at ``url``.

    Raises:
        UsageError: there is no such engine.
    """
    if name == "regorus":
        from .regorus import Regorus

        return Regorus()
    if name == "opa":
        from .opa import Opa

        return Opa(url=url, binary=binary, token=token)
    raise UsageError(f"there is no engine {name!r}", remedy=f"one of: {', '.join(NAMES)}")
