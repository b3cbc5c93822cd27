"""What an OPA server is asked, and how its answers are read."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import EngineError
from .base import RULES, Batch, RuleResult
from .limits import Limits
from .opa_connection import shortened
from .opa_loaded import Loaded
from .opa_places import Place

_REMEDY = "check that the server is Open Policy Agent, or use --engine regorus"
_Rules = dict[str, RuleResult]
_Answers = dict[str, _Rules]


class Questions:
    """The questions of one run.

    Args:
        place: the server.
        loaded: the modules that it holds.
        limits: of each question.
    """

    def __init__(self, place: Place, loaded: Loaded, limits: Limits) -> None:
        self._place, self._loaded, self._limits = place, loaded, limits

    def answers(self, batches: Sequence[Batch]) -> list[_Answers]:
        """All rules of all packages of every batch."""
        problems = self._loaded.problems
        sound = [Batch(item.document, tuple(n for n in item.packages if n not in problems)) for item in batches]
        found = self._together(sound)
        if found is None:
            found = [self._apart(batch) for batch in sound]
        refused = {name: dict.fromkeys(RULES, RuleResult(error=text)) for name, text in problems.items()}
        return [
            {name: refused.get(name) or answers[name] for name in batch.packages}
            for batch, answers in zip(batches, found, strict=True)
        ]

    def _together(self, batches: Sequence[Batch]) -> list[_Answers] | None:
        """Everything in one question, or None when an error, or a limit, stands in the way."""
        if not any(batch.packages for batch in batches):
            return [{} for _ in batches]
        try:
            found = self._ask(batches, RULES)
        except EngineError as error:
            self._place.recover(error)
            return None
        return None if isinstance(found, str) else found

    def _apart(self, batch: Batch) -> _Answers:
        return {name: self._package(Batch(batch.document, (name,)), name) for name in batch.packages}

    def _package(self, batch: Batch, name: str) -> _Rules:
        try:
            found = self._ask([batch], RULES)
        except EngineError as error:
            return dict.fromkeys(RULES, RuleResult(error=self._place.recover(error)))
        return {rule: self._rule(batch, name, rule) for rule in RULES} if isinstance(found, str) else found[0][name]

    def _rule(self, batch: Batch, name: str, rule: str) -> RuleResult:
        try:
            found = self._ask([batch], (rule,))
        except EngineError as error:
            return RuleResult(error=self._place.recover(error))
        return RuleResult(error=found) if isinstance(found, str) else found[0][name][rule]

    def _ask(self, batches: Sequence[Batch], rules: Sequence[str]) -> list[_Answers] | str:
        """What rules of the packages of batches gave, or what a builtin had against one of them.

        Raises:
            EngineError: the server failed, took too long, or answers another question.
        """
        nonce, shared = secrets.token_hex(8), _shared(batches)
        own = [{key: value for key, value in item.document.items() if key not in shared} for item in batches]
        asked = [{"packages": item.packages, "document": document} for item, document in zip(batches, own, strict=True)]
        document = {"nonce": nonce, "rules": rules, "document": shared, "batches": asked}
        body = self._place.ask(document, self._limits.seconds)
        if "error" in body:
            return self._loaded.space.plain(shortened(str(body["error"])))
        result = body.get("result")
        found = result.get("batches") if isinstance(result, dict) and result.get("nonce") == nonce else None
        if not isinstance(found, list) or len(found) != len(batches):
            raise EngineError("the OPA server answers another question", why="no answer to ours", remedy=_REMEDY)
        return [
            {name: {rule: _value(answers, name, rule) for rule in rules} for name in batch.packages}
            for batch, answers in zip(batches, found, strict=True)
        ]


def _shared(batches: Sequence[Batch]) -> Mapping[str, Any]:
    """What all documents have in common, which is most of them: it travels, and is read, only once."""
    first = batches[0].document
    return {key: first[key] for key in first if all(item.document.get(key) is first[key] for item in batches)}


def _value(answers: Any, package: str, rule: str) -> RuleResult:
    rules = answers.get(package) if isinstance(answers, dict) else None
    values = rules.get(rule) if isinstance(rules, dict) else None
    if not isinstance(values, list) or len(values) > 1:
        return RuleResult(error=f"{rule}: the OPA server gave no answer")
    return RuleResult(values[0]) if values else RuleResult(error=f"the rule {rule} is undefined or missing")
