"""Modules that were uploaded to an OPA server, from the first to the removal of the last."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from ...errors import EngineError
from .namespaces import Namespace
from .opa_connection import Connection

_LIBRARY_FIRST = "controls/"
_SHOWN = 3


class Uploads:
    """What one run has on a server.

    Args:
        connection: to the server.
        space: where the modules go.
    """

    def __init__(self, connection: Connection, space: Namespace) -> None:
        self._connection, self._space = connection, space
        self._names: list[str] = []

    def put(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Upload in rounds, for the server refuses a module until those whose functions it calls are there.

        Args:
            texts: path to text of every module, as the server is to have it.

        Returns:
            Path of every module that the server refused in the end to its reason.
        """
        waiting = dict(sorted(texts.items(), key=lambda item: (item[0].startswith(_LIBRARY_FIRST), item[0])))
        while waiting:
            refused = {path: why for path, text in waiting.items() if (why := self._put(path, text)) is not None}
            if len(refused) == len(waiting):
                return refused
            waiting = {path: waiting[path] for path in refused}
        return {}

    def verify(self, texts: Mapping[str, str]) -> None:
        """Hold what the server says it has against what it was given.

        Raises:
            EngineError: it has something else.
        """
        for path, text in texts.items():
            if self._connection.held(self._space.name(path)) != text:
                raise EngineError(
                    "the OPA server does not hold the policies that it was given",
                    why=path,
                    remedy="find out who changes policies on that server, or use --engine regorus",
                )

    def remove(self) -> None:
        """Remove everything, also what may not have arrived; last come, first gone, for others need the first."""
        waiting = self._names[::-1]
        try:
            while waiting:
                kept = [name for name in waiting if not self._connection.remove(name)]
                if len(kept) == len(waiting):
                    break
                waiting = kept
        except EngineError as error:
            _tell(waiting, str(error))
        else:
            if waiting:
                _tell(waiting, "it refuses to remove them")

    def _put(self, path: str, text: str) -> str | None:
        name = self._space.name(path)
        if name not in self._names:
            self._names.append(name)
        why = self._connection.put(name, text)
        return None if why is None else self._space.plain(why)


def _tell(names: list[str], why: str) -> None:
    """Say on stderr what had to be left behind: an error would hide the outcome that was reached."""
    more = "" if len(names) <= _SHOWN else f" and {len(names) - _SHOWN} more"
    logging.getLogger("probatum").warning(
        "policies remain on the OPA server: %s%s (%s)", ", ".join(names[:_SHOWN]), more, why
    )
