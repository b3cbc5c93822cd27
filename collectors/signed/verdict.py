"""Reading a verdict of an earlier gate: the signed verdict, and the assessment that it links to by digest.

A verdict (SLSA VSA) names neither the gate nor the pipeline's name; its assessment does. Nothing of either is read
before its signature holds, and a verdict whose assessment is not beside it, or disagrees with it, says nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import EvidenceError
from ...evaluator.times import seconds
from ...files import read_limited
from ...verification import Beside, EnvelopeVerifier, Verification

VSA = "https://slsa.dev/verification_summary/v1"
ASSESSMENT = "https://probatum.dev/assessment/v1"
FORMS = (".dsse.json", ".sigstore.json")
NAMES = ("verdict.dsse.json", "verdict.sigstore.json")
ZIP = ".zip"
ROLE = "verdict"
MAX_BYTES = 64 * 1024 * 1024
_STAGES = ("pre-commit", "training", "deployment", "monitoring", None)


@dataclass(frozen=True)
class Verdict:
    """A verified verdict with what its assessment adds.

    Args:
        source: path of the verdict, relative to the pipeline's root.
        files: path to bytes of the verdict, of its assessment, and of what others vouch for the verdict with.
        signers: who signed the verdict, by the trust policy's names.
        subjects: name and digests of each content that it is about.
        fields: ``stage``, ``result``, ``pipeline``, ``checklist``, ``checklist_version`` and ``time``.
    """

    source: str
    files: Mapping[str, bytes]
    signers: tuple[str, ...]
    subjects: tuple[tuple[str, Mapping[str, str]], ...]
    fields: Mapping[str, Any]

    @property
    def digests(self) -> dict[str, str]:
        """Path to SHA-256 of each of the files."""
        return {path: hashlib.sha256(data).hexdigest() for path, data in self.files.items()}


def read_verdict(root: Path, source: str, verifier: EnvelopeVerifier) -> Verdict:
    """Read and verify one verdict and its assessment.

    Args:
        root: the pipeline's folder.
        source: path of the verdict, or of a verdict package in one ZIP file, relative to it.
        verifier: the trust policy at work.

    Raises:
        UsageError: a file cannot be read.
        TrustError: the ZIP file must not be unpacked.
        EvidenceError: a signature does not hold, or verdict and assessment do not belong together.
    """
    return _in_zip(root, source, verifier) if source.endswith(ZIP) else _in_folder(root, source, verifier)


def _in_zip(root: Path, source: str, verifier: EnvelopeVerifier) -> Verdict:
    with verifier.unpacked(root / source) as folder:
        there = [name for name in NAMES if (folder / name).is_file()]
        if len(there) != 1:
            raise EvidenceError(
                "it holds no verdict, or two", why=f"exactly one of {' and '.join(NAMES)} is to be in it"
            )
        found = _in_folder(folder, there[0], verifier)
    files = {f"{source}/{path}": data for path, data in found.files.items()}
    return replace(found, source=f"{source}/{found.source}", files=files)


def _in_folder(root: Path, source: str, verifier: EnvelopeVerifier) -> Verdict:
    data = read_limited(root / source, MAX_BYTES)
    vouched = _vouched_with(root, source)
    signed = _of_kind(verifier.verify(data, source=source, beside=Beside(*vouched.values())), VSA)
    verdict = _object(signed.statement, "statement", source)
    summary = _object(verdict.get("predicate"), "predicate", source)
    place, assessed = _assessment_beside(root, source, summary)
    found = _of_kind(verifier.verify(assessed, source=place, pinned_by=signed), ASSESSMENT)
    other = _object(found.statement, "statement", place)
    details = _object(other.get("predicate"), "predicate", place)
    _check_link(source, verdict, other)
    subjects = tuple((str(item.get("name", "")), item["digest"]) for item in verdict["subject"])
    there = {path: content for path, content in vouched.items() if content is not None}
    files = {source: data, place: assessed, **there}
    return Verdict(source, files, signed.signers, subjects, _fields(details, source))


def _of_kind(found: Verification, about: str) -> Verification:
    if not found.verified:
        raise EvidenceError("it is not verified", why=found.reason)
    if found.about != about or ROLE not in found.roles:
        raise EvidenceError("it is no verdict", why=f"it is {found.about}, signed by the role {found.role}")
    return found


def _vouched_with(root: Path, source: str) -> dict[str, bytes | None]:
    """Path and bytes of a verdict's log proof and of its timestamp, in this order; None where there is none."""
    stem = next((source.removesuffix(form) for form in FORMS if source.endswith(form)), source)
    return {path: _if_there(root, path) for path in (f"{stem}.tlog-proof", f"{stem}.tsr")}


def _if_there(root: Path, path: str) -> bytes | None:
    if (root / path).is_symlink():
        raise EvidenceError(f"{path} is a link", why="it could lead anywhere")
    return read_limited(root / path, MAX_BYTES) if (root / path).exists() else None


def _assessment_beside(root: Path, source: str, summary: Mapping[str, Any]) -> tuple[str, bytes]:
    """Path and bytes of the assessment that a verdict names by digest, in the verdict's own folder."""
    inputs = summary.get("inputAttestations")
    folder = Path(source).parent
    for item in inputs if isinstance(inputs, list) else []:
        name, digest = (item.get("uri"), item.get("digest")) if isinstance(item, Mapping) else (None, None)
        if not isinstance(name, str) or not name.startswith("assessment.") or "/" in name:
            continue
        beside = (folder / name).as_posix()
        if not (root / beside).is_file() or (root / beside).is_symlink():
            raise EvidenceError("its assessment is not beside it", why=f"there is no {beside}")
        data = read_limited(root / beside, MAX_BYTES)
        if not isinstance(digest, Mapping) or digest.get("sha256") != hashlib.sha256(data).hexdigest():
            raise EvidenceError("its assessment is another one", why=f"{beside} has another digest")
        return beside, data
    raise EvidenceError("it names no assessment", why="hence nobody knows which gate it is of")


def _check_link(source: str, verdict: Mapping[str, Any], assessment: Mapping[str, Any]) -> None:
    summary, details = verdict["predicate"], assessment["predicate"]
    passed = "PASSED" if details.get("result") == "pass" else "FAILED"
    pairs = (
        ("subjects", verdict.get("subject"), assessment.get("subject")),
        ("result", summary.get("verificationResult"), passed),
        ("time", summary.get("timeVerified"), details.get("evaluated_at")),
    )
    for name, one, other in pairs:
        if one != other:
            raise EvidenceError(f"{source} and its assessment disagree", why=f"their {name} differ")


def _fields(details: Mapping[str, Any], source: str) -> dict[str, Any]:
    checklist = _object(details.get("checklist"), "checklist", source)
    pipeline = _object(details.get("pipeline"), "pipeline", source)
    time, stage = details.get("evaluated_at"), details.get("stage")
    texts = (checklist.get("id"), checklist.get("version"), pipeline.get("name"))
    if not all(isinstance(text, str) and text for text in texts) or stage not in _STAGES:
        raise EvidenceError("its assessment is malformed", why="it names no checklist, pipeline or stage that is known")
    if not isinstance(time, str) or seconds(time) is None:
        raise EvidenceError("its assessment is malformed", why=f"its time {time!r} is none")
    return {
        "stage": stage,
        "result": "PASSED" if details.get("result") == "pass" else "FAILED",
        "checklist": texts[0],
        "checklist_version": texts[1],
        "pipeline": texts[2],
        "time": time,
    }


def _object(value: Any, name: str, source: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EvidenceError(f"{source} is malformed", why=f"its {name} is no object")
    return value
