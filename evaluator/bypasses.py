"""Everything that weakens a run, so that it is in the signed record (DESIGN promise 9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .graph import Graph, Tier
from .metadata import Control
from .parameters import Parameter
from .run_reasons import inventories

Bypass = dict[str, str]


def all_bypasses(
    given: Sequence[Mapping[str, str]],
    graph: Graph,
    controls: Iterable[tuple[Control, Mapping[str, Parameter]]],
    waived: Mapping[str, int],
) -> list[Bypass]:
    """The bypasses of a run: those that the caller made, and those that follow from its settings; sorted, each once.

    Args:
        given: made by the caller, such as a collector that was skipped.
        graph: the evidence.
        controls: each control with its effective parameters.
        waived: waiver id to the number of outcomes that it changed.
    """
    found = [(str(item["code"]), str(item["message"])) for item in given]
    for control, parameters in controls:
        found += [(code, f"{control.id}: {message}") for code, message in _weakened(control, parameters)]
    found += [("waiver", f"the waiver {key} was applied {count} times") for key, count in waived.items()]
    found += [
        ("undeclared_allowed", f"undeclared models and datasets do not block: the manifest says {result['policy']}")
        for _, result in inventories(graph)
        if result.get("policy") in ("warn", "ignore")
    ]
    return [{"code": code, "message": message} for code, message in sorted(set(found))]


def _weakened(control: Control, parameters: Mapping[str, Parameter]) -> Iterator[tuple[str, str]]:
    tier, age = parameters["min_tier"].value, parameters["max_age_days"].value
    usual_tier = control.parameters["min_tier"]["default"]
    usual_age = control.parameters["max_age_days"]["default"]
    if Tier(tier).rank < Tier(usual_tier).rank:
        yield "lowered_tier", f"evidence of tier {tier} counts, below the control's {usual_tier}"
    if parameters["accept_partial"].value is True:
        yield "accepted_partial", "evidence counts that did not see everything"
    if usual_age is not None and (age is None or age > usual_age):
        limit = "any age" if age is None else f"up to {age:g} days"
        yield "raised_age", f"evidence of {limit} counts, beyond the control's {usual_age:g} days"
