"""The Rego of the probes that follow a body statement by statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .. import strict_json
from .bodies import Body, Every, Expression
from .probes import PREFIX

_ABOUT, _VALUE = f"{PREFIX}_m", f"{PREFIX}_v"


def shared_rules(subjects: Sequence[str], kinds: Iterable[str]) -> str:
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
    return "\n".join([*lines, f"{_ABOUT} := {PREFIX}_about([{names}])", f"{PREFIX}_wanted({_ABOUT})"])


def reached(body: Body, cut: int) -> str:
    """For whom the first statements hold: sets of subjects."""
    return f"{{{_ABOUT} |\n{_beginning(body, cut)}\n}}"


def bindings(body: Body, cut: int, values: Sequence[Expression]) -> str:
    """How the first statements hold: whom it is about, the variables, some values, and what the whole body gives."""
    names = ", ".join(body.bound(cut))
    parts = _parts(values)
    head = body.head if body.head is not None and cut == len(body.statements) else "null"
    if not cut:
        return f"{{[[], [], [{parts}], [{_VALUE} | {_VALUE} := {head}]]}}"
    return f"{{[{_ABOUT}, [{names}], [{parts}], [{head}]] |\n{_beginning(body, cut)}\n}}"


def failing_element(body: Body, cut: int, every: Every, number: int) -> str:
    """The elements for which an ``every`` behind the first statements fails at one of its own, in the same form."""
    failing = every.inner[number]
    lines = [
        _beginning(body, cut),
        f"some {', '.join(every.names)} in {every.domain.text}",
        *(statement.text for statement in every.inner[:number]),
        f"count([1 | {failing.text}\n]) == 0",
    ]
    parts = _parts(of_element(body, cut, every, number))
    return f"{{[{_ABOUT}, [{', '.join(every.names)}], [{parts}], []] |\n" + "\n".join(lines) + "\n}"


def of_element(body: Body, cut: int, every: Every, number: int) -> tuple[Expression, ...]:
    """The parts of an inner statement that can be evaluated for an element."""
    bound = {*body.bound(cut), *every.names}
    return tuple(value for value in every.inner[number].values if value.needs <= bound)


def _parts(values: Iterable[Expression]) -> str:
    """Of each value a list, which is empty where it is undefined."""
    return ", ".join(f"[{_VALUE} | {_VALUE} := {value.text}]" for value in values)
