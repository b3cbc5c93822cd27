"""A real Open Policy Agent server, through opa-python-client: one that the user runs, or one started for the engine.

All modules of a set are moved below a package that names the digest of the set and a nonce of the engine, so that
pipelines with different policies can share a server and never see each other's rules, nor the server's own data.
Strict builtin errors are asked for: without them OPA takes an error for undefined. One question gathers all rules of
all packages under all inputs; when it fails, parts of it are asked, down to one rule, so that an error, and time or
memory that runs out, stay with their control.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Self

from .base import Batch, RuleResult
from .limits import Limits
from .opa_address import OpaServer
from .opa_places import ForeignServer, OwnServer, Place
from .opa_questions import Questions

_DEFAULT = Limits()
_Answers = dict[str, dict[str, RuleResult]]


class Opa:
    """Evaluates on an OPA server; the server or the uploaded policies are kept until ``close``.

    Args:
        server: one that runs already; None to start one.
        binary: path of the executable to start; None for ``PROBATUM_OPA`` or the search path.
        token: bearer token of ``server``.
        limits: of the evaluation of each control. Memory is bounded on a server of ours only.
    """

    name = "opa"

    def __init__(
        self,
        *,
        server: OpaServer | None = None,
        binary: str | None = None,
        token: str | None = None,
        limits: Limits = _DEFAULT,
    ) -> None:
        self._limits = limits
        self._place: Place = (
            OwnServer(binary, limits) if server is None else ForeignServer(lambda: server.connect(token), limits)
        )
        weakref.finalize(self, self._place.close)  # for those who forget, and for an exit that skips them

    @property
    def version(self) -> str:
        """The server's version; ``unknown`` when it cannot be asked, in which case a run fails too."""
        return self._place.version

    def run(self, modules: Mapping[str, str], batches: Sequence[Batch]) -> list[_Answers]:
        """Query every rule of every package on its own; see ``Engine.run``."""
        loaded = self._place.load(modules, {name for batch in batches for name in batch.packages})
        return Questions(self._place, loaded, self._limits).answers(batches)

    def close(self) -> None:
        """Stop the server that was started, or remove what was uploaded."""
        self._place.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
