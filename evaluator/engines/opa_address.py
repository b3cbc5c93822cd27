"""Where an OPA server is, and how it and we prove who we are."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...errors import UsageError

if TYPE_CHECKING:
    from .opa_connection import Connection

_HTTP_PORT, _HTTPS_PORT = 8181, 443
_TOKEN = re.compile(r"[\x21-\x7e]+")  # RFC 6750 section 2.1 allows less; servers take more


@dataclass(frozen=True)
class OpaServer:
    """A server that somebody else runs.

    Args:
        url: ``http://host:port`` or ``https://host:port``.
        ca: PEM file of the certificates that may have signed the server's; the public authorities when None.
        certificate: PEM file of our own certificate, for a server that asks for one.
        key: PEM file of its private key, unencrypted; None when it is in the file of the certificate.
    """

    url: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def connect(self, token: str | None) -> Connection:
        """A connection; nothing is sent yet.

        Args:
            token: bearer token.

        Raises:
            UsageError: the address is none, a file cannot be used, or the token would travel in clear.
        """
        host, port, secure = self._address()
        local = _is_loopback(host)
        self._check_files(secure)
        _check_token(token, in_clear=not secure and not local)

        from opa_client import opa
        from requests.utils import get_environ_proxies

        from .opa_connection import Connection
        from .opa_transport import Transport, prepare

        pair = (str(self.certificate), str(self.key)) if self.key else self.certificate and str(self.certificate)
        make: Any = opa.OpaClient
        client = make(host, port, ssl=(str(self.ca) if self.ca else True) if secure else False, cert=pair, retries=0)
        transport = Transport()
        proxies = {} if local else get_environ_proxies(self.url)
        prepare(client._session, transport, token=token, proxies=proxies)  # noqa: SLF001  the client has no setting
        return Connection(client, transport)

    def _address(self) -> tuple[str, int, bool]:
        """Host, port, and whether it is spoken to over TLS."""
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError as error:
            raise UsageError("that is not the address of an OPA server", why=str(error)) from error
        odd = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
        if parts.scheme not in ("http", "https") or not parts.hostname or odd:
            raise UsageError(
                "that is not the address of an OPA server",
                why="it has a user, a path or a query" if odd else self.url,
                remedy="write it as http://host:port; a token goes into the variable PROBATUM_OPA_TOKEN",
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        secure = parts.scheme == "https"
        return host, port or (_HTTPS_PORT if secure else _HTTP_PORT), secure

    def _check_files(self, secure: bool) -> None:
        """Refuse files that cannot be used now, by name: the library below would not say which it was."""
        if not secure and (self.ca or self.certificate or self.key):
            raise UsageError(
                "certificates are of no use without TLS", why=self.url, remedy="write the address as https://host:port"
            )
        if self.key and not self.certificate:
            raise UsageError("a private key is of no use without its certificate", remedy="give --opa-cert too")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.ca:
            _tried(f"the certificates in {self.ca}", lambda: context.load_verify_locations(self.ca))
        if self.certificate:
            certificate = self.certificate
            what = f"the certificate in {certificate} with the key in {self.key or certificate}"
            _tried(what, lambda: context.load_cert_chain(certificate, self.key, _no_passphrase))


def _tried(what: str, load: Any) -> None:
    try:
        load()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{what} cannot be used", why=str(error), remedy="give PEM files; the private key must not be encrypted"
        ) from error


def _no_passphrase() -> str:
    """Instead of the question that OpenSSL would ask on the terminal."""
    raise ValueError("the private key is encrypted")


def _check_token(token: str | None, *, in_clear: bool) -> None:
    if token is None:
        return
    if not _TOKEN.fullmatch(token):
        raise UsageError(
            "the token for the OPA server is none",
            why="it has blanks, line breaks or letters beyond ASCII, or nothing in it",
            remedy="correct the variable PROBATUM_OPA_TOKEN",
        )
    if in_clear:
        raise UsageError(
            "the token for the OPA server would travel in clear",
            why="the address begins with http:// and is not on this machine",
            remedy="write it as https://host:port, or take the variable PROBATUM_OPA_TOKEN away",
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
