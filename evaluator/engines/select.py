"""The engine that the user chose, ready to evaluate, and ended when the run ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import UsageError
from .base import Engine

NAMES = ("regorus", "opa")


@contextmanager
def open_engine(name: str, *, url: str | None = None) -> Iterator[Engine]:
    """An engine for the length of a run.

    Args:
        name: one of ``NAMES``.
        url: address of an OPA server, for ``opa``; without it one is started on loopback.

    Raises:
        UsageError: there is no such engine.
    """
    if name == "regorus":
        from .regorus import Regorus

        yield Regorus()
    elif name == "opa":
        from .opa import open_opa

        with open_opa(url) as engine:
            yield engine
    else:
        raise UsageError(f"there is no engine {name!r}", why=f"the engines are {', '.join(NAMES)}", remedy="choose one of them")
