"""GET over HTTPS with limits; only ever called when the network was asked for.

A redirect stays with the scheme that it came from (or goes up to https), carries no credentials to another host, and
there are few of them. Size and time are bounded whatever a server says or does not say.
"""

from __future__ import annotations

import base64
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

from .. import __version__
from ..errors import PolicyError
from .source import is_loopback

MAX_BYTES = 16 * 1024 * 1024
_REDIRECTS = 5
_CHUNK = 64 * 1024
_PARTIAL_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """What a server said.

    Args:
        status: of HTTP.
        headers: by name; names are looked up without regard to case.
        body: of a success, whole; empty otherwise.
    """

    status: int
    headers: Message
    body: bytes = b""


@dataclass(frozen=True)
class Web:
    """Fetches documents.

    Args:
        seconds: that one document may take, redirects included.
        max_bytes: of one document.
    """

    seconds: float = 60.0
    max_bytes: int = MAX_BYTES

    def get(self, url: str, headers: Mapping[str, str] | None = None, *, shown: str) -> Answer:
        """Fetch a document.

        Args:
            url: what to fetch; https, or http of this machine.
            headers: to send; ``Authorization`` goes to the first host only.
            shown: what to call it in errors: the URL may hold secrets.

        Raises:
            PolicyError: no answer in time, too large, cut short, or a redirect that is not followed.
        """
        deadline = time.monotonic() + self.seconds
        sent = {"User-Agent": f"probatum/{__version__}", **(headers or {})}
        try:
            for _ in range(_REDIRECTS):
                answer = self._once(url, sent, deadline)
                if answer.status not in (301, 302, 303, 307, 308):
                    return answer
                target = urljoin(url, answer.headers.get("Location", ""))
                _check_redirect(url, target, shown)
                if urlsplit(target).netloc != urlsplit(url).netloc:
                    sent.pop("Authorization", None)
                url = target
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _failed(shown, _reason(error)) from error
        raise _failed(shown, f"more than {_REDIRECTS} redirects")

    def _once(self, url: str, headers: Mapping[str, str], deadline: float) -> Answer:
        request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310  the scheme was checked
        with _open(request, min(_PARTIAL_SECONDS, self.seconds)) as response:
            if response.status != 200:
                return Answer(response.status, response.headers)
            return Answer(200, response.headers, self._read(response, deadline))

    def _read(self, response: Any, deadline: float) -> bytes:
        body = bytearray()
        while chunk := response.read1(_CHUNK):
            body += chunk
            if len(body) > self.max_bytes:
                raise ValueError(f"over {self.max_bytes} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError(f"not there after {self.seconds:g} seconds")
        stated = response.headers.get("Content-Length", "")
        if stated.isdigit() and int(stated) != len(body):
            raise ValueError(f"cut short: {len(body)} of {stated} bytes")
        return bytes(body)


def basic(user: str) -> dict[str, str]:
    """The header that carries credentials; none for an empty text."""
    return {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"} if user else {}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves redirects to the caller, who checks them."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        return None


def _open(request: urllib.request.Request, seconds: float) -> Any:
    """The response of whatever status; a proxy of the environment is used for all but this machine."""
    opener = urllib.request.OpenerDirector()
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _NoRedirect(),
    ]
    if not is_loopback(urlsplit(request.full_url).hostname):
        handlers.append(urllib.request.ProxyHandler())
    for handler in handlers:
        opener.add_handler(handler)
    try:
        return opener.open(request, timeout=seconds)
    except urllib.error.HTTPError as error:
        return error


def _check_redirect(before: str, after: str, shown: str) -> None:
    old, new = urlsplit(before), urlsplit(after)
    if new.scheme == "https":
        return  # where it came from http of this machine, too
    if new.scheme != "http" or old.scheme != "http" or not is_loopback(new.hostname):
        raise _failed(shown, f"it redirects from {old.scheme}:// to {new.scheme or 'nothing'}://")


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(getattr(reason, "strerror", None) or reason)


def _failed(shown: str, why: str) -> PolicyError:
    return PolicyError(f"cannot fetch {shown}", why=why, remedy="check the address, the network and your credentials")
