"""How far the bodies of a control's rules get, subject by subject, and on which values.

A body is evaluated from its beginning to each statement in turn. What it has bound by then says which subjects it is
about: a variable that is a subject's id, an object whose ``subject`` is one, or an array that begins with one, as the
items of Probatum's rules do. A beginning that has bound no subject is about all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import strict_json
from ..evaluator.engines.base import RuleResult
from .bodies import Body, Expression, Statement
from .probes import PREFIX, Laboratory, Probe
from .trial_values import ordered

SAMPLES = 3
"""Bindings that are kept of each stop; there can be as many as there is evidence."""
_M = f"{PREFIX}_m"
_PLACE = re.compile(r"^\S+?:\d+:\d+: ")


@dataclass(frozen=True)
class Value:
    """The value of a part of a statement.

    Args:
        text: the part's source.
        defined: it has a value.
        value: the value.
    """

    text: str
    defined: bool
    value: Any = None


@dataclass(frozen=True)
class Binding:
    """One way in which the statements of a body hold.

    Args:
        variables: name to value.
        values: of the parts of the statement that does not hold then.
        head: what the body gives, when all of it holds.
    """

    variables: Mapping[str, Any]
    values: tuple[Value, ...] = ()
    head: Any = None


@dataclass(frozen=True)
class Element:
    """What an ``every`` met first that does not hold.

    Args:
        statement: of the inner ones, the first that fails for some element.
        binding: such an element, under the name that the statement gives it.
        count: how many elements fail there.
    """

    statement: Statement
    binding: Binding
    count: int


@dataclass(frozen=True)
class Stop:
    """How far one body gets for one subject.

    Args:
        body: the body.
        subject: the subject's id.
        cut: how many statements hold.
        bindings: at most ``SAMPLES`` of the ways in which they do.
        count: how many ways there are.
        error: what the engine said of the next statement, when it raised.
        element: when the next statement is an ``every``: where that fails.
    """

    body: Body
    subject: str
    cut: int
    bindings: tuple[Binding, ...] = ()
    count: int = 0
    error: str | None = None
    element: Element | None = None

    @property
    def fired(self) -> bool:
        """The whole body holds."""
        return self.cut == len(self.body.statements)

    @property
    def failing(self) -> tuple[Statement, ...]:
        """What does not hold: one statement, or several of which none can be tried without the others."""
        later = [cut for cut in self.body.cuts if cut > self.cut]
        return self.body.statements[self.cut : later[0]] if later else ()


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
    lab = Laboratory(lab.engine, lab.modules, lab.package, lab.document, _shared(subjects, kinds))
    places = [(body, cut) for body in bodies for cut in body.cuts if cut]
    answers = lab.values([Probe(body.path, _reached(body, cut)) for body, cut in places])
    reached = dict(zip(places, answers, strict=True))
    stops = [farthest(body, subject, reached) for body in bodies for subject in subjects]
    return _elements(lab, _explained(lab, stops))


def _shared(subjects: Sequence[str], kinds: Iterable[str]) -> str:
    """Rules for probes: whom bound values are about, and whether anybody asked about those."""
    chosen, wanted = _literal(sorted(subjects)), _literal(sorted(kinds))
    return f"""
{PREFIX}_of(x) := {{x}} if is_string(x)

{PREFIX}_of(x) := {{s | s := x.subject; is_string(s)}} if is_object(x)

{PREFIX}_of(x) := {{s | s := x[0]; is_string(s)}} if is_array(x)

{PREFIX}_about(list) := {{s |
	some x in list
	some s in {PREFIX}_of(x)
	input.subjects[s].kind in {wanted}
}}

{PREFIX}_wanted(m) if count(m) == 0

{PREFIX}_wanted(m) if {{
	some s in m
	s in {chosen}
}}
"""


def _literal(values: Iterable[str]) -> str:
    return strict_json.canonical(list(values)).decode()


def _beginning(body: Body, cut: int) -> str:
    """The first statements, and for whom they hold, when that is somebody wanted."""
    names = ", ".join(body.bound(cut))
    lines = [statement.text for statement in body.statements[:cut]]
    return "\n".join([*lines, f"{_M} := {PREFIX}_about([{names}])", f"{PREFIX}_wanted({_M})"])


def _reached(body: Body, cut: int) -> str:
    return f"{{{_M} |\n{_beginning(body, cut)}\n}}"


def farthest(body: Body, subject: str, reached: Mapping[tuple[Body, int], RuleResult]) -> Stop:
    """Where a body stops for a subject, without the values there.

    Args:
        body: the body.
        subject: the subject's id.
        reached: for each beginning of the body, the sets of subjects for which it holds; an empty one is for everybody.

    A beginning that raises counts only when whatever is longer raises too: an engine may refuse a negation over what a
    later statement asks for, and does not refuse the whole.
    """
    best, error = 0, None
    for cut in body.cuts[1:]:
        answer = reached[body, cut]
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
    wanted = {(body, cut): _expressions(Stop(body, "", cut)) for body, cut in places}
    answers = lab.values([Probe(body.path, _bindings(body, cut, wanted[body, cut])) for body, cut in places])
    found = dict(zip(places, answers, strict=True))
    again = [place for place in places if found[place].error is not None and wanted[place]]
    for place in again:  # a part raised what the whole would have raised; without the parts there are still variables
        wanted[place] = ()
    found |= zip(again, lab.values([Probe(body.path, _bindings(body, cut, ())) for body, cut in again]), strict=True)
    return [_with_bindings(stop, found[stop.body, stop.cut], wanted[stop.body, stop.cut]) for stop in stops]


def _expressions(stop: Stop) -> tuple[Expression, ...]:
    """The largest parts of what fails that can be evaluated with what is bound."""
    bound = set(stop.body.bound(stop.cut))
    kept: list[Expression] = []
    for statement in stop.failing:
        for value in statement.values:
            if value.needs <= bound and not any(larger.text.startswith(value.text) for larger in kept):
                kept.append(value)
    return tuple(kept)


def _bindings(body: Body, cut: int, values: Sequence[Expression]) -> str:
    names = ", ".join(body.bound(cut))
    parts = ", ".join(f"[{PREFIX}_v | {PREFIX}_v := {value.text}]" for value in values)
    head = body.head if body.head is not None and cut == len(body.statements) else "null"
    if not cut:
        return f"{{[[], [], [{parts}], [{PREFIX}_v | {PREFIX}_v := {head}]]}}"
    return f"{{[{_M}, [{names}], [{parts}], [{head}]] |\n{_beginning(body, cut)}\n}}"


def _with_bindings(stop: Stop, answer: RuleResult, values: Sequence[Expression]) -> Stop:
    if answer.error is not None:
        return Stop(stop.body, stop.subject, stop.cut, error=stop.error or said(answer.error))
    mine = [item for item in answer.value if not item[0] or stop.subject in item[0]]
    mine.sort(key=ordered)
    names = stop.body.bound(stop.cut)
    kept = mine if stop.fired else mine[:SAMPLES]
    bindings = tuple(_binding(names, item[1], values, item[2], item[3]) for item in kept)
    return Stop(stop.body, stop.subject, stop.cut, bindings, len(mine), stop.error)


def _binding(
    names: Sequence[str], bound: Sequence[Any], values: Sequence[Expression], found: Sequence[Any], head: Sequence[Any]
) -> Binding:
    shown = tuple(
        Value(value.text, bool(one), one[0] if one else None) for value, one in zip(values, found, strict=True)
    )
    return Binding(dict(zip(names, bound, strict=True)), shown, head[0] if head else None)


def _elements(lab: Laboratory, stops: Sequence[Stop]) -> list[Stop]:
    """Stops at an ``every``, with the element at which it fails."""
    places = dict.fromkeys((stop.body, stop.cut) for stop in stops if stop.error is None and _every(stop) is not None)
    asked = [(body, cut, inner) for body, cut in places for inner in range(_inner(body, cut))]
    answers = lab.values([Probe(body.path, _failing_element(body, cut, inner)) for body, cut, inner in asked])
    found = dict(zip(asked, answers, strict=True))
    return [_with_element(stop, found) for stop in stops]


def _every(stop: Stop) -> Statement | None:
    failing = stop.failing
    return failing[0] if len(failing) == 1 and failing[0].every is not None else None


def _inner(body: Body, cut: int) -> int:
    every = body.statements[cut].every
    return 0 if every is None else len(every.inner)


def _failing_element(body: Body, cut: int, inner: int) -> str:
    every = body.statements[cut].every
    assert every is not None
    statements = every.inner[: inner + 1]
    values = ", ".join(
        f"[{PREFIX}_v | {PREFIX}_v := {value.text}]" for value in _of_element(body, cut, statements[inner])
    )
    lines = [
        _beginning(body, cut),
        f"some {', '.join(every.names)} in {every.domain.text}",
        *(statement.text for statement in statements[:inner]),
        f"count([1 | {statements[inner].text}\n]) == 0",
    ]
    return f"{{[{_M}, [{', '.join(every.names)}], [{values}], []] |\n" + "\n".join(lines) + "\n}"


def _of_element(body: Body, cut: int, statement: Statement) -> tuple[Expression, ...]:
    every = body.statements[cut].every
    names = () if every is None else every.names
    bound = {*body.bound(cut), *names}
    return tuple(value for value in statement.values if value.needs <= bound)


def _with_element(stop: Stop, found: Mapping[tuple[Body, int, int], RuleResult]) -> Stop:
    statement = _every(stop)
    if statement is None or statement.every is None or stop.error is not None:
        return stop
    for number, inner in enumerate(statement.every.inner):
        answer = found[stop.body, stop.cut, number]
        mine = [item for item in answer.value or () if not item[0] or stop.subject in item[0]]
        if mine:
            first = min(mine, key=ordered)
            values = _of_element(stop.body, stop.cut, inner)
            binding = _binding(statement.every.names, first[1], values, first[2], first[3])
            element = Element(inner, binding, len(mine))
            return Stop(stop.body, stop.subject, stop.cut, stop.bindings, stop.count, stop.error, element)
    return stop
