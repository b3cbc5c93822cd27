"""Which subjects of the pipeline a signed document speaks of: joined by digest, never by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...evaluator.graph import Subject
from ..base import Context

Digest = Mapping[str, str]


def same_content(one: Any, other: Digest) -> bool:
    """Whether two digest sets are of the same content: every algorithm that both have agrees, and there is one.

    Agreeing on one algorithm while differing on another is not a match: digests of several contents may not be mixed.
    """
    if not isinstance(one, Mapping):
        return False
    common = one.keys() & other.keys()
    return bool(common) and all(str(one[name]).lower() == other[name] for name in common)


def subjects_with(context: Context, digest: Any) -> list[str]:
    """Ids of the subjects with this content, sorted."""
    return [key for key in sorted(context.subjects) if same_content(digest, context.subjects[key].digest)]


def statement_digests(statement: Mapping[str, Any]) -> list[Digest]:
    """The digest sets of an in-toto statement's subjects."""
    return [item["digest"] for item in statement.get("subject", [])]


def speaks_of(context: Context, statement: Mapping[str, Any], subject: Subject) -> bool:
    """Whether a statement is about a subject's content: the content itself, or each of a folder's files."""
    digests = statement_digests(statement)
    if any(same_content(item, subject.digest) for item in digests):
        return True
    content = context.contents.get(subject.id)
    if content is None or not content.folder or not content.files:
        return False
    named = {item.get("sha256") for item in digests}
    return all(entry.sha256 in named for entry in content.files)


def spoken_of(context: Context, statement: Mapping[str, Any]) -> list[str]:
    """Ids of all subjects that a statement is about, sorted."""
    return [key for key in sorted(context.subjects) if speaks_of(context, statement, context.subjects[key])]
