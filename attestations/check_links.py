"""Verdict, assessment, evidence and policies of one package must speak of the same thing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .. import strict_json
from .package import EVIDENCE, POLICIES, TRUST
from .package_files import PackageFiles
from .report import Row, equal
from .vsa import level, policy_uri, resource_uri

Document = Mapping[str, Any]
_SEVERITY = ("fail", "inconclusive", "waived", "pass", "not_applicable")


def check_verdict(verdict: Document, assessment: Document) -> Iterator[Row]:
    """The verdict summarises this assessment: both are statements, already verified."""
    summary, details = verdict["predicate"], assessment["predicate"]
    passed = details["result"] == "pass"
    yield equal("verdict and assessment: subjects", verdict["subject"], assessment["subject"], "the subjects differ")
    yield equal("verdict and assessment: result", "PASSED" if passed else "FAILED", summary["verificationResult"])
    levels = [level(details["checklist"]["id"])] if passed else ["FAILED"]
    yield equal("verdict and assessment: levels", levels, summary["verifiedLevels"])
    yield equal("verdict and assessment: time", details["evaluated_at"], summary["timeVerified"])
    yield equal("verdict and assessment: resource", resource_uri(details["pipeline"]), summary["resourceUri"])
    policy = {"uri": policy_uri(details), "digest": {"sha256": details["digests"]["policies"]["sha256"]}}
    yield equal("verdict and assessment: policy", policy, summary["policy"])


def check_counts(assessment: Document) -> Iterator[Row]:
    """The assessment agrees with itself: outcomes, counts and result follow from each other."""
    details = assessment["predicate"]
    for control in details["controls"]:
        worst = _worst(item["outcome"] for item in control["subjects"])
        if worst != control["outcome"]:
            yield Row("assessment: outcomes", False, worst, control["outcome"], f"{control['id']} is not its worst subject")
    counts = Counter(control["outcome"] for control in details["controls"])
    yield equal("assessment: counts", {key: counts[key] for key in sorted(_SEVERITY)}, dict(sorted(details["counts"].items())))
    yield equal("assessment: result", _result(counts, bool(details["reasons"])), details["result"])


def check_evidence(files: PackageFiles, verdict: Document, assessment: Document) -> Iterator[Row]:
    """Evidence, policies and trust policy are those that the assessment pins by digest."""
    digests = assessment["predicate"]["digests"]
    evidence = files.read(EVIDENCE)
    yield equal("evidence", digests["graph"]["sha256"], hashlib.sha256(evidence).hexdigest(), "another evidence graph")
    subjects = _subjects(strict_json.loads(evidence, source=EVIDENCE), digests["graph"]["sha256"])
    yield equal("evidence: subjects", subjects, verdict["subject"], "the verdict is about other subjects")
    envelope = files.digests()["assessment.dsse.json"]["sha256"]
    inputs = verdict["predicate"]["inputAttestations"]
    yield equal("verdict: input attestations", envelope, inputs[0]["digest"]["sha256"], "another assessment")
    yield from _trust(files, digests["trust_policy"])


def check_policies(files: PackageFiles, assessment: Document, wanted: str | None) -> Iterator[Row]:
    """The bundle holds the policies that the assessment pins, and those that the verifier wants."""
    from ..evaluator.bundle import unpack

    pinned = assessment["predicate"]["digests"]["policies"]["sha256"]
    found = unpack(files.read(POLICIES), source=POLICIES).digest
    yield equal("policies", pinned, found, f"{POLICIES} holds other policies than were evaluated")
    if wanted is None:
        yield Row("policy digest", None, "", pinned, "no digest was asked for")
    else:
        yield equal("policy digest", wanted, pinned, "other policies than the verifier wants")


def _trust(files: PackageFiles, pinned: Document | None) -> Iterator[Row]:
    found = files.digests().get(TRUST, {}).get("sha256")
    yield equal("trust policy", (pinned or {}).get("sha256"), found, f"{TRUST} is not the trust policy that was used")


def _subjects(evidence: Document, digest: str) -> list[dict[str, Any]]:
    subjects = evidence["subjects"]
    found = [
        {"name": key, "digest": {"sha256": subjects[key]["digest"]["sha256"]}}
        for key in sorted(subjects)
        if "sha256" in subjects[key].get("digest", {})
    ]
    return found or [{"name": EVIDENCE, "digest": {"sha256": digest}}]


def _worst(outcomes: Iterator[str]) -> str:
    return min(outcomes, key=_SEVERITY.index, default="not_applicable")


def _result(counts: Mapping[str, int], reasons: bool) -> str:
    if counts["fail"]:
        return "fail"
    return "inconclusive" if counts["inconclusive"] or reasons or not counts["pass"] else "pass"
