"""In-toto statements: what is said, and about which content (https://github.com/in-toto/attestation, Statement v1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .. import strict_json
from ..errors import EvidenceError
from ..evaluator.graph import Graph
from ..strict_json import DEFAULT_LIMITS, Limits
from .schemas import check
from .trust.predicates import ASSESSMENT

STATEMENT_V1 = "https://in-toto.io/Statement/v1"
_TYPES = (STATEMENT_V1, "https://in-toto.io/Statement/v0.1")
_HEX_LENGTH = {"md5": 32, "sha1": 40, "gitCommit": 40, "sha256": 64, "sha384": 96, "sha512": 128}
_HEX = re.compile(r"^[0-9a-f]+$")


def statement(
    subjects: Sequence[Mapping[str, Any]], predicate_type: str, predicate: Mapping[str, Any]
) -> dict[str, Any]:
    """An in-toto Statement v1.

    Args:
        subjects: ``name`` and ``digest`` of each content that the statement is about; at least one.
        predicate_type: URI that says how to read the predicate.
        predicate: what is said.
    """
    return {
        "_type": STATEMENT_V1,
        "subject": [dict(subject) for subject in subjects],
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }


def assessment_statement(subjects: Sequence[Mapping[str, Any]], assessment: Mapping[str, Any]) -> dict[str, Any]:
    """The statement that carries an assessment.

    Raises:
        EvidenceError: the assessment does not follow its schema.
    """
    check("assessment", assessment, source="the assessment")
    return statement(subjects, ASSESSMENT, assessment)


def subjects_of(graph: Graph) -> list[dict[str, Any]]:
    """What a verdict over a graph is about: every subject with a SHA-256, by id.

    A graph in which nothing has content is itself the subject, because a statement needs one.
    """
    found = [
        {"name": key, "digest": {"sha256": graph.subjects[key].digest["sha256"]}}
        for key in sorted(graph.subjects)
        if "sha256" in graph.subjects[key].digest
    ]
    return found or [{"name": "evidence.json", "digest": {"sha256": graph.digest}}]


def parse_statement(payload: bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """Read a statement strictly, after its signature was checked over the same bytes.

    Raises:
        EvidenceError: it is not strict JSON, or not an in-toto statement (v1 or v0.1) with subjects and digests.
    """
    document = strict_json.loads(payload, source=source, limits=limits, fold_case=True)
    problem = _problem(document)
    if problem:
        raise EvidenceError(f"{source} is not an in-toto statement", why=problem, remedy="ask its producer to mend it")
    value: dict[str, Any] = document
    if value.get("predicate") is None:
        value.pop("predicate", None)  # null is PyPI's way to say that there is none
    return value


def _problem(document: Any) -> str:
    if not isinstance(document, dict) or document.get("_type") not in _TYPES:
        return f"_type is not one of {', '.join(_TYPES)}"
    if not isinstance(document.get("predicateType"), str) or not document["predicateType"]:
        return "predicateType is missing"
    if not isinstance(document.get("predicate"), dict | None):
        return "predicate is not an object"
    subjects = document.get("subject")
    if not isinstance(subjects, list) or not subjects:
        return "subject is missing or empty: it is about nothing"
    return next((f"subject[{at}]: {why}" for at, item in enumerate(subjects) if (why := _subject_problem(item))), "")


def _subject_problem(item: Any) -> str:
    if not isinstance(item, dict) or not isinstance(item.get("name", ""), str):
        return "expected an object with name and digest"
    digest = item.get("digest")
    if not isinstance(digest, dict) or not digest:
        return "digest is missing or empty"
    for algorithm, value in digest.items():
        expected = _HEX_LENGTH.get(algorithm)
        if not isinstance(value, str) or not value:
            return f"digest {algorithm} is not text"
        if expected is not None and (len(value) != expected or not _HEX.match(value)):
            return f"digest {algorithm} is not {expected} lower-case hexadecimal digits"
    return ""
