"""Where the modules of a run are evaluated: on an OPA server of ours, or on one that somebody else runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from ...errors import EngineError
from .limits import LESS_TIME, Limits
from .opa_connection import Connection, SlowError, check_version
from .opa_loaded import Loaded
from .opa_server import NotLoadedError, RunningServer, binary_version, find_binary, stated_version
from .opa_uploads import Uploads

_UNKNOWN = "unknown"


class Place(Protocol):
    """A server that holds modules and answers questions about them."""

    @property
    def version(self) -> str:
        """As the server states it; ``unknown`` when it does not."""

    def load(self, modules: Mapping[str, str], packages: Collection[str]) -> Loaded:
        """Have modules on the server; what it holds already is not handed over again."""

    def ask(self, document: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """The answer of the gathering module to a question."""

    def recover(self, error: EngineError) -> str:
        """After a question that failed: be fit for the next, and say what was wrong with that one.

        Raises:
            EngineError: it was not the question that was wrong.
        """

    def close(self) -> None:
        """Leave nothing behind."""


class OwnServer:
    """A server of ours, started with the modules and stopped at the end.

    Args:
        binary: path of the executable; None for ``PROBATUM_OPA`` or the search path.
        limits: of the evaluation of each control.
    """

    def __init__(self, binary: str | None, limits: Limits) -> None:
        self._binary, self._limits = binary, limits
        self._running: tuple[RunningServer, Loaded] | None = None
        self._version: str | None = None

    @property
    def version(self) -> str:
        """Of the executable, asked once: each time costs as much as evaluating a small graph."""
        if self._version is None:
            try:
                self._version = stated_version(find_binary(self._binary))
            except EngineError:
                return _UNKNOWN
        return self._version

    def load(self, modules: Mapping[str, str], packages: Collection[str]) -> Loaded:
        """Start a server with the modules, unless the one that runs holds them."""
        if self._running:
            server, loaded = self._running
            if loaded.serves(modules, packages) and server.death() is None:
                return loaded
            packages = loaded.packages.union(packages) if loaded.modules == modules else packages
        self.close()
        wanted = Loaded.of(modules, packages)
        try:
            self._start(wanted)
        except NotLoadedError:
            wanted = self._sound(wanted)
            self._start(wanted)
        return wanted

    def ask(self, document: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """The answer to a question."""
        assert self._running is not None, "load comes first"
        server, loaded = self._running
        return server.connection.query(document, loaded.space.gathering_package, "answer", seconds)

    def recover(self, error: EngineError) -> str:
        """Start again; a server that ended, or does not end, did so because of the question."""
        assert self._running is not None, "load comes first"
        server, loaded = self._running
        if isinstance(error, SlowError):
            why = f"it takes longer than {self._limits.seconds:g} s: {LESS_TIME}"
        else:
            server.settle()
            found = server.death()
            if found is None:
                raise error
            why = found
        self.close()
        self._start(loaded)
        return why

    def close(self) -> None:
        """Stop the server."""
        running, self._running = self._running, None
        if running is not None:
            running[0].stop()

    def _start(self, loaded: Loaded) -> None:
        binary = find_binary(self._binary)
        self._version = binary_version(binary)
        self._running = RunningServer(binary, loaded.texts, self._limits), loaded

    def _sound(self, loaded: Loaded) -> Loaded:
        """Find out which modules are not sound: an empty server is given one after the other."""
        server = RunningServer(find_binary(self._binary), {}, self._limits)
        try:
            return loaded.put(Uploads(server.connection, loaded.space))
        finally:
            server.stop()


class ForeignServer:
    """A server that somebody else runs, and others use too.

    Args:
        connect: makes the connection.
        limits: of the evaluation of each control; memory is the server's own affair.
    """

    def __init__(self, connect: Callable[[], Connection], limits: Limits) -> None:
        self._connect, self._limits = connect, limits
        self._connection: Connection | None = None
        self._uploads: Uploads | None = None
        self._loaded: Loaded | None = None
        self._version: str | None = None
        self._failure: EngineError | None = None

    @property
    def version(self) -> str:
        """As the server states it; asked once, and a run that follows does not wait for an answer again."""
        try:
            return self._stated()
        except EngineError as error:
            self._failure = error
            return _UNKNOWN

    def load(self, modules: Mapping[str, str], packages: Collection[str]) -> Loaded:
        """Upload the modules, unless they are there; hold what the server has against what it was given."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        check_version(self._stated(), "the OPA server")
        if self._loaded and self._loaded.serves(modules, packages):
            return self._loaded
        if self._loaded and self._loaded.modules == modules:
            packages = self._loaded.packages.union(packages)
        self._remove()
        wanted = Loaded.of(modules, packages)
        self._uploads = Uploads(self._open(), wanted.space)
        found = wanted.put(self._uploads)
        self._uploads.verify(found.texts)
        self._loaded = found
        return found

    def ask(self, document: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """The answer to a question."""
        assert self._loaded is not None, "load comes first"
        return self._open().query(document, self._loaded.space.gathering_package, "answer", seconds)

    def recover(self, error: EngineError) -> str:
        """Tell a slow question from a slow server: that one does not answer an easy question in time either.

        Breaking the connection off ends the evaluation on the server.
        """
        if not isinstance(error, SlowError):
            raise error
        try:
            self._open().version()
        except EngineError:
            raise error from None
        return f"it takes longer than {self._limits.seconds:g} s: {LESS_TIME}"

    def close(self) -> None:
        """Remove what was uploaded, and hang up."""
        try:
            self._remove()
        finally:
            connection, self._connection, self._version = self._connection, None, None
            if connection is not None:
                connection.close()

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _stated(self) -> str:
        if self._version is None:
            self._version = self._open().version()
        return self._version

    def _remove(self) -> None:
        uploads, self._uploads, self._loaded = self._uploads, None, None
        if uploads is not None:
            uploads.remove()
