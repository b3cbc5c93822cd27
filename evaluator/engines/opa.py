"""A real Open Policy Agent server, through opa-python-client: one that the user runs, or one started for the run.

The modules are uploaded under names, and into packages, that contain the digest of the whole set, so that pipelines
with different policies can share a server and never see each other's rules. Strict builtin errors are asked for:
without them OPA takes an error for undefined. One query gathers all rules of all packages; when it meets an error,
every rule is queried on its own, so that the error stays with its control.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ... import strict_json
from ...errors import EngineError
from .base import RULES, Batch, RuleResult
from .limits import Limits
from .modules import package_of
from .namespaces import Namespace
from .opa_address import OpaServer
from .opa_server import binary_version, connect, find_binary, started

if TYPE_CHECKING:
    from opa_client.opa import OpaClient

_STRICT: Any = {"strict-builtin-errors": "true"}
_REMEDY = "check that the server runs and answers, or use --engine regorus"
_UNKNOWN = "unknown"
_DEFAULT = Limits()
_Result = TypeVar("_Result")
_Answers = dict[str, dict[str, RuleResult]]


class Opa:
    """Evaluates on an OPA server.

    Args:
        server: one that runs already; None to start one.
        binary: path of the executable to start; None for ``PROBATUM_OPA`` or the search path.
        token: bearer token of the server at ``url``.
        limits: of the evaluation of each control.
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
        self.server, self.binary, self.token, self.limits = server, binary, token, limits

    @cached_property
    def version(self) -> str:
        """The server's version; ``unknown`` when it cannot be asked, in which case a run fails too."""
        try:
            if self.server is None:
                return binary_version(find_binary(self.binary))
            with self._client() as client:
                query = "version := opa.runtime().version"
                body = _asked("asking for the version", lambda: client.ad_hoc_query(query))
            return str(body["result"][0]["version"])
        except (EngineError, LookupError, TypeError):
            return _UNKNOWN

    def run(self, modules: Mapping[str, str], batches: Sequence[Batch]) -> list[_Answers]:
        """Query every rule of every package on its own; see ``Engine.run``."""
        with self._client() as client:
            session = _Session(client, modules)
            return [session.answer(batch) for batch in batches]

    def close(self) -> None:
        """Nothing is kept yet."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _client(self) -> Iterator[OpaClient]:
        if self.server is None:
            with started(find_binary(self.binary), self.limits.seconds) as client:
                yield client
            return
        host, port, secure = self.server.address
        remote: Any = connect(host, port, token=self.token, timeout_seconds=self.limits.seconds, secure=secure)
        try:
            yield remote
        finally:
            remote.close_connection()


class _Session:
    """The modules of one run on one server."""

    def __init__(self, client: OpaClient, modules: Mapping[str, str]) -> None:
        self.client = client
        self.space = Namespace.of(modules)
        self.problems = self._upload_all(modules)

    def answer(self, batch: Batch) -> _Answers:
        """All rules of all packages of a batch."""
        sound = [name for name in batch.packages if name not in self.problems]
        answers = {name: dict.fromkeys(RULES, RuleResult(error=text)) for name, text in self.problems.items()}
        together = self._together(batch.document, sound)
        for name in sound:
            answers[name] = together[name] if together is not None else self._apart(batch.document, name)
        return {name: answers[name] for name in batch.packages}

    def _upload_all(self, modules: Mapping[str, str]) -> dict[str, str]:
        """Upload in rounds, for the server refuses a module until those that it imports are there.

        Returns:
            Original package to what the server has against a module of it.
        """
        waiting = dict(modules)
        while waiting:
            refused = {path: why for path, text in waiting.items() if (why := self._upload(path, text)) is not None}
            if len(refused) == len(waiting):
                return {package_of(waiting[path]) or path: f"{path}: {why}" for path, why in refused.items()}
            waiting = {path: waiting[path] for path in refused}
        return {}

    def _upload(self, path: str, text: str) -> str | None:
        """Upload one module that the server does not hold yet; what the server has against it, or None."""
        from opa_client.errors import RegoParseError

        text, name = self.space.rewritten(text), f"probatum/{self.space.tag}/{path}"
        if self._held(name) == text:
            return None
        try:
            _asked("uploading policies", lambda: self.client.update_policy_from_string(text, name, rego_compat=False))
        except RegoParseError as error:
            return _detail(error)
        if self._held(name) != text:
            raise EngineError("the OPA server does not hold the policies that it was given", why=path, remedy=_REMEDY)
        return None

    def _held(self, name: str) -> Any:
        """The text of a module on the server, None when there is no such module."""
        from opa_client.errors import PolicyNotFoundError

        def ask() -> Any:
            try:
                return self.client.get_policy(name)
            except PolicyNotFoundError:
                return None

        body = _asked("reading policies", ask)
        found = body.get("result") if isinstance(body, dict) else None
        return found.get("raw") if isinstance(found, dict) else None

    def _together(self, document: Mapping[str, Any], packages: Sequence[str]) -> _Answers | None:
        """Everything in one query, or None when a builtin error stands in the way."""
        text = self.space.gathering(packages, RULES)
        package = package_of(text) or ""
        self._upload(f"gathering/{hashlib.sha256(text.encode()).hexdigest()}.rego", text)
        body = self._query(document, package, "answers")
        found = body.get("result")
        if isinstance(found, str) or found is None:
            return None
        return {name: {rule: _gathered(found, name, rule) for rule in RULES} for name in packages}

    def _apart(self, document: Mapping[str, Any], package: str) -> dict[str, RuleResult]:
        return {rule: _single(self._query(document, self.space.moved(package), rule), rule) for rule in RULES}

    def _query(self, document: Mapping[str, Any], package: str, rule: str) -> dict[str, Any]:
        """The body of an answer; ``{"error": ...}`` when a builtin raised."""
        from requests import HTTPError

        def ask() -> Any:
            try:
                return self.client.query_rule(dict(document), package, rule, query_params=_STRICT)
            except HTTPError as error:
                return {"error": _builtin_error(error)}

        body = _asked("evaluating", ask)
        if not isinstance(body, dict):
            raise EngineError("the OPA server gave no answer", why="not a JSON object", remedy=_REMEDY)
        return body


def _asked(doing: str, ask: Callable[[], _Result]) -> _Result:
    """Call the client; whatever goes wrong with the server is an ``EngineError``."""
    from opa_client.errors import ConnectionsError
    from requests import RequestException

    try:
        return ask()
    except (RequestException, ConnectionsError, ValueError, AttributeError) as error:
        raise EngineError(f"the OPA server failed while {doing}", why=_short(str(error)), remedy=_REMEDY) from error


def _builtin_error(error: Any) -> str:
    """What a builtin or a conflict complained of; any other refusal is the server's failure and is raised again."""
    try:
        body = strict_json.loads(error.response.content, source="the OPA server's answer")
    except Exception:
        raise error from None
    if error.response.status_code != 500 or not isinstance(body, dict) or not body.get("errors"):
        raise error
    return "; ".join(sorted({_short(str(item.get("message"))) for item in body["errors"]}))


def _gathered(found: Any, package: str, rule: str) -> RuleResult:
    rules = found.get(package) if isinstance(found, dict) else None
    values = rules.get(rule) if isinstance(rules, dict) else None
    if not isinstance(values, list) or len(values) > 1:
        return RuleResult(error=f"{rule}: the OPA server gave no answer")
    return RuleResult(values[0]) if values else RuleResult(error=f"the rule {rule} is undefined or missing")


def _single(body: Mapping[str, Any], rule: str) -> RuleResult:
    if "error" in body:
        return RuleResult(error=str(body["error"]))
    if "result" not in body:
        return RuleResult(error=f"the rule {rule} is undefined or missing")
    return RuleResult(body["result"])


def _detail(error: Any) -> str:
    """What the compiler complained of, one line."""
    details = error.errors if isinstance(error.errors, list) else []
    found = (item for item in details if isinstance(item, dict))
    texts = [f"line {(item.get('location') or {}).get('row')}: {item.get('message')}" for item in found]
    return _short("; ".join(texts) or str(error.message))


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:297]}..."
