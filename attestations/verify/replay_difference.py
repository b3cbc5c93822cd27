"""The first control, subject and rule on which two assessments of the same evidence differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

_LONGEST = 200
_RULES = (("deny", "findings"), ("proof", "proofs"))
"""The rule that a part of an outcome comes from; where there is a finding, proofs are not kept, so it comes first."""


@dataclass(frozen=True)
class Difference:
    """Where two assessments differ first.

    Args:
        text: what differs, in words.
        control: id of the control; empty where no control differs.
        subject: of which.
        rule: the name of the rule that says so; empty where none does.
        item: the finding or proof that only one of the two has.
        replayed: it is the replay that has it.
    """

    text: str
    control: str = ""
    subject: str = ""
    rule: str = ""
    item: Any = None
    replayed: bool = False

    def is_made_by(self, control: Mapping[str, Any]) -> bool:
        """Whether an evaluation of the control alone has what only the replay has."""
        part = next((part for rule, part in _RULES if rule == self.rule), None)
        mine = [item for item in control["subjects"] if item["subject"] == self.subject]
        return any(part is None or self.item in item[part] for item in mine)


def first_difference(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Difference:
    """The first control, subject and rule on which two assessments differ, or else the first other field.

    Args:
        expected: the recorded assessment.
        found: the replayed one.
    """
    return next(_differences(expected, found), Difference("the assessments differ"))


def _differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Difference]:
    before, after = _outcomes(expected), _outcomes(found)
    errors = [{item["id"]: item.get("error") for item in document["controls"]} for document in (expected, found)]
    for control, subject in sorted(before.keys() | after.keys()):
        old, new = before.get((control, subject)), after.get((control, subject))
        where = f"{control} for {subject}"
        if old is None or new is None:
            only = f"{where}: only in the {'replay' if old is None else 'recorded assessment'}, by its rule applies"
            yield Difference(only, control, subject, "applies", replayed=old is None)
        elif old != new:
            made = _change(old, new)
            text = f"{where}: {made.text}{_error(*(each.get(control) for each in errors))}"
            yield replace(made, text=text, control=control, subject=subject)
    for key in sorted(expected.keys() | found.keys()):
        if expected.get(key) != found.get(key):
            yield Difference(f"the field {key} differs")


def _change(old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
    """What changed for one subject, and which rule of the control says so."""
    changed = f"recorded {old['outcome']}, replayed {new['outcome']}, " if old["outcome"] != new["outcome"] else ""
    for rule, part in _RULES:
        left, right = old.get(part, ()), new.get(part, ())
        if left != right:
            return replace(
                _only(left, right), text=f"{changed}by its rule {rule}: {_only(left, right).text}", rule=rule
            )
    fields = ", ".join(sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)))
    return Difference(f"{changed}by no rule: {fields} differ")


def _only(old: Sequence[Any], new: Sequence[Any]) -> Difference:
    """The first finding or proof that only one of the two has."""
    for name, ours, others in (("recorded", old, new), ("replayed", new, old)):
        for item in ours:
            if item not in others:
                return Difference(f"only {name}: {_shown(item)}", item=item, replayed=name == "replayed")
    return Difference("another order")


def _shown(item: Any) -> str:
    text = str(
        item.get("message") or ", ".join(map(str, item.get("evidence", ()))) if isinstance(item, Mapping) else item
    )
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _error(old: str | None, new: str | None) -> str:
    """An error of the policy that only one of the two had."""
    if old == new:
        return ""
    return f"; the replay says: {_shown(new)}" if new else f"; the record says: {_shown(old)}"


def _outcomes(assessment: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {
        (control["id"], item["subject"]): item for control in assessment["controls"] for item in control["subjects"]
    }
