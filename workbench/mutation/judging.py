"""What a control says of an input, judged as the evaluator judges it, for inputs that come from no graph."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...evaluator.decisions import read_decisions
from ...evaluator.engines.base import RULES, RuleResult
from ...evaluator.outcomes import FAIL, INCONCLUSIVE, PASS

Outcomes = dict[str, str]


@dataclass(frozen=True)
class Judged:
    """What of a control decides outcomes.

    Args:
        package: its dotted package.
        kinds: kinds of subject that it may apply to.
        evidence: groups of observation types; of each group one must be cited.
    """

    package: str
    kinds: tuple[str, ...]
    evidence: tuple[tuple[str, ...], ...]

    def outcomes(self, engine: Any, document: Mapping[str, Any]) -> Outcomes:
        """The outcome for each subject; an error of the policy makes all of them inconclusive.

        Args:
            engine: an embedded engine that holds the control and its library; its input is replaced.
            document: the policy input.
        """
        ids = document.get("ids", {})
        allowed = frozenset(key for kind in self.kinds for key in ids.get(kind, ()))
        engine.set_input(document)
        found = read_decisions(self._query(engine), allowed)
        subjects = sorted(allowed) if found.applies is None else found.applies
        return {key: self._outcome(document, key, found) for key in subjects}

    def proves(self, engine: Any, document: Mapping[str, Any]) -> bool:
        """True when ``proof`` has something for an input: without that no subject passes, and asking is cheap.

        Args:
            engine: as for ``outcomes``; it has the input afterwards.
            document: the policy input.
        """
        engine.set_input(document)
        try:
            return bool(engine.eval_rule_as_json(f"data.{self.package}.proof") != "[]")
        except RuntimeError:
            return False

    def _query(self, engine: Any) -> dict[str, RuleResult]:
        parts = ", ".join(f"[v | v := data.{self.package}.{rule}]" for rule in RULES)
        try:
            body = json.loads(engine.eval_query_as_json(f"[{parts}]"))
        except RuntimeError as error:
            return dict.fromkeys(RULES, RuleResult(error=str(error)))
        values = body["result"][0]["expressions"][0]["value"]
        undefined = RuleResult(error="it is undefined")
        return {rule: RuleResult(value[0]) if value else undefined for rule, value in zip(RULES, values, strict=True)}

    def _outcome(self, document: Mapping[str, Any], subject: str, found: Any) -> str:
        if found.findings.get(subject):
            return FAIL
        proofs = found.proofs.get(subject, [])
        return PASS if not found.errors and proofs and self._holds(document, proofs) else INCONCLUSIVE

    def _holds(self, document: Mapping[str, Any], proofs: list[list[str]]) -> bool:
        """Every proof cites usable evidence of declared types, and of every group something is cited."""
        usable = {
            key: kind
            for types in document.get("usable", {}).values()
            for kind, keys in types.items()
            for key in keys
            if key in document.get("observations", {})
        }
        declared = {kind for group in self.evidence for kind in group}
        cited = {usable.get(key) for proof in proofs for key in proof}
        return all(proofs) and cited <= declared and all(cited.intersection(group) for group in self.evidence)


def improved(before: Outcomes, after: Outcomes) -> list[str]:
    """Subjects that did not pass and now do."""
    return [key for key, outcome in after.items() if outcome == PASS and before.get(key, PASS) != PASS]
