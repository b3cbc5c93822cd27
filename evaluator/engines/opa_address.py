"""Where an OPA server is, and how it and we prove who we are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ...errors import UsageError

_HTTP_PORT, _HTTPS_PORT = 8181, 443


@dataclass(frozen=True)
class OpaServer:
    """A server that somebody else runs.

    Args:
        url: ``http://host:port`` or ``https://host:port``.
        ca: PEM file of the certificates that may have signed the server's; those of the system when None.
        certificate: PEM file of our own certificate, for a server that asks for one.
        key: PEM file of its private key.
    """

    url: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @property
    def address(self) -> tuple[str, int, bool]:
        """Host, port, and whether it is spoken to over TLS.

        Raises:
            UsageError: the address is none.
        """
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError as error:
            raise UsageError(f"{self.url} is not the address of an OPA server", why=str(error)) from error
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise UsageError(f"{self.url} is not the address of an OPA server", remedy="write it as http://host:port")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        secure = parts.scheme == "https"
        return host, port or (_HTTPS_PORT if secure else _HTTP_PORT), secure
