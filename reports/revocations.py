"""What an assessment says was taken back: what its gate knew, and which evidence counted for nothing, and why.

Policies and signing keys that are revoked are in no assessment: a gate refuses to decide or to sign with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .plain import plain

MOST_REVOKED = 25
"""Pieces of revoked evidence that are named; the rest is counted, and is in the JSON format."""


def revoked_lines(assessment: Mapping[str, Any]) -> Iterator[str]:
    """What was known, then one line for each piece of evidence that is revoked; nothing where none were given.

    Args:
        assessment: the assessment document.
    """
    known = assessment.get("revocations")
    if not isinstance(known, Mapping):
        return
    evidence, reasons = _list(known.get("evidence")), known.get("reasons")
    yield f"{_known(known)}; {_several(len(evidence), 'observation')} of this pipeline revoked"
    for identity in evidence[:MOST_REVOKED]:
        why = reasons.get(identity) if isinstance(reasons, Mapping) else None
        yield f"{identity[:16]}: {plain(why) or 'revoked'}; it proves nothing, and what it says against still counts"
    if len(evidence) > MOST_REVOKED:
        yield f"and {len(evidence) - MOST_REVOKED} more; --format json lists all of them"


def _known(known: Mapping[str, Any]) -> str:
    number = known.get("documents")
    told = _several(number, "document") if isinstance(number, int) else "documents"
    newest = f", the newest of {plain(known.get('newest'))}" if known.get("newest") else ""
    return f"{told} with the digest {plain(known.get('sha256'))[:16]}{newest}"


def _list(value: object) -> list[str]:
    return sorted(plain(item) for item in value) if isinstance(value, (list, tuple)) else []


def _several(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
