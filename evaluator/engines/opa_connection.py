"""One OPA server, spoken to through opa-python-client: every answer whole, strict JSON, and there before a deadline."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from threading import Timer
from typing import TYPE_CHECKING, Any, TypeVar

from ... import strict_json
from ...errors import EngineError, EvidenceError

if TYPE_CHECKING:
    from .opa_transport import Transport

_STRICT: Any = {"strict-builtin-errors": "true"}
_REMEDY = "check that the server runs and answers, or use --engine regorus"
_VERSION = re.compile(r"(\d+)\.\d+\S*")
_TESTED_MAJOR = 1
_CHORE_SECONDS, _READY_SECONDS = 20.0, 1.0
_SHOWN = 300
_Result = TypeVar("_Result")


class SlowError(EngineError):
    """The server did not answer in time."""


def check_version(version: str, of: str) -> None:
    """Refuse a version of Open Policy Agent that decides otherwise than the tested ones, or may.

    Args:
        version: as stated.
        of: what states it.

    Raises:
        EngineError: it is none, below 1.0, or of a later major version.
    """
    found = _VERSION.fullmatch(version)
    if found is None or int(found.group(1)) != _TESTED_MAJOR:
        raise EngineError(
            f"{of} is of a version that cannot be used",
            why=f"it says {shortened(version)!r}, and only Open Policy Agent {_TESTED_MAJOR}.x was tested",
            remedy=f"use Open Policy Agent {_TESTED_MAJOR}.x, or --engine regorus",
        )


def shortened(text: str) -> str:
    """A text that somebody else wrote, short enough for a message."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


class Connection:
    """A kept connection to one server.

    Args:
        client: of opa-python-client.
        transport: what it sends through.
    """

    def __init__(self, client: Any, transport: Transport) -> None:
        self._client, self._transport = client, transport

    def before_sending(self, tell: Callable[[int], None]) -> None:
        """Have the size of each request told, in bytes, before it is sent."""
        self._transport.before_sending = tell

    def version(self) -> str:
        """The version that the server states.

        Raises:
            EngineError: it states none.
        """
        query = "version := opa.runtime().version"
        body = self._asked("asking for the version", lambda: self._client.ad_hoc_query(query))
        try:
            version = body["result"][0]["version"]
        except (LookupError, TypeError):
            version = None
        if not isinstance(version, str):
            raise EngineError("the OPA server states no version", why="no Open Policy Agent?", remedy=_REMEDY)
        return version

    def says(self, package: str, rule: str, value: str) -> bool:
        """Whether a rule has a value; not so while the server does not answer."""
        try:
            return self.query({}, package, rule, _READY_SECONDS).get("result") == value
        except EngineError:
            return False

    def put(self, name: str, text: str) -> str | None:
        """Upload a module; what the server's compiler has against it, or None.

        Raises:
            EngineError: the server failed, or refuses to take policies from us.
        """
        from opa_client.errors import RegoParseError

        try:
            self._asked(
                "taking policies", lambda: self._client.update_policy_from_string(text, name, rego_compat=False)
            )
        except RegoParseError as error:
            if error.expression != "invalid_parameter":
                why = shortened(f"{error.expression}: {error.message}")
                raise EngineError("the OPA server takes no policies", why=why, remedy=_REMEDY) from error
            return _detail(error)
        return None

    def held(self, name: str) -> str | None:
        """The text of a module on the server; None when it does not say."""
        from opa_client.errors import PolicyNotFoundError

        try:
            body = self._asked("showing policies", lambda: self._client.get_policy(name))
        except PolicyNotFoundError:
            return None
        found = body.get("result") if isinstance(body, dict) else None
        text = found.get("raw") if isinstance(found, dict) else None
        return text if isinstance(text, str) else None

    def remove(self, name: str) -> bool:
        """Remove a module; whether it is gone."""
        from opa_client.errors import DeletePolicyError

        try:
            self._asked("removing policies", lambda: self._client.delete_policy(name))
        except DeletePolicyError as error:
            return bool(error.expression == "resource_not_found")
        return True

    def query(self, document: Mapping[str, Any], package: str, rule: str, seconds: float) -> Mapping[str, Any]:
        """The body of an answer; ``{"error": ...}`` when a builtin raised or rules contradict each other.

        Args:
            document: the input.
            package: dotted, as the server knows it.
            rule: what to evaluate.
            seconds: until the whole answer has to be here.

        Raises:
            SlowError: it was not.
            EngineError: the server failed.
        """
        from requests import HTTPError

        def ask() -> Any:
            try:
                return self._client.query_rule(document, package, rule, query_params=_STRICT)
            except HTTPError as error:
                return {"error": _builtin_error(error)}

        body = self._asked("evaluating", ask, seconds)
        if not isinstance(body, dict):
            raise EngineError("the OPA server gave no answer", why="not a JSON object", remedy=_REMEDY)
        return body

    def close(self) -> None:
        """End the connection."""
        self._client.close_connection()

    def _asked(self, doing: str, ask: Callable[[], _Result], seconds: float | None = None) -> _Result:
        """Call the client; whatever goes wrong with the server is an ``EngineError``."""
        from opa_client.errors import ConnectionsError
        from requests import RequestException

        seconds = _CHORE_SECONDS if seconds is None else seconds
        deadline, timer = time.monotonic() + seconds, Timer(seconds, self._transport.cut)
        timer.daemon = True
        self._client.timeout = seconds
        timer.start()
        try:
            return ask()
        except (RequestException, ConnectionsError, EvidenceError, ValueError, AttributeError, OSError) as error:
            if time.monotonic() >= deadline or _timed_out(error):
                why = f"no whole answer within {seconds:g} s"
                raise SlowError(f"the OPA server failed while {doing}", why=why, remedy=_REMEDY) from error
            raise EngineError(f"the OPA server failed while {doing}", why=_why(error), remedy=_REMEDY) from error
        finally:
            timer.cancel()


def _timed_out(error: BaseException) -> bool:
    from requests import Timeout

    return isinstance(error, Timeout)


def _why(error: BaseException) -> str:
    """The cause below the layers of the client, which say addresses of objects in memory."""
    from requests import HTTPError

    if isinstance(error, HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    cause: BaseException | None = error
    while cause is not None:
        error, cause = cause, cause.__cause__ or cause.__context__
    return shortened(str(error) or type(error).__name__)


def _builtin_error(error: Any) -> str:
    """What a builtin or a conflict complained of; any other refusal is the server's failure and is raised again."""
    try:
        body = strict_json.loads(error.response.content, source="the OPA server's answer")
    except EvidenceError:
        raise error from None
    if error.response.status_code != 500 or not isinstance(body, dict) or not isinstance(body.get("errors"), list):
        raise error
    texts = {str(item.get("message")) for item in body["errors"] if isinstance(item, dict)}
    return "; ".join(sorted(map(shortened, texts))) or "an error that is not told"


def _detail(error: Any) -> str:
    """What the compiler complained of, one line."""
    details = error.errors if isinstance(error.errors, list) else []
    found = (item for item in details if isinstance(item, dict))
    texts = [f"line {_row(item.get('location'))}: {item.get('message')}" for item in found]
    return shortened("; ".join(texts) or str(error.message))


def _row(location: Any) -> Any:
    return location.get("row") if isinstance(location, dict) else None
