"""The verdict: a SLSA Verification Summary, strictly by its specification (https://slsa.dev/spec/v1.1/verification_summary).

Version 1.2 of the specification only adds levels of other tracks. Both ask consumers to accept pairs of signer and
verifier: the verifier is always the one below, and a verdict that names another is refused.

An inconclusive assessment is FAILED. Levels are Probatum's own (``PROBATUM_<CHECKLIST>_PASSED``), never a ``SLSA_``
level, which Probatum does not verify. What the specification does not know is in one extension field named by URI.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ..evaluator.graph import Graph, Observation
from ..evaluator.origins import FIELD as ORIGIN
from .schemas import check
from .statement import statement
from .trust.predicates import VSA

PACKAGE_FIELD = "https://probatum.dev/verdict-package/v1"
VERIFIER_ID = "https://probatum.dev/verifier/v1"
SLSA_VERSION = "1.1"
_LISTS = {"verdict": "verdicts", "approval": "approvals"}
"""Observation types whose result lists verified documents alone, and the field that does."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
Files = Mapping[str, Mapping[str, Any]]
"""Path inside the verdict package to ``sha256`` and ``size``."""


def vsa_statement(
    subjects: Sequence[Mapping[str, Any]],
    assessment: Mapping[str, Any],
    *,
    envelope: str,
    files: Files,
    attestations: Sequence[Mapping[str, Any]] = (),
    version: str,
) -> dict[str, Any]:
    """The verdict over an assessment.

    Args:
        subjects: as in the assessment's statement.
        assessment: the assessment document.
        envelope: file of the signed assessment, one of ``files``.
        files: every file of the package but the verdict itself and what is made from it.
        attestations: ``uri`` and ``digest`` of every verified attestation that the evidence rests on.
        version: of Probatum.

    Raises:
        EvidenceError: the result does not follow the schema; a part of the assessment is odd.
    """
    passed = assessment["result"] == "pass"
    signed = {"uri": envelope, "digest": {"sha256": files[envelope]["sha256"]}}
    predicate = {
        "verifier": {"id": VERIFIER_ID, "version": {"probatum": version, **_engine(assessment)}},
        "timeVerified": assessment["evaluated_at"],
        "resourceUri": resource_uri(assessment["pipeline"]),
        "policy": {"uri": policy_uri(assessment), "digest": {"sha256": assessment["digests"]["policies"]["sha256"]}},
        "inputAttestations": [signed, *(dict(item) for item in attestations)],
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": [level(assessment["checklist"]["id"])] if passed else ["FAILED"],
        "slsaVersion": SLSA_VERSION,
        PACKAGE_FIELD: {"files": {path: dict(entry) for path, entry in files.items()}},
    }
    check("vsa", predicate, source="the verdict")
    return statement(subjects, VSA, predicate)


def level(checklist: str) -> str:
    """The level that a passed checklist stands for, such as ``PROBATUM_SECURE_PIPELINE_PASSED``."""
    return f"PROBATUM_{re.sub(r'[^A-Z0-9]+', '_', checklist.upper()).strip('_')}_PASSED"


def resource_uri(pipeline: Mapping[str, Any]) -> str:
    """The pipeline's own ``resource_uri`` if its manifest gives one, else a URN made of its name."""
    given = pipeline.get("resource_uri")
    return (
        given if isinstance(given, str) and given else f"urn:probatum:pipeline:{quote(str(pipeline['name']), safe='')}"
    )


def policy_uri(assessment: Mapping[str, Any]) -> str:
    """URI of the checklist in its version."""
    checklist = assessment["checklist"]
    return f"https://probatum.dev/checklists/{quote(checklist['id'], safe='')}/{quote(checklist['version'], safe='')}"


def used_attestations(graph: Graph) -> list[dict[str, Any]]:
    """``uri`` and digest of every verified document that the evidence rests on or came in, each once, sorted."""
    found = {
        (source, digest) for item in graph.observations.values() for source, digest in _used(item) if _is_sha256(digest)
    }
    return [{"uri": source, "digest": {"sha256": digest}} for source, digest in sorted(found)]


def _used(observation: Observation) -> Iterator[tuple[str, str]]:
    origin = observation.extra.get(ORIGIN)
    if isinstance(origin, Mapping):
        if origin.get("verified") is not True:
            return  # what nobody vouches for is no ground to name a document as verified
        yield str(origin.get("document")), str(origin.get("sha256"))
    if observation.type == "attestation":
        for document in _documents(observation.result.get("documents")):
            if document.get("verified") is True:
                yield str(document.get("source")), str(document.get("sha256"))
    for document in _documents(observation.result.get(_LISTS.get(observation.type, ""))):
        yield str(document.get("source")), str(document.get("sha256"))
    if observation.type == "waivers":
        for waiver in _documents(observation.result.get("waivers")):
            if waiver.get("signers"):
                yield str(waiver.get("signed")), str(waiver.get("signed_sha256"))


def _is_sha256(text: str) -> bool:
    return _SHA256.fullmatch(text) is not None


def _documents(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list that some collector, perhaps of another version, wrote."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _engine(assessment: Mapping[str, Any]) -> dict[str, str]:
    engine = assessment["engine"]
    return {str(engine["name"]): str(engine["version"])}
