"""Under which circumstances policies are tried: the time, the parameters and waivers of the pipeline, the controls."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ..evaluator.checklist import Checklist, checklist_from_document, load_checklist, parameters_of
from ..evaluator.policies import PolicySet
from .recorded import Recorded

_EVERY = {
    "schema": "https://probatum.dev/checklist/v1",
    "id": "every-control",
    "version": "1.0.0",
    "title": "Every control",
    "controls": [],
}


@dataclass(frozen=True)
class Circumstances:
    """Everything that an evaluation depends on besides evidence and policies.

    Args:
        now: evaluation time.
        listed: the checklist whose values count; None for none.
        parameters: control id to values that the pipeline sets.
        waivers: as the pipeline's manifest has them.
        stage: the gate, or None.
        revocations: what was known to be revoked, as the settings of an evaluation record it.
    """

    now: datetime
    listed: Checklist | None = None
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    waivers: Sequence[Mapping[str, Any]] = ()
    stage: str | None = None
    revocations: Mapping[str, Any] | None = None

    @property
    def revoked(self) -> Sequence[str]:
        """Ids of the observations that prove nothing any more."""
        found: Sequence[str] = (self.revocations or {}).get("evidence", ())
        return found

    def over(self, parameters: Mapping[str, Mapping[str, Any]]) -> Circumstances:
        """The same with values that go over those of the pipeline, by control."""
        values = {key: {**self.parameters.get(key, {}), **own} for key, own in parameters.items() if own}
        return replace(self, parameters={**self.parameters, **values})

    def checklist(self, policies: PolicySet, only: Collection[str] | None = None) -> Checklist:
        """A checklist of every control of a policy set, or of some, as the one whose values count lists them."""
        given: Mapping[str, Any] = _EVERY if self.listed is None else self.listed.document
        listed = {item["id"]: item for item in given["controls"]}
        controls = [listed.get(key, {"id": key}) for key in policies.controls if only is None or key in only]
        document = {name: value for name, value in given.items() if name != "rows"} | {"controls": controls}
        return checklist_from_document(document, policies, source="the checklist")

    def values(self, policies: PolicySet) -> dict[str, dict[str, Any]]:
        """The effective parameters of every control of a policy set, as policies see them.

        What is set for controls that the set does not have is left out.

        Raises:
            PolicyError: a value is wrong.
        """
        known = {key: values for key, values in self.parameters.items() if key in policies.controls}
        found = parameters_of(self.checklist(policies), policies, known)
        return {key: {name: one.value for name, one in values.items()} for key, values in found.items()}


def circumstances_of(
    recorded: Recorded,
    policies: PolicySet,
    *,
    now: datetime,
    checklist: str | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    waivers: Sequence[Mapping[str, Any]] | None = None,
) -> Circumstances:
    """The circumstances that evidence was recorded with, under what is given now.

    Recorded parameters of controls that these policies do not have are left out.

    Args:
        recorded: the evidence.
        policies: where the checklist is looked up.
        now: evaluation time.
        checklist: name or path of the checklist whose values count; else the recorded one.
        parameters: take the place of the recorded ones.
        waivers: take the place of the recorded ones.

    Raises:
        PolicyError: the checklist is unknown or wrong.
    """
    settings = recorded.settings or {"checklist": None, "parameters": {}, "waivers": [], "stage": None}
    known = {key: values for key, values in settings["parameters"].items() if key in policies.controls}
    listed = None if checklist is None else load_checklist(checklist, policies)
    if listed is None and settings["checklist"] is not None:
        listed = Checklist(settings["checklist"])
    values = known if parameters is None else parameters
    kept = settings["waivers"] if waivers is None else waivers
    return Circumstances(now, listed, values, kept, settings["stage"], settings.get("revocations"))
