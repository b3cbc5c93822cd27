"""What the rules of one control returned, checked before it is believed.

A deny that is not an object with a message, names a subject outside ``applies``, or cites nothing that can be read is
an error of the policy, never something to pass over: it may be the finding that matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .engines.base import RuleResult

_TEXT = frozenset((str,))
_MOST_ERRORS = 20


@dataclass(frozen=True)
class Decisions:
    """One control's decisions, sound parts and errors.

    Args:
        applies: sorted ids of the subjects that it applies to; None when that could not be told.
        findings: subject to findings, sorted.
        proofs: subject to cited ids of each proof, sorted.
        errors: what is wrong with the control as a whole.
    """

    applies: tuple[str, ...] | None
    findings: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    proofs: Mapping[str, list[list[str]]] = field(default_factory=dict)
    errors: tuple[str, ...] = ()


def read_decisions(results: Mapping[str, RuleResult], allowed: frozenset[str] | set[str]) -> Decisions:
    """Check what ``applies``, ``deny`` and ``proof`` of one package returned.

    Args:
        results: rule to result.
        allowed: ids of the subjects of the kinds that the control declares.
    """
    whole = {result.error for result in results.values()}
    if len(whole) == 1 and None not in whole:
        return Decisions(None, errors=tuple(map(str, whole)))
    errors: list[str] = []
    applies = _applies(results["applies"], allowed, errors)
    inside = allowed if applies is None else frozenset(applies)
    findings: dict[str, list[dict[str, Any]]] = {}
    for item in _items("deny", results["deny"], errors):
        finding = _finding(item, inside, errors)
        if finding is not None:
            findings.setdefault(item["subject"], []).append(finding)
    proofs: dict[str, list[list[str]]] = {}
    for item in _items("proof", results["proof"], errors):
        if _placed("proof", item, inside, errors):
            cited = item["evidence"]
            proofs.setdefault(item["subject"], []).append(sorted(set(cited)) if len(cited) > 1 else cited)
    for several in findings.values():
        several.sort(key=lambda finding: (finding["message"], finding["evidence"], finding.get("remediation") or ""))
    for several_proofs in proofs.values():
        several_proofs.sort()
    return Decisions(applies, findings, proofs, _told(errors))


def _items(rule: str, result: RuleResult, errors: list[str]) -> Iterator[Any]:
    if result.error is not None:
        errors.append(f"{rule}: {result.error}")
    elif not isinstance(result.value, list):
        errors.append(f"{rule} is not a set")
    else:
        yield from result.value


def _applies(result: RuleResult, allowed: frozenset[str] | set[str], errors: list[str]) -> tuple[str, ...] | None:
    before = len(errors)
    items = list(_items("applies", result, errors))
    if len(errors) > before:
        return None
    odd = [item for item in items if not isinstance(item, str) or item not in allowed]
    if odd:
        errors.append(f"applies has {_shown(odd[0])}, which is no subject of a kind that the control declares")
        return None
    return tuple(sorted(set(items)))


def _finding(item: Any, inside: frozenset[str] | set[str], errors: list[str]) -> dict[str, Any] | None:
    if not _placed("deny", item, inside, errors):
        return None
    message, remediation = item.get("message"), item.get("remediation")
    if not isinstance(message, str) or not message.strip():
        errors.append(f"deny has a finding without a message: {_shown(item)}")
        return None
    if remediation is not None and not isinstance(remediation, str):
        errors.append(f"deny has a finding with an odd remediation: {_shown(item)}")
        remediation = None
    return {"message": message, "evidence": sorted(set(item["evidence"])), "remediation": remediation}


def _placed(rule: str, item: Any, inside: frozenset[str] | set[str], errors: list[str]) -> bool:
    """True when an item is an object about a subject in ``applies`` with a list of evidence ids."""
    if not isinstance(item, dict) or not isinstance(item.get("subject"), str):
        errors.append(f"{rule} has {_shown(item)}, which is not an object with a subject")
    elif item["subject"] not in inside:
        errors.append(f"{rule} is about {item['subject']!r}, to which the control does not apply")
    elif not isinstance(item.get("evidence"), list) or not _TEXT.issuperset(map(type, item["evidence"])):
        errors.append(f"{rule} has {_shown(item)}, whose evidence is not a list of ids")
    else:
        return True
    return False


def _told(errors: list[str]) -> tuple[str, ...]:
    """Each error once, and of very many the first ones: a policy could fill an assessment with them."""
    distinct = sorted(set(errors))
    more = len(distinct) - _MOST_ERRORS
    return tuple(distinct) if more <= 0 else (*distinct[:_MOST_ERRORS], f"and {more} more")


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except RecursionError:
        return "a value that nests too deeply to be shown"
    return text if len(text) <= 120 else f"{text[:117]}..."
