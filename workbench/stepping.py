"""How far the bodies of a control's rules get, subject by subject, and on which values.

A body is evaluated from its beginning to each statement in turn. What it has bound by then says which subjects it is
about: a variable that is a subject's id, an object whose ``subject`` is one, or an array that begins with one, as the
items of Probatum's rules do. A beginning that has bound no subject is about all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..evaluator.engines.base import RuleResult
from .bodies import Body, Expression
from .probes import PREFIX, Laboratory, Probe
from .step_probes import bindings, failing_element, of_element, reached, shared_rules
from .stops import SAMPLES, Binding, Element, Stop, Value
from .trial_values import ordered

_PLACE = re.compile(r"^\S+?:\d+:\d+: ")


def step(lab: Laboratory, bodies: Sequence[Body], subjects: Sequence[str], kinds: Iterable[str]) -> list[Stop]:
    """How far every body gets for every subject.

    Args:
        lab: the control's package and an engine; its ``shared`` rules are replaced.
        bodies: of the package's rules.
        subjects: whom to look at.
        kinds: of subject that the control is about.

    Raises:
        EngineError: the engine cannot run.
    """
    lab = Laboratory(lab.engine, lab.modules, lab.package, lab.document, shared_rules(subjects, kinds))
    places = [(body, cut) for body in bodies for cut in body.cuts if cut]
    answers = lab.values([Probe(body.path, reached(body, cut)) for body, cut in places])
    found = dict(zip(places, answers, strict=True))
    stops = [farthest(body, subject, found) for body in bodies for subject in subjects]
    return _elements(lab, _explained(lab, stops))


def farthest(body: Body, subject: str, answers: Mapping[tuple[Body, int], RuleResult]) -> Stop:
    """Where a body stops for a subject, without the values there.

    Args:
        body: the body.
        subject: the subject's id.
        answers: for each beginning of the body, the sets of subjects for which it holds; an empty one is for everybody.

    A beginning that raises counts only when whatever is longer raises too: an engine may refuse a negation over what a
    later statement asks for, and does not refuse the whole.
    """
    best, error = 0, None
    for cut in body.cuts[1:]:
        answer = answers[body, cut]
        if answer.error is not None:
            error = error or said(answer.error)
            continue
        error = None
        if not any(not about or subject in about for about in answer.value):
            break
        best = cut
    return Stop(body, subject, best, error=error)


def said(error: str) -> str:
    """An engine's message without the place, which is in a module that only we see."""
    return _PLACE.sub("", error).replace(f"{PREFIX}_", "")


def _explained(lab: Laboratory, stops: Sequence[Stop]) -> list[Stop]:
    """Stops with the bindings that led to them."""
    places = list(dict.fromkeys((stop.body, stop.cut) for stop in stops))
    wanted = {(stop.body, stop.cut): stop.expressions for stop in stops}
    answers = lab.values([Probe(body.path, bindings(body, cut, wanted[body, cut])) for body, cut in places])
    found = dict(zip(places, answers, strict=True))
    again = [place for place in places if found[place].error is not None and wanted[place]]
    for place in again:  # a part raised what the whole would have raised; without the parts there are still variables
        wanted[place] = ()
    found |= zip(again, lab.values([Probe(body.path, bindings(body, cut, ())) for body, cut in again]), strict=True)
    return [_with_bindings(stop, found[stop.body, stop.cut], wanted[stop.body, stop.cut]) for stop in stops]


def _with_bindings(stop: Stop, answer: RuleResult, values: Sequence[Expression]) -> Stop:
    if answer.error is not None:
        return replace(stop, error=stop.error or said(answer.error))
    mine = [item for item in answer.value if not item[0] or stop.subject in item[0]]
    mine.sort(key=ordered)
    names = stop.body.bound(stop.cut)
    kept = mine if stop.fired else mine[:SAMPLES]
    ways = tuple(_binding(names, item[1], values, item[2], item[3]) for item in kept)
    return replace(stop, bindings=ways, count=len(mine))


def _binding(
    names: Sequence[str], bound: Sequence[Any], values: Sequence[Expression], found: Sequence[Any], head: Sequence[Any]
) -> Binding:
    shown = tuple(
        Value(value.text, bool(one), one[0] if one else None) for value, one in zip(values, found, strict=True)
    )
    return Binding(dict(zip(names, bound, strict=True)), shown, head[0] if head else None)


def _elements(lab: Laboratory, stops: Sequence[Stop]) -> list[Stop]:
    """Stops at an ``every``, with the element at which it fails."""
    places = {(stop.body, stop.cut): stop.every for stop in stops if stop.error is None}
    asked = [
        (body, cut, every, number)
        for (body, cut), every in places.items()
        if every is not None
        for number in range(len(every.inner))
    ]
    answers = lab.values([Probe(place[0].path, failing_element(*place)) for place in asked])
    found = {(body, cut, number): answer for (body, cut, _, number), answer in zip(asked, answers, strict=True)}
    return [_with_element(stop, found) for stop in stops]


def _with_element(stop: Stop, found: Mapping[tuple[Body, int, int], RuleResult]) -> Stop:
    every = stop.every
    if every is None or stop.error is not None:
        return stop
    for number, inner in enumerate(every.inner):
        answer = found[stop.body, stop.cut, number]
        mine = [item for item in answer.value or () if not item[0] or stop.subject in item[0]]
        if mine:
            first = min(mine, key=ordered)
            values = of_element(stop.body, stop.cut, every, number)
            binding = _binding(every.names, first[1], values, first[2], first[3])
            return replace(stop, element=Element(inner, binding, len(mine)))
    return stop
