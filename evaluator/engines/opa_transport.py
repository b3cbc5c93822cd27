"""How requests to an OPA server travel: bounded in size, never redirected, and cut off when told."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from requests.exceptions import ContentDecodingError
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from ... import strict_json

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session
    from urllib3 import PoolManager

_LIMITS = strict_json.Limits(max_bytes=512 * 1024 * 1024)
_CHUNK = 256 * 1024


class Transport(HTTPAdapter):
    """Keeps one connection and knows its socket, so that an answer that never ends can be cut off.

    A timeout of the client below counts anew with every byte that arrives; only closing the socket bounds the whole.
    """

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self.before_sending: Callable[[int], None] = lambda _: None
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make pools whose connections tell their socket."""
        super().init_poolmanager(*arguments, **options)
        self._tell(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> PoolManager:
        """The pools of a proxy, which tell their socket too."""
        manager: PoolManager = super().proxy_manager_for(proxy, **options)
        self._tell(manager)
        return manager

    def send(self, request: PreparedRequest, stream: bool = False, *arguments: Any, **options: Any) -> Response:
        """Send a request and read the whole answer, strictly and up to a limit."""
        self.before_sending(len(request.body) if isinstance(request.body, (bytes, str)) else 0)
        answer: Any = super().send(request, True, *arguments, **options)
        with answer:
            content = bytearray()
            for chunk in answer.iter_content(_CHUNK):
                content += chunk
                if len(content) > _LIMITS.max_bytes:
                    raise ContentDecodingError(f"an answer of over {_LIMITS.max_bytes} bytes")
        answer._content = bytes(content)  # noqa: SLF001  where requests keeps what it read itself
        answer.json = partial(strict_json.loads, answer._content, source="the OPA server's answer", limits=_LIMITS)  # noqa: SLF001
        found: Response = answer
        return found

    def cut(self) -> None:
        """End the connection, from another thread, in the middle of an answer."""
        found = self._socket
        if found is not None:
            with suppress(OSError):
                socket.socket.shutdown(found, socket.SHUT_RDWR)  # also below TLS

    def _tell(self, manager: PoolManager) -> None:
        """Let every connection of a manager's pools say which socket it has."""

        def told(connection: Any) -> None:
            self._socket = connection.sock

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                told(self)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                told(self)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


def prepare(session: Session, transport: Transport, *, token: str | None, proxies: Mapping[str, str]) -> None:
    """Let a session of requests use a transport, and nothing of the environment.

    ``.netrc`` would replace the token, and ``REQUESTS_CA_BUNDLE`` the certificates that the user trusts.

    Args:
        session: of the client.
        transport: what carries its requests.
        token: to send as bearer token.
        proxies: scheme to address.
    """
    session.mount("http://", transport)
    session.mount("https://", transport)
    session.trust_env = False
    session.proxies.update(proxies)
    session.max_redirects = 0
    session.headers["Accept-Encoding"] = "identity"  # packing costs both sides more than it saves on the way
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
